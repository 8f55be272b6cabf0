"""A range of Kafka's topics, copied record by record into an archive."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync_worker.events.record import Excerpt, Partition, Record
from sync_worker.streams.checks import Bounds
from sync_worker.streams.ranges import ShowProgress

if TYPE_CHECKING:
    from sync_worker.streams.kafka.range_reader import KafkaRangeReader


@dataclass(frozen=True, slots=True)
class Exported:
    """How many records were copied of each partition, and from where to where it was read."""

    counts: Mapping[Partition, int]
    bounds: Mapping[Partition, Bounds]
    excerpts: int
    """How many were too large to be copied whole."""

    @property
    def total(self) -> int:
        """How many records were copied."""
        return sum(self.counts.values())


def export(
    reader: "KafkaRangeReader",
    write: Callable[[Iterable[Record]], None],
    show_progress: ShowProgress,
) -> Exported:
    """Copy all records of a range, in the order read.

    Raises:
        StreamError, StreamUnavailable: it cannot be read on.
        OSError: they cannot be written.
    """
    counts: Counter[Partition] = Counter()
    excerpts = 0
    with show_progress(reader):
        for batch in reader.batches():
            write(batch.records)
            counts.update(Partition(record.topic, record.partition) for record in batch.records)
            excerpts += sum(isinstance(record.value, Excerpt) for record in batch.records)
    return Exported(counts, reader.bounds, excerpts)
