"""What workers report of themselves, kept by the database's clock."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.worlds.registry import NOW

from sync_worker.events.record import Partition
from sync_worker.registry import workers
from sync_worker.registry.workers import (
    SILENT_AFTER,
    Condition,
    Process,
    Reason,
    Report,
    WorkerState,
)

MOMENT = timedelta(seconds=1)
LONG = SILENT_AFTER + MOMENT
WELL = Condition((), None, (Partition("t", 1), Partition("t", 0)))
UNWELL = Condition((Reason("kafka_unavailable", "Kafka är borta ☠"),), NOW, ())
ONE = Process("worker-0", "one", 7, "1.0", NOW)
TWO = Process("worker-0", "two", 9, "1.0", NOW + MOMENT)


@pytest.fixture
def report(registry):
    """Writes a report of a process at a time."""

    def write(process, seen_at, condition=WELL):
        with registry.transaction() as transaction:
            name = workers.report(transaction.connection, process, condition, seen_at)
            transaction.commit()
        return name

    return write


@pytest.fixture
def listed(registry):
    """What there is, by name."""

    def read():
        with registry.snapshot() as connection:
            return {each.process.name: each for each in workers.listed(connection)}

    return read


def test_a_report_is_read_as_it_was_written(report, listed):
    report(ONE, NOW, UNWELL)
    assert listed() == {"worker-0": Report(ONE, NOW, UNWELL)}


def test_a_later_report_replaces_the_earlier_one(report, listed):
    report(ONE, NOW, UNWELL)
    report(ONE, NOW + MOMENT, WELL)
    (row,) = listed().values()
    assert row.seen_at == NOW + MOMENT
    assert row.condition == replace(WELL, partitions=(Partition("t", 0), Partition("t", 1)))


def test_two_workers_of_one_name_are_both_seen(report, listed):
    for seen_at in (NOW, NOW + MOMENT):
        assert report(ONE, seen_at) == "worker-0"
        assert report(TWO, seen_at) == "worker-0@two-9"
    assert {row.process.host for row in listed().values()} == {"one", "two"}


def test_a_name_is_free_once_its_worker_is_silent(report, listed):
    report(ONE, NOW)
    report(TWO, NOW + MOMENT)
    assert report(TWO, NOW + LONG) == "worker-0"
    assert [row.process for row in listed().values()] == [TWO]


def test_a_worker_that_wakes_leaves_its_name_to_the_other(report, listed):
    report(ONE, NOW)
    report(TWO, NOW + LONG)
    assert report(ONE, NOW + LONG + MOMENT) == "worker-0@one-7"
    assert listed()["worker-0"].process == TWO


def test_a_restarted_container_has_its_name_at_once(report, listed):
    report(ONE, NOW)
    again = replace(ONE, since=ONE.since + MOMENT)
    assert report(again, NOW + MOMENT) == "worker-0"
    assert [row.process for row in listed().values()] == [again]


def test_a_worker_that_ends_removes_its_row_alone(registry, report, listed):
    report(ONE, NOW)
    report(TWO, NOW)
    with registry.transaction() as transaction:
        workers.remove(transaction.connection, ONE)
        transaction.commit()
    assert [row.process.host for row in listed().values()] == ["two"]


def test_workers_that_ended_long_ago_are_forgotten(registry, report, listed):
    report(ONE, NOW)
    later = replace(TWO, name="worker-1")
    report(later, NOW + timedelta(hours=1))
    with registry.transaction() as transaction:
        workers.remove_forgotten(transaction.connection, NOW + timedelta(days=1, minutes=1))
        transaction.commit()
    assert set(listed()) == {"worker-1"}


@pytest.mark.parametrize(
    ("condition", "passed", "state"),
    [
        (WELL, SILENT_AFTER, WorkerState.READY),
        (UNWELL, SILENT_AFTER, WorkerState.NOT_READY),
        (WELL, LONG, WorkerState.SILENT),
        (UNWELL, LONG, WorkerState.SILENT),
        (WELL, -LONG, WorkerState.SILENT),
    ],
)
def test_silence_counts_for_more_than_the_last_word(condition, passed, state):
    assert Report(ONE, NOW, condition).state(NOW + passed) is state


def test_the_clock_of_the_database_goes_on(registry):
    with registry.snapshot() as connection:
        assert workers.now(connection) <= workers.now(connection)
