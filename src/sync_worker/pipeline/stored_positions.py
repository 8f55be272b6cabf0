"""Where the registry stands in a stream, and whether a stream is the one that was read."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sync_worker.registry import dead_letters, positions
from sync_worker.registry.database import Registry
from sync_worker.registry.dead_letters import Address
from sync_worker.registry.positions import Position
from sync_worker.streams import checks
from sync_worker.streams.protocol import StoredPositions


class Start(NamedTuple):
    """Where the worker reads on."""

    stored_positions: StoredPositions
    letters: Collection[Address]
    """Where open dead letters are ahead, since a position was set back."""


def stored_positions(registry: Registry, stream: str) -> StoredPositions:
    """Our positions in a stream, with what tells it from others."""
    return start(registry, stream).stored_positions


def start(registry: Registry, stream: str) -> Start:
    """Where to read on in a stream."""
    with registry.snapshot() as connection:
        known = among(positions.listed(connection), stream)
        return Start(known, dead_letters.open_beyond_positions(connection, stream))


def among(known: Iterable[Position], stream: str) -> StoredPositions:
    """The bookmarks of one stream among the positions in all of them."""
    offsets, ids, streams = {}, defaultdict(set), set()
    for position in known:
        streams.add(position.stream)
        if position.stream == stream:
            offsets[position.partition] = position.next_offset
            if position.topic_id:
                ids[position.partition.topic].add(position.topic_id)
    topic_ids = {topic: frozenset(found) for topic, found in ids.items()}
    return StoredPositions(offsets, topic_ids, frozenset(streams - {stream}))


def refuse_another_log(registry: Registry, stream: str, topic_ids: Mapping[str, str]) -> None:
    """Raise where these are not the cluster and the topics that the registry was read from.

    Raises:
        StreamError: with the way to adopt them.
    """
    known = stored_positions(registry, stream)
    checks.check_cluster(stream, known)
    checks.check_topic_ids(topic_ids, known.topic_ids, known.positions)
