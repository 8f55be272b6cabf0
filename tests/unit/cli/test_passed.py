"""What took effect before the rest of a mass change was held: shown, corrected, acknowledged."""

import csv
import io
import sqlite3

import pytest
from tests.builders import activated, deactivated, record, region_changed, write_archive
from tests.worlds.command_line import contents

CLINICS = [f"SE2321000016-T{number:03}" for number in range(10)]
PASSED, HELD = CLINICS[:5], CLINICS[5:]
ACKNOWLEDGE = ("holds", "acknowledge", "1", "--reason", "They are closed", "--actor", "anna")


@pytest.fixture
def ten_closures(database, sync_worker, reads):
    """Ten registered clinics of region 01 are closed at once: five pass, five are held."""
    reads(*(activated(hsa_id, 0, regionCode="01") for hsa_id in CLINICS))
    board = ("boards", "set", "01", "SE2321000016-PN01", "--name", "P", "--ticket", "T", "-y")
    assert sync_worker(*board).exit_code == 0
    assert sync_worker("clinics", "add", *CLINICS).exit_code == 0
    told = reads(*(deactivated(hsa_id, 1, id=f"closed-{hsa_id}") for hsa_id in CLINICS))
    assert told.exit_code == 3
    return told


@pytest.fixture
def withdrawn(ten_closures, reads):
    """The five that were held are corrected."""
    return reads(*(activated(hsa_id, 2) for hsa_id in HELD))


def closed(hsa_id):
    change = {"hsa_id": hsa_id, "fact": "activation", "old": True, "new": False}
    return {**change, "event_id": f"closed-{hsa_id}"}


def attention(sync_worker):
    return sync_worker("status", "-o", "json").json["attention"]


def shown(sync_worker, number=1):
    return sync_worker("holds", "show", str(number), "-o", "json").json


def listed_as_csv(sync_worker, number=1):
    written = sync_worker("holds", "show", str(number), "-o", "csv").stdout
    return list(csv.DictReader(io.StringIO(written)))


def test_a_hold_shows_what_had_passed_before_it(ten_closures, sync_worker):
    hold = shown(sync_worker)
    assert hold["passed"] == hold["unchanged"] == [closed(hsa_id) for hsa_id in PASSED]
    assert [item["hsa_id"] for item in hold["items"]] == HELD
    (sentence,) = attention(sync_worker)
    assert sentence == (
        "hold 1 holds back changes of 5 clinics in region 01, after changes of 5 clinics there had "
        "taken effect: sync-worker holds show 1"
    )
    text = sync_worker("holds", "show", "1").stdout
    assert "Took effect before the rest was held:" in text
    assert text.index(HELD[0]) < text.index(PASSED[0])
    planned = sync_worker("holds", "approve", "1", "--dry-run", "-o", "json").json
    assert planned["passed"] == hold["passed"]


def test_as_csv_it_is_the_list_for_the_publisher(ten_closures, sync_worker, reads):
    rows = listed_as_csv(sync_worker)
    assert [(row["hsa_id"], row["state"], row["stands"]) for row in rows] == [
        *((hsa_id, "held", "") for hsa_id in HELD),
        *((hsa_id, "passed", "true") for hsa_id in PASSED),
    ]
    assert {(row["fact"], row["old"], row["new"]) for row in rows} == {
        ("activation", "true", "false")
    }
    assert all(row["event_id"] == f"closed-{row['hsa_id']}" for row in rows)
    reads(activated(PASSED[0], 2))
    (corrected,) = [row for row in listed_as_csv(sync_worker) if row["stands"] == "false"]
    assert corrected["hsa_id"] == PASSED[0]
    sync_worker("holds", "approve", "1", "-y")
    approved = [row for row in listed_as_csv(sync_worker) if row["state"] == "approved"]
    assert [row["event_id"] for row in approved] == [f"closed-{hsa_id}" for hsa_id in HELD]


def test_a_withdrawn_hold_whose_passed_changes_stand_is_not_healthy(withdrawn, sync_worker):
    (sentence,) = attention(sync_worker)
    assert sentence.startswith("Hold 1 was withdrawn, but changes of 5 clinics in region 01 that")
    assert "sync-worker holds show 1 -o csv" in sentence
    assert "sync-worker holds acknowledge 1 --reason TEXT" in sentence
    assert (withdrawn.exit_code, sentence in withdrawn.stderr) == (0, True)
    assert sync_worker("status").stdout.startswith(f"needs attention: {sentence}\n")
    (check,) = [c for c in sync_worker("doctor", "-o", "json").items if c["id"] == "holds"]
    assert (check["status"], check["fix"]) == ("warn", "sync-worker holds show 1")
    assert "5 clinics in region 01" in check["detail"]


def test_once_all_that_had_passed_is_corrected_all_is_well(withdrawn, sync_worker, reads):
    reads(*(activated(hsa_id, 2) for hsa_id in PASSED[:4]))
    assert "changes of 1 clinic in region 01" in attention(sync_worker)[0]
    assert shown(sync_worker)["unchanged"] == [closed(PASSED[4])]
    reads(activated(PASSED[4], 2))
    assert attention(sync_worker) == shown(sync_worker)["unchanged"] == []
    assert len(shown(sync_worker)["passed"]) == 5


