"""What one transaction takes: judged records, and how far they take each partition."""

from dataclasses import dataclass

from sync_worker.events.record import Partition
from sync_worker.registry.positions import Advance, Counts
from sync_worker.stream.source import Batch, Move
from sync_worker.sync.judged import Judged
from sync_worker.sync.merge import Merged


@dataclass(slots=True)
class Portion:
    """One batch, or several that follow on each other."""

    judged: Judged
    moves: dict[Partition, Move]
    """One of each partition that is moved."""
    topic_ids: dict[str, str]

    @classmethod
    def of(cls, batch: Batch, judged: Judged) -> "Portion":
        """A batch, whose records were judged."""
        moves = {move.partition: move for move in batch.moves}
        return cls(judged, moves, dict(batch.topic_ids))

    def __len__(self) -> int:
        return len(self.judged)

    def is_followed_by(self, batch: Batch) -> bool:
        """Whether the batch goes on where this ends, in each partition that is in both."""
        return all(
            move.from_offset == self.moves[move.partition].to_offset
            for move in batch.moves
            if move.partition in self.moves
        )

    def add(self, later: "Portion") -> None:
        """Go on with what follows on this."""
        self.judged.add(later.judged)
        self.topic_ids |= later.topic_ids
        for at, move in later.moves.items():
            begin = self.moves.get(at, move).from_offset
            self.moves[at] = Move(at, begin, move.to_offset)

    def halves(self) -> "tuple[Portion, Portion]":
        """Two that are this one, one after the other; it must have two records or more."""
        first, second = self.judged.halves()
        ends = first.ends()
        before = {at: Move(at, self.moves[at].from_offset, end) for at, end in ends.items()}
        after = {
            at: Move(at, ends.get(at, move.from_offset), move.to_offset)
            for at, move in self.moves.items()
        }
        steps = {at: move for at, move in after.items() if move.to_offset > move.from_offset}
        return Portion(first, before, self.topic_ids), Portion(second, steps, self.topic_ids)

    def advances(self, merged: Merged) -> list[Advance]:
        """The way through each partition, and what became of the records on it."""
        counts = merged.counts(self.judged)
        unknown, is_known = self.judged.unknown_at_the_ends()
        return [
            Advance(
                move.partition,
                move.from_offset,
                move.to_offset,
                counts.get(move.partition, Counts()),
                merged.newest_event_at.get(move.partition),
                self.topic_ids.get(move.partition.topic),
                unknown[move.partition],
                move.partition not in is_known,
            )
            for move in self.moves.values()
        ]
