"""What this worker has seen of the registry's positions, by which it notices that they went back.

A registry goes back in time where a standby is promoted that lacks the last transactions, or where
a backup is restored while the worker runs. In a registry that only goes forward, neither an offset
nor the number of records counted ever falls, whichever worker moves it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sync_worker.events.record import Partition
from sync_worker.pipeline.listener import SetBack, TransactionCommitted
from sync_worker.registry.positions import Position


class _Seen(NamedTuple):
    next_offset: int
    records: int


class SeenPositions:
    """The positions of a worker's streams as it last read or committed them."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[Partition, _Seen]] = {}

    def set_back(self, stream: str, stored: Iterable[Position]) -> list[SetBack]:
        """Which positions of a stream are below what was seen; one that is gone is at 0."""
        found = _of_stream(stream, stored)
        return [
            SetBack(
                partition,
                seen.next_offset,
                now.next_offset,
                max(0, seen.records - now.records),
            )
            for partition, seen in sorted(self._seen.get(stream, {}).items())
            if (now := found.get(partition, _Seen(0, 0))).next_offset < seen.next_offset
        ]

    def read(self, stream: str, stored: Iterable[Position]) -> None:
        """Remember these positions of a stream, and forget all others of it."""
        self._seen[stream] = _of_stream(stream, stored)

    def committed(self, stream: str, transaction: TransactionCommitted) -> None:
        """Remember how far a transaction has moved its positions."""
        seen = self._seen.setdefault(stream, {})
        for partition, next_offset in transaction.next_offsets.items():
            records = seen[partition].records if partition in seen else 0
            seen[partition] = _Seen(next_offset, records + transaction.counts[partition].read)


def _of_stream(stream: str, stored: Iterable[Position]) -> dict[Partition, _Seen]:
    return {
        position.partition: _Seen(position.next_offset, position.counts.read)
        for position in stored
        if position.stream == stream
    }
