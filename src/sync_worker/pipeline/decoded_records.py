"""Decoded records, and the pending transaction that gathers them until they are applied."""

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync_worker.events.decode_result import DecodeResult, Event, Ignored, Rejection
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import Address, Partition, Record
from sync_worker.streams.protocol import FetchedBatch, OffsetRange

NO_TIMESTAMP = -1
_MIN_INT64, _MAX_INT64 = -(2**63), 2**63 - 1
_OVERHEAD_BYTES = 400
"""Memory that a record takes in addition to its bytes."""


class PayloadReleased(Exception):
    """The bytes of a record are needed after all, so it has to be read again.

    Either it becomes a dead letter, or it has to be compared with a dead letter at its address.
    """


@dataclass(slots=True)
class DecodedRecords:
    """Records in the order read, each with what it decodes to.

    The payload of a record that is to be dead-lettered is retained. Of the others only the address
    and the result are kept, which takes a third of the memory, unless the caller retains more.
    """

    partitions: list[Partition]
    """Of each record."""
    offsets: "array[int]"
    """Of each record."""
    results: list[DecodeResult]
    """Of each record."""
    retained: dict[int, Record]
    """The records whose payload is retained, by index."""
    timestamps_ms: "array[int]"
    """Of each record; -1 where it has none, as in Kafka."""

    @classmethod
    def decode(
        cls,
        decoder: EventDecoder,
        records: Sequence[Record],
        now: datetime,
        *,
        retain_all: bool = True,
        retain_at: Collection[Address] = (),
    ) -> "DecodedRecords":
        """Decode records; `now` is the clock, in UTC.

        Payloads are retained of all records with `retain_all`, else of rejected records and of
        those at an address in `retain_at`.
        """
        results = decoder.decode_all(records, now)
        retained = {
            index: record
            for index, record in enumerate(records)
            if retain_all
            or isinstance(results[index], Rejection)
            or (retain_at and record[:3] in retain_at)
        }
        offsets = array("q", [record.offset for record in records])
        return cls(_partitions(records), offsets, results, retained, _timestamps(records))

    @classmethod
    def single(cls, record: Record, result: DecodeResult) -> "DecodedRecords":
        """One record, with a result that is known already."""
        records = [record]
        offsets = array("q", [record.offset])
        return cls(_partitions(records), offsets, [result], {0: record}, _timestamps(records))

    def __len__(self) -> int:
        return len(self.results)

    def hsa_ids(self) -> set[str]:
        """The clinics that the events name."""
        return {result.hsa_id for result in self.results if isinstance(result, Event)}

    def record(self, index: int) -> Record:
        """A record, byte for byte.

        Raises:
            PayloadReleased: its payload was not retained.
        """
        try:
            return self.retained[index]
        except KeyError:
            raise PayloadReleased from None

    def retained_bytes(self) -> int:
        """Roughly how much memory the retained records take."""
        return sum(record.size + _OVERHEAD_BYTES for record in self.retained.values())

    def addresses(self) -> Iterator[Address]:
        """Topic, partition and offset of each record."""
        pairs = zip(self.partitions, self.offsets, strict=True)
        return ((*partition, offset) for partition, offset in pairs)

    def end_offsets(self) -> dict[Partition, int]:
        """The offset after the last record of each partition."""
        pairs = zip(self.partitions, self.offsets, strict=True)
        return {partition: offset + 1 for partition, offset in pairs}

    def unknown_type_runs(self) -> tuple[Counter[Partition], set[Partition]]:
        """How many of each partition's last records in a row are of unknown types.

        The partitions that also have records of other kinds are returned in addition: there the run
        of unknown types began within these records. An ignored tombstone does not count.
        """
        runs: Counter[Partition] = Counter()
        ended: set[Partition] = set()
        partitions = set(self.partitions)
        pairs = zip(reversed(self.partitions), reversed(self.results), strict=True)
        for partition, result in pairs:
            if partition in ended:
                continue
            if not isinstance(result, Ignored):
                ended.add(partition)
                if ended == partitions:
                    break
            elif result.unknown_type is not None:
                runs[partition] += 1
        return runs, ended

    def extend(self, later: "DecodedRecords") -> None:
        """Append records that were read after these."""
        count = len(self)
        self.partitions += later.partitions
        self.offsets += later.offsets
        self.results += later.results
        self.timestamps_ms += later.timestamps_ms
        self.retained |= {count + index: record for index, record in later.retained.items()}

    def __getitem__(self, part: slice) -> "DecodedRecords":
        """The records of a part, in the same order."""
        start, stop, _ = part.indices(len(self))
        return DecodedRecords(
            self.partitions[start:stop],
            self.offsets[start:stop],
            self.results[start:stop],
            {
                index - start: self.retained[index]
                for index in range(start, stop)
                if index in self.retained
            },
            self.timestamps_ms[start:stop],
        )


