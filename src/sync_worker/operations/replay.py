"""Replay: a range of a stream read again, and what that came to.

A dry run and the run differ in the reapplier alone: `reapply.py` has both.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from sync_worker.authorship import Authorship
from sync_worker.domain.facts import PLACES, Change, Fact, changes
from sync_worker.events.content import named_hsa_ids
from sync_worker.events.decode_result import Event
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import Origin, Record
from sync_worker.operations.reapply import (
    CommittingReapplier,
    DryRunReapplier,
    ReapplyContext,
    Stop,
)
from sync_worker.pipeline.listener import AheadOfClock, MovedWithoutBoard
from sync_worker.pipeline.merge import MergeResult, Outcome
from sync_worker.pipeline.stored_positions import check_same_log
from sync_worker.registry.change_log import LogEntry
from sync_worker.registry.queries import meant
from sync_worker.streams.checks import is_cluster
from sync_worker.streams.protocol import FetchedBatch
from sync_worker.streams.ranges import RangeReader, ShowProgress

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
    """Has a reapplier take batches, and keeps account."""

    def __init__(self, reapplier: Reapplier, only: RecordFilter | None, stop: Stop) -> None:
        self._reapplier = reapplier
        self._only = only
        self._stop = stop
        self.report = ReapplyReport()
        """True at every moment, also where something was raised."""

    def read_ranges(self, readers: Iterable[RangeReader], show_progress: ShowProgress) -> None:
        """Take one range after the other: see `read`."""
        for reader in readers:
            with show_progress(reader):
                self.read(reader.stream_id, reader.batches())

    def read(self, stream: str, batches: Iterable[FetchedBatch]) -> None:
        """Take the batches of a stream, to their end or until it is to stop.

        Raises:
            StreamError, StreamUnavailable: the stream cannot be read on.
            WrongRevision: the schema was changed.
            DBAPIError: the database failed for longer than somebody waits.
        """
        for batch in batches:
            records = batch.records if self._only is None else self._only.of(batch.records)
            with self._stop.shielded():
                for merged in self._reapplier.take(Origin(stream, batch.topic_ids), records):
                    self.report.add(merged)
                    if self._stop.is_wanted:
                        return


# What a replay is made of; all wait for what is unavailable.


def dry_run(context: ReapplyContext) -> Reapplier:
    """Keeps nothing, and says what the replay would come to."""
    return DryRunReapplier(context)


def committing(context: ReapplyContext, authorship: Authorship) -> Reapplier:
    """Keeps what the replay comes to, and logs who did it."""
    return CommittingReapplier(context, LogEntry.by(authorship, "replayed"))


def records_of(context: ReapplyContext, hsa_ids: Sequence[str]) -> RecordFilter | None:
    """Leaves the records of these clinics, as people write their ids; all, where none is named."""
    if not hsa_ids:
        return None

    def named() -> set[str]:
        with context.registry.snapshot() as connection:
            return set(meant(connection, hsa_ids))

    return RecordFilter(context.retry(named), context.decoder, context.clock)


@contextmanager
def opened(
    context: ReapplyContext, ranges: Iterable[Callable[[], RangeReader]]
) -> Iterator[list[RangeReader]]:
    """The ranges, all of them opened before the first one is read.

    Raises:
        StreamError: one is not of the log that the registry was read from, or cannot be read.
    """
    with ExitStack() as stack:
        readers = []
        for open_range in ranges:
            reader = stack.enter_context(closing(context.retry(open_range)))
            if is_cluster(reader.stream_id):
                _check_same_log(context, reader)
            readers.append(reader)
        yield readers


def _check_same_log(context: ReapplyContext, reader: RangeReader) -> None:
    context.retry(lambda: check_same_log(context.registry, reader.stream_id, reader.topic_ids))
