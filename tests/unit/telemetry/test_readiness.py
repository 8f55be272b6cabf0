"""What the log tells of a worker that becomes ready, and ready no more."""

from functools import partial

import structlog
from structlog.testing import LogCapture

from sync_worker.telemetry.health import Health, ReadinessLog


def test_each_change_of_readiness_is_logged_with_reasons():
    health, told = Health(60), LogCapture()
    log = structlog.wrap_logger(None, processors=[told], wrapper_class=structlog.BoundLogger)
    readiness = ReadinessLog(log, health)
    readiness.update()
    health.database_used(None)
    for reasons in ([], [], ["Kafka does not answer"], ["Kafka does not answer"], []):
        health.source = partial(list, reasons)
        readiness.update()
    assert [(one["event"], one["log_level"]) for one in told.entries] == [
        ("not_ready", "warning"),
        ("ready", "info"),
        ("not_ready", "warning"),
        ("ready", "info"),
    ]
    assert told.entries[2]["reasons"] == ["Kafka does not answer"]