def _partitions(records: Iterable[Record]) -> list[Partition]:
    """The partition of each record; equal partitions are one object, to save memory."""
    shared: dict[tuple[str, int], Partition] = {}
    return [
        shared.get(record[:2]) or shared.setdefault(record[:2], Partition(*record[:2]))
        for record in records
    ]


def _timestamps(records: Iterable[Record]) -> "array[int]":
    times = [NO_TIMESTAMP if r.timestamp_ms is None else r.timestamp_ms for r in records]
    try:
        return array("q", times)
    except OverflowError:  # of a batch whose producer added more to its first than there are bits
        return array("q", [min(max(time, _MIN_INT64), _MAX_INT64) for time in times])


@dataclass(slots=True)
class PendingTransaction:
    """What one transaction will apply: a fetched batch, or several that follow on one another."""

    decoded: DecodedRecords
    ranges: dict[Partition, OffsetRange]
    """How far the transaction takes each of its partitions."""
    topic_ids: dict[str, str]
    hsa_ids: set[str]
    """The clinics that its events name."""
    decode_seconds: float = 0.0
    """How long it took to decode the records."""

    @classmethod
    def of(
        cls, batch: FetchedBatch, decoded: DecodedRecords, decode_seconds: float = 0.0
    ) -> "PendingTransaction":
        """One fetched batch, with its records decoded."""
        ranges = {span.partition: span for span in batch.ranges}
        return cls(decoded, ranges, dict(batch.topic_ids), decoded.hsa_ids(), decode_seconds)

    def __len__(self) -> int:
        return len(self.decoded)

    def is_continued_by(self, batch: FetchedBatch) -> bool:
        """Whether the batch begins where this ends, in each partition that both have."""
        return all(
            span.from_offset == self.ranges[span.partition].to_offset
            for span in batch.ranges
            if span.partition in self.ranges
        )

    def extend(self, later: "PendingTransaction") -> None:
        """Append what continues this."""
        self.decoded.extend(later.decoded)
        self.topic_ids |= later.topic_ids
        self.hsa_ids |= later.hsa_ids
        self.decode_seconds += later.decode_seconds
        for partition, span in later.ranges.items():
            begin = self.ranges.get(partition, span).from_offset
            self.ranges[partition] = OffsetRange(partition, begin, span.to_offset)

    def halves(self) -> "tuple[PendingTransaction, PendingTransaction]":
        """Two transactions that do the same one after the other; needs at least two records."""
        half = len(self) // 2
        first, second = self.decoded[:half], self.decoded[half:]
        middle = first.end_offsets()
        before = {
            partition: OffsetRange(partition, self.ranges[partition].from_offset, offset)
            for partition, offset in middle.items()
        }
        after = {
            partition: OffsetRange(partition, begin, span.to_offset)
            for partition, span in self.ranges.items()
            if (begin := middle.get(partition, span.from_offset)) < span.to_offset
        }
        seconds = self.decode_seconds / 2
        return (
            PendingTransaction(first, before, self.topic_ids, first.hsa_ids(), seconds),
            PendingTransaction(second, after, self.topic_ids, second.hsa_ids(), seconds),
        )
