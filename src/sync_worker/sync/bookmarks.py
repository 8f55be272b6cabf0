"""Where the registry stands in a stream, and whether a stream is the one that was read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sync_worker.registry import positions
from sync_worker.registry.positions import Position
from sync_worker.registry.unit import Registry
from sync_worker.stream import fitting
from sync_worker.stream.source import Bookmarks


def bookmarks(registry: Registry, stream: str) -> Bookmarks:
    """Our positions in a stream, with what tells it from others."""
    with registry.snapshot() as connection:
        return among(positions.listed(connection), stream)


def among(known: Iterable[Position], stream: str) -> Bookmarks:
    """The bookmarks of one stream among the positions in all of them."""
    offsets, ids, streams = {}, defaultdict(set), set()
    for position in known:
        streams.add(position.stream)
        if position.stream == stream:
            offsets[position.partition] = position.next_offset
            if position.topic_id is not None:
                ids[position.partition.topic].add(position.topic_id)
    topic_ids = {topic: frozenset(found) for topic, found in ids.items()}
    return Bookmarks(offsets, topic_ids, frozenset(streams - {stream}))


def refuse_another_log(registry: Registry, stream: str, topic_ids: Mapping[str, str]) -> None:
    """Raise where these are not the cluster and the topics that the registry was read from.

    Raises:
        StreamError: with the way to adopt them.
    """
    known = bookmarks(registry, stream)
    fitting.refuse_other_cluster(stream, known)
    fitting.refuse_recreated(topic_ids, known.topic_ids, known.positions)
