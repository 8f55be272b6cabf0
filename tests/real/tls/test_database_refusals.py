"""What is wrong between us and PostgreSQL: told within seconds, with what to put right."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.harness.command import Done
from tests.real.tls.parts import DAY, PASS_PHRASE, PASSWORD, World, address, check_error
from tests.services.certificates import Pair
from tests.services.tls_postgres import TlsPostgres

pytestmark = pytest.mark.real

SECONDS = 10
"""Within so many it must be told, on a machine that does much else."""
WORKER = f"worker:{PASSWORD}"
UNTRUSTED = "no password was sent to it"
REFUSES = "refuses the login"
ROOT, OWN, MODE = "sslrootcert=…", "sslcert=…", "sslmode=…"
BINDING = "channel_binding=require"


def shown(pair: Pair) -> dict[str, object]:
    return {"sslcert": pair.certificate, "sslkey": pair.key}


def readable(key: Path) -> Path:
    """A copy that everybody may read."""
    copy = key.with_name("readable-key.pem")
    copy.write_bytes(key.read_bytes())
    copy.chmod(0o644)
    return copy


class Case(NamedTuple):
    """What is wrong, and the words of what is told, in their order."""

    words: tuple[str, ...]
    user: str = WORKER
    database: str = "postgres"
    options: Callable[[World], Mapping[str, object]] = lambda _: {}
    disturbed: Callable[[TlsPostgres, World], AbstractContextManager[None]] = lambda *_: (
        nullcontext()
    )


def certified(options: Callable[[World], Mapping[str, object]], *words: str) -> Case:
    return Case((REFUSES, *words, OWN), "worker", "by_certificate", options)


CASES = {
    "another authority": Case(
        (UNTRUSTED, "verify failed", ROOT), options=lambda w: {"sslrootcert": w.other.file}
    ),
    "the system's authorities": Case(
        (UNTRUSTED, "verify failed", ROOT), options=lambda w: {"sslrootcert": "system"}
    ),
    "an expired certificate": Case(
        (UNTRUSTED, "verify failed", "renewed"), disturbed=lambda s, w: s.showing(w.expired)
    ),
    "one that is not valid yet": Case(
        (UNTRUSTED, "verify failed", "clock"), disturbed=lambda s, w: s.showing(w.early)
    ),
    "a revoked certificate": Case(
        (UNTRUSTED, "verify failed", "revoked"),
        options=lambda w: {"sslcrl": w.ours.revoking(w.right)},
    ),
    "a chain that is not whole": Case(
        (UNTRUSTED, "verify failed", "whole chain"),
        disturbed=lambda s, w: s.showing(w.ours.below("between").server("unlinked")),
    ),
    "another host's": Case(
        (UNTRUSTED, "does not match host name", "by a name that its certificate has"),
        disturbed=lambda s, w: s.showing(w.misnamed),
    ),
    "a wrong password": Case((REFUSES, "authentication failed", "PGPASSWORD"), "worker:wr0ng-word"),
    "a password that is over": Case(
        (REFUSES, "authentication failed", "PGPASSWORD"), f"late:{PASSWORD}"
    ),
    "a line that rejects": Case((REFUSES, "pg_hba.conf rejects", "user"), database="rejected"),
    "a key that others may read": Case(
        (REFUSES, "group or world access", "chmod 600"),
        "worker",
        "by_certificate",
        lambda w: shown(w.client) | {"sslkey": readable(w.client.key)},
    ),
    "no password": Case((REFUSES, "no password supplied", "PGPASSWORD"), "worker"),
    "an unknown user": Case((REFUSES, "authentication failed", "the user"), "nobody:wr0ng-word"),
    "an unknown database": Case((REFUSES, "no pg_hba.conf entry", "user"), database="nowhere"),
    "no certificate of ours": certified(lambda _: {}, "requires a valid client certificate"),
    "ours of another authority": certified(
        lambda w: shown(w.other.client("worker")), "alert unknown ca"
    ),
    "ours of another user": certified(
        lambda w: shown(w.ours.client("someone")), "certificate authentication failed"
    ),
    "ours, expired": certified(
        lambda w: shown(w.ours.client("worker", label="old", starts=-3 * DAY, days=1)),
        "alert certificate expired",
    ),
    "a key of another certificate": certified(
        lambda w: shown(w.client) | {"sslkey": w.right.key}, "right-key.pem", "mismatch"
    ),
    "ours, revoked": Case(
        (REFUSES, "alert certificate revoked", OWN),
        "worker",
        "by_certificate",
        lambda w: shown(w.client),
        lambda s, w: s.revoking(w.ours.revoking(w.client)),
    ),
    "a binding of another login": Case(
        (UNTRUSTED, "channel binding required", BINDING),
        database="by_clear_text",
        options=lambda _: {"channel_binding": "require"},
    ),
    "a binding of a certificate": Case(
        (UNTRUSTED, "channel binding required", BINDING),
        "worker",
        "by_certificate",
        lambda w: shown(w.client) | {"channel_binding": "require"},
    ),
    "a way of login that is not allowed": Case(
        (UNTRUSTED, "requirement", "require_auth=…"),
        database="by_clear_text",
        options=lambda _: {"require_auth": "scram-sha-256"},
    ),
    "a server without TLS": Case(
        (UNTRUSTED, "does not support SSL", MODE),
        options=lambda _: {"sslmode": "require", "sslrootcert": None},
        disturbed=lambda s, _: s.without_tls(),
    ),
    "a server that wants TLS": Case(
        (REFUSES, "no encryption", MODE),
        options=lambda _: {"sslmode": "disable", "sslrootcert": None},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_wrong_is_told_within_seconds(
    called: Callable[..., Done], tls_postgres: TlsPostgres, world: World, case: Case
) -> None:
    safe = {"sslmode": "verify-full", "sslrootcert": world.ours.file}
    options = {**safe, **case.options(world)}
    url = address(case.user, tls_postgres.port, case.database, **options)
    with case.disturbed(tls_postgres, world):
        began = time.monotonic()
        done = called("db", "current", DATABASE_URL=url)
        assert time.monotonic() - began < SECONDS
    assert done.exit_code == 5
    assert done.error["code"] == "login_refused"
    check_error(done, case.words)


@pytest.mark.parametrize(
    "command",
    [
        "db upgrade",
        "run --archive {archive}",
        "status",
        "clinics list",
        "clinics add SE2321000016-TA01 --region 01 --actor me",
        "replay --archive {archive} --yes",
        "deadletters redrive --all --yes",
    ],
)
def test_every_command_tells_it(
    called: Callable[..., Done],
    tls_postgres: TlsPostgres,
    world: World,
    folder: Path,
    command: str,
) -> None:
    archive = folder / "empty.jsonl"
    archive.write_text("")
    how = {"sslmode": "verify-full", "sslrootcert": world.other.file}
    url = address(WORKER, tls_postgres.port, **how)
    began = time.monotonic()
    done = called(*command.format(archive=archive).split(), DATABASE_URL=url)
    assert time.monotonic() - began < SECONDS
    assert done.exit_code == 5, done.stdout + done.stderr
    assert f"{ROOT} in SYNC_WORKER_DATABASE_URL must name" in done.error_text


def test_doctor_tells_it_and_the_rest(
    called: Callable[..., Done], tls_postgres: TlsPostgres, world: World
) -> None:
    how = {"sslmode": "verify-full", "sslrootcert": world.other.file}
    done = called("doctor", DATABASE_URL=address(WORKER, tls_postgres.port, **how))
    assert done.exit_code == 3
    (found,) = [item for item in done.items if item["id"] == "database"]
    assert found["status"] == "fail"
    assert f"{ROOT} in SYNC_WORKER_DATABASE_URL must name" in found["fix"]


def test_a_pass_phrase_that_opens_no_key_is_refused(
    called: Callable[..., Done], tls_postgres: TlsPostgres, world: World
) -> None:
    locked = world.ours.client("worker", label="shut", pass_phrase=PASS_PHRASE)
    how = {"sslmode": "verify-full", "sslrootcert": world.ours.file, **shown(locked)}
    url = address("worker", tls_postgres.port, "by_certificate", **how, sslpassword="wr0ng-word")
    done = called("db", "current", DATABASE_URL=url)
    assert done.exit_code == 2
    assert f"sslpassword=… does not open the private key {locked.key}" in done.error_text
    assert "wr0ng-word" not in done.stderr
