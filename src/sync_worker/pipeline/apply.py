"""What one transaction takes: judged records, and how far they take each partition."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sync_worker.domain.mass_change_guard import USUAL_LIMITS, Guard, Limits
from sync_worker.errors import Exit, UserError
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.outcomes import Reason, Rejection
from sync_worker.events.record import Origin, Partition, Record
from sync_worker.pipeline import merge
from sync_worker.pipeline.decoded_records import DecodedRecords
from sync_worker.pipeline.listener import MassChangeHeld, TransactionCommitted, UnknownType
from sync_worker.pipeline.merge import Merged, Merger
from sync_worker.registry import (
    change_log,
    clinics,
    dead_letters,
    guard_state,
    holds,
    positions,
    registrations,
    schema,
    unknown_types,
)
from sync_worker.registry.clinics import KnownClinic
from sync_worker.registry.database import Registry
from sync_worker.registry.dead_letters import Address, Offsets
from sync_worker.registry.errors import Fault, fault_of, first_line, is_beyond_encoding
from sync_worker.registry.positions import Counts, PositionUpdate
from sync_worker.remedies import Remedy
from sync_worker.streams.protocol import FetchedBatch, OffsetRange


@dataclass(slots=True)
class PendingTransaction:
    """One batch, or several that follow on each other."""

    judged: DecodedRecords
    ranges: dict[Partition, OffsetRange]
    """One of each partition that is moved."""
    topic_ids: dict[str, str]

    @classmethod
    def of(cls, batch: FetchedBatch, judged: DecodedRecords) -> "PendingTransaction":
        """A batch, whose records were judged."""
        ranges = {span.partition: span for span in batch.ranges}
        return cls(judged, ranges, dict(batch.topic_ids))

    def __len__(self) -> int:
        return len(self.judged)

    def is_followed_by(self, batch: FetchedBatch) -> bool:
        """Whether the batch goes on where this ends, in each partition that is in both."""
        return all(
            span.from_offset == self.ranges[span.partition].to_offset
            for span in batch.ranges
            if span.partition in self.ranges
        )

    def add(self, later: "PendingTransaction") -> None:
        """Go on with what follows on this."""
        self.judged.add(later.judged)
        self.topic_ids |= later.topic_ids
        for at, span in later.ranges.items():
            begin = self.ranges.get(at, span).from_offset
            self.ranges[at] = OffsetRange(at, begin, span.to_offset)

    def halves(self) -> "tuple[PendingTransaction, PendingTransaction]":
        """Two that are this one, one after the other; it must have two records or more."""
        first, second = self.judged.halves()
        ends = first.ends()
        before = {at: OffsetRange(at, self.ranges[at].from_offset, end) for at, end in ends.items()}
        after = {
            at: OffsetRange(at, ends.get(at, span.from_offset), span.to_offset)
            for at, span in self.ranges.items()
        }
        steps = {at: span for at, span in after.items() if span.to_offset > span.from_offset}
        return PendingTransaction(first, before, self.topic_ids), PendingTransaction(
            second, steps, self.topic_ids
        )

    def advances(self, merged: Merged) -> list[PositionUpdate]:
        """The way through each partition, and what became of the records on it."""
        counts = merged.counts(self.judged)
        unknown, is_known = self.judged.unknown_at_the_ends()
        return [
            PositionUpdate(
                span.partition,
                span.from_offset,
                span.to_offset,
                counts.get(span.partition, Counts()),
                merged.newest_event_at.get(span.partition),
                self.topic_ids.get(span.partition.topic),
                unknown[span.partition],
                span.partition not in is_known,
            )
            for span in self.ranges.values()
        ]


# Records judged, merged and written within one transaction: of the worker, a replay, a redrive.
# Whoever uses it holds the locks that come first (positions), and commits.


_MOST_REFUSED = 10
"""More records of one batch that the database refuses are no accident of data, but our bug."""


class DatabaseRefusesRecords(UserError):
    """The database refuses the data of so many records that the fault must be this program's."""

    def __init__(self, refusal: DBAPIError) -> None:
        super().__init__(
            Exit.UNEXPECTED,
            f"The database refuses the data of more than {_MOST_REFUSED} records of one batch: "
            f"{first_line(refusal)}.",
            why="Nothing of the batch was kept. This is a fault of the program.",
            hint=Remedy.DEBUG(),
        )


