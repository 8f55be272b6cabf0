"""How many records were ignored because of their type, and of which types they were.

A row belongs to a partition, and is written by whoever has that partition's position locked: no
other lock is needed.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select, tuple_

from sync_worker.events.record import Partition
from sync_worker.registry import dialect
from sync_worker.registry.tables import position, unknown_type

MOST_TYPES = 10
"""Of a partition; further ones are counted together."""
OTHERS = ""
"""Stands for all further types: no type is blank."""


class UnknownTypeCount(NamedTuple):
    """The records of one unknown type in one topic."""

    stream: str
    topic: str
    type: str
    records: int
    counted_at: datetime


def add(
    connection: Connection, stream: str, counts: Mapping[tuple[Partition, str], int], now: datetime
) -> None:
    """Add to the counts, by partition and type; their positions must be locked."""
    if not counts:
        return
    stored = _stored(connection, stream, {partition for partition, _ in counts})
    totals: dict[tuple[Partition, str], int] = {}
    for (partition, read), count in counts.items():
        of_partition = stored.setdefault(partition, {})
        name = dialect.storable(connection, read)
        if name not in of_partition and len(of_partition) >= MOST_TYPES:
            name = OTHERS  # there are types enough
        of_partition[name] = of_partition.get(name, 0) + count
        totals[partition, name] = of_partition[name]
    rows = [(stream, *partition, name, total, now) for (partition, name), total in totals.items()]
    dialect.insert_new(connection, unknown_type, _ROW, rows)
    dialect.update_by_key(connection, unknown_type, _ROW, rows)


def listed(connection: Connection) -> list[UnknownTypeCount]:
    """By stream and topic, the most frequent type first."""
    key = (unknown_type.c.stream, unknown_type.c.topic, unknown_type.c.type)
    records = func.sum(unknown_type.c.records)
    statement = select(*key, records, func.max(unknown_type.c.counted_at)).group_by(*key)
    rows = connection.execute(statement.order_by(*key[:2], records.desc(), key[2]))
    return [
        UnknownTypeCount(stream, topic, name, int(n), at) for stream, topic, name, n, at in rows
    ]


def in_a_row(connection: Connection) -> dict[tuple[str, str], int]:
    """By stream and topic, the most records of unknown types at the end of a partition's."""
    key = (position.c.stream, position.c.topic)
    rows = connection.execute(select(*key, func.max(position.c.unknown_in_a_row)).group_by(*key))
    return {(stream, topic): int(most) for stream, topic, most in rows}


def _stored(
    connection: Connection, stream: str, partitions: Collection[Partition]
) -> dict[Partition, dict[str, int]]:
    is_one = tuple_(unknown_type.c.topic, unknown_type.c.partition).in_(partitions)
    columns = (unknown_type.c[name] for name in ("topic", "partition", "type", "records"))
    statement = select(*columns).where(unknown_type.c.stream == stream, is_one)
    counts: dict[Partition, dict[str, int]] = {}
    for topic, number, name, records in connection.execute(statement):
        counts.setdefault(Partition(topic, number), {})[name] = records
    return counts


_ROW = ("stream", "topic", "partition", "type", "records", "counted_at")
