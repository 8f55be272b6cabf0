"""The positions that the registry stores for a stream: where the worker continues to read."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from sync_worker.events.record import Address
from sync_worker.registry import dead_letters, positions
from sync_worker.registry.database import Registry
from sync_worker.registry.positions import Position
from sync_worker.streams import checks
from sync_worker.streams.protocol import StoredPositions


class StartingPoint(NamedTuple):
    """Where the worker starts, and which records it will meet that are dead letters already."""

    positions: StoredPositions
    listed: Sequence[Position]
    """Those of all streams, with what was counted."""
    open_dead_letters: Collection[Address]
    """At or beyond the positions, because a position was set back."""


def read_start(registry: Registry, stream: str) -> StartingPoint:
    """Where to start in a stream.

    Raises:
        DBAPIError: also where the database only reads. A standby may lag behind what is committed.
    """
    registry.require_writable()
    with registry.snapshot() as connection:
        listed = positions.listed(connection)
        letters = dead_letters.open_beyond_positions(connection, stream)
    return StartingPoint(of_stream(listed, stream), listed, letters)


def read(registry: Registry, stream: str) -> StoredPositions:
    """The positions in a stream, and what tells the stream from others."""
    with registry.snapshot() as connection:
        return of_stream(positions.listed(connection), stream)


def of_stream(all_positions: Iterable[Position], stream: str) -> StoredPositions:
    """The positions in one stream, picked from those in all streams."""
    offsets, ids, streams = {}, defaultdict(set), set()
    for position in all_positions:
        streams.add(position.stream)
        if position.stream == stream:
            offsets[position.partition] = position.next_offset
            if position.topic_id:
                ids[position.partition.topic].add(position.topic_id)
    topic_ids = {topic: frozenset(several) for topic, several in ids.items()}
    return StoredPositions(offsets, topic_ids, frozenset(streams - {stream}))


def check_same_log(registry: Registry, stream: str, topic_ids: Mapping[str, str]) -> None:
    """Check that these are the cluster and the topics that the registry was read from.

    Raises:
        StreamError: they are not; it says how to adopt them.
    """
    stored = read(registry, stream)
    checks.check_cluster(stream, stored)
    checks.check_topic_ids(topic_ids, stored.topic_ids, stored.positions)
