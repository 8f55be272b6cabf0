"""Where the registry stands in a stream, and whether a stream is the one that was read."""

from collections.abc import Mapping

from sync_worker.registry import positions
from sync_worker.registry.unit import Registry
from sync_worker.stream import fitting
from sync_worker.stream.source import Bookmarks


def bookmarks(registry: Registry, stream: str) -> Bookmarks:
    """Our positions in a stream, with what tells it from others."""
    with registry.snapshot() as connection:
        known = positions.listed(connection)
    here = [position for position in known if position.stream == stream]
    return Bookmarks(
        {position.partition: position.next_offset for position in here},
        {p.partition.topic: p.topic_id for p in here if p.topic_id is not None},
        frozenset(position.stream for position in known) - {stream},
    )


def refuse_another_log(registry: Registry, stream: str, topic_ids: Mapping[str, str]) -> None:
    """Raise where these are not the cluster and the topics that the registry was read from.

    Raises:
        StreamError: with the way to adopt them.
    """
    known = bookmarks(registry, stream)
    fitting.refuse_other_cluster(stream, known)
    fitting.refuse_recreated(topic_ids, known.topic_ids, known.positions)
