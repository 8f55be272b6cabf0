"""The log as Kafka has it now, and what `run` would refuse of it.

A worker that runs moves on meanwhile: positions are read before the log's ends, or one of them
could lie beyond an end that has grown since.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sync_worker.events.record import Partition
from sync_worker.registry.positions import Position
from sync_worker.stream import fitting
from sync_worker.stream.admin import KafkaAdmin
from sync_worker.stream.fitting import Bounds
from sync_worker.stream.source import Bookmarks, StreamError
from sync_worker.sync.bookmarks import among


@dataclass(frozen=True)
class Log:
    """A stream as it is now: where each of its partitions begins and ends."""

    stream: str
    topics: Collection[str]
    """Those that are to be read, whether they are there or not."""
    topic_ids: Mapping[str, str]
    """Those that are there."""
    bounds: Mapping[Partition, Bounds]
    bookmarks: Bookmarks
    """Where the registry stood in it just before."""

    def lag(self, partition: Partition, position: int) -> int | None:
        """How many offsets there are to go; None where the position is not one in this log."""
        bounds = self.bounds.get(partition)
        if bounds is None or partition.topic in self._recreated or position > bounds.end:
            return None
        # Position 0 stands for the beginning of the log, wherever that is by now.
        return bounds.end - max(position, bounds.begin)

    def refusals(self) -> list[StreamError]:
        """All that `run` would refuse."""
        return [
            *_refusal(fitting.refuse_other_cluster, self.stream, self.bookmarks),
            *_refusal(fitting.refuse_missing, self.topics, self.topic_ids, self.stream),
            *self._recreated.values(),
            *self._out_of_bounds(),
        ]

    @cached_property
    def _recreated(self) -> Mapping[str, StreamError]:
        """The topics that are not those that were read, with what to say of each."""
        known = self.bookmarks
        return {
            topic: refusal
            for topic, topic_id in sorted(self.topic_ids.items())
            for refusal in _refusal(
                fitting.refuse_recreated, {topic: topic_id}, known.topic_ids, known.positions
            )
        }

    def _out_of_bounds(self) -> Iterator[StreamError]:
        """What does not fit the positions; they say nothing of a topic created anew."""
        for at, position in sorted(self.bookmarks.positions.items()):
            if at in self.bounds and at.topic not in self._recreated:
                yield from _refusal(fitting.refuse_out_of_bounds, at, position, self.bounds[at])


def log(admin: KafkaAdmin, known: Iterable[Position], topics: Sequence[str]) -> Log:
    """Ask the cluster for the log, to be held against known positions.

    Raises:
        StreamAway: it does not answer.
        StreamError: it refuses to.
    """
    stream = f"kafka:{admin.cluster_id()}"
    found = admin.topics(topics)
    partitions = [partition for topic in found.values() for partition in topic.partitions]
    ids = {name: topic.topic_id for name, topic in found.items()}
    return Log(stream, topics, ids, admin.bounds(partitions), among(known, stream))


def _refusal(check: Callable[..., None], *arguments: object) -> Iterator[StreamError]:
    """What a check raises, if it does."""
    try:
        check(*arguments)
    except StreamError as refusal:
        yield refusal
