"""The check of the workers: what they reported, beside what waits for them."""

from datetime import timedelta

import pytest
from tests.worlds.registry import NOW

from sync_worker.events.record import Partition
from sync_worker.inspection.checks_workers import WorkerChecks
from sync_worker.inspection.doctor import State
from sync_worker.inspection.log_state import LogState
from sync_worker.pipeline.stored_positions import of_stream
from sync_worker.registry import positions, workers
from sync_worker.registry.workers import Condition, Process, Reason
from sync_worker.remedies import Remedy
from sync_worker.streams.checks import Bounds
from sync_worker.streams.protocol import StreamUnavailable

STREAM, PLACE = "kafka:one", Partition("t", 0)
UNWELL = (Reason("no_records", "records have waited for 20 s: Kafka returns none"),)
LONG = timedelta(minutes=1)


@pytest.fixture
def report(registry):
    """Writes what a worker reports, or reported so long ago."""

    def write(*partitions, reasons=(), ago=timedelta(), name="worker-0"):
        with registry.transaction() as transaction:
            connection = transaction.connection
            seen_at = workers.now(connection) - ago
            process = Process(name, "host", 7, "1.0", seen_at)
            since = seen_at if reasons else None
            condition = Condition(reasons, since, partitions)
            workers.report(connection, process, condition, seen_at)
            transaction.commit()

    return write


def look(registry, end=0, is_configured=True):
    """What is found where the registry has read nothing of a log with this end."""

    def log(stored):
        bounds, ids = {PLACE: Bounds(0, end)}, {"t": "id"}
        unread = {PLACE: NOW - timedelta(hours=3)} if end else {}
        return LogState(STREAM, ("t",), ids, bounds, of_stream(stored, STREAM), unread_since=unread)

    (check,) = WorkerChecks(lambda: registry, log if is_configured else None, lambda: NOW).all()
    return check.look()


def test_records_that_wait_for_nobody_fail(registry, report):
    found = look(registry, end=16_000)
    text = "No worker is running, and 16000 records wait, the oldest for 3.0 hours."
    assert (found.state, found.detail, found.fix) == (State.FAIL, text, Remedy.RUN_WORKER())
    report(PLACE, ago=LONG)
    found = look(registry, end=16_000)
    assert found.state is State.FAIL
    assert found.detail.startswith(f"{text} Worker worker-0 (process 7 on host) has not reported ")


def test_records_that_wait_for_a_worker_are_fine(registry, report):
    report(PLACE)
    found = look(registry, end=16_000)
    assert (found.state, found.detail) == (State.OK, "Worker worker-0 is ready, and reads t/0.")


def test_nobody_where_nothing_waits_is_fine(registry):
    found = look(registry)
    assert (found.state, found.detail) == (State.OK, "No worker is running, and no record waits.")


@pytest.mark.parametrize(
    ("reasons", "ago", "words"),
    [
        (UNWELL, timedelta(), "records have waited for 20 s: Kafka returns none."),
        ((), LONG, "has not reported for 1.0 minutes"),
    ],
)
def test_a_worker_that_is_not_well_warns(registry, report, reasons, ago, words):
    report(PLACE, reasons=reasons, ago=ago)
    report(PLACE, name="worker-1")
    found = look(registry, end=10)
    assert found.state is State.WARN
    assert words in found.detail


def test_without_kafka_only_what_was_reported_is_told(registry, report):
    assert look(registry, is_configured=False).state is State.SKIP
    report(PLACE, reasons=UNWELL)
    assert look(registry, is_configured=False).state is State.WARN


def test_nobody_while_kafka_is_away_warns(registry):
    def away(_stored):
        raise StreamUnavailable("no broker")

    (check,) = WorkerChecks(lambda: registry, away, lambda: NOW).all()
    found = check.look()
    text = "No worker is running. Whether records wait is unknown."
    assert (found.state, found.detail) == (State.WARN, text)


def test_what_was_read_does_not_wait(registry):
    with registry.transaction() as transaction:
        positions.put(transaction.connection, STREAM, PLACE, 10, "id")
        transaction.commit()
    assert look(registry, end=10).state is State.OK
