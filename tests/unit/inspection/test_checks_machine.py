"""Certificates and disks, each with its failure staged."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync_worker.cli.remedies import in_words
from sync_worker.inspection.checks_machine import MachineChecks, NoCertificate, ends_of
from sync_worker.inspection.doctor import Finding, State, run_checks
from sync_worker.registry.database import Registry

UNTIL_2030 = """-----BEGIN CERTIFICATE-----
MIIBOjCB4QIUd9NnPh3mlpIT7gR9vYh9Lom9+4cwCgYIKoZIzj0EAwIwIDEeMBwG
A1UEAwwVa2Fma2EuZXhhbXBsZS5pbnZhbGlkMB4XDTI2MTEyNTEwMDE0NVoXDTMw
MDMwOTEwMDE0NVowIDEeMBwGA1UEAwwVa2Fma2EuZXhhbXBsZS5pbnZhbGlkMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE16ArhWnCXqSKD9Aa2TjeVDSvzSfIgqUo
RolyWdd2hbo3muf0eKQ1NqzwkCSCTxEw1P2IG6fboRpAwAUqaf6QSTAKBggqhkjO
PQQDAgNIADBFAiEA+loiFIJ8rAhdOGzZqqfUbxTSwMNdCiXqm7Q4Mnj3V+UCIDh5
d7Kq3jvi8ulY1qiQzoeASxKi1OMnzio95DUzB4X+
-----END CERTIFICATE-----
"""
"""Of nobody: good until 2030-03-09T10:01:45Z, as UTCTime."""
UNTIL_2061 = """-----BEGIN CERTIFICATE-----
MIIBOzCB4wIUBUYmx+LkCCoI6AL43B0De+sECM0wCgYIKoZIzj0EAwIwIDEeMBwG
A1UEAwwVa2Fma2EuZXhhbXBsZS5pbnZhbGlkMCAXDTI2MTEyNTEwMDEyM1oYDzIw
NjEwMjI0MTAwMTIzWjAgMR4wHAYDVQQDDBVrYWZrYS5leGFtcGxlLmludmFsaWQw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATXoCuFacJepIoP0BrZON5UNK/NJ8iC
pShGiXJZ13aFujea5/R4pDU2rPCQJIJPETDU/Ygbp9uhGkDABSpp/pBJMAoGCCqG
SM49BAMCA0cAMEQCIFtyDT+SeYPh5yTdBQQvdSCTotKQdM1qcXET3RBUjJ9DAiAs
iYevR5pFzPZD1Z4OV2qNg+CNhjpPsv9WnOX9iiQzQg==
-----END CERTIFICATE-----
"""
"""Of nobody: good until 2061-02-24T10:01:23Z, as GeneralizedTime."""
ENDS = [
    datetime(2030, 3, 9, 10, 1, 45, tzinfo=UTC),
    datetime(2061, 2, 24, 10, 1, 23, tzinfo=UTC),
]
GIBIBYTE = 2**30


def no_registry() -> Registry:
    raise AssertionError("not to be opened")


def checked(
    check: str,
    *,
    at: datetime = datetime(2029, 1, 1, tzinfo=UTC),
    certificates: dict[str, Path] | None = None,
    file: Path | None = None,
    free: int = 0,
) -> Finding:
    checks = MachineChecks(no_registry, file, certificates or {}, lambda: at, lambda _: free)
    (wanted,) = (found for found in checks.all() if found.id == check)
    return wanted.look()


@pytest.fixture
def both(tmp_path: Path) -> Path:
    path = tmp_path / "both.pem"
    path.write_text(f"a comment\n{UNTIL_2030}\n{UNTIL_2061}")
    return path


def test_a_certificates_end_is_read_in_either_form():
    assert ends_of(f"{UNTIL_2030}{UNTIL_2061}".encode()) == ENDS


@pytest.mark.parametrize(
    "content",
    ["", "no certificate", UNTIL_2030.replace("MIIB", "MIIC"), UNTIL_2030.replace("\nMIIB", "\n")],
)
def test_what_is_not_a_certificate_is_reported(content):
    with pytest.raises(NoCertificate):
        ends_of(content.encode())


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (datetime(2029, 1, 1, tzinfo=UTC), State.OK),
        (datetime(2030, 2, 20, tzinfo=UTC), State.WARN),
        (datetime(2030, 3, 10, tzinfo=UTC), State.FAIL),
    ],
)
def test_our_certificate_warns_a_month_before_it_expires(both, at, state):
    finding = checked("certificates", at=at, certificates={"X_SSL_CERTFILE": both})
    assert finding.state is state
    assert "2030-03-09" in finding.detail
    assert ("X_SSL_CERTFILE" in str(in_words(finding.fix))) is (state is not State.OK)


def test_one_good_authority_is_enough(both):
    at = datetime(2050, 1, 1, tzinfo=UTC)
    assert checked("certificates", at=at, certificates={"X_CAFILE": both}).state is State.OK


def test_the_worst_certificate_counts_and_all_are_reported(tmp_path, both):
    files = {"X_CAFILE": both, "X_CERTFILE": tmp_path / "missing.pem"}
    finding = checked("certificates", certificates=files)
    assert finding.state is State.FAIL
    assert "both.pem" in finding.detail
    assert "No such file" in finding.detail
    assert "X_CERTFILE" in str(in_words(finding.fix))


def test_without_certificates_there_is_nothing_to_look_at():
    assert checked("certificates").state is State.SKIP


@pytest.mark.parametrize(
    ("free", "state"),
    [(50 * GIBIBYTE, State.OK), (GIBIBYTE // 2, State.WARN), (GIBIBYTE // 20, State.FAIL)],
)
def test_a_disk_warns_before_it_is_full(tmp_path, free, state):
    file = tmp_path / "registry.db"
    file.write_bytes(b"x")
    finding = checked("disk", file=file, free=free)
    assert finding.state is state
    assert bool(str(in_words(finding.fix))) is (state is not State.OK)


def test_the_real_disk_is_asked(tmp_path):
    file = tmp_path / "registry.db"
    file.write_bytes(b"x")
    checks = MachineChecks(no_registry, file, {}, lambda: ENDS[0])
    (disk,) = (found for found in checks.all() if found.id == "disk")
    assert "MiB are free" in disk.look().detail


def test_a_missing_database_file_is_reported_by_its_check(tmp_path):
    checks = MachineChecks(no_registry, tmp_path / "missing.db", {}, lambda: ENDS[0])
    (disk,) = (found for found in checks.all() if found.id == "disk")
    assert disk.needs == ("database",)
    broken = run_checks([type(disk)("disk", disk.look)])["disk"]
    assert broken.state is State.FAIL
