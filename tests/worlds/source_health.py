"""A source that is well, but for what a test says."""

from typing import Any

from sync_worker.streams.kafka.source_health import Rebuilds, Requests, SourceHealth

WELL: dict[str, Any] = {
    "is_member": True,
    "is_reachable": True,
    "waiting_seconds": 0.0,
    "failure": None,
    "refusal": None,
    "rebuilds": Rebuilds(),
    "polled_at": 0.0,
    "requests": Requests(answered_at=0.0, next_at=0.0),
    "backlog": (),
}


def source_health(**changes: Any) -> SourceHealth:
    """How a source is that is well, but for the changes."""
    return SourceHealth(**(WELL | changes))
