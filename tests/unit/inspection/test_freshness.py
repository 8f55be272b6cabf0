"""Up to when events have been read, judged by what workers and positions tell."""

from datetime import UTC, datetime, timedelta

import pytest

from sync_worker.administration.messages.page import region as says
from sync_worker.inspection.freshness import ReadTo, judged
from sync_worker.registry.workers import Condition, Process, Reason, Report

NOW = datetime(2026, 11, 29, 9, 14, tzinfo=UTC)
WHY = (Reason("kafka", "Kafka cannot be reached"),)


def ago(**much):
    return NOW - timedelta(**much)


LONG_SINCE = ago(days=3)


def worker(seen_at=NOW, reasons=(), not_ready_since=None, since=LONG_SINCE):
    process = Process("worker-0", "one", 7, "1.0", since)
    return Report(process, seen_at, Condition(reasons, not_ready_since, ()))


READY = worker(ago(seconds=3))
FAILING = worker(NOW, WHY, ago(minutes=20))
SILENT = worker(ago(minutes=40))
STARTING = worker(NOW, WHY, ago(seconds=20), since=ago(seconds=20))
NEVER_READY = worker(NOW, WHY, ago(hours=2), since=ago(hours=2))
LONG_AGO = ago(hours=9)


@pytest.mark.parametrize(
    ("reports", "newest", "applied", "expected"),
    [
        # On a quiet night the newest event is old, and all has been read.
        ([READY], LONG_AGO, LONG_AGO, ReadTo(ago(seconds=3), False)),
        ([READY, SILENT], LONG_AGO, LONG_AGO, ReadTo(ago(seconds=3), False)),
        ([READY], None, None, ReadTo(ago(seconds=3), False)),
        # One that has much to read has come as far as the events that it applies.
        ([READY], LONG_AGO, ago(seconds=1), ReadTo(LONG_AGO, False)),
        ([READY], NOW + timedelta(minutes=5), ago(seconds=1), ReadTo(NOW, False)),
        ([FAILING], LONG_AGO, LONG_AGO, ReadTo(ago(minutes=20), True)),
        ([SILENT], LONG_AGO, LONG_AGO, ReadTo(ago(minutes=40), True)),
        ([SILENT, FAILING], LONG_AGO, LONG_AGO, ReadTo(ago(minutes=20), True)),
        ([NEVER_READY], LONG_AGO, LONG_AGO, ReadTo(LONG_AGO, True)),
        ([STARTING], LONG_AGO, LONG_AGO, ReadTo(LONG_AGO, False)),
        ([STARTING], None, None, ReadTo(None, False)),
        ([], LONG_AGO, ago(minutes=14), ReadTo(ago(minutes=14), False)),
        ([], LONG_AGO, ago(minutes=15), ReadTo(ago(minutes=15), True)),
        ([], None, None, ReadTo(None, False)),
    ],
)
def test_what_is_known_tells_up_to_when_was_read(reports, newest, applied, expected):
    assert judged(reports, newest, applied, NOW) == expected


@pytest.mark.parametrize(
    ("read_to", "message"),
    [
        (ReadTo(NOW, False), says.FRESH),
        (ReadTo(NOW, True), says.STALE),
        (ReadTo(None, False), says.NEVER_READ),
    ],
)
def test_each_case_has_its_sentence(read_to, message):
    assert read_to.message is message
