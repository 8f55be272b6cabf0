"""Records that were read and not handed out yet, and how far each partition was handed out.

Knows nothing of the client: told what came, where partitions stand, and which are ours.
"""

from collections.abc import Collection, Iterable, Mapping

from sync_worker.events.record import Partition, Record
from sync_worker.streams.protocol import FetchedBatch, OffsetRange


class FetchBuffer:
    """What the next batch is made of."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self.size = 0
        """Bytes of the records, unpacked, at the most: some that were dropped may count."""
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

    def add(self, found: Iterable[Record], size: int) -> None:
        """Add what a poll returned, and its size in bytes."""
        self._records.extend(found)
        self.size += size

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

    def reset(self) -> None:
        """Drop what was gathered: it is not what it was taken for. All are to be placed anew."""
        self._clear()
        self._next = {}

    def take_batch(
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
