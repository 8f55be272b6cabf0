"""Every command works as the roles that docs/deploying.md says, and as no other one."""

import json
from datetime import UTC, datetime
from functools import partial

import psycopg
import pytest

from sync_worker.cli.permission import needed_by
from sync_worker.registry.roles import ADMIN, ROLES, SUPPORT
from tests.builders import Event, activated, archive_line, numbered, region_changed
from tests.harness.commands import LEAVES
from tests.real.roles.table import NO_DATABASE, OWNER_ALONE, roles_of, rows
from tests.real.roles.world import (
    ACTIVE,
    BOARD,
    IN_TAK,
    OWNER,
    REGISTERED,
    REMOVED,
    copy_of,
    settings,
    stream,
)

SERVES = {"web"}
"""Its pages are tried as `complaints_admin` in test_page.py and test_page_imports.py."""

EXTRACT = "reconcile --against snapshot:extract.csv --as-of 2026-01-02T00:00:00Z --accept-short"

OWNERS = ("db upgrade", "db roles", "db roles --apply")
"""What is typed as the owner of the tables."""

LINES = (
    "db upgrade",
    "db roles",
    "db roles --apply",
    "db current",
    "run --archive stream.jsonl",
    "run --archive grown.jsonl",
    "status",
    "doctor",
    "positions list",
    "positions reset --to earliest --yes",
    "deadletters list",
    "deadletters show 1",
    f"clinics show {REGISTERED} --history",
    f"clinics explain {REGISTERED}",
    "log list --region 01",
    "deadletters redrive 1 --dry-run",
    "deadletters redrive 1 --yes",
    "deadletters discard 1 --reason R --yes",
    "deadletters purge --older-than 1 --yes",
    "replay --archive stream.jsonl --yes",
    "holds list",
    "holds show 1",
    "holds approve 1 --yes",
    "holds acknowledge 3 --reason R",
    "regions list",
    "reconcile --against archive:stream.jsonl",
    f"{EXTRACT} --apply --yes",
    "reconcile --against archive:stream.jsonl --record",
    "clinics list",
    f"clinics explain {REMOVED}",
    "clinics list --as-of {now}",
    "clinics closures --since {now}",
    f"clinics add {ACTIVE}",
    f"clinics remove {REGISTERED} --yes",
    "clinics import clinics.txt --yes",
    "clinics remove --file clinics.txt --yes",
    "tak list",
    "regions show 01",
    f"boards set 03 {BOARD} --name N --ticket T --yes",
    f"boards set 01 {BOARD} --name N --ticket T --yes",
    "boards clear 01 --ticket T --yes",
    "tak import clinics.txt --ticket T --yes",
)
"""What is typed as each role: at least one line of each command that needs the database."""


def command_of(line):
    """The words that call a line's command."""
    return " ".join(next(path for path in LEAVES if tuple(line.split()[: len(path)]) == path))


def roles_for(line):
    """The roles that the row of a line's command names."""
    apply = "db roles --apply"
    return roles_of(apply if line == apply else command_of(line))


WORKS = [
    *((OWNER, line) for line in OWNERS),
    *((role, line) for line in LINES for role in ROLES if role in roles_for(line)),
]
REFUSED = [
    (role, line)
    for line in LINES
    for role in ROLES
    if role not in roles_for(line) and line != "db upgrade"
]
"""An upgrade to what is there already is nobody's to refuse: it has a test of its own."""


@pytest.fixture
def typed(users, tmp_path, monkeypatch, sync_worker):
    """Runs a command as a role's user, in a folder with an archive and one that has grown."""
    monkeypatch.chdir(tmp_path)
    lines = stream(tmp_path).read_bytes()
    more: list[Event | bytes] = [activated(ACTIVE, 9, regionCode="03", name="Nytt"), b"{"]
    more += [region_changed(REGISTERED, 9, "03")]
    tmp_path.joinpath("extract.csv").write_text(f"hsa_id,active,region_code\n{BOARD},true,01\n")
    grown = numbered([*([b""] * 7), *more])
    tmp_path.joinpath("grown.jsonl").write_bytes(lines + b"".join(map(archive_line, grown[7:])))
    tmp_path.joinpath("clinics.txt").write_text(ACTIVE)

    def call(database, role, line):
        settings(monkeypatch, users.url(role, database))
        now = datetime.now(UTC).isoformat()
        return sync_worker(*(word.replace("{now}", now) for word in line.split()))

    return call


@pytest.fixture
def as_role(typed, database):
    """Runs a command as a role's user, on a copy of its own."""
    return partial(typed, database)


@pytest.fixture(scope="module")
def untouched(postgres, template):
    """A copy for all that is refused, and so changes nothing."""
    with copy_of(postgres, template) as name:
        yield name


@pytest.mark.parametrize(("role", "line"), WORKS)
def test_a_command_works_as_each_role_of_its_row(as_role, role, line):
    code, _, stderr = as_role(role, line)
    # There are open holds, which a run to the end points out.
    needs_attention = line.startswith(("run ", "deadletters redrive"))
    assert code == (3 if needs_attention else 0), stderr


@pytest.mark.parametrize(("role", "line"), REFUSED)
def test_a_refusal_names_the_role_needed_and_who_we_are(typed, untouched, users, role, line):
    code, _, stderr = typed(untouched, role, line)
    assert code == 4
    assert "error: The database does not permit this." in stderr
    needed = needed_by(command_of(line))
    assert needed == OWNER or needed in roles_for(line)
    assert f"logged in to the database as {users.names[role]}." in stderr
    named = "requires the owner of the tables" if needed == OWNER else f"requires the role {needed}"
    assert named in stderr


@pytest.mark.parametrize("role", ROLES)
def test_only_the_owner_upgrades_a_schema(as_role, database, users, role):
    with psycopg.connect(users.url(OWNER, database), autocommit=True) as owner:
        owner.execute("DELETE FROM alembic_version")
    code, _, stderr = as_role(role, "db upgrade")
    assert code == 4
    assert "requires the owner of the tables" in stderr
    assert f"logged in to the database as {users.names[role]}." in stderr


def test_the_table_has_every_command_once():
    assert rows().keys() - {"db roles --apply"} == {" ".join(path) for path in LEAVES}


def test_every_command_is_tried_unless_it_needs_no_database():
    without = {command for command, said in rows().items() if NO_DATABASE in said}
    tried = {command_of(line) for line in LINES} | {*OWNERS} | SERVES
    assert rows().keys() - without == tried
    owners = {command for command, said in rows().items() if OWNER_ALONE in said}
    assert owners == set(OWNERS) - {"db roles"}


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
