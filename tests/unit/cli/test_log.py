"""`log list`: its forms, its filters as typed, and what it says of mistakes."""

import ast
import csv
import io
import re
from pathlib import Path

import pytest
from tests.worlds.command_line import BOARD, A, C

from sync_worker.registry.change_log import CHANGES

SOURCE = Path(__file__).parents[3] / "src" / "sync_worker"
MAKERS = {"LogEntry.by", "_entry", "_log"}
MEMBERS = {
    *("at", "change", "hsa_id", "region_code", "old", "new", "actor", "login"),
    *("reason", "event_id", "topic", "partition", "offset"),
}


def changes(told):
    assert told.exit_code == 0, told.stderr
    return [(item["change"], item["hsa_id"] or item["region_code"]) for item in told.items]


def test_the_log_has_what_people_did_the_newest_last(populated, sync_worker):
    told = sync_worker("log", "list", "-o", "json")
    assert changes(told) == [("board_set", "01"), ("registered", A), ("registered", C)]
    assert all(set(item) == MEMBERS for item in told.items)
    board, registration, _ = told.items
    assert (board["new"], board["reason"]) == (BOARD, "T-1")
    assert (registration["actor"], registration["reason"]) == ("anna", "Order 17")
    assert registration["at"].endswith("Z")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--region", "01"], [("board_set", "01"), ("registered", A)]),
        (["--region", "03"], [("registered", C)]),
        (["--region", "04"], []),
        (["--clinic", A.lower()], [("registered", A)]),
        (["--clinic", f" {A}", "--clinic", C], [("registered", A), ("registered", C)]),
        (["--actor", "anna"], [("registered", A), ("registered", C)]),
        (["--actor", "nobody"], []),
        (["--since", "2020-01-01", "--actor", "anna"], [("registered", A), ("registered", C)]),
        (["--since", "9999-12-31"], []),
        (["--until", "2020-01-01"], []),
        (["--until", "9999-12-31", "--region", "01"], [("board_set", "01"), ("registered", A)]),
        (["--change", "board_set,removed"], [("board_set", "01")]),
        (["--change", "registered", "--change", "held"], [("registered", A), ("registered", C)]),
        (["--since", "9999-12-31T23:59:59.5+01:00"], []),
    ],
)
def test_what_is_asked_for_is_listed(populated, sync_worker, arguments, expected):
    assert changes(sync_worker("log", "list", *arguments, "-o", "json")) == expected


def test_as_csv_it_has_the_members_of_the_json(populated, sync_worker):
    rows = list(csv.DictReader(io.StringIO(sync_worker("log", "list", "-o", "csv").stdout)))
    assert len(rows) == 3
    assert all(set(row) == MEMBERS for row in rows)


def test_as_a_table_it_is_for_people(populated, sync_worker):
    told = sync_worker("log", "list")
    assert (told.exit_code, told.stderr) == (0, "")
    assert told.stdout.splitlines()[0].split()[:3] == ["at", "change", "hsa_id"]
    assert sync_worker("log", "list", "--actor", "nobody").stderr == "There are no such entries.\n"


@pytest.mark.parametrize(
    "written",
    ["yesterday", "2026-01-31T08:00:00", "2026-02-30", "2026-13-01", "", "31/1 2026"],
)
def test_an_invalid_time_is_refused_with_the_right_form(populated, sync_worker, written):
    told = sync_worker("log", "list", "--since", written, "-o", "json")
    assert (told.exit_code, told.stdout) == (2, "")
    assert re.search(r"write 2026-\d\d-\d\d.*Z", told.error["message"])


def test_an_unknown_region_or_clinic_is_not_found(populated, sync_worker):
    assert sync_worker("log", "list", "--region", "11").exit_code == 6
    told = sync_worker("log", "list", "--clinic", "SE2321000016-TX99", "-o", "json")
    assert (told.exit_code, told.stdout) == (6, "")
    assert "SE2321000016-TX99" in told.error["message"]


def test_a_change_that_is_never_logged_is_refused(populated, sync_worker):
    told = sync_worker("log", "list", "--change", "deactivatd", "-o", "json")
    assert (told.exit_code, told.stdout) == (2, "")
    assert "There are no changes called 'deactivatd'." in told.error["message"]
    assert "deactivated" in told.error["hint"]


def named_in_entries():
    """Every change that the source names where it makes an entry."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in MAKERS:
                texts = (a.value for a in node.args if isinstance(a, ast.Constant))
                yield from (text for text in texts if isinstance(text, str))


def test_every_change_that_is_logged_can_be_asked_for():
    named = set(named_in_entries())
    assert len(named) > 5
    assert named <= set(CHANGES)
