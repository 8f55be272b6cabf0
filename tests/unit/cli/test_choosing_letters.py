"""`sync-worker deadletters`: found by clinic and topic, and dealt with in bulk."""

import sqlite3

import pytest
from tests.builders import ACTIVATION, REGION, activated, record, region_changed, write_archive
from tests.harness.command import Keyboard
from tests.worlds.command_line import A, B, C, contents

STRANGER = "SE2321000016-TX99"
DISCARD = ("deadletters", "discard", "--all")
BECAUSE = ("--reason", "Case 4711", "--actor", "anna")


@pytest.fixture
def bad(populated, sync_worker, folder):
    """More letters than `populated` has: ids by what they are."""
    records = [
        record(region_changed(B, 1, "11"), offset=0),
        record(region_changed(A, 1, "11"), offset=1),
        record(b"{", topic=ACTIVATION, key=A, offset=0),
        record(activated(STRANGER, 1, regionCode="16"), offset=1),
    ]
    archive = write_archive(folder / "more.jsonl", records)
    assert sync_worker("run", "--archive", str(archive)).exit_code == 0
    return [item["id"] for item in sync_worker("deadletters", "list", "-o", "json").items]


def numbers(told):
    return [item["id"] for item in told.items]


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        (("--clinic", A), [0, 3, 4]),
        (("--clinic", f" {A.lower()}\t"), [0, 3, 4]),
        (("--clinic", STRANGER), [5]),
        (("--clinic", C), []),
        (("--topic", REGION), [2, 3]),
        (("--topic", "no.such.topic"), []),
        (("--topic", REGION, "--clinic", A), [3]),
        (("--topic", ACTIVATION, "--clinic", A, "--code", "invalid_json"), [4]),
        ((), [0, 1, 2, 3, 4, 5]),
    ],
)
def test_dead_letters_are_selected_by_clinic_topic_and_reason(bad, sync_worker, narrowed, found):
    wanted = [bad[number] for number in found]
    assert numbers(sync_worker("deadletters", "list", *narrowed, "-o", "json")) == wanted
    redriven = sync_worker("deadletters", "redrive", "--all", *narrowed, "--dry-run", "-o", "json")
    assert numbers(redriven) == wanted
    planned = sync_worker(*DISCARD, *narrowed, *BECAUSE, "--dry-run", "-o", "json")
    assert (planned.exit_code, numbers(planned)) == (0, wanted)
    done = sync_worker(*DISCARD, *narrowed, *BECAUSE, "-y", "-o", "json")
    assert (done.exit_code, done.items) == (0, planned.items)
    left = numbers(sync_worker("deadletters", "list", "-o", "json"))
    assert left == [number for number in bad if number not in wanted]
    logged = sync_worker("log", "list", "--actor", "anna", "-o", "json").items
    discarded = [entry for entry in logged if entry["change"] == "letter_discarded"]
    assert [(entry["new"], entry["reason"]) for entry in discarded] == [
        (str(number), "Case 4711") for number in wanted
    ]


def test_a_list_ends_after_as_many_as_are_asked_for(bad, sync_worker):
    assert numbers(sync_worker("deadletters", "list", "--limit", "2", "-o", "json")) == bad[:2]


@pytest.mark.parametrize("command", ["list", "redrive", "discard"])
def test_a_clinic_that_nobody_named_is_not_found(bad, sync_worker, command):
    all_open = () if command == "list" else ("--all", "-y")
    because = BECAUSE if command == "discard" else ()
    told = sync_worker("deadletters", command, *all_open, *because, "--clinic", "SE2321000016-TQ99")
    assert (told.exit_code, told.stdout) == (6, "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (BECAUSE, "usage"),
        (("1", "--all", *BECAUSE), "usage"),
        (("1", "--clinic", A, *BECAUSE), "usage"),
        (("1", "--topic", REGION, *BECAUSE), "usage"),
        (("--all",), "usage"),
        (("--all", "--clinic", " ", *BECAUSE), "usage"),
        (("--all", *BECAUSE), "confirmation_needed"),
    ],
)
def test_what_is_not_clear_or_not_agreed_to_discards_nothing(
    bad, sync_worker, populated, arguments, code
):
    before = contents(populated)
    told = sync_worker("deadletters", "discard", *arguments, "-o", "json")
    assert (told.exit_code, told.stdout) == (2, "")
    assert f'"code": "{code}"' in told.stderr
    assert contents(populated) == before


