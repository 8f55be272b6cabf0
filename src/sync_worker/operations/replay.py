"""Replay: a range of a stream read again, and what that came to.

A dry run and the run differ in the hand alone that takes the records; `again` has both.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from sync_worker.domain.facts import PLACES, Change, Fact, changes
from sync_worker.events.content import named_hsa_ids
from sync_worker.events.decode_result import Event
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import Origin, Record
from sync_worker.pipeline.listener import AheadOfClock, MovedWithoutBoard
from sync_worker.pipeline.merge import MergeResult, Outcome
from sync_worker.streams.protocol import FetchedBatch

Value = bool | str | None


class Reapplier(Protocol):
    """Takes records, and tells part by part what became of them, or would."""

    def take(self, origin: Origin, records: Sequence[Record]) -> Iterator[MergeResult]:
        """In the order read; what is told is done for good."""


class NetChange(NamedTuple):
    """A value of a clinic before the first record and after the last; they differ."""

    hsa_id: str
    change: Change


@dataclass(slots=True)
class ReapplyReport:
    """What became of the records so far. Its memory grows with the clinics that changed."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    held: int = 0
    """Of how many records something was held."""
    already_dead_lettered: int = 0
    """How many of the bad records were dead letters already."""
    ahead_of_clock: int = 0
    """How many events were ahead of the clock by more than clocks differ."""
    _without_board: dict[str, str] = field(default_factory=dict)
    _values: dict[tuple[str, Fact], tuple[Value, Value]] = field(default_factory=dict)

    def add(self, merged: MergeResult) -> None:
        """Add what a part came to."""
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
        """How many records were taken."""
        return self.counts.total()

    def changes(self) -> list[NetChange]:
        """What differs from before, by HSA-id and then in the order of `Fact`."""
        return [
            NetChange(hsa_id, Change(fact, old, new))
            for (hsa_id, fact), (old, new) in sorted(self._values.items(), key=_place)
            if new is not None and old != new
        ]

    def moved_without_board(self) -> list[MovedWithoutBoard]:
        """The clinics that are in another region than before, and in one without a board."""
        return [
            MovedWithoutBoard(hsa_id, change.new)
            for hsa_id, change in self.changes()
            if change.fact is Fact.REGION
            and isinstance(change.new, str)
            and self._without_board.get(hsa_id) == change.new
        ]


def _place(item: tuple[tuple[str, Fact], object]) -> tuple[str, int]:
    (hsa_id, fact), _ = item
    return hsa_id, PLACES[fact]


class RecordFilter:
    """Leaves of records those of some clinics; of a record that is no event by what it names."""

    def __init__(
        self, hsa_ids: Collection[str], decoder: EventDecoder, clock: Callable[[], datetime]
    ) -> None:
        self._hsa_ids = frozenset(hsa_ids)
        self._decoder = decoder
        self._clock = clock

    def of(self, records: Sequence[Record]) -> list[Record]:
        """The records of those clinics, in the same order."""
        now = self._clock()
        return [record for record in records if self._has(record, now)]

    def _has(self, record: Record, now: datetime) -> bool:
        verdict = self._decoder.decode(record, now)
        if isinstance(verdict, Event):
            return verdict.hsa_id in self._hsa_ids
        return not self._hsa_ids.isdisjoint(named_hsa_ids(record))


class Replay:
    """Has a hand take batches, and keeps account."""

    def __init__(
        self, hand: Reapplier, only: RecordFilter | None, is_stopping: Callable[[], bool]
    ) -> None:
        self._hand = hand
        self._only = only
        self._is_stopping = is_stopping
        self.report = ReapplyReport()
        """True at every moment, also where something was raised."""

    def read(self, stream: str, batches: Iterable[FetchedBatch]) -> None:
        """Take the batches of a stream, to their end or until it is to stop.

        Raises:
            StreamError, StreamUnavailable: the stream cannot be read on.
            WrongRevision: the schema was changed meanwhile.
            DBAPIError: the database failed for longer than somebody waits.
        """
        for batch in batches:
            records = batch.records if self._only is None else self._only.of(batch.records)
            for merged in self._hand.take(Origin(stream, batch.topic_ids), records):
                self.report.add(merged)
                if self._is_stopping():
                    return
