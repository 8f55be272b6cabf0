"""The registry as the metrics show it: sampled in one snapshot, and whatever happens."""

import math
from datetime import timedelta
from functools import partial
from itertools import product

import pytest
from sqlalchemy import insert, text
from structlog import wrap_logger
from structlog.testing import LogCapture
from tests.services.waiting import until
from tests.worlds.registry import NOW
from tests.worlds.source_health import source_health

from sync_worker.domain.regions import Regions
from sync_worker.events.decode_result import Reason
from sync_worker.events.record import Partition
from sync_worker.registry import positions, reconciliations, sample, workers
from sync_worker.registry.dialect import write_together
from sync_worker.registry.positions import Counts, PositionUpdate
from sync_worker.registry.reconciliations import RecordedReconcile
from sync_worker.registry.tables import (
    clinic,
    dead_letter,
    held_fact,
    hold,
    own_system,
    patient_board,
)
from sync_worker.registry.workers import Condition, Process, WorkerState
from sync_worker.streams.kafka.source_health import Rebuilds
from sync_worker.telemetry.gauges import RegistryGauges
from sync_worker.telemetry.health import Health, NotReady
from sync_worker.telemetry.metrics import Metrics
from sync_worker.telemetry.sampler import Sampler

CLINICS = [
    {
        "hsa_id": f"SE2321000016-M{number:02}",
        "active": active,
        "region_code": region_code,
        "registered_at": registered_at,
    }
    for number, (active, region_code, registered_at) in enumerate(
        product([True, False, None], ["01", "03", "99", None], [NOW, None])
    )
]
IN_TAK = [CLINICS[0]["hsa_id"], CLINICS[1]["hsa_id"]]


def write(registry, table, rows):
    with registry.transaction() as transaction:
        transaction.connection.execute(insert(table), rows)
        transaction.commit()


def letters(*kinds):
    """Dead letters, each with its reason and status."""
    return [
        {
            "received_at": NOW,
            "stream": "s",
            "topic_id": "",
            "topic": "t",
            "partition": 0,
            "record_offset": number,
            "digest": str(number),
            "headers": "[]",
            "reason": reason,
            "detail": "d",
            "status": status,
        }
        for number, (reason, status) in enumerate(kinds)
    ]


def taken(registry):
    with registry.snapshot() as connection:
        return sample.take(connection)


def status_of(row):
    if row["hsa_id"] in IN_TAK:
        return "own_system"
    if row["registered_at"] is None:
        return "not_registered"
    if not row["active"]:
        return "deactivated"
    return "receiving" if row["region_code"] in ("01", "99") else "service_off"


@pytest.fixture
def filled(registry):
    """Something of each kind."""
    write(registry, clinic, CLINICS)
    write(registry, own_system, [{"hsa_id": hsa_id} for hsa_id in IN_TAK])
    boards = [{"region_code": code, "hsa_id": f"SE{code}", "name": "N"} for code in ("01", "99")]
    write(registry, patient_board, boards)
    kinds = product(Reason, ("open", "open", "redriven", "discarded"))
    write(registry, dead_letter, letters(*kinds))
    write(
        registry,
        hold,
        [
            {"id": n, "opened_at": NOW, "kind": "mass_change", "region_code": code, "revision": 1}
            | {"status": status}
            for n, (code, status) in enumerate([("01", "open"), ("03", "approved")], 1)
        ],
    )
    held = [(0, "activation"), (0, "region"), (4, "activation")]
    write(
        registry,
        held_fact,
        [
            {"hsa_id": CLINICS[number]["hsa_id"], "fact": fact, "hold_id": 1, "time": NOW}
            | {"sequence": "", "event_id": "e", "value": "true"}
            for number, fact in held
        ],
    )
    return registry


def test_a_sample_counts_each_kind_once(filled):
    found = taken(filled)
    statuses = [status_of(row) for row in CLINICS]
    assert found.clinics == {status: statuses.count(status) for status in set(statuses)}
    assert found.open_dead_letters == {reason.value: 2 for reason in Reason}
    assert (found.open_holds, found.held_clinics) == (1, 2)
    assert found.board_regions == {"01", "99"}


def test_an_empty_registry_has_nothing(registry):
    found = taken(registry)
    assert (found.clinics, found.open_dead_letters) == ({}, {})
    assert (found.open_holds, found.held_clinics, found.board_regions) == (0, 0, frozenset())
    assert found.newest_event_at is None
    assert found.workers == dict.fromkeys(WorkerState, 0)


def test_workers_are_counted_by_how_they_are(registry):
    unwell = workers.Reason("kafka_unavailable", "Kafka does not answer")
    with registry.transaction() as transaction:
        now = workers.now(transaction.connection)
        for number, (reasons, age) in enumerate([((), 0), ((), 0), ((unwell,), 1), ((), 60)]):
            process = Process(f"w{number}", "host", number, "1", now)
            condition = Condition(reasons, None, ())
            seen_at = now - timedelta(seconds=age)
            workers.report(transaction.connection, process, condition, seen_at)
        transaction.commit()
    assert taken(registry).workers == {"ready": 2, "not_ready": 1, "silent": 1}


