"""Ended at any moment, the worker loses nothing and counts nothing twice; with real processes."""

import random
import shutil
import signal
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from tests.builders import activated, deactivated, record, region_changed, write_archive
from tests.harness.command import Installed, ended
from tests.services.waiting import until

LENGTH = 1500
CLINICS = [f"SE2321000016-K{number:03}" for number in range(40)]
REGISTERED = CLINICS[:10]
TABLES = {
    "clinic": "hsa_id, active, activation_time, activation_event_id, region_code, name, name_time",
    "position": "topic, partition, next_offset, applied, superseded, ignored, dead_lettered",
    "dead_letter": "topic, partition, record_offset, key, value, headers, reason, detail, status",
    "change_log": "change, hsa_id, old_value, new_value, event_id, topic, partition, record_offset",
}


def stream(seed, length):
    """A stream with everything in it: late events, repeats, bad records, two topics."""
    rng = random.Random(seed)
    documents: list[Any] = [activated(hsa_id, 0, regionCode="01") for hsa_id in CLINICS]
    for number in range(length):
        hsa_id, minute = rng.choice(CLINICS), rng.randrange(500)
        documents.append(
            rng.choice(
                [
                    activated(hsa_id, minute, name=f"Klinik {number}"),
                    deactivated(hsa_id, minute),
                    region_changed(hsa_id, minute, rng.choice(["01", "03", "14"])),
                    region_changed(hsa_id, minute, "11"),
                    rng.choice(documents),
                    b"{not json",
                ]
            )
        )
    ends: dict[tuple[str, int], int] = {}
    for document in documents:
        draft = record(document, partition=rng.randrange(3))
        place = (draft.topic, draft.partition)
        ends[place] = ends.get(place, -1) + 1
        yield draft._replace(offset=ends[place])


def contents(command):
    with closing(sqlite3.connect(command.database)) as connection:
        return {
            table: sorted(connection.execute(f"SELECT {columns} FROM {table}").fetchall(), key=repr)
            for table, columns in TABLES.items()
        }


def read_so_far(command):
    with closing(sqlite3.connect(command.database)) as connection:
        sums = "SUM(applied + superseded + ignored + dead_lettered)"
        return connection.execute(f"SELECT {sums} FROM position").fetchone()[0] or 0


def until_read(command, number, worker):
    until(
        lambda: worker.poll() is not None or read_so_far(command) >= number,
        f"{number} records to be read",
        pause_seconds=0.005,
    )


@pytest.fixture(scope="module")
def begun(tmp_path_factory, upgraded):
    """A registry that has read the clinics' first events; nobody changes it."""
    command = Installed(tmp_path_factory.mktemp("begun"))
    shutil.copy(upgraded, command.database)
    records = list(stream(seed=7, length=LENGTH))
    write_archive(command.folder / "first.jsonl", records[: len(CLINICS)])
    write_archive(command.folder / "stream.jsonl", records)
    assert command("run", "--archive", "first.jsonl").exit_code == 0
    assert command("clinics", "add", *REGISTERED).exit_code == 0
    return command


@pytest.fixture(scope="module")
def expected(begun, tmp_path_factory):
    """What a run that nobody disturbs comes to."""
    undisturbed = copy_of(begun, tmp_path_factory.mktemp("undisturbed"))
    assert undisturbed("run", "--archive", "stream.jsonl").exit_code == 0
    return contents(undisturbed)


def copy_of(command, folder):
    for name in (command.database.name, "stream.jsonl"):
        shutil.copy(command.folder / name, folder)
    return Installed(folder)


@pytest.fixture
def installed(begun, tmp_path):
    """The worker, with the first events read and all others before it."""
    return copy_of(begun, tmp_path)


@pytest.mark.parametrize("batch", ["1", "7", "100"])
def test_a_worker_killed_repeatedly_ends_where_an_undisturbed_one_does(installed, expected, batch):
    rng = random.Random(batch)
    for _ in range(6):
        before = read_so_far(installed)
        worker = installed.start(
            "run", "--archive", "stream.jsonl", SYNC_WORKER_BATCH_MAX_RECORDS=batch
        )
        wanted = before + rng.randrange(1, LENGTH // 10)
        until_read(installed, wanted, worker)
        worker.kill()
        worker.communicate()
    assert installed("run", "--archive", "stream.jsonl").exit_code == 0
    assert contents(installed) == expected


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_worker_and_the_next_one_continues(installed, expected, number):
    before = read_so_far(installed)
    worker = installed.start(
        "run", "--archive", "stream.jsonl", "-o", "json", SYNC_WORKER_BATCH_MAX_RECORDS="1"
    )
    until_read(installed, before + 1, worker)
    stopped = ended(worker, number)
    assert stopped.exit_code == 130, stopped.stderr
    assert "Stopped before the end." in stopped.error["message"]
    assert stopped.json["read"] == read_so_far(installed) - before
    assert stopped.json["read"] < len(CLINICS) + LENGTH
    rest = installed("run", "--archive", "stream.jsonl", "-o", "json")
    assert rest.json["read"] + stopped.json["read"] == len(CLINICS) + LENGTH - before
    assert contents(installed) == expected


def test_two_workers_on_one_archive_count_every_record_once(installed, expected):
    workers = [
        installed.start("run", "--archive", "stream.jsonl", SYNC_WORKER_BATCH_MAX_RECORDS="5")
        for _ in range(2)
    ]
    for worker in workers:
        done = ended(worker)
        assert done.exit_code == 0, done.stderr
    assert contents(installed) == expected


def test_a_locked_database_is_waited_for_and_costs_no_record(installed, expected):
    with sqlite3.connect(installed.database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        worker = installed.start("run", "--archive", "stream.jsonl")
        with pytest.raises(Exception, match="timed out"):
            worker.wait(timeout=1)
        other.execute("ROLLBACK")
    assert ended(worker).exit_code == 0
    assert contents(installed) == expected
