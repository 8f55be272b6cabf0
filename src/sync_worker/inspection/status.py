"""How far the worker has read, how the registry is, and what needs attention.

True also when no worker runs, since all but the ends of the log is stored in the registry. A worker
that runs moves on while this looks: positions are read before the log's ends, or one of them could
lie beyond an end that has grown since.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sync_worker.domain.regions import Regions
from sync_worker.events.record import Partition
from sync_worker.inspection import reconciled
from sync_worker.inspection.attention import Attention, attention_in, attention_to_newest_event
from sync_worker.inspection.blocking import attention_to_blocks
from sync_worker.pipeline.stored_positions import of_stream
from sync_worker.registry import positions, queries, reconciliations, registrations
from sync_worker.registry.database import Registry
from sync_worker.registry.positions import Counts, Position, latest
from sync_worker.remedies import Remedy
from sync_worker.streams import checks
from sync_worker.streams.checks import Bounds
from sync_worker.streams.protocol import (
    StoredPositions,
    StreamError,
    StreamRefused,
    StreamUnavailable,
)

if TYPE_CHECKING:
    from sync_worker.streams.kafka.admin import KafkaAdmin


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
    admin: "KafkaAdmin", stored: Iterable[Position], topics: Sequence[str]
) -> LogState:
    """Ask the cluster for its log, to be compared with the stored positions.

    Raises:
        StreamUnavailable: it does not answer.
        StreamError: it refuses to.
    """
    stream = f"kafka:{admin.cluster_id()}"
    existing = admin.topics(topics)
    partitions = [partition for topic in existing.values() for partition in topic.partitions]
    ids = {name: topic.topic_id for name, topic in existing.items()}
    return LogState(stream, topics, ids, admin.bounds(partitions), of_stream(stored, stream))


def status(
    registry: Registry,
    in_use: Regions,
    read_log: Callable[[Sequence[Position]], LogState] | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, Any]:
    """The document of `sync-worker status`; the registry is read in one snapshot, then the log.

    `read_log` is None where Kafka is not configured. `end` and `lag` are null where Kafka is not
    configured or unavailable, in archives, and `lag` also where the position is in a log that no
    longer exists.
    """
    with registry.snapshot() as connection:
        blocked = list(attention_to_blocks(connection, clock()))
        stored = positions.listed(connection)
        gauges = queries.gauges(connection)
        attention = attention_in(connection, in_use, gauges.open_dead_letters)
        last_reconcile = reconciliations.latest(connection)
        services_on = len(registrations.boards(connection).keys() & set(in_use))
    newest = latest(*(position.newest_event_at for position in stored))
    log, refusals = _log_and_refusals(read_log, stored)
    partitions = [_partition_item(position, log) for position in _with_unread(stored, log)]
    return {
        "partitions": partitions,
        "lag": _total_lag(partitions, log),
        "clinics": {
            "known": gauges.known,
            "registered": gauges.registered,
            "receiving": gauges.receiving,
            "deactivated": gauges.deactivated,
        },
        "regions": {"service_on": services_on},
        "dead_letters": {
            "open": gauges.open_dead_letters,
            "oldest_at": gauges.oldest_dead_letter_at,
        },
        "holds": {"open": gauges.open_holds},
        "last_applied_at": latest(*(position.last_applied_at for position in stored)),
        "newest_event_at": newest,
        "reconciled": reconciled.document(last_reconcile),
        "attention": [
            *blocked,
            *refusals,
            *attention,
            *reconciled.attention_to_drift(last_reconcile),
            *attention_to_newest_event(newest, clock()),
        ],
    }


def counts_item(counts: Counts) -> dict[str, int]:
    """Counts in the form that every command prints them in."""
    return {"read": counts.read, **asdict(counts)}


def position_item(known: Position) -> dict[str, Any]:
    """A position in the form of `positions list`."""
    return {
        "stream": known.stream,
        **known.partition._asdict(),
        "position": known.next_offset,
        **counts_item(known.counts),
        "last_applied_at": known.last_applied_at,
        "newest_event_at": known.newest_event_at,
    }


def _refusal(check: Callable[..., None], *arguments: object) -> Iterator[StreamError]:
    """What a check raises, if it does."""
    try:
        check(*arguments)
    except StreamError as refusal:
        yield refusal


def _log_and_refusals(
    read_log: Callable[[Sequence[Position]], LogState] | None, stored: Sequence[Position]
) -> tuple[LogState | None, list[Attention]]:
    """The log, if it can be read, and what `run` would refuse of it."""
    if read_log is None:
        return None, []
    try:
        log = read_log(stored)
    except StreamUnavailable as error:
        does = "refuses the login" if isinstance(error, StreamRefused) else "does not answer"
        text = f"Kafka {does}, so end and lag are unknown: {error}."
        return None, [Attention(text, Remedy.CHECK_BROKERS())]
    except StreamError as refusal:
        return None, [Attention(refusal.message, refusal.hint)]
    return log, [Attention(refusal.message, refusal.hint) for refusal in log.refusals()]


def _with_unread(stored: Sequence[Position], log: LogState | None) -> list[Position]:
    """The positions, and one at 0 for each partition of the log that was never read."""
    if log is None:
        return list(stored)
    read = {position.partition for position in stored if position.stream == log.stream}
    unread = [
        Position(log.stream, partition, 0, Counts(), None, None)
        for partition in sorted(log.bounds.keys() - read)
    ]
    return [*stored, *unread]


def _partition_item(position: Position, log: LogState | None) -> dict[str, Any]:
    own_log = log if log is not None and position.stream == log.stream else None
    bounds = own_log.bounds.get(position.partition) if own_log else None
    return {
        "stream": position.stream,
        **position.partition._asdict(),
        "position": position.next_offset,
        "end": bounds.end if bounds else None,
        "lag": own_log.lag(position.partition, position.next_offset) if own_log else None,
        **counts_item(position.counts),
    }


def _total_lag(partitions: Sequence[Mapping[str, Any]], log: LogState | None) -> int | None:
    """The lag in the topics that are to be read; None where that of one of them is unknown."""
    if log is None:
        return None
    lags = [
        partition["lag"]
        for partition in partitions
        if partition["stream"] == log.stream and partition["topic"] in log.topics
    ]
    return None if None in lags else sum(lags)