class Writer:
    """Merges and writes records within one transaction.

    `ranges` are the stretches of offsets that the records were read in. It is None where they are
    dead letters, of any logs of the stream: then whoever has those keeps account of them.
    """

    def __init__(
        self,
        connection: Connection,
        limits: Limits,
        origin: Origin,
        ranges: Iterable[OffsetRange] | None,
        now: datetime,
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._origin = origin
        self._offsets = (
            None
            if ranges is None
            else {m.partition: range(m.from_offset, m.to_offset) for m in ranges}
        )
        self._now = now
        self._refused = 0

    def write(self, judged: DecodedRecords) -> Merged:
        """Write all of it, except that a record whose data the database refuses is set aside.

        It is found by halving: either half is written in a savepoint of its own, in the order read.

        Raises:
            BytesLetGo: one is to be set aside that was not kept whole.
            DatabaseRefusesRecords: see there.
        """
        try:
            with self._connection.begin_nested():
                return self._write(judged)
        except DBAPIError as error:
            if fault_of(error) is not Fault.DATA:
                raise
            refusal = error
        if len(judged) == 1:
            return self._set_aside(judged.record(0), refusal)
        self._lock_in_order(judged)
        first, second = judged.halves()
        return self.write(first).followed_by(self.write(second))

    def _set_aside(self, record: Record, refusal: DBAPIError) -> Merged:
        # How many records have a character that the encoding lacks is no matter of this program.
        self._refused += not is_beyond_encoding(refusal)
        if self._refused > _MOST_REFUSED:
            raise DatabaseRefusesRecords(refusal) from refusal
        rejection = Rejection(Reason.DATABASE_REJECTED, first_line(refusal))
        judged = DecodedRecords.of(record, rejection)
        merged = Merger(self._origin.stream, {}, {}, self._now).merge(judged)
        self._keep(merged, judged)
        return merged

    def _write(self, judged: DecodedRecords) -> Merged:
        merged, guard = self._merge(judged)
        self._keep(merged, judged)
        if guard is not None:
            self._keep_guard(merged, guard)
        return merged

    def _merge(self, judged: DecodedRecords) -> tuple[Merged, Guard | None]:
        hsa_ids = judged.hsa_ids()
        known = self._known(clinics.lock_or_create(self._connection, hsa_ids), hsa_ids)
        if self._limits.are_lifted and not holds.is_any_fact_held(self._connection):
            merger = Merger(self._origin.stream, known.clinics, known.boards, self._now)
            return merger.merge(judged), None
        return merge.merge(self._origin.stream, known, self._now, judged, self._locked_guard)

    def _known(self, locked: Mapping[str, KnownClinic], hsa_ids: Collection[str]) -> merge.Known:
        """What bears on clinics that are locked: nobody else changes what is held of them."""
        held = holds.of_clinics(self._connection, hsa_ids)
        return merge.Known(locked, held, registrations.boards(self._connection))

    def _lock_in_order(self, judged: DecodedRecords) -> None:
        """Take the locks that the parts of it could need, before the first is written."""
        hsa_ids = judged.hsa_ids()
        known = self._known(clinics.lock_existing(self._connection, hsa_ids), hsa_ids)
        concerned = {
            hsa_id
            for hsa_id, clinic in known.clinics.items()
            if clinic.is_registered or hsa_id in known.held
        }
        self._locked_guard(merge.regions_at_stake(concerned, judged, known))

    def _locked_guard(self, region_codes: Collection[str]) -> Guard:
        since = self._now - self._limits.window
        regions = guard_state.locked(self._connection, region_codes, since)
        return Guard(self._limits, regions, self._now)

    def _keep(self, merged: Merged, judged: DecodedRecords) -> None:
        clinics.write(self._connection, merged.changed.items(), self._now)
        change_log.append(self._connection, merged.entries)
        if self._offsets is not None:
            dead_letters.add(self._connection, self._origin, merged.rejected, self._now)
            self._close_understood(merged, judged, self._offsets)

    def _close_understood(self, merged: Merged, judged: DecodedRecords, offsets: Offsets) -> None:
        """Close dead letters of records that were read again and are understood by now."""
        letters = dead_letters.open_among(self._connection, self._origin, offsets)
        if not letters:
            return
        rejected = {bad.record.address for bad in merged.rejected}
        numbers = {
            address: at for at, address in enumerate(judged.addresses()) if address not in rejected
        }
        closed = [
            letter
            for letter, address, digest in letters
            if address in numbers and judged.record(numbers[address]).digest == digest
        ]
        dead_letters.close(self._connection, closed, dead_letters.REDRIVEN, self._now)

    def _keep_guard(self, merged: Merged, guard: Guard) -> None:
        still_open = guard_state.write(self._connection, guard, merged.held)
        guard_state.prune(self._connection, guard.regions, self._now - self._limits.window)
        merged.warnings += [MassChangeHeld(*hold) for hold in still_open if hold.newly_held]


# The one write path: judged records become rows, log, dead letters, counts and positions. All of
# a portion is one transaction. A kill at any moment leaves either all of it or nothing, and the
# positions say which.


class Applier:
    """Judges batches, and applies them to the registry."""

    def __init__(
        self,
        registry: Registry,
        codec: EventDecoder,
        clock: Callable[[], datetime],
        limits: Limits = USUAL_LIMITS,
    ) -> None:
        self._registry = registry
        self._codec = codec
        self._limits = limits
        self._clock = clock
        self._needed: Collection[Address] = ()

    def need_whole(self, addresses: Collection[Address]) -> None:
        """Keep the bytes of records at these addresses from now on: dead letters are there."""
        self._needed = addresses

    def judged(self, batch: FetchedBatch, *, whole: bool = True) -> PendingTransaction:
        """A batch with what the codec says of it; its events' bytes are kept only if `whole`."""
        now = self._clock()
        judged = DecodedRecords.by(
            self._codec, batch.records, now, whole=whole, needed=self._needed
        )
        return PendingTransaction.of(batch, judged)

    def apply(self, stream: str, portion: PendingTransaction) -> TransactionCommitted:
        """Apply a portion in one transaction; nothing is kept unless this returns.

        Raises:
            WrongRevision: the schema was changed beneath the worker.
            PositionsMoved: another worker has read on from the portion's beginning.
            BytesLetGo: the database refuses an event that was not kept whole.
            DatabaseRefusesRecords: see there.
            DBAPIError: the database failed; `fault_of` says whose fault it is.
        """
        with self._registry.transaction() as transaction:
            schema.require_unchanged(transaction.connection)
            ranges = portion.ranges.values()
            expected = {span.partition: span.from_offset for span in ranges}
            claimed = positions.claim(transaction.connection, stream, expected)
            now = self._clock()
            origin = Origin(stream, portion.topic_ids)
            writer = Writer(transaction.connection, self._limits, origin, ranges, now)
            merged = writer.write(portion.judged)
            advances = portion.advances(merged)
            positions.advance(transaction.connection, claimed, advances, now)
            unknown_types.add(transaction.connection, stream, merged.unknown_types, now)
            transaction.commit()
        counts = {advance.partition: advance.counts for advance in advances}
        reached = {advance.partition: advance.to_offset for advance in advances}
        warnings = [*merged.warnings, *_unknown_types(merged)]
        return TransactionCommitted(counts, reached, len(merged.changed), warnings)


def _unknown_types(merged: Merged) -> Iterator[UnknownType]:
    by_topic: Counter[tuple[str, str]] = Counter()
    for (partition, name), count in merged.unknown_types.items():
        by_topic[partition.topic, name] += count
    for (topic, name), count in by_topic.items():
        yield UnknownType(topic, name, count)
