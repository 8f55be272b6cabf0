"""Every command works as its own role, and as no other one that should not."""

import json
from datetime import UTC, datetime

import pytest

from sync_worker.cli.permission import needed_by
from sync_worker.registry.roles import ADMIN, READER, SUPPORT, WORKER
from tests.builders import Event, activated, archive_line, numbered, region_changed
from tests.harness.commands import LEAVES
from tests.real.roles.world import (
    ACTIVE,
    BOARD,
    IN_TAK,
    OWNER,
    REGISTERED,
    REMOVED,
    settings,
    stream,
)

UNTOUCHED = {
    ("topics", "create"),
    ("events", "validate"),
    ("events", "export"),
    ("events", "publish"),
    ("config", "show"),
    ("schemas", "export"),
}
"""Commands that ask nothing of the database."""
SERVES = {("web",)}
"""Its pages are tried as `complaints_admin` in test_page.py and test_page_imports.py."""

EXTRACT = "reconcile --against snapshot:extract.csv --as-of 2026-01-02T00:00:00Z --accept-short"

PERMITTED = (
    (OWNER, "db upgrade"),
    (OWNER, "db roles"),
    (OWNER, "db roles --apply"),
    (WORKER, "db current"),
    (WORKER, "run --archive stream.jsonl"),
    (WORKER, "run --archive grown.jsonl"),
    (WORKER, "status"),
    (WORKER, "doctor"),
    (WORKER, "positions list"),
    (WORKER, "positions reset --to earliest --yes"),
    (WORKER, "deadletters list"),
    (WORKER, "deadletters show 1"),
    (WORKER, f"clinics show {REGISTERED} --history"),
    (WORKER, f"clinics explain {REGISTERED}"),
    (WORKER, "log list --region 01"),
    (WORKER, "deadletters redrive 1 --dry-run"),
    (WORKER, "deadletters redrive 1 --yes"),
    (WORKER, "deadletters discard 1 --reason R --yes"),
    (WORKER, "deadletters purge --older-than 1 --yes"),
    (WORKER, "replay --archive stream.jsonl --yes"),
    (WORKER, "holds list"),
    (WORKER, "holds show 1"),
    (WORKER, "holds approve 1 --yes"),
    (WORKER, "holds acknowledge 3 --reason R"),
    (WORKER, "regions list"),
    (WORKER, "reconcile --against archive:stream.jsonl"),
    (WORKER, f"{EXTRACT} --apply --yes"),
    (WORKER, "reconcile --against archive:stream.jsonl --record"),
    (ADMIN, "clinics list"),
    (ADMIN, f"clinics show {REGISTERED} --history"),
    (ADMIN, f"clinics explain {REGISTERED}"),
    (ADMIN, f"clinics explain {REMOVED}"),
    (ADMIN, "clinics list --as-of {now}"),
    (ADMIN, "clinics closures --since {now}"),
    (ADMIN, f"clinics add {ACTIVE}"),
    (ADMIN, f"clinics remove {REGISTERED} --yes"),
    (ADMIN, "clinics import clinics.txt --yes"),
    (ADMIN, "clinics remove --file clinics.txt --yes"),
    (ADMIN, "tak list"),
    (ADMIN, "regions list"),
    (ADMIN, "regions show 01"),
    (ADMIN, "log list --region 01"),
    (SUPPORT, f"boards set 03 {BOARD} --name N --ticket T --yes"),
    (SUPPORT, f"boards set 01 {BOARD} --name N --ticket T --yes"),
    (SUPPORT, "boards clear 01 --ticket T --yes"),
    (SUPPORT, "tak import clinics.txt --ticket T --yes"),
)

REFUSED = (
    (WORKER, "db roles --apply"),
    (WORKER, f"clinics add {ACTIVE}"),
    (WORKER, f"clinics remove {REGISTERED} --yes"),
    (WORKER, "clinics import clinics.txt --yes"),
    (WORKER, "boards clear 01 --ticket T --yes"),
    (WORKER, "tak import clinics.txt --yes"),
    (ADMIN, "db roles --apply"),
    (ADMIN, "run --archive grown.jsonl"),
    (ADMIN, "positions reset --to earliest --yes"),
    (ADMIN, "deadletters list"),
    (ADMIN, "holds approve 1 --yes"),
    (ADMIN, f"{EXTRACT} --apply --yes"),
    (ADMIN, "reconcile --against archive:stream.jsonl --record"),
    (ADMIN, "boards clear 01 --ticket T --yes"),
    (ADMIN, "tak import clinics.txt --yes"),
    (ADMIN, f"boards set 03 {BOARD} --name N --ticket T --yes"),
    (SUPPORT, f"clinics explain {REGISTERED}"),
    (SUPPORT, f"clinics add {ACTIVE}"),
    (SUPPORT, f"clinics remove {REGISTERED} --yes"),
    (SUPPORT, "clinics import clinics.txt --yes"),
    (SUPPORT, "run --archive grown.jsonl"),
    (SUPPORT, "log list"),
    (SUPPORT, "holds list"),
    (READER, "clinics list"),
    (READER, f"clinics explain {REGISTERED}"),
    (READER, "status"),
)


