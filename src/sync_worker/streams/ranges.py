"""A range of a stream: which topics and partitions, from where, to where. Pure.

A bound stands for an offset in every partition of the range: its beginning, its end, an offset, or
the first record at or after a time, as Kafka looks it up. Kafka and archives are read by the same
rule (`kafka/range_reader.py`, `archive/reader.py`).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sync_worker.events.record import Partition, Record
from sync_worker.streams.protocol import FetchedBatch, StoredPositions

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Earliest:
    """The beginning of a log, wherever that is."""


@dataclass(frozen=True, slots=True)
class Now:
    """The end of a log when the range was opened."""


@dataclass(frozen=True, slots=True)
class AtOffset:
    """An offset: it has a meaning in one partition only."""

    offset: int


@dataclass(frozen=True, slots=True)
class AtTime:
    """The first record, by offset, whose timestamp is this instant or later; else the end."""

    moment: datetime

    @property
    def timestamp_ms(self) -> int:
        """The lowest timestamp that is not before it; Kafka looks up none below 0."""
        return max(0, -((_EPOCH - self.moment) // _MILLISECOND))


Start = Earliest | AtOffset | AtTime
End = Now | AtOffset | AtTime


@dataclass(frozen=True, slots=True)
class Range:
    """What is to be read: `start` is included, `end` is not.

    Without topics, all of the archive, or all that the worker reads from Kafka; without partitions,
    all of them.
    """

    topics: tuple[str, ...] = ()
    partitions: frozenset[int] = frozenset()
    start: Start = Earliest()
    end: End = Now()

    @property
    def names_one_partition(self) -> bool:
        """Whether an offset can be its bound."""
        return len(set(self.topics)) == 1 and len(self.partitions) == 1

    def has(self, partition: Partition) -> bool:
        """Whether the partition is among the selected ones."""
        return (not self.topics or partition.topic in self.topics) and (
            not self.partitions or partition.partition in self.partitions
        )


class Measured(Protocol):
    """Says how far a reading is; can be asked from any thread."""

    @property
    def records_read(self) -> int:
        """How many records were returned so far."""

    def fraction_read(self) -> float:
        """How much of it was read, from 0 to 1."""


ShowProgress = Callable[[Measured], AbstractContextManager[None]]
"""What shows how far a reading is while the body of the context runs."""


class RangeReader(Measured, Protocol):
    """Reads a range of a stream once. It joins no group and stores no positions."""

    @property
    def stream_id(self) -> str:
        """Which log this is, as `EventSource` has it."""

    @property
    def topic_ids(self) -> Mapping[str, str]:
        """The ids of the topics that are read, as `FetchedBatch` has them."""

    @property
    def total_offsets(self) -> int | None:
        """How many offsets the range spans, gaps included; None where only its end will tell."""

    @property
    def begin_offsets(self) -> Mapping[Partition, int]:
        """Where each partition of the range begins, of those that were met so far."""

    def check_positions(self, stored: StoredPositions) -> None:
        """Check that a whole stream is the one that the positions are of, as the worker does.

        To be called before `batches`.

        Raises:
            StreamError: it is not; where only the end can tell, `batches` raises it.
        """

    def batches(self) -> Iterator[FetchedBatch]:
        """The records in the order of each partition, with the offsets that each batch covers.

        Raises:
            StreamError: nothing more can be read; every batch before was returned.
            StreamUnavailable: the stream does not answer any more.
        """

    def close(self) -> None:
        """Close files and connections."""


class RangeFilter:
    """Filters records one by one, in the order of their log, by a range.

    For a log that cannot be asked for the offset of a time: the first record that reaches a bound
    decides, whatever the timestamps of later ones.
    """

    def __init__(self, selection: Range) -> None:
        self._selection = selection
        self._begun: set[Partition] = set()
        self._ended: set[Partition] = set()

    def is_over(self) -> bool:
        """Whether no later record can be in the range."""
        return bool(self._ended) and self._selection.names_one_partition

    def has(self, record: Record) -> bool:
        """Whether the record is in the range; to be asked for each one, in order."""
        partition = Partition(record.topic, record.partition)
        if partition in self._ended or not self._selection.has(partition):
            return False
        if _reaches(record, self._selection.end):
            self._ended.add(partition)
            return False
        if partition not in self._begun and _reaches(record, self._selection.start):
            self._begun.add(partition)
        return partition in self._begun


def _reaches(record: Record, bound: Start | End) -> bool:
    match bound:
        case Earliest():
            return True
        case Now():
            return False
        case AtOffset(offset):
            return record.offset >= offset
        case AtTime():
            return record.timestamp_ms is not None and record.timestamp_ms >= bound.timestamp_ms
