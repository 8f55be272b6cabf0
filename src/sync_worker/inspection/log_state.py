"""A stream as it is now, beside where the registry stands in it: what waits, and what does not fit.

Positions are read before the log's ends: a worker that runs in between moves on, and one of them
could lie beyond an end that has grown since.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from sync_worker.events.record import Partition
from sync_worker.inspection.workers import Backlog, named
from sync_worker.language import counted
from sync_worker.pipeline.stored_positions import of_stream
from sync_worker.registry.positions import Position
from sync_worker.streams import checks
from sync_worker.streams.checks import Bounds
from sync_worker.streams.protocol import StoredPositions, StreamError

if TYPE_CHECKING:
    from sync_worker.streams.kafka.admin import KafkaAdmin

_UNKNOWN = object()

FirstTimestamps = Callable[[Mapping[Partition, Bounds]], Mapping[Partition, datetime | None]]
"""When the first record in each part of a log was written, where that can be read in a moment; None
where the part has no record, but gaps."""


@dataclass(frozen=True)
class LogState:
    """A stream as it is now: where each of its partitions begins and ends."""

    stream: str
    topics: Collection[str]
    """Those that are to be read, whether they exist or not."""
    topic_ids: Mapping[str, str]
    """Those that exist."""
    bounds: Mapping[Partition, Bounds]
    stored: StoredPositions
    """Where the registry stood in it just before."""
    written: Mapping[Partition, int] = field(default_factory=dict)
    """Where each log ended just before, records of open transactions included."""
    unread_since: Mapping[Partition, datetime | None] = field(default_factory=dict)
    """When the first record that waits was written, for the partitions where that is known; None
    where none waits, and all that remains are gaps."""

    @property
    def oldest_unread_at(self) -> datetime | None:
        """When the oldest record that waits was written; None where none does, or it is unknown."""
        return min(filter(None, self.unread_since.values()), default=None)

    @cached_property
    def lags(self) -> Mapping[Partition, int | None]:
        """The lag of each partition that is to be read; None where it is unknown."""
        positions = self.stored.positions
        return {
            partition: self.lag(partition, positions.get(partition, 0))
            for partition in self.bounds
            if partition.topic in self.topics
        }

    def unread(self) -> dict[Partition, Bounds]:
        """What waits, for each partition that has something to read."""
        positions = self.stored.positions
        return {
            partition: Bounds(max(positions.get(partition, 0), bounds.begin), bounds.end)
            for partition, bounds in self.bounds.items()
            if self.lags.get(partition)
        }

    def backlog(self, now: datetime) -> Backlog:
        """What waits in all."""
        oldest_at = self.oldest_unread_at
        age = None if oldest_at is None else max(now - oldest_at, timedelta())
        lags = {p: 0 if self._has_gaps_alone(p) else lag for p, lag in self.lags.items()}
        return Backlog(sum(lag or 0 for lag in lags.values()), age, lags)

    def uncommitted(self, partition: Partition) -> int | None:
        """How many offsets wait for a producer to end its transaction; None where it is unknown.

        It is the transaction's records, and all that anybody wrote after them.
        """
        bounds = self.bounds.get(partition)
        return None if bounds is None else max(0, self.written.get(partition, 0) - bounds.end)

    def lag_seconds(self, partition: Partition, lag: int | None, now: datetime) -> float | None:
        """How long the first record that waits has waited; None where that is unknown."""
        if not lag or self._has_gaps_alone(partition):
            return None if lag is None else 0.0
        since = self.unread_since.get(partition)
        return None if since is None else round(max((now - since).total_seconds(), 0.0), 3)

    def _has_gaps_alone(self, partition: Partition) -> bool:
        return self.unread_since.get(partition, _UNKNOWN) is None

    def lag(self, partition: Partition, position: int) -> int | None:
        """`Bounds.lag` of a partition; None where the position is not one in this log."""
        bounds = self.bounds.get(partition)
        if bounds is None or partition.topic in self._recreated or position > bounds.end:
            return None
        return bounds.lag(position)

    def refusals(self) -> list[StreamError]:
        """Everything that `run` would refuse."""
        return [
            *_refusal(checks.check_cluster, self.stream, self.stored),
            *_refusal(checks.check_topics_exist, self.topics, self.topic_ids, self.stream),
            *self._recreated.values(),
            *self._out_of_bounds(),
        ]

    @cached_property
    def _recreated(self) -> Mapping[str, StreamError]:
        """The topics that are not those that were read, and what is said of each."""
        stored = self.stored
        return {
            topic: refusal
            for topic, topic_id in sorted(self.topic_ids.items())
            for refusal in _refusal(
                checks.check_topic_ids, {topic: topic_id}, stored.topic_ids, stored.positions
            )
        }

    def _out_of_bounds(self) -> Iterator[StreamError]:
        """The positions outside of their logs; in a re-created topic they mean nothing."""
        for partition, position in sorted(self.stored.positions.items()):
            if partition in self.bounds and partition.topic not in self._recreated:
                bounds = self.bounds[partition]
                yield from _refusal(checks.check_position, partition, position, bounds)


def read_log_state(
    admin: "KafkaAdmin",
    stored: Iterable[Position],
    topics: Sequence[str],
    first_timestamps: FirstTimestamps = lambda _: {},
) -> LogState:
    """Ask the cluster for its log, to be compared with the stored positions.

    `first_timestamps` reads when the first record in parts of the log was written.

    Raises:
        StreamUnavailable: it does not answer.
        StreamError: it refuses to.
    """
    stream = f"kafka:{admin.cluster_id()}"
    existing = admin.topics(topics)
    partitions = [partition for topic in existing.values() for partition in topic.partitions]
    ids = {name: topic.topic_id for name, topic in existing.items()}
    # Asked for first: what is written in between, and can be read, waits for nobody.
    written = admin.written_ends(partitions)
    bounds = admin.bounds(partitions)
    log = LogState(stream, topics, ids, bounds, of_stream(stored, stream), written)
    return replace(log, unread_since=first_timestamps(log.unread()))


def uncommitted_in_words(offsets: Mapping[Partition, int]) -> str:
    """What waits for a producer to end its transaction; empty where nothing does."""
    waiting = {partition: count for partition, count in offsets.items() if count}
    if not waiting:
        return ""
    wait = counted(sum(waiting.values()), "offset cannot", "offsets cannot")
    places = named(waiting)
    return f"{wait} be read in {places} until a producer ends its transaction"


def _refusal(check: Callable[..., None], *arguments: object) -> Iterator[StreamError]:
    """What a check raises, if it does."""
    try:
        check(*arguments)
    except StreamError as refusal:
        yield refusal
