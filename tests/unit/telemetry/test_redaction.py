"""Where secrets would be told while the worker runs: the log, the probes, and libraries."""

import io
import json
import logging

import pytest

from sync_worker.telemetry.health import Health, HealthReason, NotReady
from sync_worker.telemetry.logging import configure
from sync_worker.telemetry.redaction import MASK, Redaction, redact_library_logs

SECRET = 'h3mligt"ord'


@pytest.fixture
def redaction():
    return Redaction(lambda: [SECRET])


def test_a_probe_reveals_no_secret(redaction):
    health = Health(60, redaction)
    health.database_used(f"no host {SECRET}")
    health.source = lambda: [HealthReason(NotReady.KAFKA_REFUSED, f"no broker {SECRET}")]
    assert SECRET not in str(health.ready())
    assert str(health.ready()).count(MASK) == 2


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_the_log_holds_no_secret(redaction, log_format):
    stream = io.StringIO()
    log = configure("info", log_format, stream, redaction=redaction)
    log.info(SECRET, error=SECRET, reasons=[f"no {SECRET}"], inner={"why": (SECRET, 1)})
    told = stream.getvalue()
    assert told.count(MASK) == 3
    if log_format == "json":
        assert json.loads(told)["event"] == SECRET, "events are ours, and searched for"


def test_what_a_library_logs_holds_no_secret(redaction):
    redact_library_logs(redaction)
    error = OSError(SECRET)
    caught = (type(error), error, None)
    log = logging.getLogger("kafka")
    record = log.makeRecord("kafka", logging.ERROR, "", 0, "lost: %s", (SECRET,), caught)
    assert logging.lastResort is not None
    told = logging.lastResort.format(record)
    assert "OSError" in told
    assert SECRET not in told
