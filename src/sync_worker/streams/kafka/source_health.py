"""The health of the Kafka source: membership, reachability, and records that do not arrive."""

import time
from dataclasses import dataclass
from typing import NamedTuple

from sync_worker.streams.kafka.backlog import PartitionBacklog


class Requests(NamedTuple):
    """Requests to the cluster, all times in seconds of the clock."""

    answered_at: float
    next_at: float
    """When the next one is due."""
    failed: int = 0
    """How many have failed."""
    failed_in_a_row: int = 0
    """How many of those since `answered_at`."""
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Rebuilds:
    """The clients that were built in place of one that hung or failed."""

    count: int = 0
    cause: str | None = None
    """Why the last one was."""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """What a health probe needs to know of the source."""

    is_member: bool
    """A stable member of the group, as of the last poll."""
    is_reachable: bool
    """The cluster answered within the last seconds."""
    waiting_seconds: float
    """How long it has returned no records, though there are some, or may be."""
    failure: BaseException | None
    """What ended the thread that watches the topics; None as long as it runs."""
    refusal: str | None
    """Why, and since when, the cluster refuses us; None where it does not, or does not answer."""
    rebuilds: Rebuilds
    polled_at: float
    """When it was last polled, in seconds of the monotonic clock."""
    requests: Requests
    """The requests by which the cluster is asked whether it is there."""
    backlog: tuple[PartitionBacklog, ...]
    """Of each partition that is assigned."""
    rebalances: int = 0
    """How many times the group has assigned partitions, or none."""

    @property
    def partitions(self) -> int:
        """How many partitions are assigned."""
        return len(self.backlog)


class StallTimer:
    """Since when records wait that were not returned.

    That the source is a member and hears answers is not enough: a broker can answer every request
    and still deliver no record. Written by the loop, read by any thread.
    """

    def __init__(self) -> None:
        self._waiting_since: float | None = None

    def update(self, *, is_waiting: bool) -> None:
        """Say whether records wait, after each time that some could have been returned."""
        if not is_waiting:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = time.monotonic()

    def stalled_seconds(self, asked_at: float) -> float:
        """How long they had waited when they were last asked for; 0 where none did."""
        since = self._waiting_since
        return 0.0 if since is None else max(0.0, asked_at - since)
