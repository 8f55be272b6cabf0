"""Buffers fetched records until they are returned as a batch, with each partition's offsets.

Knows nothing of the client: it is told what arrived, and where the assigned partitions stand.
"""

from collections.abc import Collection, Iterable, Mapping

from sync_worker.events.record import Partition, Record
from sync_worker.streams.protocol import FetchedBatch, OffsetRange


class FetchBuffer:
    """The records of the next batch, and where it begins in each partition."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self.size = 0
        """Bytes of the records, unpacked, at the most: some that were dropped may count."""
        self._next: dict[Partition, int] = {}
        self.reached: dict[Partition, int] = {}
        """As `next_offsets`, with partitions that are no longer assigned."""

    def __len__(self) -> int:
        return len(self._records)

    @property
    def next_offsets(self) -> Mapping[Partition, int]:
        """Where the next batch begins in each partition that is read."""
        return self._next

    def has_any_of(self, partition: Partition) -> bool:
        """Whether records of this partition are buffered."""
        return any((r.topic, r.partition) == partition for r in self._records)

    def add(self, records: Iterable[Record], size: int) -> None:
        """Add what a poll returned, and its size in bytes."""
        self._records.extend(records)
        self.size += size

    def start_at(self, offsets: Mapping[Partition, int]) -> None:
        """Read these partitions from here; records of them that are buffered are dropped."""
        self._records = [r for r in self._records if (r.topic, r.partition) not in offsets]
        self._advance(offsets)

    def keep_only(self, partitions: Collection[Partition]) -> None:
        """Drop all others: another worker reads them now, or they wait for a position."""
        if self._next.keys() <= set(partitions):
            return
        self._next = {p: offset for p, offset in self._next.items() if p in partitions}
        self._records = [r for r in self._records if (r.topic, r.partition) in partitions]

    def reset(self) -> None:
        """Drop everything, since it is of another log. All partitions need a position again."""
        self._clear()
        self._next = {}

    def take_batch(
        self, ends: Mapping[Partition, int], topic_ids: Mapping[str, str], has_more: bool
    ) -> FetchedBatch | None:
        """All records as a batch, with each partition read to its end; None where none advances.

        The ends are the client's positions: logs have gaps, so that the last record does not tell.
        """
        ranges = tuple(
            OffsetRange(partition, begin, ends[partition])
            for partition, begin in self._next.items()
            if ends.get(partition, begin) > begin
        )
        advancing = {span.partition for span in ranges}
        if not ranges or not advancing >= {(r.topic, r.partition) for r in self._records}:
            return None
        ids = {partition.topic: topic_ids[partition.topic] for partition in advancing}
        batch = FetchedBatch(tuple(self._records), ranges, ids, has_more)
        self._clear()
        self._advance({span.partition: span.to_offset for span in ranges})
        return batch

    def _clear(self) -> None:
        self._records.clear()
        self.size = 0

    def _advance(self, offsets: Mapping[Partition, int]) -> None:
        self._next |= offsets
        self.reached |= offsets
