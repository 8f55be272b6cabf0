"""The one write path: a batch of records becomes rows, log, dead letters, counts and positions.

All of a batch is one transaction. A kill at any moment leaves either all of it or nothing, and the
positions say which.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sync_worker.events.codec import Codec
from sync_worker.events.verdicts import Event, Reason, Rejection
from sync_worker.registry import dead_letters, facts, log, positions, registrations, schema
from sync_worker.registry.errors import Fault, fault_of, first_line
from sync_worker.registry.positions import Advance, Counts
from sync_worker.registry.unit import Registry
from sync_worker.stream.source import Batch
from sync_worker.sync.merge import Judged, Merged, Merger
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
        now = self._clock()
        judged = [Judged(record, self._codec.decode(record, now)) for record in batch.records]
        with self._registry.unit() as unit:
            schema.require_unchanged(unit.connection)
            expected = {move.partition: move.from_offset for move in batch.moves}
            claimed = positions.claim(unit.connection, stream, expected)
            merged = _Writer(unit.connection, stream, now).write(judged)
            advances = _advances(batch, merged)
            positions.advance(unit.connection, claimed, advances, now)
            unit.commit()
        counts = {advance.partition: advance.counts for advance in advances}
        reached = {advance.partition: advance.to_offset for advance in advances}
        return Applied(counts, reached, len(merged.changed), merged.warnings)


class _Writer:
    """Merges and writes judged records within one transaction."""

    def __init__(self, connection: Connection, stream: str, now: datetime) -> None:
        self._connection = connection
        self._stream = stream
        self._now = now
        self._refused = 0

    def write(self, judged: Sequence[Judged]) -> Merged:
        """Write all of it, except that a record whose data the database refuses is set aside.

        It is found by halving: either half is written in a savepoint of its own, in the order read.
        """
        try:
            with self._connection.begin_nested():
                return self._write_as_judged(judged)
        except DBAPIError as error:
            if fault_of(error) is not Fault.DATA:
                raise
            refusal = error
        if len(judged) == 1:
            return self._set_aside(judged[0], refusal)
        middle = len(judged) // 2
        return self.write(judged[:middle]).followed_by(self.write(judged[middle:]))

    def _set_aside(self, judged: Judged, refusal: DBAPIError) -> Merged:
        self._refused += 1
        if self._refused > _MOST_REFUSED:
            raise DatabaseRefusesRecords from refusal
        rejection = Rejection(Reason.DATABASE_REJECTED, first_line(refusal))
        return self._write_as_judged([Judged(judged.record, rejection)])

    def _write_as_judged(self, judged: Sequence[Judged]) -> Merged:
        events = [verdict for _, verdict in judged if isinstance(verdict, Event)]
        hsa_ids = {event.hsa_id for event in events}
        known = facts.locked(self._connection, hsa_ids)
        boards = registrations.boards(self._connection)
        merged = Merger(self._stream, known, boards, self._now).merge(judged)
        self._keep(merged, judged)
        return merged

    def _keep(self, merged: Merged, judged: Sequence[Judged]) -> None:
        understood = [record for record, verdict in judged if not isinstance(verdict, Rejection)]
        facts.write(self._connection, merged.changed.items(), self._now)
        log.append(self._connection, merged.entries)
        dead_letters.add(self._connection, self._stream, merged.rejected, self._now)
        dead_letters.close_understood(self._connection, self._stream, understood, self._now)


def _advances(batch: Batch, merged: Merged) -> list[Advance]:
    counts = merged.counts()
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
