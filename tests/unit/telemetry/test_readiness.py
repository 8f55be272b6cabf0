"""Why a worker is not ready, by code, and what the log tells of each change."""

from functools import partial

import pytest
import structlog
from sqlalchemy.exc import OperationalError
from structlog.testing import LogCapture
from tests.worlds.source_health import source_health

from sync_worker.streams.protocol import StreamUnavailable
from sync_worker.telemetry.health import Health, HealthReason, NotReady
from sync_worker.telemetry.listener import TelemetryListener
from sync_worker.telemetry.metrics import Metrics
from sync_worker.telemetry.readiness import ReadinessLog

SILENT_KAFKA = HealthReason(NotReady.KAFKA_UNAVAILABLE, "Kafka does not answer")


def test_each_change_of_readiness_is_logged_with_reasons():
    health, told = Health(60), LogCapture()
    log = structlog.wrap_logger(None, processors=[told], wrapper_class=structlog.BoundLogger)
    readiness = ReadinessLog(log, health)
    readiness.update()
    health.database_used(None)
    for reasons in ([], [], [SILENT_KAFKA], [SILENT_KAFKA], []):
        health.source = partial(list, reasons)
        readiness.update()
    assert [(one["event"], one["log_level"]) for one in told.entries] == [
        ("not_ready", "warning"),
        ("ready", "info"),
        ("not_ready", "warning"),
        ("ready", "info"),
    ]
    assert told.entries[2]["reasons"] == ["Kafka does not answer"]
    assert told.entries[2]["codes"] == ["kafka_unavailable"]


def codes(health):
    return [reason.code.value for reason in health.ready()]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"is_reachable": False}, ["kafka_unavailable"]),
        ({"is_reachable": False, "is_member": False}, ["kafka_unavailable", "not_a_member"]),
        ({"refusal": "login refused"}, ["kafka_refused"]),
        ({"waiting_seconds": 30.0}, ["no_records"]),
        ({"failure": RuntimeError("x")}, ["thread_ended"]),
    ],
)
def test_each_state_of_the_source_has_its_code(changed, expected):
    health = Health(60)
    health.database_used()
    health.follow(lambda: source_health(**changed))
    assert codes(health) == expected


def test_a_stuck_loop_and_a_silent_database_are_named():
    health = Health(stuck_after_seconds=-1, unanswered_seconds=lambda: 7.0)
    health.database_used()
    assert codes(health) == ["loop_stuck", "database_slow"]


def test_kafka_is_unavailable_once_an_attempt_has_failed():
    health = Health(60)
    health.await_kafka(lambda: None)
    assert codes(health) == ["starting", "starting"]
    health.database_used()
    TelemetryListener(structlog.get_logger(), Metrics(), health).retrying(
        StreamUnavailable("no broker answers"), 1
    )
    assert codes(health) == ["kafka_unavailable"]


def database_error(sqlstate):
    cause = type("OperationalError", (Exception,), {"sqlstate": sqlstate})("said")
    return OperationalError("SELECT 1", {}, cause)


@pytest.mark.parametrize(
    ("sqlstate", "code"),
    [
        ("57P01", "database_unavailable"),
        ("53100", "database_unavailable"),
        ("28P01", "database_refused"),
        ("57014", "database_slow"),
        ("55P03", "database_slow"),
    ],
)
def test_a_database_error_is_unavailable_refused_or_slow(sqlstate, code):
    health = Health(60)
    listener = TelemetryListener(structlog.get_logger(), Metrics(), health)
    listener.retrying(database_error(sqlstate), 1)
    assert codes(health) == [code]
