"""The one write path: judged records become rows, log, dead letters, counts and positions.

All of a portion is one transaction. A kill at any moment leaves either all of it or nothing, and
the positions say which.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from sync_worker.clinics.guard import USUAL_LIMITS, Limits
from sync_worker.events.codec import Codec
from sync_worker.events.record import Origin
from sync_worker.registry import positions, schema, unknown_types
from sync_worker.registry.dead_letters import Address
from sync_worker.registry.unit import Registry
from sync_worker.stream.source import Batch
from sync_worker.sync.judged import Judged
from sync_worker.sync.merge import Merged
from sync_worker.sync.portion import Portion
from sync_worker.sync.progress import Applied, UnknownType
from sync_worker.sync.write import Writer


class Applier:
    """Judges batches, and applies them to the registry."""

    def __init__(
        self,
        registry: Registry,
        codec: Codec,
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

    def judged(self, batch: Batch, *, whole: bool = True) -> Portion:
        """A batch with what the codec says of it; its events' bytes are kept only if `whole`."""
        now = self._clock()
        judged = Judged.by(self._codec, batch.records, now, whole=whole, needed=self._needed)
        return Portion.of(batch, judged)

    def apply(self, stream: str, portion: Portion) -> Applied:
        """Apply a portion in one transaction; nothing is kept unless this returns.

        Raises:
            WrongRevision: the schema was changed beneath the worker.
            PositionsMoved: another worker has read on from the portion's beginning.
            BytesLetGo: the database refuses an event that was not kept whole.
            DatabaseRefusesRecords: see there.
            DBAPIError: the database failed; `fault_of` says whose fault it is.
        """
        with self._registry.unit() as unit:
            schema.require_unchanged(unit.connection)
            moves = portion.moves.values()
            expected = {move.partition: move.from_offset for move in moves}
            claimed = positions.claim(unit.connection, stream, expected)
            now = self._clock()
            origin = Origin(stream, portion.topic_ids)
            writer = Writer(unit.connection, self._limits, origin, moves, now)
            merged = writer.write(portion.judged)
            advances = portion.advances(merged)
            positions.advance(unit.connection, claimed, advances, now)
            unknown_types.add(unit.connection, stream, merged.unknown_types, now)
            unit.commit()
        counts = {advance.partition: advance.counts for advance in advances}
        reached = {advance.partition: advance.to_offset for advance in advances}
        warnings = [*merged.warnings, *_unknown_types(merged)]
        return Applied(counts, reached, len(merged.changed), warnings)


def _unknown_types(merged: Merged) -> Iterator[UnknownType]:
    by_topic: Counter[tuple[str, str]] = Counter()
    for (partition, name), count in merged.unknown_types.items():
        by_topic[partition.topic, name] += count
    for (topic, name), count in by_topic.items():
        yield UnknownType(topic, name, count)
