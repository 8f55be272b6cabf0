"""The one write path: a batch of records becomes rows, log, dead letters, counts and positions.

All of a batch is one transaction. A kill at any moment leaves either all of it or nothing, and the
positions say which.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sync_worker.events.codec import Codec
from sync_worker.events.record import Record
from sync_worker.events.verdicts import Event, Reason, Rejection
from sync_worker.registry import dead_letters, facts, log, positions, registrations, schema
from sync_worker.registry.errors import Fault, fault_of, first_line
from sync_worker.registry.positions import Advance, Counts
from sync_worker.registry.unit import Registry
from sync_worker.stream.source import Batch, Move
from sync_worker.sync import collecting
from sync_worker.sync.merge import Merged, Merger
from sync_worker.sync.progress import Applied

_MOST_REFUSED = 10
"""More records of one batch that the database refuses are no accident of data, but our bug."""


class DatabaseRefusesRecords(Exception):
    """The database refuses the data of so many records that the fault must be this program's."""


class Applier:
    """Applies batches to the registry."""

    def __init__(self, registry: Registry, codec: Codec, clock: Callable[[], datetime]) -> None:
        self._registry = registry
        self._codec = codec
        self._clock = clock

    def apply(self, stream: str, batch: Batch) -> Applied:
        """Apply a batch in one transaction; nothing is kept unless this returns.

        Raises:
            WrongRevision: the schema was changed beneath the worker.
            PositionsMoved: another worker has read on from the batch's beginning.
            DatabaseRefusesRecords: see there.
            DBAPIError: the database failed; `fault_of` says whose fault it is.
        """
        with collecting.paused(), self._registry.unit() as unit:
            schema.require_unchanged(unit.connection)
            expected = {move.partition: move.from_offset for move in batch.moves}
            claimed = positions.claim(unit.connection, stream, expected)
            now = self._clock()
            writer = _Writer(unit.connection, self._codec, stream, batch.moves, now)
            merged = writer.write(batch.records)
            advances = _advances(batch, merged)
            positions.advance(unit.connection, claimed, advances, now)
            unit.commit()
        counts = {advance.partition: advance.counts for advance in advances}
        reached = {advance.partition: advance.to_offset for advance in advances}
        return Applied(counts, reached, len(merged.changed), merged.warnings)


class _Writer:
    """Merges and writes records within one transaction."""

    def __init__(
        self,
        connection: Connection,
        codec: Codec,
        stream: str,
        moves: Iterable[Move],
        now: datetime,
    ) -> None:
        self._connection = connection
        self._codec = codec
        self._stream = stream
        self._offsets = {move.partition: range(move.from_offset, move.to_offset) for move in moves}
        self._now = now
        self._refused = 0

    def write(self, records: Sequence[Record]) -> Merged:
        """Write all of it, except that a record whose data the database refuses is set aside.

        It is found by halving: either half is written in a savepoint of its own, in the order read.
        """
        try:
            with self._connection.begin_nested():
                merged = self._merge(records)
                self._keep(merged, records)
                return merged
        except DBAPIError as error:
            if fault_of(error) is not Fault.DATA:
                raise
            refusal = error
        if len(records) == 1:
            return self._set_aside(records[0], refusal)
        middle = len(records) // 2
        return self.write(records[:middle]).followed_by(self.write(records[middle:]))

    def _set_aside(self, record: Record, refusal: DBAPIError) -> Merged:
        self._refused += 1
        if self._refused > _MOST_REFUSED:
            raise DatabaseRefusesRecords from refusal
        rejection = Rejection(Reason.DATABASE_REJECTED, first_line(refusal))
        merged = Merger(self._stream, {}, {}, self._now).merge([(record, rejection)])
        self._keep(merged, [record])
        return merged

    def _merge(self, records: Sequence[Record]) -> Merged:
        """Decode and merge; of a batch, only what changed is still in memory afterwards."""
        verdicts = [self._codec.decode(record, self._now) for record in records]
        hsa_ids = {verdict.hsa_id for verdict in verdicts if isinstance(verdict, Event)}
        known = facts.locked(self._connection, hsa_ids)
        boards = registrations.boards(self._connection)
        merger = Merger(self._stream, known, boards, self._now)
        return merger.merge(zip(records, verdicts, strict=True))

    def _keep(self, merged: Merged, records: Sequence[Record]) -> None:
        facts.write(self._connection, merged.changed.items(), self._now)
        log.append(self._connection, merged.entries)
        dead_letters.add(self._connection, self._stream, merged.rejected, self._now)
        self._close_understood(merged, records)

    def _close_understood(self, merged: Merged, records: Sequence[Record]) -> None:
        """Close dead letters of records that were read again and are understood by now."""
        letters = dead_letters.open_among(self._connection, self._stream, self._offsets)
        if letters:
            read = {record.address for record in records}
            understood = read - {rejected.record.address for rejected in merged.rejected}
            closed = [number for number, address in letters if address in understood]
            dead_letters.close(self._connection, closed, dead_letters.REDRIVEN, self._now)


def _advances(batch: Batch, merged: Merged) -> list[Advance]:
    counts = merged.counts(batch.records)
    return [
        Advance(
            move.partition,
            move.from_offset,
            move.to_offset,
            counts.get(move.partition, Counts()),
            merged.newest_event_at.get(move.partition),
            batch.topic_ids.get(move.partition.topic),
        )
        for move in batch.moves
    ]
