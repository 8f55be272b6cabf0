"""`sync-worker deadletters`: redriven, discarded, purged; planned, asked for, and told."""

import json
import sqlite3

import pytest
from tests.builders import ACTIVATION, activated, numbered, region_changed, write_archive
from tests.harness.command import Keyboard
from tests.worlds.command_line import A, B, contents

ALL = ("deadletters", "redrive", "--all")


@pytest.fixture
def understood(monkeypatch):
    """Region 11 is in use by now."""
    monkeypatch.setenv("SYNC_WORKER_EVENTS_EXTRA_REGIONS", json.dumps(["11"]))


@pytest.fixture
def bad(sync_worker):
    """The ids of the letters that there are: of an unknown region, and of no JSON."""
    unknown, not_json = sync_worker("deadletters", "list", "-o", "json").items
    return unknown["id"], not_json["id"]


def outcomes(told):
    return [(item["id"], item["outcome"]) for item in told.items]


def closed_since(database, days):
    with sqlite3.connect(database) as connection:
        connection.execute(
            "UPDATE dead_letter SET closed_at ="
            f" strftime('%Y-%m-%dT%H:%M:%f000Z', closed_at, '-{days} days')"
        )


def test_what_is_still_bad_stays_open_and_ends_with_3(populated, sync_worker, bad):
    told = sync_worker(*ALL, "-y", "-o", "json")
    assert told.exit_code == 3
    assert outcomes(told) == [(number, "dead_lettered") for number in bad]
    assert "still bad" in told.stderr
    assert sync_worker("deadletters", "list", "-o", "json").json["count"] == 2


@pytest.mark.usefixtures("populated", "understood")
def test_a_dry_run_says_what_the_redrive_then_does(populated, sync_worker, bad):
    unknown, _ = bad
    before = contents(populated)
    chosen = ("deadletters", "redrive", str(unknown), "-o", "json")
    planned = sync_worker(*chosen, "--dry-run")
    assert contents(populated) == before
    done = sync_worker(*chosen, "-y", "--actor", "anna", "--reason", "Region 11 is in use")
    assert outcomes(planned) == outcomes(done) == [(unknown, "applied")]
    assert planned.exit_code == done.exit_code == 0
    (entry,) = sync_worker("log", "list", "--actor", "anna", "-o", "json").items[-1:]
    assert (entry["change"], entry["reason"]) == ("letter_redriven", "Region 11 is in use")
    assert (entry["new"], entry["offset"]) == (str(unknown), 5)
    moved = sync_worker("clinics", "show", A, "--history", "-o", "json").json["history"][0]
    assert (moved["change"], moved["new"], moved["offset"]) == ("moved", "11", 5)


@pytest.mark.usefixtures("populated", "understood")
def test_all_of_one_reason_are_redriven(sync_worker, bad):
    told = sync_worker(*ALL, "--code", "unknown_region", "-y", "-o", "json")
    assert (told.exit_code, outcomes(told)) == (0, [(bad[0], "applied")])
    again = sync_worker(*ALL, "--code", "unknown_region", "-y", "-o", "json")
    assert (again.exit_code, again.items) == (0, [])


@pytest.mark.usefixtures("populated", "understood")
def test_closed_dead_letters_are_refused_by_id_and_skipped_otherwise(sync_worker, bad, populated):
    assert sync_worker(*ALL, "--code", "unknown_region", "-y").exit_code == 0
    before = contents(populated)
    told = sync_worker("deadletters", "redrive", *map(str, bad), "-y", "-o", "json")
    assert (told.exit_code, told.stdout, told.error["code"]) == (4, "", "closed")
    assert f"{bad[0]} is redriven" in told.error["message"]
    assert contents(populated) == before
    assert outcomes(sync_worker(*ALL, "-y", "-o", "json")) == [(bad[1], "dead_lettered")]


@pytest.mark.usefixtures("understood")
def test_a_redrive_that_is_a_mass_change_is_held(populated, sync_worker, monkeypatch):
    monkeypatch.setenv("SYNC_WORKER_GUARD_MAX_CHANGES", "0")
    monkeypatch.setenv("SYNC_WORKER_GUARD_MAX_PERCENT", "0")
    chosen = (*ALL, "--code", "unknown_region", "-o", "json")
    planned, done = sync_worker(*chosen, "--dry-run"), sync_worker(*chosen, "-y")
    assert (planned.exit_code, done.exit_code) == (3, 3)
    assert outcomes(planned) == outcomes(done)
    assert "sync-worker holds list" in done.stderr
    assert sync_worker("holds", "list", "-o", "json").json["count"] == 1


@pytest.mark.usefixtures("understood")
@pytest.mark.parametrize(("answer", "exit_code"), [("y\n", 3), ("n\n", 2)])
def test_at_a_terminal_the_plan_is_shown_and_asked_about(populated, sync_worker, answer, exit_code):
    before = contents(populated)
    told = sync_worker(*ALL, stdin=Keyboard(answer))
    assert told.exit_code == exit_code
    assert "2 dead letters: 1 would be applied, 0 superseded, 0 ignored, 1 still bad." in (
        told.stderr
    )
    assert (contents(populated) == before) == (exit_code == 2)


