"""`sync-worker replay`: what is printed, asked and refused."""

import signal
import sqlite3
from pathlib import Path

import pytest
from tests.builders import activated, deactivated, numbered, record, region_changed, write_archive
from tests.harness.command import Keyboard
from tests.worlds.command_line import A, B, C, D, contents

from sync_worker.pipeline.retry import RetryPolicy
from sync_worker.pipeline.transaction_writer import TransactionWriter
from sync_worker.streams.archive.reader import ArchiveRangeReader

REPORT = ["read", "applied", "superseded", "ignored", "dead_lettered", "held", "changes"]


def test_a_dead_letter_is_stored_only_once(populated, folder, sync_worker):
    line = (folder / "stream.jsonl").read_bytes().splitlines(keepends=True)[-1]
    with (folder / "stream.jsonl").open("ab") as archive:
        archive.write(line.replace(b'"offset": 6', b'"offset": 7'))
    for how, verb in (("--dry-run", "would be"), ("--yes", "was")):
        told = sync_worker("replay", "--archive", "stream.jsonl", how)
        assert f"1 record {verb} dead-lettered" in told.stderr
        assert "2 of the records read were already dead letters" in told.stderr
    told = sync_worker("replay", "--archive", "stream.jsonl", "--yes")
    assert "Dead-lettered" not in told.stderr
    assert "3 of the records read were already dead letters" in told.stderr


@pytest.fixture
def newer(populated, folder):
    """An archive with something newer of A, which is registered, and of D, which is not."""
    documents = [
        deactivated(A, 10),
        activated(D, 10, name="Ny"),
        activated(B, 10, regionCode="11"),
    ]
    return str(write_archive(folder / "newer.jsonl", numbered(documents)))


def test_a_replay_of_what_is_known_changes_nothing(populated, sync_worker):
    before = contents(populated)
    for how in ("--dry-run", "--yes"):
        told = sync_worker("replay", "--archive", "stream.jsonl", how, "-o", "json")
        assert told.exit_code == 0, told.stderr
        assert list(told.json) == REPORT
        assert told.json == {
            "read": 7,
            "applied": 0,
            "superseded": 5,
            "ignored": 0,
            "dead_lettered": 2,
            "held": 0,
            "changes": [],
        }
    assert contents(populated) == before


def test_a_dry_run_reports_what_the_run_then_does(newer, sync_worker, populated):
    before = contents(populated)
    planned = sync_worker("replay", "--archive", newer, "--dry-run", "-o", "json")
    assert contents(populated) == before
    done = sync_worker("replay", "--archive", newer, "-y", "-o", "json", "--actor", "anna")
    assert planned.json == done.json
    assert planned.exit_code == done.exit_code == 0
    assert done.json["changes"] == [
        {"hsa_id": A, "fact": "activation", "old": True, "new": False},
        {"hsa_id": D, "fact": "activation", "old": False, "new": True},
        {"hsa_id": D, "fact": "name", "old": "100 % Hälsa_vård", "new": "Ny"},
    ]
    newest = sync_worker("clinics", "show", A, "--history", "-o", "json").json["history"][0]
    assert (newest["change"], newest["offset"], newest["actor"]) == ("deactivated", 0, None)
    (entry,) = sync_worker("log", "list", "--actor", "anna", "-o", "json").items[-1:]
    assert entry["change"] == "replayed"


def test_positions_and_counts_stay_as_they_are(newer, sync_worker):
    before = sync_worker("positions", "list", "-o", "json").json
    assert sync_worker("replay", "--archive", newer, "-y").exit_code == 0
    assert sync_worker("replay", "--archive", "stream.jsonl", "-y").exit_code == 0
    assert sync_worker("positions", "list", "-o", "json").json == before


def test_as_a_table_it_is_a_sentence_and_what_changed(newer, sync_worker):
    told = sync_worker("replay", "--archive", newer, "--dry-run")
    first, _, head, *rows = told.stdout.splitlines()
    assert first == (
        "3 records read: 2 applied, 0 superseded, 0 ignored, 1 dead-lettered, 0 held; changes: 3"
    )
    assert head.split() == ["hsa_id", "fact", "old", "new"]
    assert len(rows) == 3
    assert "1 record would be dead-lettered\n" in told.stderr


