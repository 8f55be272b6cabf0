"""What the worker tells in the log: events that operators search for, without payloads."""

import pytest
import structlog
from tests.builders import record

from sync_worker.events.decode_result import Reason, Rejection
from sync_worker.events.record import Partition
from sync_worker.pipeline.listener import (
    AheadOfClock,
    DeadLettered,
    MassChangeHeld,
    MovedWithoutBoard,
    NameDropped,
    PatientBoardNamed,
    SetBack,
    TransactionCommitted,
    UnknownType,
)
from sync_worker.registry.positions import Counts
from sync_worker.telemetry.health import Health
from sync_worker.telemetry.listener import TelemetryListener
from sync_worker.telemetry.metrics import Metrics

A = "SE2321000016-TA01"


@pytest.fixture
def told():
    entries = structlog.testing.CapturingLogger()
    log = structlog.wrap_logger(entries, processors=[], wrapper_class=structlog.BoundLogger)
    return TelemetryListener(log, Metrics(), Health(60)), entries


def warnings_of(told, *warnings):
    listener, entries = told
    listener.committed(TransactionCommitted({}, {}, 0, warnings))
    return [(call.method_name, call.args, call.kwargs) for call in entries.calls][1:]


@pytest.mark.parametrize(
    ("warning", "event", "values"),
    [
        (MovedWithoutBoard(A, "03"), "moved_without_board", {"hsa_id": A, "region_code": "03"}),
        (PatientBoardNamed(A, "01"), "patient_board_named", {"hsa_id": A, "region_code": "01"}),
        (
            MassChangeHeld(7, "01", 30, 3),
            "mass_change_held",
            {"hold": 7, "region_code": "01", "facts": 30, "newly_held": 3},
        ),
        (NameDropped(A, "e-1"), "name_dropped", {"hsa_id": A, "event_id": "e-1"}),
        (
            AheadOfClock(A, "e-1", 300, "t", 2, 7),
            "ahead_of_clock",
            {"hsa_id": A, "event_id": "e-1", "seconds": 300}
            | {"topic": "t", "partition": 2, "offset": 7},
        ),
    ],
)
def test_a_warning_has_an_event_name_to_search_for(told, warning, event, values):
    ((method, _, kwargs),) = warnings_of(told, warning)
    assert (method, kwargs) == ("warning", {"event": event, **values})


def test_a_dead_letter_is_logged_by_address_never_by_payload(told):
    set_aside = DeadLettered(
        record(b"{secret", key="196408233234"), Rejection(Reason.INVALID_JSON, "d")
    )
    ((_, args, kwargs),) = warnings_of(told, set_aside)
    assert kwargs["event"] == "dead_lettered"
    assert (kwargs["reason"], kwargs["offset"]) == ("invalid_json", 0)
    assert "secret" not in str((args, kwargs))
    assert "196408233234" not in str((args, kwargs))


@pytest.mark.parametrize(("lost", "event"), [(5, "registry_went_back"), (0, "positions_set_back")])
def test_positions_that_fell_are_logged_with_both_offsets(told, lost, event):
    listener, entries = told
    listener.positions_set_back([SetBack(Partition("t", 2), 30, 20, lost)])
    (call,) = entries.calls
    assert (call.method_name, call.kwargs["event"]) == ("warning", event)
    assert call.kwargs["positions"] == [
        {"topic": "t", "partition": 2, "from_offset": 30, "to_offset": 20}
    ]
    assert call.kwargs.get("lost_records", 0) == lost


def test_a_batch_is_logged_with_its_counts(told):
    listener, entries = told
    listener.committed(
        TransactionCommitted({Partition("t", 0): Counts(applied=2, ignored=1)}, {}, 2, ())
    )
    (call,) = entries.calls
    assert (call.kwargs["read"], call.kwargs["applied"], call.kwargs["clinics"]) == (3, 2, 2)


def test_a_quiet_topic_does_not_keep_a_worker_unready():
    health = Health(60)
    TelemetryListener(structlog.get_logger(), Metrics(), health).database_answered()
    assert health.ready() == []


def test_held_facts_and_open_holds_are_told():
    metrics, health = Metrics(), Health(60)
    told = TelemetryListener(structlog.get_logger(), metrics, health)
    told.committed(
        TransactionCommitted(
            {}, {}, 0, [MassChangeHeld(1, "01", 30, 3), MassChangeHeld(2, "03", 1, 1)]
        )
    )
    told.holds_open(2)
    assert metrics.registry.get_sample_value("sync_worker_held_facts_total") == 4
    assert health.progress.open_holds == 2


def test_an_unknown_type_is_reported_once_and_counted_each_time(told):
    listener, entries = told
    for records in (2, 3):
        known = UnknownType("t", '"eservices.clinic.activated.v1"', records)
        listener.committed(TransactionCommitted({}, {}, 0, [known]))
    (logged,) = [call.kwargs for call in entries.calls if call.method_name == "warning"]
    assert logged["looks_like"] == "eservices.clinic.activated.v1"
    assert sample(listener, "t", "eservices.clinic.activated.v1") == 5


def test_types_without_end_have_few_labels_and_few_log_events(told):
    listener, entries = told
    types = [UnknownType("t", f"type.{number}", 1) for number in range(100)]
    listener.committed(TransactionCommitted({}, {}, 0, types))
    assert len([call for call in entries.calls if call.method_name == "warning"]) == 20
    assert sample(listener, "t", "other") == 100


def sample(listener, topic, looks_like):
    registry = listener._metrics.registry
    labels = {"topic": topic, "looks_like": looks_like}
    return registry.get_sample_value("sync_worker_unknown_types_total", labels)
