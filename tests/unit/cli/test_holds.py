"""`sync-worker holds`, and what other commands say while mass changes wait for a person."""

import sqlite3

import pytest
from tests.builders import activated, deactivated, region_changed
from tests.harness.command import Keyboard
from tests.worlds.command_line import A, B, C, contents

HOLD = {"id", "opened_at", "kind", "region_code", "count", "revision", "status"}


@pytest.fixture
def reads(reads, monkeypatch):
    """Where no departure is allowed."""
    monkeypatch.setenv("SYNC_WORKER_GUARD_MAX_CHANGES", "0")
    monkeypatch.setenv("SYNC_WORKER_GUARD_MAX_PERCENT", "0")
    return reads


@pytest.fixture
def held(populated, reads):
    """Two clinics of two regions would be deactivated: each region has a hold."""
    told = reads(deactivated(A, 10), region_changed(C, 10, "01"))
    assert told.exit_code == 3
    return told


def test_an_open_hold_makes_a_run_end_with_3(held, reads):
    assert held.json["applied"] == 2
    assert "hold 1 holds back changes of 1 clinic in region 01: sync-worker holds show 1" in (
        held.stderr
    )
    assert "mass_change_held" in held.stderr
    assert reads().exit_code == 3
    assert reads(activated(A, 11), region_changed(C, 11, "03")).exit_code == 0


def test_holds_are_listed_as_they_are_open_or_decided(held, sync_worker, reads):
    first, second = sync_worker("holds", "list", "-o", "json").items
    assert set(first) >= HOLD
    assert (first["kind"], first["region_code"], first["count"]) == ("mass_change", "01", 1)
    assert (first["revision"], first["status"], second["region_code"]) == (1, "open", "03")
    reads(activated(A, 11))
    assert sync_worker("holds", "approve", "2", "-y").exit_code == 0
    assert sync_worker("holds", "list", "-o", "json").items == []
    (withdrawn,) = sync_worker("holds", "list", "--status", "withdrawn", "-o", "json").items
    (approved,) = sync_worker("holds", "list", "--status", "approved", "-o", "json").items
    assert (withdrawn["id"], withdrawn["count"]) == (1, 0)
    assert (approved["id"], approved["count"]) == (2, 1)
    assert len(sync_worker("holds", "list", "--status", "all", "-o", "json").items) == 2
    assert sync_worker("holds", "list", "--status", "all", "-o", "csv").stdout.count("\n") == 3


def test_a_hold_is_shown_with_its_items(held, sync_worker):
    shown = sync_worker("holds", "show", "2", "-o", "json").json
    assert set(shown) >= HOLD | {"items"}
    assert shown["items"] == [{"hsa_id": C, "fact": "region", "old": "03", "new": "01"}]
    text = sync_worker("holds", "show", "1").stdout
    assert "revision         1\n" in text
    assert A in text


def test_an_approval_takes_effect_and_prints_the_hold(held, sync_worker):
    who = ("--actor", "anna", "--reason", "The closures are real")
    done = sync_worker("holds", "approve", "1", "-y", *who, "-o", "json")
    assert (done.exit_code, done.json["status"], done.json["count"]) == (0, "approved", 1)
    shown = sync_worker("clinics", "show", A, "--history", "-o", "json").json
    assert (shown["active"], shown["status"]) == (False, "deactivated")
    newest, before = shown["history"][:2]
    assert (newest["change"], newest["actor"]) == ("deactivated", "anna")
    assert (before["change"], before["old"], before["new"]) == ("held", True, False)