@pytest.fixture
def as_role(users, database, tmp_path, monkeypatch, sync_worker):
    """Runs a command as a role's user, in a folder with an archive and one that has grown."""
    monkeypatch.chdir(tmp_path)
    lines = stream(tmp_path).read_bytes()
    more: list[Event | bytes] = [activated(ACTIVE, 9, regionCode="03", name="Nytt"), b"{"]
    more += [region_changed(REGISTERED, 9, "03")]
    tmp_path.joinpath("extract.csv").write_text(f"hsa_id,active,region_code\n{BOARD},true,01\n")
    grown = numbered([*([b""] * 7), *more])
    tmp_path.joinpath("grown.jsonl").write_bytes(lines + b"".join(map(archive_line, grown[7:])))
    tmp_path.joinpath("clinics.txt").write_text(ACTIVE)

    def call(role, line):
        settings(monkeypatch, users.url(role, database))
        now = datetime.now(UTC).isoformat()
        return sync_worker(*(word.replace("{now}", now) for word in line.split()))

    return call


@pytest.mark.parametrize(("role", "line"), PERMITTED)
def test_a_command_works_as_its_own_role(as_role, role, line):
    code, _, stderr = as_role(role, line)
    # There are open holds, which a run to the end points out.
    needs_attention = line.startswith(("run ", "deadletters redrive"))
    assert code == (3 if needs_attention else 0), stderr


@pytest.mark.parametrize(("role", "line"), REFUSED)
def test_a_refusal_names_the_role_needed_and_who_we_are(as_role, users, role, line):
    code, _, stderr = as_role(role, line)
    assert code == 4
    assert "error: The database does not permit this." in stderr
    command = " ".join(next(path for path in LEAVES if tuple(line.split()[: len(path)]) == path))
    needed = needed_by(command)
    assert f"logged in to the database as {users.names[role]}." in stderr
    named = "requires the owner of the tables" if needed == OWNER else f"requires the role {needed}"
    assert named in stderr


def test_the_role_that_a_refusal_names_may_do_it():
    """What a refusal says is tried above: each command as the role that is named."""
    tried = {
        (" ".join(path), role)
        for path in LEAVES
        for role, line in PERMITTED
        if tuple(line.split()[: len(path)]) == path
    }
    assert {(command, needed_by(command)) for command, _ in tried} <= tried


def test_every_command_is_tried_as_its_own_role():
    tried = {tuple(line.split()[: len(path)]) for path in LEAVES for _, line in PERMITTED}
    assert set(LEAVES) - UNTOUCHED - SERVES - tried == set()


def test_a_clinic_in_tak_is_refused_by_the_rule(as_role):
    code, stdout, stderr = as_role(ADMIN, f"clinics add {IN_TAK} -o json")
    (item,) = json.loads(stdout)["items"]
    assert (code, item["reason"]) == (4, "own_system"), stderr


def test_held_facts_take_effect_when_an_admin_removes_the_clinic(as_role):
    assert as_role(ADMIN, f"clinics remove {REGISTERED} --yes")[0] == 0
    shown = json.loads(as_role(ADMIN, f"clinics show {REGISTERED} --history -o json")[1])
    assert (shown["active"], shown["registered"], shown["held"]["activation"]) == (
        *(False, False),
        None,
    )
    assert [entry["change"] for entry in shown["history"]][:2] == ["removed", "deactivated"]


def test_support_is_named_in_a_log_it_cannot_write(as_role, users):
    as_role(SUPPORT, "boards clear 01 --ticket T-2 --actor eva --yes")
    entry = json.loads(as_role(ADMIN, "log list -o json")[1])["items"][-1]
    assert (entry["change"], entry["actor"], entry["reason"]) == ("board_cleared", "eva", "T-2")
