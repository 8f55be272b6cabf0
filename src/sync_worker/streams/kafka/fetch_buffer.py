"""Records that were read and not handed out yet, and how far each partition was handed out.

Knows nothing of the client: told what came, where partitions stand, and which are ours.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sync_worker.domain.tuples import new
from sync_worker.events.record import Partition, Record
from sync_worker.streams.protocol import FetchedBatch, OffsetRange

_NO_TIMESTAMP = -1
_LOG_APPEND_TIME = 1
_SIZES = tuple(attrgetter(f"serialized_{part}_size") for part in ("key", "value", "header"))
"""Of the client's record, in bytes; -1 where it has none."""
_MOST_SHARED_BYTES = 1024
# Nearly all records have the same headers, which would be a fifth of their memory.
_shared = lru_cache(maxsize=64)(lambda headers: headers)


class FetchBuffer:
    """What the next batch is made of."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self.size = 0
        """Bytes of keys, values and headers at the most: some that were dropped may count."""
        self._next: dict[Partition, int] = {}
        self.reached: dict[Partition, int] = {}
        """As `next_offsets`, and of partitions too that are not ours any more."""

    def __len__(self) -> int:
        return len(self._records)

    @property
    def next_offsets(self) -> Mapping[Partition, int]:
        """Where the next batch begins, for each partition that is read."""
        return self._next

    def has_any_of(self, partition: Partition) -> bool:
        """Whether records of this partition wait to be handed out."""
        return any((r.topic, r.partition) == partition for r in self._records)

    def add(self, found: Sequence[Any]) -> None:
        """The client's records, byte for byte."""
        self._records.extend(map(record_of, found))
        self.size += size_of(found)

    def start_at(self, offsets: Mapping[Partition, int]) -> None:
        """These partitions are read from here on; what was gathered of them does not count."""
        self._records = [r for r in self._records if (r.topic, r.partition) not in offsets]
        self._step_to(offsets)

    def keep_only(self, partitions: Collection[Partition]) -> None:
        """Forget all others: somebody else reads them now, or they wait for a position."""
        if self._next.keys() <= set(partitions):
            return
        self._next = {p: offset for p, offset in self._next.items() if p in partitions}
        self._records = [r for r in self._records if (r.topic, r.partition) in partitions]

    def forget(self) -> None:
        """Drop what was gathered: it is not what it was taken for. All are to be placed anew."""
        self._clear()
        self._next = {}

    def handed_out(
        self, ends: Mapping[Partition, int], topic_ids: Mapping[str, str], has_more: bool
    ) -> FetchedBatch | None:
        """All of it as a batch, which moves each partition to its end; None where none moves.

        The ends are the client's: logs have gaps, so that the last record does not tell.
        """
        steps = ((p, at, ends.get(p, at)) for p, at in self._next.items())
        ranges = tuple(OffsetRange(p, at, end) for p, at, end in steps if end > at)
        moving = {span.partition for span in ranges}
        if not ranges or not moving >= {(r.topic, r.partition) for r in self._records}:
            return None
        ids = {topic: topic_ids[topic] for topic in {p.topic for p in moving}}
        batch = FetchedBatch(tuple(self._records), ranges, ids, has_more)
        self._clear()
        self._step_to({span.partition: span.to_offset for span in ranges})
        return batch

    def _clear(self) -> None:
        self._records.clear()
        self.size = 0

    def _step_to(self, offsets: Mapping[Partition, int]) -> None:
        self._next |= offsets
        self.reached |= offsets


def size_of(found: Sequence[Any]) -> int:
    """Bytes of the client's records: their keys, values and headers."""
    return sum(sum(map(size, found)) for size in _SIZES)


def record_of(found: Any) -> Record:
    """The client's record as ours, byte for byte."""
    topic, partition, _, offset, timestamp_ms, timestamp_type, *content = found
    key, value, headers, *_, header_bytes = content
    if timestamp_ms == _NO_TIMESTAMP:
        timestamp_ms = None
    shared = tuple(headers)
    if 0 < header_bytes <= _MOST_SHARED_BYTES:
        shared = _shared(shared)
    is_log_append = timestamp_type == _LOG_APPEND_TIME
    held = topic, partition, offset, timestamp_ms, key, value, shared, is_log_append
    record: Record = new(Record, held)
    return record