def test_where_nothing_is_to_be_discarded_nothing_is_asked(bad, sync_worker):
    told = sync_worker(*DISCARD, "--code", "time_in_future", *BECAUSE)
    assert (told.exit_code, told.stdout) == (0, "")
    assert told.stderr == "There is nothing to discard.\n"


def test_the_plan_of_all_says_how_many_have_which_reason(bad, sync_worker):
    told = sync_worker(*DISCARD, *BECAUSE, stdin=Keyboard("n\n"))
    assert told.exit_code == 2
    assert "2  invalid_json\n4  unknown_region\nDiscard 6 dead letters?" in told.stderr


def test_what_was_closed_while_it_was_asked_is_left_alone(bad, sync_worker, populated):
    def redrive_first():
        with sqlite3.connect(populated) as connection:
            connection.execute("UPDATE dead_letter SET status = 'redriven' WHERE id = 1")

    slow = Keyboard("y\n", redrive_first)
    told = sync_worker(*DISCARD, *BECAUSE, "-o", "json", stdin=slow)
    assert (told.exit_code, numbers(told)) == (0, [number for number in bad if number != 1])
    assert "1 were closed by somebody else in the meantime, and are unchanged." in told.stderr


def test_an_id_named_twice_is_one_dead_letter(bad, sync_worker):
    twice = (str(bad[0]), str(bad[0]))
    assert (
        numbers(sync_worker("deadletters", "redrive", *twice, "--dry-run", "-o", "json")) == bad[:1]
    )
    told = sync_worker("deadletters", "discard", *twice, *BECAUSE, "-y", "-o", "json")
    assert (told.exit_code, numbers(told)) == (0, bad[:1])


HUGE = str(10**25)


@pytest.mark.parametrize(
    "arguments",
    [
        ("deadletters", "show", HUGE),
        ("deadletters", "redrive", "1", HUGE, "-y"),
        ("deadletters", "redrive", HUGE, "--dry-run"),
        ("deadletters", "discard", "1", HUGE, *BECAUSE, "-y"),
        ("holds", "show", HUGE),
        ("holds", "show", HUGE, "-o", "csv"),
        ("holds", "approve", HUGE, "-y"),
        ("holds", "acknowledge", HUGE, *BECAUSE),
    ],
)
def test_an_id_that_no_database_could_hold_is_not_found(bad, sync_worker, populated, arguments):
    before = contents(populated)
    told = sync_worker(*arguments)
    assert (told.exit_code, told.stdout) == (6, "")
    assert f"There is no {'hold' if 'holds' in arguments else 'dead letter'} {HUGE}." in told.stderr
    assert contents(populated) == before


@pytest.mark.parametrize("command", [("deadletters", "list"), ("clinics", "list")])
def test_a_limit_beyond_every_number_is_none(bad, sync_worker, command):
    everything = sync_worker(*command, "-o", "json").items
    assert sync_worker(*command, "--limit", HUGE, "-o", "json").items == everything


def test_a_dead_letter_shows_names_apart_from_values(bad, sync_worker):
    lines = sync_worker("deadletters", "show", str(bad[0])).stdout.splitlines()
    names = sync_worker("deadletters", "show", str(bad[0]), "-o", "json").json
    assert [line.split(" ")[0] for line in lines] == list(names)


@pytest.mark.parametrize("number", ["abc", "1.0", "", "0", "-1", "१x"])
@pytest.mark.parametrize("command", ["deadletters show", "deadletters redrive", "holds approve"])
def test_what_is_not_an_id_is_a_fault_of_use(bad, sync_worker, command, number):
    told = sync_worker(*command.split(), "--", number)
    assert (told.exit_code, told.stdout) == (2, "")
    assert "whole number" in told.stderr or "is not in the range x>=1" in told.stderr