def test_only_the_records_of_named_clinics_are_counted(newer, sync_worker):
    wanted = ("--clinic", f"\u00a0{A.lower()} ", "--clinic", D)
    told = sync_worker("replay", "--archive", newer, "--dry-run", "-o", "json", *wanted)
    assert (told.json["read"], told.json["dead_lettered"]) == (2, 0)
    nobody = ("--clinic", "SE2321000016-NONE")
    told = sync_worker("replay", "--archive", newer, "--dry-run", "-o", "json", *nobody)
    assert (told.exit_code, told.json["read"]) == (0, 0)


def test_a_range_is_of_topics_partitions_and_times(populated, sync_worker, folder):
    records = [
        record(activated(C, 20 + n), topic="t", partition=n % 2, offset=n, timestamp_ms=n * 1000)
        for n in range(4)
    ]
    path = str(write_archive(folder / "range.jsonl", records))

    def read(*arguments):
        told = sync_worker("replay", "--archive", path, "--dry-run", "-o", "json", *arguments)
        assert told.exit_code == 0, told.stderr
        return told.json["read"]

    assert read("--topic", "t") == 4
    assert read("--topic", "other") == 0
    assert read("--partition", "1") == 2
    assert read("--topic", "t", "--partition", "0", "--from", "offset:1") == 1
    assert read("--from", "time:1970-01-01T00:00:02Z", "--until", "now") == 2
    assert read("--until", "time:1970-01-01") == 0


def test_several_archives_are_one_run(newer, populated, sync_worker):
    paths = ("--archive", newer, "--archive", "stream.jsonl")
    told = sync_worker("replay", *paths, "--dry-run", "-o", "json")
    assert (told.json["read"], told.json["applied"]) == (10, 2)


def test_a_replay_that_is_a_mass_change_is_held(newer, sync_worker, monkeypatch):
    monkeypatch.setenv("SYNC_WORKER_GUARD_MAX_CHANGES", "0")
    monkeypatch.setenv("SYNC_WORKER_GUARD_MAX_PERCENT", "0")
    planned = sync_worker("replay", "--archive", newer, "--dry-run", "-o", "json")
    done = sync_worker("replay", "--archive", newer, "--yes", "-o", "json")
    assert (planned.exit_code, done.exit_code) == (3, 3)
    assert planned.json == done.json
    assert (done.json["applied"], done.json["held"]) == (2, 1)
    assert A not in {change["hsa_id"] for change in done.json["changes"]}
    assert "would be held back" in planned.stderr
    assert "held back: sync-worker holds list" in done.stderr
    already_dead_lettered = sync_worker("replay", "--archive", newer, "--yes", "-o", "json")
    assert (
        already_dead_lettered.exit_code,
        already_dead_lettered.json["held"],
        already_dead_lettered.json["applied"],
    ) == (0, 0, 0)


def test_without_an_answer_nothing_is_read(newer, sync_worker, populated):
    before = contents(populated)
    told = sync_worker("replay", "--archive", newer, "-o", "json")
    assert (told.exit_code, told.stdout, told.error["code"]) == (2, "", "confirmation_needed")
    assert contents(populated) == before


