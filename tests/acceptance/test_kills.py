"""Ended at any moment, the worker loses nothing and counts nothing twice; with real processes."""

import random
import signal
import sqlite3
from typing import Any

import pytest
from sqlalchemy import text
from tests.acceptance.conftest import ended, until
from tests.builders import activated, deactivated, record, region_changed, write_archive

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


def contents(installed):
    with sqlite3.connect(installed.database) as connection:
        return {
            table: sorted(connection.execute(f"SELECT {columns} FROM {table}").fetchall(), key=repr)
            for table, columns in TABLES.items()
        }


def read_so_far(installed):
    with installed.registry().snapshot() as connection:
        sums = "SUM(applied + superseded + ignored + dead_lettered)"
        return connection.execute(text(f"SELECT {sums} FROM position")).scalar() or 0


def until_read(installed, wanted, worker):
    until(lambda: worker.poll() is not None or read_so_far(installed) >= wanted)


@pytest.fixture
def archives(installed):
    """The clinics' first events, and everything after; some clinics are registered between."""
    records = list(stream(seed=7, length=1500))
    first = write_archive(installed.folder / "first.jsonl", records[: len(CLINICS)])
    write_archive(installed.folder / "stream.jsonl", records)
    assert installed("run", "--archive", str(first)).exit_code == 0
    assert installed("clinics", "add", *REGISTERED).exit_code == 0
    return len(records)


@pytest.fixture
def expected(installed, archives, tmp_path_factory):
    """What a run that nobody disturbs comes to."""
    undisturbed = tmp_path_factory.mktemp("undisturbed")
    copy = type(installed)(undisturbed)
    with sqlite3.connect(installed.database) as source, sqlite3.connect(copy.database) as target:
        source.backup(target)
    (undisturbed / "stream.jsonl").write_bytes((installed.folder / "stream.jsonl").read_bytes())
    assert copy("run", "--archive", "stream.jsonl").exit_code == 0
    return contents(copy)


@pytest.mark.parametrize("batch", ["1", "7", "100"])
def test_a_worker_killed_again_and_again_ends_where_an_undisturbed_one_does(
    installed, expected, batch
):
    rng = random.Random(batch)
    for _ in range(6):
        before = read_so_far(installed)
        worker = installed.start(
            "run", "--archive", "stream.jsonl", SYNC_WORKER_BATCH_MAX_RECORDS=batch
        )
        wanted = before + rng.randrange(1, 150)
        until_read(installed, wanted, worker)
        worker.kill()
        worker.communicate()
    assert installed("run", "--archive", "stream.jsonl").exit_code == 0
    assert contents(installed) == expected


@pytest.fixture
def terminal():
    """SIGHUP is not ignored, as it is where the tests run under `nohup`: the worker inherits it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_worker_in_order_and_the_next_one_goes_on(
    installed, expected, archives, number
):
    before = read_so_far(installed)
    worker = installed.start(
        "run", "--archive", "stream.jsonl", "-o", "json", SYNC_WORKER_BATCH_MAX_RECORDS="1"
    )
    until(lambda: read_so_far(installed) > before)
    stopped = ended(worker, number)
    assert stopped.exit_code == 130, stopped.stderr
    assert "not everything is applied" in stopped.error["message"]
    assert stopped.json["read"] == read_so_far(installed) - before
    assert stopped.json["read"] < archives
    rest = installed("run", "--archive", "stream.jsonl", "-o", "json")
    assert rest.json["read"] + stopped.json["read"] == archives - before
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


def test_a_database_locked_by_somebody_else_is_waited_for_and_costs_no_record(installed, expected):
    with sqlite3.connect(installed.database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        worker = installed.start("run", "--archive", "stream.jsonl")
        with pytest.raises(Exception, match="timed out"):
            worker.wait(timeout=1)
        other.execute("ROLLBACK")
    assert ended(worker).exit_code == 0
    assert contents(installed) == expected
