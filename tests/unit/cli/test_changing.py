"""What administrators, support and operators change: planned, asked for, done, and logged."""

import sqlite3

import pytest
from tests.harness.command import Keyboard
from tests.worlds.command_line import BOARD, A, B, C, D, contents

NOBODY = "SE2321000016-NONE"


def outcomes(told):
    return [(item["hsa_id"], item["outcome"], item["reason"]) for item in told.items]


# what is asked, for which regions, the exit code, what becomes of each
ADDED = [
    ([B], [], 0, [(B, "added", None)]),
    ([f" {B.lower()}\u00a0"], [], 0, [(B, "added", None)]),
    ([B], ["01"], 0, [(B, "added", None)]),
    ([B], ["03", "01"], 0, [(B, "added", None)]),
    ([B], ["03"], 4, [(B, "refused", "other_region")]),
    ([A], [], 0, [(A, "already_registered", None)]),
    ([A], ["03"], 4, [(A, "refused", "other_region")]),
    ([D], [], 4, [(D, "refused", "not_active")]),
    ([NOBODY], [], 4, [(NOBODY, "refused", "unknown_clinic")]),
    (["kliniken"], [], 4, [("KLINIKEN", "refused", "malformed_hsa_id")]),
    ([D, B], [], 4, [(D, "refused", "not_active"), (B, "added", None)]),
    ([B, B], [], 0, [(B, "added", None), (B, "already_registered", None)]),
]
REMOVED = [
    ([A], [], 0, [(A, "removed", None)]),
    ([A, C], ["01"], 4, [(A, "removed", None), (C, "refused", "other_region")]),
    ([C], ["01", "03"], 0, [(C, "removed", None)]),
    ([B], [], 0, [(B, "not_registered", None)]),
    ([NOBODY], [], 0, [(NOBODY, "not_registered", None)]),
    (["kliniken"], [], 4, [("KLINIKEN", "refused", "malformed_hsa_id")]),
]


def acting_for(regions):
    return [part for region in regions for part in ("--region", region)]


@pytest.mark.parametrize(("wanted", "regions", "exit_code", "expected"), ADDED)
def test_each_addition_is_judged_on_its_own(
    populated, sync_worker, wanted, regions, exit_code, expected
):
    arguments = ["clinics", "add", *wanted, *acting_for(regions), "-o", "json"]
    before = contents(populated)
    planned = sync_worker(*arguments, "--dry-run")
    assert (planned.exit_code, outcomes(planned)) == (exit_code, expected)
    assert contents(populated) == before
    done = sync_worker(*arguments)
    assert (done.exit_code, outcomes(done)) == (exit_code, expected)
    listed = {item["hsa_id"] for item in sync_worker("clinics", "list", "-o", "json").items}
    registered = [hsa_id for hsa_id, outcome, _ in expected if outcome == "added"]
    for hsa_id in registered:
        assert hsa_id in listed
        assert sync_worker("clinics", "show", hsa_id, "-o", "json").json["registered"] is True


@pytest.mark.parametrize(("wanted", "regions", "exit_code", "expected"), REMOVED)
def test_each_removal_is_judged_on_its_own(
    populated, sync_worker, wanted, regions, exit_code, expected
):
    arguments = ["clinics", "remove", *wanted, *acting_for(regions), "-o", "json"]
    before = contents(populated)
    planned = sync_worker(*arguments, "--dry-run")
    assert (planned.exit_code, outcomes(planned)) == (exit_code, expected)
    assert contents(populated) == before
    done = sync_worker(*arguments, "-y")
    assert (done.exit_code, outcomes(done)) == (exit_code, expected)
    for hsa_id, outcome, _ in expected:
        if outcome == "removed":
            assert sync_worker("clinics", "show", hsa_id, "-o", "json").json["registered"] is False


def test_who_did_it_and_why_is_in_the_history(populated, sync_worker):
    who = ("--actor", " anna ", "--reason", "Order 18")
    sync_worker("clinics", "add", B, *who)
    sync_worker("clinics", "remove", B, "-y", *who)
    history = sync_worker("clinics", "show", B, "--history", "-o", "json").json["history"]
    said = [(entry["change"], entry["actor"], entry["reason"]) for entry in history]
    assert said == [("removed", "anna", "Order 18"), ("registered", "anna", "Order 18")]


