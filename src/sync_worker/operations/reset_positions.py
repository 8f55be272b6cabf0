"""Positions set by hand: the operator's remedy where `run` refuses to continue.

Rows stay true whatever is read again, since nothing in it is new. Counts continue: what is read
again counts again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync_worker.authorship import Authorship
from sync_worker.events.record import Partition
from sync_worker.pipeline import stored_positions
from sync_worker.registry import change_log, positions
from sync_worker.registry.change_log import LogEntry
from sync_worker.registry.database import Registry
from sync_worker.streams import checks

if TYPE_CHECKING:
    from sync_worker.streams.kafka.admin import KafkaAdmin


@dataclass(frozen=True, slots=True)
class Selection:
    """Which positions; what is None leaves them all in."""

    topic: str | None = None
    partition: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it leaves nothing out."""
        return self.topic is None and self.partition is None

    def has(self, partition: Partition) -> bool:
        """Whether a partition is among the selected ones."""
        return self.topic in (None, partition.topic) and self.partition in (
            None,
            partition.partition,
        )


@dataclass(frozen=True, slots=True)
class Reset:
    """One position to be set; `before` is None where nothing was read yet."""

    stream: str
    partition: Partition
    topic_id: str | None
    before: int | None
    to_offset: int


def plan(
    registry: Registry, selection: Selection, to_offset: int, streams: Sequence[str] = ()
) -> list[Reset]:
    """Set what is stored, in these streams or in all."""
    with registry.snapshot() as connection:
        known = positions.listed(connection)
    return [
        Reset(p.stream, p.partition, p.topic_id, p.next_offset, to_offset)
        for p in known
        if selection.has(p.partition) and (not streams or p.stream in streams)
    ]


@dataclass(frozen=True, slots=True)
class PresentLog:
    """A cluster's topics as they are now: each partition with its topic's id."""

    stream: str
    topic_ids: Mapping[Partition, str]


def present_log(
    admin: "KafkaAdmin", topics: Sequence[str], selection: Selection, to_offset: int
) -> PresentLog:
    """Look up the log of these topics.

    Raises:
        StreamError: a topic of these that is selected does not exist, or a selected log has no such
            offset.
    """
    stream, found = f"kafka:{admin.cluster_id()}", admin.topics(topics)
    if selection.topic is not None and selection.topic in topics:
        checks.check_topics_exist([selection.topic], found, stream)
    ids = {at: topic.topic_id for topic in found.values() for at in topic.partitions}
    if to_offset > 0:
        bounds = admin.bounds(at for at in ids if selection.has(at))
        for partition in sorted(bounds):
            checks.check_position(partition, to_offset, bounds[partition])
    return PresentLog(stream, ids)


def is_another_cluster(registry: Registry, selection: Selection, stream: str) -> bool:
    """Whether the cluster is another one than was read.

    Raises:
        StreamError: it is, and only a part is selected. With a position in it, nothing would refuse
            to read the rest of it.
    """
    stored = stored_positions.read(registry, stream)
    if not selection.is_whole:
        checks.check_cluster(stream, stored)
    return bool(checks.other_clusters(stored))


def plan_adoption(
    registry: Registry, selection: Selection, to_offset: int, log: PresentLog
) -> list[Reset]:
    """Adopt a log as it is now.

    A partition that its topic does not have any more, since it was re-created with fewer, is
    read from the beginning if it ever comes back.
    """
    with registry.snapshot() as connection:
        known: Mapping[Partition, int] = {
            p.partition: p.next_offset for p in positions.listed(connection, log.stream)
        }
    ids = log.topic_ids
    id_of_topic = {partition.topic: topic_id for partition, topic_id in ids.items()}
    gone = {at for at in known if at.topic in id_of_topic} - ids.keys()
    return [
        Reset(
            log.stream,
            partition,
            id_of_topic[partition.topic],
            known.get(partition),
            0 if partition in gone else to_offset,
        )
        for partition in sorted(ids.keys() | gone)
        if selection.has(partition)
    ]


def do(registry: Registry, resets: Sequence[Reset], authorship: Authorship) -> None:
    """Set the positions, each logged."""
    with registry.transaction() as transaction:
        for reset in resets:
            positions.put(
                transaction.connection,
                reset.stream,
                reset.partition,
                reset.to_offset,
                reset.topic_id,
            )
        change_log.append(transaction.connection, [_entry(reset, authorship) for reset in resets])
        transaction.commit()


def _entry(reset: Reset, authorship: Authorship) -> LogEntry:
    return LogEntry.by(authorship, "positions_reset")._replace(
        old_value=None if reset.before is None else str(reset.before),
        new_value=str(reset.to_offset),
        stream=reset.stream,
        topic=reset.partition.topic,
        partition=reset.partition.partition,
    )