@pytest.mark.usefixtures("populated")
@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("redrive", "--all"), 2, "confirmation_needed"),
        (("redrive", "1"), 2, "confirmation_needed"),
        (("redrive", "-y"), 2, "usage"),
        (("redrive", "1", "--all", "-y"), 2, "usage"),
        (("redrive", "1", "--code", "invalid_json", "-y"), 2, "usage"),
        (("redrive", "--all", "--code", "bad", "-y"), 2, "usage"),
        (("redrive", "1", "99", "-y"), 6, "not_found"),
        (("redrive", "99", "--dry-run"), 6, "not_found"),
        (("discard", "1", "--reason", "Old"), 2, "confirmation_needed"),
        (("discard", "1", "-y"), 2, "usage"),
        (("discard", "1", "-y", "--reason", " "), 2, "usage"),
        (("discard", "-y", "--reason", "Old"), 2, "usage"),
        (("discard", "1", "99", "-y", "--reason", "Old"), 6, "not_found"),
        (("purge", "-y"), 2, "usage"),
        (("purge", "--older-than", "-1", "-y"), 2, "usage"),
        (("purge", "--older-than", "1000000", "-y"), 2, "usage"),
        (("purge", "--older-than", "0", "-o", "csv"), 2, "usage"),
        (("show", "99"), 6, "not_found"),
    ],
)
def test_what_cannot_be_done_changes_nothing(populated, sync_worker, arguments, exit_code, code):
    before = contents(populated)
    told = sync_worker("deadletters", *arguments)
    assert (told.exit_code, told.stdout) == (exit_code, "")
    told = sync_worker("-o", "json", "deadletters", *arguments)
    if arguments[-1] != "csv":
        assert code in told.stderr
    assert contents(populated) == before


def test_discarded_dead_letters_are_closed_with_actor_and_reason(populated, sync_worker, bad):
    who = ("--actor", "anna", "--reason", "Published again")
    chosen = ("deadletters", "discard", *map(str, bad), *who, "-o", "json")
    before = contents(populated)
    expected = [(number, "discarded") for number in bad]
    assert outcomes(sync_worker(*chosen, "--dry-run")) == expected
    assert contents(populated) == before
    told = sync_worker(*chosen, "-y")
    assert (told.exit_code, outcomes(told)) == (0, expected)
    listed = sync_worker("deadletters", "list", "--status", "discarded", "-o", "json").items
    assert [item["id"] for item in listed] == list(bad)
    entries = sync_worker("log", "list", "--actor", "anna", "-o", "json").items[-2:]
    assert [(e["change"], e["reason"]) for e in entries] == [
        ("letter_discarded", "Published again")
    ] * 2
    assert sync_worker(*chosen, "-y").exit_code == 4
    assert sync_worker("status", "-o", "json").json["dead_letters"]["open"] == 0


def test_only_what_was_closed_long_ago_is_purged(populated, sync_worker, bad):
    assert (
        sync_worker("deadletters", "discard", str(bad[0]), "-y", "--reason", "Old").exit_code == 0
    )
    closed_since(populated, days=10)
    purge = ("deadletters", "purge", "-o", "json", "--older-than")
    assert sync_worker(*purge, "11", "-y").json["purged"] == 0
    assert sync_worker(*purge, "9").exit_code == 2
    assert sync_worker(*purge, "9", "--dry-run").json["purged"] == 1
    told = sync_worker(*purge, "9", "-y", "--actor", "anna")
    assert (told.exit_code, told.json["purged"]) == (0, 1)
    (entry,) = sync_worker("log", "list", "--actor", "anna", "-o", "json").items[-1:]
    assert (entry["change"], entry["old"]) == ("letters_purged", "1")
    assert sync_worker("deadletters", "list", "--status", "all", "-o", "json").json["count"] == 1
    assert sync_worker("deadletters", "purge", "--older-than", "0").exit_code == 0


def test_a_dead_letter_shows_its_clinic_as_it_is_now(populated, sync_worker, bad, folder):
    clinic = sync_worker("deadletters", "show", str(bad[0]), "-o", "json").json["clinic"]
    (listed,) = sync_worker("clinics", "list", "--search", A, "-o", "json").items
    assert clinic == listed
    assert sync_worker("deadletters", "show", str(bad[1]), "-o", "json").json["clinic"] is None
    stranger = "SE2321000016-TX99"
    records = numbered(
        [region_changed(stranger, 1, "11"), activated(B, 1, regionCode="16")], topic=ACTIVATION
    )
    archive = write_archive(folder / "more.jsonl", records)
    assert sync_worker("run", "--archive", str(archive)).exit_code == 0
    *_, unknown, known = sync_worker("deadletters", "list", "-o", "json").items
    assert (
        sync_worker("deadletters", "show", str(unknown["id"]), "-o", "json").json["clinic"] is None
    )
    shown = sync_worker("deadletters", "show", str(known["id"]), "-o", "json").json["clinic"]
    assert shown["hsa_id"] == B
    assert f'"hsa_id": "{B}"' in sync_worker("deadletters", "show", str(known["id"])).stdout


@pytest.mark.usefixtures("understood")
def test_a_redrive_into_a_boardless_region_is_reported_twice(populated, sync_worker, bad):
    chosen = ("deadletters", "redrive", str(bad[0]))
    planned = sync_worker(*chosen, "--dry-run", "-q")
    would = f"{A} would be in region 11, which has no patient board: nobody can file.\n"
    assert planned.stderr == would
    done = sync_worker(*chosen, stdin=Keyboard("y\n"))
    assert would in done.stderr
    assert f"{A} is in region 11 now, which has no patient board: nobody can file." in done.stderr
    assert (planned.exit_code, done.exit_code) == (0, 0)