def test_an_acknowledged_hold_is_not_reported_again(withdrawn, sync_worker):
    told = sync_worker(*ACKNOWLEDGE, "-o", "json")
    assert (told.exit_code, told.json["status"]) == (0, "withdrawn")
    assert told.json["acknowledged_at"].endswith("Z")
    assert attention(sync_worker) == []
    (check,) = [c for c in sync_worker("doctor", "-o", "json").items if c["id"] == "holds"]
    assert check["status"] == "ok"
    (entry,) = sync_worker("log", "list", "--actor", "anna", "-o", "json").items
    assert (entry["change"], entry["region_code"], entry["new"], entry["reason"]) == (
        *("hold_acknowledged", "01", "1"),
        "They are closed",
    )
    assert len(shown(sync_worker)["unchanged"]) == 5


def refused(sync_worker, database, exit_code, code, *arguments):
    before = contents(database)
    told = sync_worker(*(arguments or ACKNOWLEDGE), "-o", "json")
    assert (told.exit_code, told.stdout, told.error["code"]) == (exit_code, "", code)
    assert contents(database) == before


def test_only_a_withdrawn_hold_is_acknowledged_and_only_once(
    ten_closures, sync_worker, reads, database, withdrawn
):
    assert sync_worker(*ACKNOWLEDGE).exit_code == 0
    refused(sync_worker, database, 4, "decided")
    reads(*(deactivated(hsa_id, 3) for hsa_id in HELD))
    second = ("holds", "acknowledge", "2", "--reason", "R")
    refused(sync_worker, database, 4, "open", *second)
    assert sync_worker("holds", "approve", "2", "-y").exit_code == 0
    refused(sync_worker, database, 4, "decided", *second)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("3", "--reason", "R"), 6, "not_found"),
        (("1",), 2, "usage"),
        (("1", "--reason", " "), 2, "usage"),
        (("1", "--reason", "R", "--actor", " "), 2, "usage"),
        (("0", "--reason", "R"), 2, "usage"),
    ],
)
def test_what_cannot_be_acknowledged_changes_nothing(
    withdrawn, sync_worker, database, arguments, exit_code, code
):
    refused(sync_worker, database, exit_code, code, "holds", "acknowledge", *arguments)


@pytest.mark.parametrize(
    ("later", "stands"),
    [
        ([deactivated(PASSED[0], 3, id="the same mistake again")], True),
        ([activated(PASSED[0], 3, name="Ett")], False),
        ([activated(PASSED[0], 3), deactivated(PASSED[0], 4, id="closed for good")], False),
        ([activated(PASSED[0], 0.5)], True),
    ],
)
def test_a_change_stands_until_another_value_has_come(withdrawn, sync_worker, reads, later, stands):
    reads(*later)
    sync_worker("holds", "approve", "2", "-y")
    assert (closed(PASSED[0]) in shown(sync_worker)["unchanged"]) is stands


def test_a_clinic_that_its_administrator_removed_is_no_longer_counted(withdrawn, sync_worker):
    assert sync_worker("clinics", "remove", *PASSED, "-y").exit_code == 0
    assert attention(sync_worker) == shown(sync_worker)["unchanged"] == []


def test_who_registered_it_says_nothing_of_a_closure(withdrawn, sync_worker, database):
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE clinic SET registered_by = 'Region Kalmar'")
    assert len(shown(sync_worker)["unchanged"]) == len(PASSED)
    assert len(attention(sync_worker)) == 1


def test_a_closed_and_moved_clinic_passed_with_both_facts(database, sync_worker, reads):
    one, other, third = CLINICS[:3]
    reads(*(activated(hsa_id, 0, regionCode="01") for hsa_id in (one, other, third)))
    assert sync_worker("clinics", "add", one, other, third).exit_code == 0
    moved = region_changed(one, 1, "03", id="moved")
    reads(deactivated(one, 1, id=f"closed-{one}"), moved, deactivated(other, 1))
    assert sync_worker("holds", "list", "-o", "json").items == []
    beyond = [activated(CLINICS[n], 0, regionCode="01") for n in range(3, 8)]
    reads(*beyond)
    assert sync_worker("clinics", "add", *CLINICS[3:8]).exit_code == 0
    reads(*(deactivated(hsa_id, 2) for hsa_id in CLINICS[2:8]))
    passed = shown(sync_worker)["passed"]
    assert [(change["hsa_id"], change["fact"]) for change in passed[:3]] == [
        *((one, "activation"), (one, "region")),
        (other, "activation"),
    ]
    assert (passed[1]["old"], passed[1]["new"], passed[1]["event_id"]) == ("01", "03", "moved")


def test_a_replay_and_a_redrive_keep_what_had_passed_too(database, sync_worker, reads, folder):
    reads(*(activated(hsa_id, 0, regionCode="01") for hsa_id in CLINICS))
    assert sync_worker("clinics", "add", *CLINICS).exit_code == 0
    some = [deactivated(hsa_id, 1, id=f"closed-{hsa_id}") for hsa_id in CLINICS[:3]]
    records = [record(document, offset=offset) for offset, document in enumerate(some)]
    archive = write_archive(folder / "some.jsonl", records)
    assert sync_worker("replay", "--archive", str(archive), "-y").exit_code == 0
    reads(*(region_changed(hsa_id, 1, "11", id="moved") for hsa_id in CLINICS[3:]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNC_WORKER_EVENTS_EXTRA_REGIONS", '["11"]')
        assert sync_worker("deadletters", "redrive", "--all", "-y").exit_code == 3
    hold = shown(sync_worker)
    assert hold["passed"][:3] == [closed(hsa_id) for hsa_id in CLINICS[:3]]
    moved = hold["passed"][3:]
    assert [(change["hsa_id"], change["new"]) for change in moved] == [
        (hsa_id, "11") for hsa_id in CLINICS[3:5]
    ]
    assert [item["hsa_id"] for item in hold["items"]] == CLINICS[5:]