@pytest.mark.parametrize(("answer", "exit_code"), [("y\n", 0), ("n\n", 2)])
def test_at_a_terminal_the_dry_run_is_confirmed(newer, sync_worker, populated, answer, exit_code):
    before = contents(populated)
    told = sync_worker("replay", "--archive", newer, stdin=Keyboard(answer))
    assert told.exit_code == exit_code
    assert "3 records read: 2 applied" in told.stderr
    assert (contents(populated) == before) == (exit_code != 0)
    assert bool(told.stdout) == (exit_code == 0)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        ((), 2, "--archive PATH"),
        (("--archive", "nowhere.jsonl"), 6, "nowhere.jsonl"),
        (("--archive", "stream.jsonl", "--archive", "nowhere.jsonl"), 6, "nowhere.jsonl"),
        (("--archive", "stream.jsonl", "--from", "offset:1"), 2, "one topic and one partition"),
        (("--archive", "stream.jsonl", "--from", "now"), 2, "earliest"),
        (("--archive", "stream.jsonl", "--clinic", " "), 2, "blank"),
        (("--archive", "stream.jsonl", "-o", "csv"), 2, "csv"),
    ],
)
def test_what_cannot_be_read_changes_nothing(populated, sync_worker, arguments, exit_code, words):
    before = contents(populated)
    told = sync_worker("replay", *arguments, "--yes")
    assert (told.exit_code, told.stdout) == (exit_code, "")
    assert words in told.stderr
    assert contents(populated) == before


def test_what_precedes_a_bad_line_is_done_and_reported(newer, sync_worker):
    with Path(newer).open("ab") as archive:
        archive.write(b"{\n")
    told = sync_worker("replay", "--archive", newer, "--yes", "-o", "json")
    assert (told.exit_code, told.json["applied"]) == (2, 2)
    assert "newer.jsonl, line 4" in told.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_part_in_hand_is_finished_before_it_ends(newer, sync_worker, monkeypatch, number):
    """A signal in the middle of a transaction: it is committed, counted, and the last one."""
    monkeypatch.setenv("SYNC_WORKER_BATCH_MAX_RECORDS", "1")
    write = TransactionWriter.write

    def interrupted(*arguments):
        signal.raise_signal(number)
        return write(*arguments)

    monkeypatch.setattr(TransactionWriter, "write", interrupted)
    told = sync_worker("replay", "--archive", newer, "--yes", "-o", "json")
    assert (told.exit_code, told.json["read"], told.json["applied"]) == (130, 1, 1)
    assert "Interrupted" in told.stderr
    assert sync_worker("clinics", "show", A, "-o", "json").json["active"] is False
    monkeypatch.setattr(TransactionWriter, "write", write)
    told = sync_worker("replay", "--archive", newer, "--yes", "-o", "json")
    assert (told.exit_code, told.json["applied"], told.json["superseded"]) == (0, 1, 1)


def test_one_that_waits_for_records_ends_at_once(newer, sync_worker, monkeypatch):
    batches = ArchiveRangeReader.batches

    def endless(self):
        yield from batches(self)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("it reads on")

    monkeypatch.setattr(ArchiveRangeReader, "batches", endless)
    before = signal.getsignal(signal.SIGINT)
    told = sync_worker("replay", "--archive", newer, "--yes", "-o", "json")
    assert (told.exit_code, told.json["read"]) == (130, 3)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_database_that_stays_locked_is_reported_unavailable(
    newer, sync_worker, populated, monkeypatch
):
    monkeypatch.setattr("sync_worker.registry.dialect.engine.BUSY_TIMEOUT_MS", 10)
    short = RetryPolicy(give_up_after=RetryPolicy(None).longest_wait / 10)
    monkeypatch.setattr("sync_worker.pipeline.retry.INTERACTIVE", short)
    with sqlite3.connect(populated) as connection:
        connection.execute("BEGIN IMMEDIATE")
        told = sync_worker("replay", "--archive", newer, "--yes", "-o", "json")
        connection.rollback()
    assert (told.exit_code, told.json["applied"]) == (5, 0)
    assert "locked" in told.stderr


def test_a_move_to_a_boardless_region_is_reported_twice(populated, sync_worker, folder):
    moved = write_archive(folder / "moved.jsonl", numbered([region_changed(A, 10, "14")]))
    planned = sync_worker("replay", "--archive", str(moved), "--dry-run", "-q")
    would = f"{A} would be in region 14, which has no patient board: nobody can file.\n"
    assert planned.stderr == would
    done = sync_worker("replay", "--archive", str(moved), stdin=Keyboard("y\n"))
    assert would in done.stderr
    assert f"{A} is in region 14 now, which has no patient board: nobody can file." in done.stderr
