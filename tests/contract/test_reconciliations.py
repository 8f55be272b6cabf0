"""What was recorded of reconciles, and what the doctor and status make of it, on each database."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import activated, numbered
from tests.worlds.registry import NOW, STREAM, apply_batch, batch_of, sentences

from sync_worker.cli.remedies import in_words
from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.inspection import reconciled
from sync_worker.inspection.doctor import State
from sync_worker.inspection.status import status
from sync_worker.pipeline.apply import Applier
from sync_worker.registry import reconciliations
from sync_worker.registry.reconciliations import RecordedReconcile

TOPIC = "eservices.clinic.activation"
TRUE = RecordedReconcile(
    at=NOW,
    against="topics",
    stream=STREAM,
    as_of=None,
    regions=(),
    compared=50_000,
    causes={"missing": 0, "stale": 0, "edited": 0, "absent": 0, "registration": 0},
    pending=2,
    ahead=1,
    held=3,
    is_repair=False,
    repaired=0,
    not_repaired=0,
    actor="anna",
    reason=None,
)
DRIFTED = replace(TRUE, causes={**TRUE.causes, "edited": 2, "registration": 1}, not_repaired=3)


def record(registry, *results):
    with registry.transaction() as transaction:
        for result in results:
            reconciliations.record(transaction.connection, result)
        transaction.commit()


def latest(registry):
    with registry.snapshot() as connection:
        return reconciliations.latest(connection)


def look(registry, now=NOW):
    with registry.snapshot() as connection:
        return reconciled.finding(connection, now)


def shown(registry):
    return status(registry, Regions(), clock=lambda: NOW)


@pytest.fixture
def read(registry):
    batch, _ = batch_of(numbered([activated("SE2321000016-TA01", 0)], topic=TOPIC))
    decoder = EventDecoder(TOPIC, Regions(), timedelta(hours=1))
    apply_batch(Applier(registry, decoder, lambda: NOW), STREAM, batch)


@pytest.mark.parametrize(
    "result",
    [
        TRUE,
        DRIFTED,
        replace(TRUE, against="snapshot:å b.csv", stream=None, as_of=NOW, reason="Case 4711"),
        replace(DRIFTED, is_repair=True, repaired=2, not_repaired=1),
    ],
)
def test_a_result_is_kept_as_it_was(registry, result):
    record(registry, result)
    assert latest(registry) == result


def test_the_latest_is_of_the_whole_registry(registry):
    assert latest(registry) is None
    newer, newest = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    record(registry, replace(TRUE, at=newer), TRUE, replace(TRUE, at=newest, regions=("01", "03")))
    assert latest(registry).at == newer


def test_nothing_read_is_nothing_to_compare(registry):
    assert look(registry).state is State.SKIP


@pytest.mark.usefixtures("read")
def test_a_registry_never_compared_warns(registry):
    finding = look(registry)
    assert finding.state is State.WARN
    assert "reconcile --against topics --record" in str(in_words(finding.fix))
    assert shown(registry)["reconciled"] is None


@pytest.mark.usefixtures("read")
@pytest.mark.parametrize(("days", "state"), [(7.9, State.OK), (8.1, State.WARN)])
def test_a_proof_grows_old(registry, days, state):
    record(registry, TRUE)
    finding = look(registry, NOW + timedelta(days=days))
    assert finding.state is state
    assert "50000 clinics with their registrations: the registry was true" in finding.detail
    assert f"{days} days old" in finding.detail


def test_drift_is_told_until_a_reconcile_finds_none(registry):
    record(registry, DRIFTED)
    finding = look(registry)
    assert (finding.state, "3 facts differ" in finding.detail) == (State.WARN, True)
    assert "3 facts differ, which nobody has repaired since" in sentences(shown(registry))[0]
    record(registry, replace(DRIFTED, at=NOW, is_repair=True, repaired=3, not_repaired=0))
    finding = look(registry)
    assert (finding.state, "all of 3 facts that differed" in finding.detail) == (State.OK, True)
    assert sentences(shown(registry)) == []


def test_status_has_the_latest_result(registry):
    record(registry, DRIFTED)
    last = shown(registry)["reconciled"]
    assert (last["at"], last["against"], last["compared"]) == (NOW, "topics", 50_000)
    assert (last["drift"], last["not_repaired"]) == (3, 3)
    assert last["causes"]["registration"] == 1
    assert (last["pending"], last["ahead"], last["held"]) == (2, 1, 3)
