"""A worker reports itself by the database's clock, and nothing that fails there disturbs it."""

from datetime import timedelta
from functools import partial

import pytest
import structlog
from sqlalchemy import text
from structlog.testing import LogCapture
from tests.services.waiting import until

from sync_worker.events.record import Partition
from sync_worker.registry import workers
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import REPORT, open_engine
from sync_worker.registry.workers import WorkerState
from sync_worker.streams.kafka.backlog import PartitionBacklog
from sync_worker.telemetry.health import Health, HealthReason, NotReady
from sync_worker.telemetry.reporter import Identity, Reporter, reported

SILENT_KAFKA = HealthReason(NotReady.KAFKA_UNAVAILABLE, "Kafka does not answer")
SLOW = HealthReason(NotReady.DATABASE_SLOW, "the database has not answered for 7 s")
IDENTITY = Identity("worker-0", "host", 7, "1.0")


@pytest.fixture
def health():
    health = Health(60)
    health.database_used()
    health.backlog = lambda: (PartitionBacklog(Partition("t", 0), None, None, None, None),)
    return health


@pytest.fixture
def told():
    return LogCapture()


@pytest.fixture
def reporter(engine, registry_url, health, told):
    """With a connection of its own, as the worker opens it."""
    own = Registry(open_engine(registry_url, limits=REPORT))
    log = structlog.wrap_logger(None, processors=[told], wrapper_class=structlog.BoundLogger)
    yield Reporter(own, IDENTITY, health, log)
    own.close()


@pytest.fixture
def seen(registry):
    """The one report that there is, with the database's clock; None where there is none."""

    def read():
        with registry.snapshot() as connection:
            reports = workers.listed(connection)
            return (*reports, None)[0], workers.now(connection)

    return read


def test_a_report_says_who_reads_what_and_since_when(reporter, seen):
    reporter.report_if_due()
    report, now = seen()
    process = report.process
    assert (process.name, process.host, process.pid, process.version) == IDENTITY
    assert report.condition.partitions == (Partition("t", 0),)
    assert report.state(now) is WorkerState.READY
    assert now - timedelta(seconds=30) < report.process.since <= report.seen_at <= now


def test_a_change_is_reported_at_once_the_rest_when_due(reporter, seen, health, monkeypatch):
    reporter.report_if_due()
    first, _ = seen()
    reporter.report_if_due()
    assert seen()[0] == first
    health.source = partial(list, [SILENT_KAFKA])
    reporter.report_if_due()
    changed, now = seen()
    assert changed.state(now) is WorkerState.NOT_READY
    assert changed.seen_at > first.seen_at
    monkeypatch.setattr(workers, "INTERVAL_SECONDS", 0.0)
    reporter.report_if_due()
    assert seen()[0].seen_at > changed.seen_at


def test_not_ready_is_since_it_began_whatever_the_reason(reporter, seen, health):
    health.source = partial(list, [SILENT_KAFKA])
    reporter.report_if_due()
    first, _ = seen()
    assert [reason.code for reason in first.condition.reasons] == ["kafka_unavailable"]
    health.source = partial(list, [SLOW])
    reporter.report_if_due()
    second, _ = seen()
    assert [reason.code for reason in second.condition.reasons] == ["database_slow"]
    assert second.condition.not_ready_since == first.condition.not_ready_since is not None
    health.source = list
    reporter.report_if_due()
    assert seen()[0].condition.not_ready_since is None


def test_a_worker_that_ends_in_order_leaves_no_row(reporter, seen):
    with reported(reporter):
        until(lambda: seen()[0] is not None, "the first report")
    assert seen()[0] is None


@pytest.mark.parametrize(
    "damage",
    ["DROP TABLE worker", "UPDATE alembic_version SET version_num = '9999'"],
)
def test_what_only_a_person_can_remedy_is_logged_once(engine, reporter, told, damage, monkeypatch):
    with engine.begin() as connection:
        connection.execute(text(damage))
    for seconds in (0.0, 3600.0) * 3:  # due, and not
        monkeypatch.setattr(workers, "INTERVAL_SECONDS", seconds)
        reporter.report_if_due()
    assert [entry["event"] for entry in told.entries] == ["not_reported"]


def test_a_row_that_others_hold_delays_nothing_but_reports(
    engine, reporter, seen, told, monkeypatch
):
    monkeypatch.setattr(workers, "INTERVAL_SECONDS", 0.0)
    reporter.report_if_due()
    first, _ = seen()
    with engine.connect() as other:
        other.execute(text("UPDATE worker SET ready = ready"))
        reporter.report_if_due()
        assert seen()[0] == first
        other.rollback()
    reporter.report_if_due()
    assert seen()[0].seen_at > first.seen_at
    assert told.entries == []
