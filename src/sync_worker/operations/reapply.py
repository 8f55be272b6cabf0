"""Re-apply records beside the running worker, without moving a position or keeping it waiting.

Nearly everything that is read again is known already. That is seen in a snapshot, without locks.
Only records that could change something take the one write path, in small transactions.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sync_worker.domain.clinic_state import NOTHING_HELD, Clinic
from sync_worker.domain.facts import PLACES, Change, Fact, Facts, changes
from sync_worker.domain.mass_change_guard import Limits
from sync_worker.events.decode_result import DecodeResult, Event, Ignored, Rejection
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.outcome import Outcome
from sync_worker.events.record import Address, Origin, Partition, Record
from sync_worker.pipeline import gc_control
from sync_worker.pipeline.decoded_records import DecodedRecords
from sync_worker.pipeline.dry_run import DryRun
from sync_worker.pipeline.listener import AheadOfClock, MovedWithoutBoard
from sync_worker.pipeline.merge import MergeResult, ahead_of_clock
from sync_worker.pipeline.retry import Retrier
from sync_worker.pipeline.transaction_writer import TransactionWriter
from sync_worker.registry import change_log, clinics, dead_letters, holds, schema
from sync_worker.registry.change_log import LogEntry
from sync_worker.registry.database import Registry
from sync_worker.registry.errors import Fault, fault_of
from sync_worker.sequences import batched, bisected
from sync_worker.streams.protocol import OffsetRange

MAX_TRANSACTION_RECORDS = 2000
"""Few enough that a worker which needs the same clinics does not wait long for their locks."""

Value = bool | str | None


class ReapplyContext(NamedTuple):
    """What a re-application works with; a dry run needs the same."""

    registry: Registry
    decoder: EventDecoder
    limits: Limits
    clock: Callable[[], datetime]
    retry: Retrier


class StopRequest(Protocol):
    """Whether a long operation is to end early. It ends between two transactions, never in one."""

    @property
    def is_wanted(self) -> bool:
        """Whether it is to end; asked between transactions."""

    def shielded(self) -> AbstractContextManager[None]:
        """Keep the body, a transaction, from being interrupted."""


class Reapplier(Protocol):
    """Applies records again, or computes what that would do."""

    def apply(self, origin: Origin, records: Sequence[Record]) -> Iterator[MergeResult]:
        """Apply records in the order read; each result is yielded once it is committed."""


class CommittingReapplier:
    """Applies records again, and commits each transaction separately.

    `entry` is added to the change log once, with the first change.
    """

    def __init__(self, context: ReapplyContext, entry: LogEntry | None = None) -> None:
        self._context = context
        self._entry = entry

    def apply(self, origin: Origin, records: Sequence[Record]) -> Iterator[MergeResult]:
        decoded = DecodedRecords.decode(self._context.decoder, records, self._context.clock())
        news = self._context.retry(lambda: self._find_news(origin, records, decoded))
        known = [
            (index, result) for index, result in enumerate(decoded.results) if index not in news
        ]
        outcomes = [_outcome_if_known(result) for _, result in known]
        yield MergeResult(
            outcomes,
            warnings=[
                ahead_of_clock(decoded, index, result)
                for index, result in known
                if isinstance(result, Event) and result.seconds_ahead
            ],
            already_dead_lettered=outcomes.count(Outcome.DEAD_LETTERED),
        )
        to_write = [record for index, record in enumerate(records) if index in news]
        for batch in batched(to_write, MAX_TRANSACTION_RECORDS):
            yield from bisected(
                batch, lambda part: self._context.retry(lambda: self._attempt(origin, part))
            )

    def _find_news(
        self, origin: Origin, records: Sequence[Record], decoded: DecodedRecords
    ) -> set[int]:
        """The indexes of the records that could change something."""
        hsa_ids = decoded.hsa_ids()
        with self._context.registry.snapshot() as connection:
            newest = _newest_facts(connection, hsa_ids)
            statuses = dead_letters.statuses_among(connection, origin, offset_spans(records))
        changing = {
            event.hsa_id
            for event in decoded.results
            if isinstance(event, Event) and _is_news(event, newest.get(event.hsa_id))
        }
        return {
            index
            for index, (record, result) in enumerate(zip(records, decoded.results, strict=True))
            if (isinstance(result, Event) and result.hsa_id in changing)
            or _concerns_dead_letters(result, _status(record, statuses))
        }

    def _attempt(self, origin: Origin, records: Sequence[Record]) -> MergeResult | None:
        """Write the records; None if the database timed out and fewer may succeed."""
        try:
            return self._write(origin, records)
        except DBAPIError as error:
            if fault_of(error) is Fault.TIMEOUT and len(records) > 1:
                return None
            raise

    def _write(self, origin: Origin, records: Sequence[Record]) -> MergeResult:
        context = self._context
        with gc_control.paused(), context.registry.transaction() as transaction:
            connection = transaction.connection
            schema.require_still_compatible(connection)
            now = context.clock()
            ranges = [
                OffsetRange(partition, span.start, span.stop)
                for partition, span in offset_spans(records).items()
            ]
            writer = TransactionWriter(connection, context.limits, origin, ranges, now)
            merged = writer.write(DecodedRecords.decode(context.decoder, records, now))
            entry = self._entry if merged.changed or merged.held else None
            if entry is not None:
                change_log.append(connection, [entry._replace(stream=origin.stream)])
            transaction.commit()
        if entry is not None:
            self._entry = None
        return merged


class DryRunReapplier:
    """Computes what `CommittingReapplier` would do, and changes nothing."""

    def __init__(self, context: ReapplyContext) -> None:
        self._context = context
        self._dry_run = DryRun(context.limits)

    def apply(self, origin: Origin, records: Sequence[Record]) -> Iterator[MergeResult]:
        now = self._context.clock()
        decoded = DecodedRecords.decode(self._context.decoder, records, now)
        yield self._context.retry(lambda: self._merge(origin, decoded, now))

    def _merge(self, origin: Origin, decoded: DecodedRecords, now: datetime) -> MergeResult:
        with self._context.registry.snapshot() as connection:
            merged = self._dry_run.merge(connection, origin.stream, decoded, now)
            bad = [dead_lettered.record for dead_lettered in merged.dead_lettered]
            statuses = dead_letters.statuses_among(connection, origin, offset_spans(bad))
        merged.already_dead_lettered = sum(_status(record, statuses) is not None for record in bad)
        return merged


def offset_spans(records: Sequence[Record]) -> dict[Partition, range]:
    """From the first to the last offset of the records, in each partition."""
    offsets: dict[Partition, list[int]] = {}
    for record in records:
        offsets.setdefault(Partition(record.topic, record.partition), []).append(record.offset)
    return {partition: range(min(found), max(found) + 1) for partition, found in offsets.items()}


def _newest_facts(connection: Connection, hsa_ids: set[str]) -> dict[str, Facts]:
    """The newest known facts of each clinic, held ones included."""
    held = holds.of_clinics(connection, hsa_ids)
    known = clinics.read(connection, hsa_ids)
    return {
        hsa_id: Clinic(hsa_id, clinic.facts, held.get(hsa_id, NOTHING_HELD)).newest()
        for hsa_id, clinic in known.items()
    }


def _is_news(event: Event, newest: Facts | None) -> bool:
    return newest is None or newest.merge(event.facts) is not newest


def _status(record: Record, statuses: Mapping[Address, Mapping[str, str]]) -> str | None:
    """The status of the dead letter of this very record; None if there is none."""
    by_digest = statuses.get(record.address)
    return None if by_digest is None else by_digest.get(record.digest)


def _concerns_dead_letters(result: DecodeResult, status: str | None) -> bool:
    """Whether the record has to be dead-lettered, or its dead letter with this status closed."""
    return status is None if isinstance(result, Rejection) else status == dead_letters.OPEN


def _outcome_if_known(result: DecodeResult) -> Outcome:
    """The outcome of a record that changes nothing."""
    match result:
        case Event():
            return Outcome.SUPERSEDED
        case Ignored():
            return Outcome.IGNORED
        case Rejection():
            return Outcome.DEAD_LETTERED


class NetChange(NamedTuple):
    """A value of a clinic before the first record and after the last; they differ."""

    hsa_id: str
    change: Change


@dataclass(slots=True)
class ReapplyReport:
    """The result so far. Its memory grows with the clinics that changed."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    held: int = 0
    """The number of records of which something was held."""
    already_dead_lettered: int = 0
    """How many of the bad records were dead letters already."""
    ahead_of_clock: int = 0
    """How many events were further ahead of the clock than clocks differ."""
    _without_board: dict[str, str] = field(default_factory=dict)
    _values: dict[tuple[str, Fact], tuple[Value, Value]] = field(default_factory=dict)

    def add(self, merged: MergeResult) -> None:
        """Add the result of some records."""
        self.counts.update(merged.outcomes)
        self.held += merged.records_held
        self.already_dead_lettered += merged.already_dead_lettered
        for hsa_id, after in merged.changed.items():
            for fact, old, new in changes(merged.before[hsa_id].facts, after):
                first, _ = self._values.get((hsa_id, fact), (old, None))
                self._values[hsa_id, fact] = first, new
        for warning in merged.warnings:
            match warning:
                case MovedWithoutBoard():
                    self._without_board[warning.hsa_id] = warning.region_code
                case AheadOfClock():
                    self.ahead_of_clock += 1

    @property
    def read(self) -> int:
        """The number of records."""
        return self.counts.total()

    def changes(self) -> list[NetChange]:
        """What differs from before, by HSA-id and then in the order of `Fact`."""
        ordered = sorted(self._values.items(), key=lambda item: (item[0][0], PLACES[item[0][1]]))
        return [
            NetChange(hsa_id, Change(fact, old, new))
            for (hsa_id, fact), (old, new) in ordered
            if new is not None and old != new
        ]

    def moved_without_board(self) -> list[MovedWithoutBoard]:
        """The clinics that are now in another region than before, one without a board."""
        return [
            MovedWithoutBoard(hsa_id, change.new)
            for hsa_id, change in self.changes()
            if change.fact is Fact.REGION
            and isinstance(change.new, str)
            and self._without_board.get(hsa_id) == change.new
        ]