def test_the_newest_event_is_that_of_all_partitions(registry):
    times = {Partition("t", 0): NOW, Partition("t", 1): NOW + timedelta(hours=1)}
    for partition, newest in times.items():
        with registry.transaction() as transaction:
            claimed = positions.claim(transaction.connection, "s", {partition: 0})
            update = PositionUpdate(partition, 0, 1, Counts(applied=1), newest)
            moves = positions.advancing(transaction.connection, claimed, [update], NOW)
            write_together(transaction.connection, moves)
            transaction.commit()
    assert taken(registry).newest_event_at == NOW + timedelta(hours=1)


class Sampled:
    """A sampler with what it tells."""

    def __init__(self, registry):
        self.metrics, self.health, self.log = Metrics(), Health(60), LogCapture()
        log = wrap_logger(None, processors=[self.log])
        self.sampler = Sampler(self.metrics, self.health, registry, Regions(), log)

    def value(self, name, **labels):
        return self.metrics.registry.get_sample_value(f"sync_worker_{name}", labels)


@pytest.fixture
def sampled(registry):
    return Sampled(registry)


def test_each_rebuild_of_the_client_is_logged_with_its_cause(sampled):
    rebuilds = [Rebuilds(), Rebuilds(1, "a rebalance did not end")]
    told = [{"event": "client_rebuilt", "cause": "a rebalance did not end", "count": 1}]
    for each in (rebuilds[0], rebuilds[1], rebuilds[1]):
        sampled.sampler.follow(partial(source_health, rebuilds=each))
        with sampled.sampler.running():
            pass
    assert sampled.log.entries == [one | {"log_level": "warning"} for one in told]


@pytest.mark.usefixtures("filled")
def test_the_registry_is_told_soon_after_it_is_reached(sampled):
    with sampled.sampler.running():
        assert sampled.value("ready") == 0
        assert sampled.value("not_ready", reason=NotReady.STARTING) == 1
        assert math.isnan(sampled.value("open_holds"))
        sampled.health.database_used()
        until(lambda: sampled.value("ready") == 1, "it to be ready")
        until(lambda: sampled.value("open_holds") == 1, "the registry to be sampled")
    assert sampled.value("held_clinics") == 2
    assert sampled.value("clinics", status="own_system") == len(IN_TAK)
    assert sampled.value("open_dead_letters", reason=Reason.INVALID_JSON) == 2
    assert sampled.value("workers", state="silent") == 0
    assert sampled.value("regions_service_on") == 1, "99 is not in use"
    assert sampled.value("registry_sampled_timestamp_seconds") > 0
    assert sampled.value("sampling_failures_total") == 0


def test_the_last_reconcile_is_unknown_until_one_was_recorded(sampled, registry):
    sampled.health.database_used()
    with sampled.sampler.running():
        until(lambda: sampled.value("clinics", status="receiving") == 0, "a sample")
    assert math.isnan(sampled.value("last_reconcile_timestamp_seconds"))
    assert math.isnan(sampled.value("last_reconcile_drift"))
    compared = RecordedReconcile(
        *(NOW, "topics", "s", None, (), 5, {"edited": 3}, 0, 0, 0, True, 1, 2, "anna", None)
    )
    with registry.transaction() as transaction:
        reconciliations.record(transaction.connection, compared)
        transaction.commit()
    RegistryGauges(sampled.metrics, Regions()).set(taken(registry), 0.0)
    assert sampled.value("last_reconcile_timestamp_seconds") == NOW.timestamp()
    assert sampled.value("last_reconcile_drift") == 2


def test_a_database_that_is_away_is_not_asked_for_numbers(sampled):
    with sampled.sampler.running():
        sampled.health.database_used("the server is starting")
        until(lambda: sampled.value("not_ready", reason="database_unavailable"), "it to be told")
        sampled.health.database_used()
        until(lambda: sampled.value("clinics", status="receiving") == 0, "a first sample")


def test_a_sample_that_fails_is_counted_and_disturbs_nothing(sampled, engine):
    with engine.connect() as connection:
        connection.execute(text("DROP TABLE worker"))
        connection.commit()
    sampled.health.database_used()
    with sampled.sampler.running():
        until(lambda: sampled.value("sampling_failures_total") == 1, "the failure to be counted")
        assert sampled.value("ready") == 1
    (entry,) = sampled.log.entries
    assert (entry["event"], entry["what"]) == ("sampling_failed", "registry")
    assert "worker" in entry["error"]
    assert math.isnan(sampled.value("clinics", status="receiving"))


def test_a_source_that_fails_is_counted_and_logged_once(sampled):
    def broken():
        raise RuntimeError("gone")

    sampled.sampler.follow(broken)
    sampled.health.database_used()
    with sampled.sampler.running():
        until(lambda: sampled.value("sampling_failures_total") >= 3, "it to be tried again")
        until(lambda: sampled.value("open_holds") == 0, "the registry to be sampled all the same")
    assert [entry["event"] for entry in sampled.log.entries] == ["sampling_failed"]