def test_the_actor_defaults_to_the_operating_systems_user(populated, sync_worker, monkeypatch):
    monkeypatch.setenv("LOGNAME", "berit")
    sync_worker("clinics", "add", B)
    assert sync_worker("clinics", "show", B, "-o", "json").json["registered_by"] == "berit"


def test_a_wrong_check_digit_is_a_warning_and_no_refusal(populated, sync_worker):
    with sqlite3.connect(populated) as connection:
        connection.execute("UPDATE clinic SET hsa_id = 'SE2321000017-TB01' WHERE hsa_id = ?", [B])
    connection.close()
    told = sync_worker("clinics", "add", "SE2321000017-TB01", "-q")
    assert told.exit_code == 0
    assert "check digit" in told.stderr


CHANGES = [
    ("clinics", "remove", A),
    ("boards", "set", "03", BOARD, "--name", "Nämnden", "--ticket", "T-2"),
    ("boards", "clear", "01", "--ticket", "T-2"),
    ("positions", "reset", "--to", "offset:3"),
]


@pytest.mark.parametrize("change", CHANGES, ids=" ".join)
@pytest.mark.parametrize("answer", ["y\n", "yes\n"])
def test_a_plan_that_is_agreed_to_is_done(populated, sync_worker, change, answer):
    before = contents(populated)
    assert sync_worker(*change, "-o", "json", stdin=Keyboard(answer)).exit_code == 0
    assert contents(populated) != before


@pytest.mark.parametrize("change", CHANGES, ids=" ".join)
@pytest.mark.parametrize(("answer", "exit_code"), [("n\n", 2), ("\n", 2), ("", 130)])
def test_a_plan_that_is_not_agreed_to_changes_nothing(
    populated, sync_worker, change, answer, exit_code
):
    before = contents(populated)
    assert sync_worker(*change, stdin=Keyboard(answer)).exit_code == exit_code
    assert contents(populated) == before


@pytest.mark.parametrize("change", CHANGES[:3], ids=" ".join)
def test_a_dry_run_shows_the_plan_and_changes_nothing(populated, sync_worker, change):
    before = contents(populated)
    told = sync_worker(*change, "--dry-run")
    assert told.exit_code == 0
    assert change[2] in told.stdout + told.stderr
    assert contents(populated) == before


def test_nothing_is_asked_where_there_is_nothing_to_do(populated, sync_worker):
    again = ("boards", "set", "01", BOARD, "--name", "Nämnden", "--ticket", "T-2")
    assert sync_worker(*again).exit_code == 0
    assert sync_worker("clinics", "remove", B).exit_code == 0


def test_changing_a_board_names_the_clinics_it_touches(populated, sync_worker):
    board = ("boards", "set", "03", BOARD, "--name", "Nämnden", "--ticket", "T-2", "-y")
    done = sync_worker(*board, "-o", "json")
    assert (done.json["service_on"], done.json["receiving"]) == (True, 1)
    assert done.json["patient_board"] == {"hsa_id": BOARD, "name": "Nämnden"}
    assert "1 registered clinic starts receiving" in done.stderr
    assert C in done.stderr
    done = sync_worker("boards", "clear", "03", "--ticket", "T-3", "-y", "-o", "json")
    assert (done.json["service_on"], done.json["patient_board"]) == (False, None)
    assert "1 registered clinic stops receiving" in done.stderr
    assert C in done.stderr


def test_only_the_selected_positions_are_reset(populated, sync_worker):
    arguments = ("positions", "reset", "--to", "offset:3", "-y", "-o", "json")
    assert sync_worker(*arguments, "--partition", "1").exit_code == 6
    (plan,) = sync_worker(*arguments, "--archive", "stream.jsonl", "--partition", "0").items
    assert (plan["before"], plan["position"]) == (7, 3)
    assert sync_worker("positions", "list", "-o", "json").items[0]["position"] == 3