def test_an_approval_that_moves_to_a_boardless_region_is_reported(populated, reads, sync_worker):
    reads(region_changed(A, 10, "14"))
    planned = sync_worker("holds", "approve", "1", "--dry-run", "-q")
    assert planned.stderr == (
        f"{A} would be in region 14, which has no patient board: nobody can file.\n"
    )
    done = sync_worker("holds", "approve", "1", "-y", "-q")
    assert f"{A} is in region 14 now, which has no patient board" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("approve", "1"), 2, "confirmation_needed"),
        (("approve", "1", "-y", "--revision", "2"), 4, "changed_meanwhile"),
        (("approve", "1", "--revision", "2"), 4, "changed_meanwhile"),
        (("approve", "3", "-y"), 6, "not_found"),
        (("show", "3"), 6, "not_found"),
        (("approve", "0", "-y"), 2, "usage"),
        (("approve", "1", "-y", "--reason", " "), 2, "usage"),
        (("approve", "1", "-y", "--actor", ""), 2, "usage"),
        (("list", "--status", "decided"), 2, "usage"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    held, sync_worker, populated, arguments, exit_code, code
):
    before = contents(populated)
    told = sync_worker("holds", *arguments, "-o", "json")
    assert (told.exit_code, told.stdout) == (exit_code, "")
    if "confirmation" in code:
        assert code in told.stderr
    else:
        assert told.error["code"] == code
    assert contents(populated) == before


def test_a_decided_hold_is_not_approved_again(held, sync_worker, reads):
    reads(activated(A, 11))
    assert sync_worker("holds", "approve", "2", "-y").exit_code == 0
    for number, status in (("1", "withdrawn"), ("2", "approved")):
        for arguments in ((), ("-y",), ("--dry-run",)):
            told = sync_worker("holds", "approve", number, *arguments, "-o", "json")
            assert (told.exit_code, told.error["code"]) == (4, "decided")
            assert status in told.error["message"]


def test_the_revision_that_show_prints_can_be_approved(held, sync_worker):
    revision = sync_worker("holds", "show", "1", "-o", "json").json["revision"]
    assert sync_worker("holds", "approve", "1", "-y", "--revision", str(revision)).exit_code == 0


def test_a_dry_run_shows_the_hold_and_changes_nothing(held, sync_worker, populated):
    before = contents(populated)
    told = sync_worker("holds", "approve", "1", "--dry-run")
    assert told.exit_code == 0
    assert A in told.stdout
    assert contents(populated) == before


@pytest.mark.parametrize(("answer", "exit_code"), [("y\n", 0), ("n\n", 2), ("", 130)])
def test_it_is_asked_first(held, sync_worker, answer, exit_code):
    told = sync_worker("holds", "approve", "1", stdin=Keyboard(answer))
    assert told.exit_code == exit_code
    assert "Approve hold 1, 1 clinics?" in told.stderr
    assert sync_worker("clinics", "show", A, "-o", "json").json["active"] is (exit_code != 0)


def test_what_changes_while_it_is_asked_is_not_approved(held, sync_worker, populated):
    def change_it():
        with sqlite3.connect(populated) as connection:
            connection.execute("UPDATE hold SET revision = 2")

    slow = Keyboard("y\n", change_it)
    assert sync_worker("holds", "approve", "1", stdin=slow).exit_code == 4
    assert sync_worker("clinics", "show", A, "-o", "json").json["active"] is True


def test_the_status_says_what_waits_and_what_to_type(held, sync_worker):
    shown = sync_worker("status", "-o", "json").json
    assert shown["holds"] == {"open": 2}
    assert shown["attention"][0] == (
        "hold 1 holds back changes of 1 clinic in region 01: sync-worker holds show 1"
    )
    assert sync_worker("status").stdout.startswith("needs attention: hold 1 holds back")


def test_clinics_are_listed_by_their_row_and_shown_with_holds(held, sync_worker):
    shown = sync_worker("clinics", "show", A, "-o", "json").json
    assert shown["held"]["activation"] | {"sequence": ""} == {
        "value": False,
        "time": "2026-01-01T00:10:00Z",
        "event_id": shown["held"]["activation"]["event_id"],
        "sequence": "",
    }
    listed = {item["hsa_id"]: item for item in sync_worker("clinics", "list", "-o", "json").items}
    assert (listed[A]["active"], listed[A]["status"]) == (True, "receiving")
    assert (listed[C]["region_code"], listed[B]["registered"]) == ("03", False)
