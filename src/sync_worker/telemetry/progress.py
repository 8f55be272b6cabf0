"""What the worker has done since it started, kept in memory for the probes and the log."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sync_worker.events.record import Partition
from sync_worker.inspection.status import counts_item
from sync_worker.pipeline.listener import TransactionCommitted
from sync_worker.registry.positions import Counts


class Span(NamedTuple):
    """What this worker's transactions have applied of a partition."""

    first: int
    """The registry's position before the first of them."""
    next: int
    """The registry's position after the last of them."""
    counts: Counts
    by_other_workers: int = 0
    """How many offsets in between others have applied, while the partition was theirs."""
    is_continuous: bool = True
    """Whether none began before the one before it ended."""

    @property
    def offsets_without_record(self) -> int:
        """Logs have gaps: markers of transactions, and what compaction removed."""
        return self.next - self.first - self.counts.read - self.by_other_workers

    def extended(self, first: int, next_offset: int, counts: Counts) -> "Span":
        """With one transaction more."""
        return Span(
            self.first,
            next_offset,
            self.counts + counts,
            self.by_other_workers + max(0, first - self.next),
            self.is_continuous and first >= self.next,
        )


@dataclass(slots=True)
class Progress:
    """Written by the loop; other threads read it, since each value is replaced as a whole."""

    counts: Counts = field(default_factory=Counts)
    """The outcomes of the records applied since the start."""
    committed_at: float | None = None
    """When the last transaction was committed, in seconds of the clock."""
    open_holds: int | None = None
    open_dead_letters: int | None = None
    spans: dict[Partition, Span] = field(default_factory=dict)
    """What was applied since `begin_spans`."""
    oldest_at: float | None = None
    """When the oldest record of the first transaction since then was written."""

    def outcomes(self) -> dict[str, int]:
        """The outcomes of the records since the start, by their names."""
        return counts_item(self.counts)

    def begin_spans(self) -> None:
        """Forget what was applied so far."""
        self.spans, self.oldest_at = {}, None

    def committed(self, transaction: TransactionCommitted) -> None:
        """Count a transaction."""
        self.counts += transaction.total
        self.committed_at = time.time()
        if self.oldest_at is None:
            known = (timestamp for timestamp in transaction.timestamps_ms if timestamp >= 0)
            self.oldest_at = min(known, default=self.committed_at * 1000) / 1000
        spans = self.spans
        for partition, next_offset in transaction.next_offsets.items():
            first = transaction.first_offsets.get(partition, next_offset)
            before = spans.get(partition, Span(first, first, Counts()))
            counts = transaction.counts.get(partition, Counts())
            spans[partition] = before.extended(first, next_offset, counts)

    def set_back(self, partitions: Iterable[Partition]) -> None:
        """The registry has lower positions in these: what follows continues from there."""
        for partition in partitions:
            self.spans.pop(partition, None)


def outcomes(spans: Mapping[Partition, Span]) -> dict[str, int]:
    """The outcomes of all records in some spans, by their names."""
    return counts_item(sum((span.counts for span in spans.values()), Counts()))
