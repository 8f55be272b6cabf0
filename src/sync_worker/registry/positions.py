"""How far each partition of each stream has been read, and what became of its records.

A position moves by compare-and-set in the transaction of the rows that it describes: `claim`
compares, under a lock that lasts to the end of the transaction, and `advance` sets. So every record
is counted once, whoever delivers it and however often.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, select

from sync_worker.events.outcome import Outcome
from sync_worker.events.record import Partition
from sync_worker.registry import dialect, schema
from sync_worker.registry.dialect import Write
from sync_worker.registry.tables import position


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records have each outcome, in the order of `Outcome`."""

    applied: int = 0
    superseded: int = 0
    ignored: int = 0
    dead_lettered: int = 0

    @property
    def read(self) -> int:
        """Every record read has exactly one outcome."""
        return self.applied + self.superseded + self.ignored + self.dead_lettered

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.applied + other.applied,
            self.superseded + other.superseded,
            self.ignored + other.ignored,
            self.dead_lettered + other.dead_lettered,
        )

    def __iter__(self) -> Iterator[int]:
        """Each number, in the order of `Outcome`."""
        return iter((self.applied, self.superseded, self.ignored, self.dead_lettered))


@dataclass(frozen=True, slots=True)
class Position:
    """Where the next record of a partition stands, and what became of those before it."""

    stream: str
    partition: Partition
    next_offset: int
    counts: Counts
    last_applied_at: datetime | None
    newest_event_at: datetime | None
    topic_id: str | None = None
    """The id of the topic that the offset is of; None for an archive."""
    unknown_in_a_row: int = 0
    """How many of the last records are of unknown types."""


@dataclass(frozen=True, slots=True)
class PositionUpdate:
    """How far a transaction moves a partition; `newest_event_at` is None where it has no event."""

    partition: Partition
    from_offset: int
    to_offset: int
    counts: Counts
    newest_event_at: datetime | None
    topic_id: str | None = None
    unknown_in_a_row: int = 0
    continues_unknown_run: bool = True
    """Whether all of its records are of unknown types, so that they continue those before."""


class PositionsMoved(Exception):
    """Another worker has moved a position: the normal end of a race, and nothing is kept."""


def listed(connection: Connection, stream: str | None = None) -> list[Position]:
    """Every position, of one stream or of all, in the order of their keys."""
    statement = select(position).order_by(*position.primary_key.columns)
    if stream is not None:
        statement = statement.where(position.c.stream == stream)
    return list(_positions(connection.execute(statement)))


def claim(
    connection: Connection, stream: str, expected: Mapping[Partition, int]
) -> dict[Partition, Position]:
    """Lock these partitions' positions, and compare them with where the reader started.

    A partition without a position has position 0 from now on. The same statement that takes the
    locks reads which revision the schema has.

    Raises:
        WrongRevision: it is not one that this program works on.
        PositionsMoved: one of the positions is another than expected.
    """
    unread = sorted(partition for partition, offset in expected.items() if offset == 0)
    if unread:
        schema.require_still_compatible(connection)
        _insert_missing(connection, stream, unread)
    of_partitions: dict[str, Any] = {"of": stream}
    partitions = dialect.padded(expected)
    for number, (topic, partition) in enumerate(partitions):
        of_partitions |= {f"topic_{number}": topic, f"partition_{number}": partition}
    rows = dialect.execute_often(connection, _lock(len(partitions)), of_partitions)
    if rows:
        *_, revision = rows[0]
        schema.require(connection, revision)
    locked = {position.partition: position for position in _positions(rows)}
    # A position that somebody has deleted was moved, too.
    if {partition: position.next_offset for partition, position in locked.items()} != expected:
        raise PositionsMoved
    return locked


def advancing(
    connection: Connection,
    claimed: Mapping[Partition, Position],
    updates: Iterable[PositionUpdate],
    now: datetime,
) -> list[Write]:
    """What moves claimed positions and adds to their counts, once it is written."""
    rows = [_advanced(claimed[update.partition], update, now) for update in updates]
    return dialect.updating(connection, position, _ADVANCED_COLUMNS, rows)


def put(
    connection: Connection,
    stream: str,
    partition: Partition,
    next_offset: int,
    topic_id: str | None,
) -> None:
    """Set a position by hand, whether there was one or not; its counts are kept."""
    _insert_missing(connection, stream, [partition])
    names = ("stream", "topic", "partition", "next_offset", "topic_id")
    row = (stream, *partition, next_offset, topic_id)
    dialect.update_by_key(connection, position, names, [row])


def _insert_missing(connection: Connection, stream: str, partitions: Iterable[Partition]) -> None:
    """Give those without a position the offset 0, with nothing counted."""
    rows = [(stream, *partition, 0, 0, 0, 0, 0) for partition in partitions]
    dialect.insert_new(connection, position, _INSERTED_COLUMNS, rows)


@cache
def _lock(partitions: int) -> Select[Any]:
    """The rows of so many partitions, locked one after the other in the order of their keys."""
    is_among = dialect.any_of(
        [
            and_(
                position.c.topic == bindparam(f"topic_{number}"),
                position.c.partition == bindparam(f"partition_{number}"),
            )
            for number in range(partitions)
        ]
    )
    return (
        select(position, schema.REVISION)
        .where(position.c.stream == bindparam("of"), is_among)
        .order_by(position.c.topic, position.c.partition)
        .with_for_update()
    )


def _positions(rows: Iterable[Sequence[Any]]) -> Iterator[Position]:
    """Of rows that begin with the table's columns."""
    for row in rows:
        stream, topic, number, next_offset, *others = row
        partition, counts = Partition(topic, number), Counts(*others[:4])
        last_applied_at, newest_event_at, topic_id, unknown_in_a_row = others[4:8]
        yield Position(
            stream,
            partition,
            next_offset,
            counts,
            last_applied_at,
            newest_event_at,
            topic_id,
            unknown_in_a_row,
        )


_INSERTED_COLUMNS = (
    "stream",
    "topic",
    "partition",
    "next_offset",
    *(outcome.value for outcome in Outcome),
)
_ADVANCED_COLUMNS = (
    *_INSERTED_COLUMNS,
    "last_applied_at",
    "newest_event_at",
    "topic_id",
    "unknown_in_a_row",
)


def _advanced(before: Position, update: PositionUpdate, now: datetime) -> tuple[Any, ...]:
    """The values of `_ADVANCED_COLUMNS`."""
    return (
        before.stream,
        *update.partition,
        update.to_offset,
        *(before.counts + update.counts),
        now if update.counts.applied else before.last_applied_at,
        latest(before.newest_event_at, update.newest_event_at),
        update.topic_id,
        update.unknown_in_a_row + (before.unknown_in_a_row if update.continues_unknown_run else 0),
    )


def latest(*moments: datetime | None) -> datetime | None:
    """The latest of the moments that there are."""
    return max((moment for moment in moments if moment is not None), default=None)
