"""What `/readyz?verbose` answers: all that a worker knows of itself without asking anybody.

It is read from memory, so that it is answered while the loop is stuck, and while neither the
database nor Kafka can be reached.
"""

import time
from typing import Any

from sync_worker.telemetry.health import Health, Reasons
from sync_worker.telemetry.outage import Behind, backlog_items, clock_text

OUTAGE_FIELDS = ("since", "outage_seconds", "why", "attempts", "last_error", "next_retry_at")


def reasons_fields(reasons: Reasons) -> dict[str, Any]:
    """Whether all is well, and what is not, for people and for programs."""
    return {
        "status": "failing" if reasons else "ok",
        "reasons": [reason.sentence for reason in reasons],
        "codes": [reason.code.value for reason in reasons],
    }


def _begun(reasons: Reasons) -> dict[str, Any]:
    """What is known of an outage in its first second, before anybody has looked."""
    known = [reason.since for reason in reasons if reason.since is not None]
    return {"since": clock_text(min(known, default=None))}


def readiness(health: Health, reasons: Reasons) -> dict[str, Any]:
    """The answer; members that do not apply, or are not known, are null."""
    now, backlog, outage = time.time(), health.backlog(), health.outage
    behind, progress = Behind.of(backlog, is_ready=not reasons), health.progress
    is_out = bool(reasons) and outage is not None
    described = outage.described(now) if outage is not None and is_out else _begun(reasons)
    return {
        **reasons_fields(reasons),
        **health.identity,
        **{name: described.get(name) for name in OUTAGE_FIELDS},
        "started_at": clock_text(health.started_at),
        "partitions": backlog_items(backlog),
        "lag": behind.records,
        "lag_seconds": behind.seconds,
        "catch_up_seconds": health.catch_up_seconds,
        "last_commit_at": clock_text(progress.committed_at),
        "open_dead_letters": progress.open_dead_letters,
        "open_holds": progress.open_holds,
        "counts": progress.outcomes(),
    }
