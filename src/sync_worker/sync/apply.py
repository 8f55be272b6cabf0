"""The one write path: a batch of records becomes rows, log, dead letters, counts and positions.

All of a batch is one transaction. A kill at any moment leaves either all of it or nothing, and the
positions say which.
"""

from collections.abc import Callable
from datetime import datetime

from sync_worker.clinics.guard import USUAL_LIMITS, Limits
from sync_worker.events.codec import Codec
from sync_worker.registry import positions, schema
from sync_worker.registry.positions import Advance, Counts
from sync_worker.registry.unit import Registry
from sync_worker.stream.source import Batch
from sync_worker.sync.merge import Merged
from sync_worker.sync.progress import Applied
from sync_worker.sync.write import Rules, Writer


class Applier:
    """Applies batches to the registry."""

    def __init__(
        self,
        registry: Registry,
        codec: Codec,
        clock: Callable[[], datetime],
        limits: Limits = USUAL_LIMITS,
    ) -> None:
        self._registry = registry
        self._rules = Rules(codec, limits)
        self._clock = clock

    def apply(self, stream: str, batch: Batch) -> Applied:
        """Apply a batch in one transaction; nothing is kept unless this returns.

        Raises:
            WrongRevision: the schema was changed beneath the worker.
            PositionsMoved: another worker has read on from the batch's beginning.
            DatabaseRefusesRecords: see there.
            DBAPIError: the database failed; `fault_of` says whose fault it is.
        """
        with self._registry.unit() as unit:
            schema.require_unchanged(unit.connection)
            expected = {move.partition: move.from_offset for move in batch.moves}
            claimed = positions.claim(unit.connection, stream, expected)
            now = self._clock()
            writer = Writer(unit.connection, self._rules, stream, batch.moves, now)
            merged = writer.write(batch.records)
            advances = _advances(batch, merged)
            positions.advance(unit.connection, claimed, advances, now)
            unit.commit()
        counts = {advance.partition: advance.counts for advance in advances}
        reached = {advance.partition: advance.to_offset for advance in advances}
        return Applied(counts, reached, len(merged.changed), merged.warnings)


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
