"""The worker's transaction: decoded records become rows of the registry, and its positions move.

All of it is one database transaction. A kill at any moment leaves either everything or nothing of
it, and the positions say which.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from sync_worker.domain.mass_change_guard import USUAL_LIMITS, Limits
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import Address, Origin
from sync_worker.pipeline.decoded_records import DecodedRecords, PendingTransaction
from sync_worker.pipeline.listener import TransactionCommitted, UnknownType
from sync_worker.pipeline.merge import MergeResult
from sync_worker.pipeline.phases import Phase, PhaseTimer
from sync_worker.pipeline.seen_positions import SeenPositions
from sync_worker.pipeline.transaction_writer import TransactionWriter
from sync_worker.registry import positions, schema, unknown_types
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import Write, write_together
from sync_worker.registry.errors import Fault, fault_of
from sync_worker.registry.positions import Counts, PositionUpdate
from sync_worker.streams.protocol import FetchedBatch

_WriteRecords = Callable[[TransactionWriter, DecodedRecords], tuple[MergeResult, Sequence[Write]]]


class Applier:
    """Decodes fetched batches, and applies pending transactions to the registry."""

    def __init__(
        self,
        registry: Registry,
        decoder: EventDecoder,
        clock: Callable[[], datetime],
        limits: Limits = USUAL_LIMITS,
    ) -> None:
        self._registry = registry
        self._decoder = decoder
        self._clock = clock
        self._limits = limits
        self._retain_at: Collection[Address] = ()
        self.seen = SeenPositions()
        """What this worker has read and committed of positions."""

    def retain_payloads_at(self, addresses: Collection[Address]) -> None:
        """Retain the payload of records at these addresses from now on: dead letters are there."""
        self._retain_at = addresses

    def decode(self, batch: FetchedBatch, *, retain_payloads: bool = True) -> PendingTransaction:
        """Decode a batch; the payloads of its events are released unless `retain_payloads`."""
        began = time.perf_counter()
        decoded = DecodedRecords.decode(
            self._decoder,
            batch.records,
            self._clock(),
            retain_all=retain_payloads,
            retain_at=self._retain_at,
        )
        return PendingTransaction.of(batch, decoded, time.perf_counter() - began)

    def apply(self, stream: str, pending: PendingTransaction) -> TransactionCommitted:
        """Apply and commit; unless this returns, nothing has changed.

        Raises:
            WrongRevision: the schema was changed while the worker ran.
            PositionsMoved: another worker has moved the positions that this begins at.
            PayloadReleased: the database rejects an event whose payload was released.
            DatabaseRefusesRecords: it rejects so many records that this program must be wrong.
            DBAPIError: the database failed; `fault_of` says whose fault it is.
        """
        timer = PhaseTimer(pending.decode_seconds)
        try:
            updates, merged = self._commit(stream, pending, timer, _at_once)
        except DBAPIError as error:
            self._require_data_fault(error)
            # So rare that to be ready for it, by a savepoint, would cost more.
            timer.enter(Phase.LOCK)
            updates, merged = self._commit(stream, pending, timer, _record_by_record)
        committed = TransactionCommitted(
            {update.partition: update.counts for update in updates},
            {update.partition: update.to_offset for update in updates},
            len(merged.changed),
            [*merged.warnings, *_unknown_type_warnings(merged)],
            pending.decoded.timestamps_ms,
            timer.stop(),
            first_offsets={update.partition: update.from_offset for update in updates},
        )
        self.seen.committed(stream, committed)
        return committed

    def _commit(
        self, stream: str, pending: PendingTransaction, timer: PhaseTimer, write: _WriteRecords
    ) -> tuple[list[PositionUpdate], MergeResult]:
        with self._registry.transaction() as transaction:
            connection = transaction.connection
            ranges = pending.ranges.values()
            expected = {span.partition: span.from_offset for span in ranges}
            claimed = positions.claim(connection, stream, expected)
            now = self._clock()
            origin = Origin(stream, pending.topic_ids)
            writer = TransactionWriter(connection, self._limits, origin, ranges, now, timer)
            merged, writes = write(writer, pending.decoded)
            updates = _position_updates(pending, merged)
            moves = positions.advancing(connection, claimed, updates, now)
            write_together(connection, [*writes, *moves])
            unknown_types.add(connection, stream, merged.unknown_types, now)
            timer.enter(Phase.COMMIT)
            transaction.commit()
        return updates, merged

    def _require_data_fault(self, error: DBAPIError) -> None:
        """Raise the error unless a record is to blame; or say that the schema does not fit."""
        fault = fault_of(error)
        if fault is Fault.BUG:
            with self._registry.snapshot() as connection:
                schema.require_compatible(connection)
        if fault is not Fault.DATA:
            raise error


def _at_once(
    writer: TransactionWriter, decoded: DecodedRecords
) -> tuple[MergeResult, Sequence[Write]]:
    return writer.write_at_once(decoded)


def _record_by_record(
    writer: TransactionWriter, decoded: DecodedRecords
) -> tuple[MergeResult, Sequence[Write]]:
    """As far as is needed to find those that the database rejects."""
    return writer.write(decoded), ()


def _position_updates(pending: PendingTransaction, merged: MergeResult) -> list[PositionUpdate]:
    counts = merged.counts(pending.decoded)
    runs, ended = pending.decoded.unknown_type_runs()
    return [
        PositionUpdate(
            span.partition,
            span.from_offset,
            span.to_offset,
            counts.get(span.partition, Counts()),
            merged.newest_event_at.get(span.partition),
            pending.topic_ids.get(span.partition.topic),
            runs[span.partition],
            span.partition not in ended,
        )
        for span in pending.ranges.values()
    ]


def _unknown_type_warnings(merged: MergeResult) -> Iterator[UnknownType]:
    by_topic: Counter[tuple[str, str]] = Counter()
    for (partition, name), count in merged.unknown_types.items():
        by_topic[partition.topic, name] += count
    for (topic, name), count in by_topic.items():
        yield UnknownType(topic, name, count)
