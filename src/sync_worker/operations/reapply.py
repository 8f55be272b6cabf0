"""Records read again, beside the worker: no position moves, and the worker hardly waits.

Nearly all that is read again is known already. That is seen in a snapshot, without a lock; what
could change something goes through the one write path, in transactions that are small.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sync_worker.domain.clinic_state import NOTHING_HELD, Clinic
from sync_worker.domain.facts import Facts
from sync_worker.domain.mass_change_guard import Limits
from sync_worker.events.decode_result import DecodeResult, Event, Ignored, Rejection
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import Address, Origin, Partition, Record
from sync_worker.pipeline import gc_control
from sync_worker.pipeline.apply import TransactionWriter
from sync_worker.pipeline.decoded_records import DecodedRecords
from sync_worker.pipeline.dry_run import DryRun
from sync_worker.pipeline.merge import MergeResult, Outcome, ahead_of_clock
from sync_worker.pipeline.retry import Retrier
from sync_worker.registry import change_log, clinics, dead_letters, holds, schema
from sync_worker.registry.change_log import LogEntry
from sync_worker.registry.database import Registry
from sync_worker.registry.errors import Fault, fault_of
from sync_worker.sequences import batched, bisected
from sync_worker.streams.protocol import OffsetRange

MOST_AT_ONCE = 2000
"""The most records that one transaction takes: the worker waits for it where both name a clinic."""


class ReapplyContext(NamedTuple):
    """What does something again in earnest, and how."""

    registry: Registry
    decoder: EventDecoder
    limits: Limits
    clock: Callable[[], datetime]
    retry: Retrier


class Stop:
    """Whether a long operation is to end early. It ends between two transactions, never in one."""

    is_wanted = False

    def shielded(self) -> AbstractContextManager[None]:
        """Keep the body, a transaction, from being interrupted."""
        return nullcontext()


class CommittingReapplier:
    """Merges records anew and keeps what they come to; each transaction is kept by itself.

    `entry` is logged once, with the first change that is made.
    """

    def __init__(self, context: ReapplyContext, entry: LogEntry | None = None) -> None:
        self._context = context
        self._entry = entry

    def take(self, origin: Origin, records: Sequence[Record]) -> Iterator[MergeResult]:
        """What became of the records, part by part, each after it was committed."""
        decoded = DecodedRecords.decode(self._context.decoder, records, self._context.clock())
        news = self._context.retry(lambda: self._news(origin, records, decoded))
        outcomes = [_of_known(one) for at, one in enumerate(decoded.results) if at not in news]
        yield MergeResult(
            outcomes,
            warnings=[
                ahead_of_clock(decoded, index, result)
                for index, result in enumerate(decoded.results)
                if index not in news and isinstance(result, Event) and result.seconds_ahead
            ],
            already_dead_lettered=outcomes.count(Outcome.DEAD_LETTERED),
        )
        coming = [record for at, record in enumerate(records) if at in news]
        for batch in batched(coming, MOST_AT_ONCE):
            yield from bisected(
                batch, lambda part: self._context.retry(lambda: self._attempt(origin, part))
            )

    def _news(self, origin: Origin, records: Sequence[Record], decoded: DecodedRecords) -> set[int]:
        """Which of the records, by their number, could change anything."""
        hsa_ids = decoded.hsa_ids()
        with self._context.registry.snapshot() as connection:
            newest = _newest(connection, hsa_ids)
            letters = dead_letters.statuses_among(connection, origin, spans(records))
        stale = {
            result.hsa_id
            for result in decoded.results
            if isinstance(result, Event) and _is_news(result, newest)
        }
        return {
            at
            for at, (record, result) in enumerate(zip(records, decoded.results, strict=True))
            if (isinstance(result, Event) and result.hsa_id in stale)
            or _is_for_letters(result, _status(record, letters))
        }

    def _attempt(self, origin: Origin, records: Sequence[Record]) -> MergeResult | None:
        """Write the records; None where it took the database too long, and there is less to try."""
        try:
            return self._written(origin, records)
        except DBAPIError as error:
            if fault_of(error) is Fault.TIMEOUT and len(records) > 1:
                return None
            raise

    def _written(self, origin: Origin, records: Sequence[Record]) -> MergeResult:
        with gc_control.paused(), self._context.registry.transaction() as transaction:
            schema.require_unchanged(transaction.connection)
            merged = self._merged(transaction.connection, origin, records)
            entry = self._entry if merged.changed or merged.held else None
            if entry is not None:
                change_log.append(transaction.connection, [entry._replace(stream=origin.stream)])
            transaction.commit()
        if entry is not None:
            self._entry = None
        return merged

    def _merged(
        self, connection: Connection, origin: Origin, records: Sequence[Record]
    ) -> MergeResult:
        moves = [OffsetRange(of, at.start, at.stop) for of, at in spans(records).items()]
        now = self._context.clock()
        decoded = DecodedRecords.decode(self._context.decoder, records, now)
        return TransactionWriter(connection, self._context.limits, origin, moves, now).write(
            decoded
        )


class DryRunReapplier:
    """Says what `CommittingReapplier` would come to, and keeps nothing."""

    def __init__(self, context: ReapplyContext) -> None:
        self._context = context
        self._dry_run = DryRun(context.limits)

    def take(self, origin: Origin, records: Sequence[Record]) -> Iterator[MergeResult]:
        """What would become of the records, after those before."""
        now = self._context.clock()
        decoded = DecodedRecords.decode(self._context.decoder, records, now)
        yield self._context.retry(lambda: self._merged(origin, decoded, now))

    def _merged(self, origin: Origin, decoded: DecodedRecords, now: datetime) -> MergeResult:
        with self._context.registry.snapshot() as connection:
            merged = self._dry_run.merge(connection, origin.stream, decoded, now)
            bad = [dead_lettered.record for dead_lettered in merged.dead_lettered]
            letters = dead_letters.statuses_among(connection, origin, spans(bad))
        merged.already_dead_lettered = sum(_status(record, letters) is not None for record in bad)
        return merged


def spans(records: Sequence[Record]) -> dict[Partition, range]:
    """From the first to the last offset of the records, in each partition."""
    offsets: dict[Partition, list[int]] = {}
    for record in records:
        offsets.setdefault(Partition(record.topic, record.partition), []).append(record.offset)
    return {of: range(min(some), max(some) + 1) for of, some in offsets.items()}


def _newest(connection: Connection, hsa_ids: set[str]) -> dict[str, Facts]:
    """The newest that is known of each clinic, held facts included."""
    held = holds.of_clinics(connection, hsa_ids)
    known = clinics.read(connection, hsa_ids)
    return {
        hsa_id: Clinic(hsa_id, clinic.facts, held.get(hsa_id, NOTHING_HELD)).newest()
        for hsa_id, clinic in known.items()
    }


def _is_news(event: Event, newest: Mapping[str, Facts]) -> bool:
    known = newest.get(event.hsa_id)
    return known is None or known.merge(event.facts) is not known


def _status(record: Record, letters: Mapping[Address, Mapping[str, str]]) -> str | None:
    """The status of the dead letter of this very record; None where there is none."""
    here = letters.get(record.address)
    return None if here is None else here.get(record.digest)


def _is_for_letters(result: DecodeResult, status: str | None) -> bool:
    """Whether a record is to be set aside, or its letter, which has that status, to be closed."""
    return status is None if isinstance(result, Rejection) else status == dead_letters.OPEN


def _of_known(result: DecodeResult) -> Outcome:
    match result:
        case Event():
            return Outcome.SUPERSEDED
        case Ignored():
            return Outcome.IGNORED
        case Rejection():
            return Outcome.DEAD_LETTERED
