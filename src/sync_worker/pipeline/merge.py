"""Judged records, merged in the order read into what is known of its clinics. Pure.

Whether a record is applied or superseded follows from the records before it and the registry
alone, so the counts and the log do not depend on where one transaction ends and the next begins.

Knows nothing of the guard: `guarded` watches what is merged, and merges anew where it must.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sync_worker.domain import clinic_state as holding
from sync_worker.domain.clinic_state import NOTHING_HELD, Clinic, Effect, HeldFacts, Step, departure
from sync_worker.domain.facts import Change, Fact, Facts, changes
from sync_worker.domain.hsa_id import normalised
from sync_worker.domain.mass_change_guard import Guard
from sync_worker.domain.tuples import new
from sync_worker.events.outcomes import Event, Ignored, Rejection
from sync_worker.events.record import Partition
from sync_worker.pipeline.decoded_records import DecodedRecords
from sync_worker.pipeline.listener import (
    AheadOfClock,
    DeadLettered,
    MovedWithoutBoard,
    NameDropped,
    PatientBoardNamed,
    Warning_,
)
from sync_worker.registry import change_log
from sync_worker.registry.clinics import KnownClinic
from sync_worker.registry.facts import as_text, change_name
from sync_worker.registry.positions import Counts
from sync_worker.registry.registrations import Board


class Outcome(StrEnum):
    """What became of a record; every record has exactly one (contract 1)."""

    APPLIED = "applied"
    SUPERSEDED = "superseded"
    IGNORED = "ignored"
    DEAD_LETTERED = "dead_lettered"


@dataclass(slots=True)
class Merged:
    """What records come to: to be written, counted and told."""

    outcomes: list[Outcome] = field(default_factory=list)
    """One for each record, in the order read."""
    changed: dict[str, Facts] = field(default_factory=dict)
    before: Mapping[str, KnownClinic] = field(default_factory=dict)
    """What was known before, of each clinic in `changed` at least."""
    entries: list[change_log.LogEntry] = field(default_factory=list)
    rejected: list[DeadLettered] = field(default_factory=list)
    warnings: list[Warning_] = field(default_factory=list)
    newest_event_at: dict[Partition, datetime] = field(default_factory=dict)
    held: dict[str, HeldFacts] = field(default_factory=dict)
    """What is held now of each clinic of which it changed."""
    held_back: int = 0
    """Of how many records something was held."""
    unknown_types: Counter[tuple[Partition, str]] = field(default_factory=Counter)
    """How many records were ignored because of their type."""
    met_again: int = 0
    """How many of the bad records are dead letters already, where somebody looked."""

    def counts(self, judged: DecodedRecords) -> dict[Partition, Counts]:
        """How many of the records, which are those merged, had which outcome, by partition."""
        counts: dict[Partition, Counts] = {}
        pairs = zip(judged.partitions, self.outcomes, strict=True)
        for (partition, outcome), number in Counter(pairs).items():
            counts[partition] = counts.get(partition, Counts()) + Counts(**{outcome.value: number})
        return counts

    def followed_by(self, later: "Merged") -> "Merged":
        """This part and the next one, as one."""
        newest = self.newest_event_at | {
            partition: max(moment, self.newest_event_at.get(partition, moment))
            for partition, moment in later.newest_event_at.items()
        }
        return Merged(
            self.outcomes + later.outcomes,
            self.changed | later.changed,
            {**later.before, **self.before},
            self.entries + later.entries,
            self.rejected + later.rejected,
            self.warnings + later.warnings,
            newest,
            self.held | later.held,
            self.held_back + later.held_back,
            self.unknown_types + later.unknown_types,
            self.met_again + later.met_again,
        )


class Merger:
    """Merges records one by one; what it knows of clinics grows with each."""

    def __init__(
        self,
        stream: str,
        known: Mapping[str, KnownClinic],
        boards: Mapping[str, Board],
        now: datetime,
    ) -> None:
        self._stream = stream
        self._known = dict(known)
        self._service_on = boards.keys()
        self._board_regions = {normalised(b.hsa_id): b.region_code for b in boards.values()}
        self._now = now
        self.merged = Merged(before=known)

    def merge(self, judged: DecodedRecords) -> Merged:
        """Merge records, in this order."""
        outcomes, newest = self.merged.outcomes, self.merged.newest_event_at
        pairs = zip(judged.verdicts, judged.partitions, strict=True)
        for at, (verdict, partition) in enumerate(pairs):
            if not isinstance(verdict, Event):
                outcomes.append(self._leave(judged, at, verdict))
                continue
            if newest.get(partition, verdict.time) <= verdict.time:
                newest[partition] = verdict.time
            if (
                verdict.name_dropped
                or verdict.seconds_ahead
                or verdict.hsa_id in self._board_regions
            ):
                self._warn(judged, at, verdict)
            outcomes.append(self._state(judged, at, verdict))
        return self.merged

    def _leave(self, judged: DecodedRecords, at: int, verdict: Ignored | Rejection) -> Outcome:
        match verdict:
            case Ignored(_, unknown_type):
                if unknown_type is not None:
                    self.merged.unknown_types[judged.partitions[at], unknown_type] += 1
                return Outcome.IGNORED
            case Rejection():
                set_aside = DeadLettered(judged.record(at), verdict)
                self.merged.rejected.append(set_aside)
                self.merged.warnings.append(set_aside)
                return Outcome.DEAD_LETTERED

    def _state(self, judged: DecodedRecords, at: int, event: Event) -> Outcome:
        hsa_id, event_id, time, sequence, active, region_code, name, _, _ = event
        known = self._known[hsa_id]
        facts = known.facts.stated((time, sequence, event_id), active, region_code, name)
        if facts is known.facts:
            return Outcome.SUPERSEDED
        self._known[hsa_id] = new(KnownClinic, (facts, known.is_registered))
        self.merged.changed[hsa_id] = facts
        if known.is_registered:
            for change in changes(known.facts, facts):
                self._change(judged, at, event, known, change)
        return Outcome.APPLIED

    def _change(
        self,
        judged: DecodedRecords,
        at: int,
        event: Event,
        known: KnownClinic,  # noqa: ARG002
        change: Change,
    ) -> None:
        """A value of a registered clinic becomes another one; `known` is the clinic before."""
        self._log_change(judged, at, event, change)

    def _warn(self, judged: DecodedRecords, at: int, event: Event) -> None:
        if event.seconds_ahead:
            place = *judged.partitions[at], judged.offsets[at]
            ahead = AheadOfClock(event.hsa_id, event.event_id, event.seconds_ahead, *place)
            self.merged.warnings.append(ahead)
        if event.name_dropped:
            self.merged.warnings.append(NameDropped(event.hsa_id, event.event_id))
        region_code = self._board_regions.get(event.hsa_id)
        if region_code is not None:
            self.merged.warnings.append(PatientBoardNamed(event.hsa_id, region_code))

    def _log_change(self, judged: DecodedRecords, at: int, event: Event, change: Change) -> None:
        if change.fact is Fact.REGION and change.new not in self._service_on:
            self.merged.warnings.append(MovedWithoutBoard(event.hsa_id, str(change.new)))
        self._log(judged, at, event, change, change_name(change))

    def _log(
        self, judged: DecodedRecords, at: int, event: Event, change: Change, name: str
    ) -> None:
        values = None, as_text(change.old), as_text(change.new)
        record = self._stream, *judged.partitions[at], judged.offsets[at]
        entry = self._now, name, event.hsa_id, *values, None, None, event.event_id, *record
        self.merged.entries.append(new(change_log.LogEntry, entry))


# A batch merged under the guard: departures of registered clinics pass, or are held. Pure.
# Nearly every batch has none, so it is first merged as if there were no guard. Where that finds
# something at stake, the guard's state of the regions concerned is loaded, and the batch merged
# anew. The worker loads it under locks and keeps what it came to; a dry run loads it from a
# snapshot, carries it on from batch to batch, and keeps nothing. Both judge alike.


class Known(NamedTuple):
    """What the registry knows that bears on a batch: its clinics, what is held of them, boards."""

    clinics: Mapping[str, KnownClinic]
    held: Mapping[str, HeldFacts]
    boards: Mapping[str, Board]


class WatchedMerger(Merger):
    """Merges as if there were no guard, and sees what would be the guard's business.

    What it comes to is final only where nothing is `at_stake`.
    """

    def __init__(self, stream: str, known: Known, now: datetime) -> None:
        super().__init__(stream, known.clinics, known.boards, now)
        self.at_stake = set(known.held)
        """HSA-ids of registered clinics that were deactivated or moved away, or are held."""

    def _change(
        self, judged: DecodedRecords, at: int, event: Event, known: KnownClinic, change: Change
    ) -> None:
        if departure(Clinic(event.hsa_id, known.facts), change, event.event_id) is not None:
            self.at_stake.add(event.hsa_id)
        super()._change(judged, at, event, known, change)


class GuardedMerger(Merger):
    """Merges records one by one under the guard, whose state evolves with each."""

    def __init__(self, stream: str, known: Known, now: datetime, guard: Guard) -> None:
        super().__init__(stream, known.clinics, known.boards, now)
        self._held = dict(known.held)
        self._guard = guard

    def _state(self, judged: DecodedRecords, at: int, event: Event) -> Outcome:
        known = self._known[event.hsa_id]
        held = self._held.get(event.hsa_id, NOTHING_HELD)
        if not (known.is_registered or held):
            return super()._state(judged, at, event)
        before = Clinic(event.hsa_id, known.facts, held, known.is_registered)
        after, steps = holding.merge(before, event.facts, self._guard)
        if after is before:
            return Outcome.SUPERSEDED
        self._take(before, after)
        if known.is_registered:
            for step in steps:
                self._tell(judged, at, event, step)
        return Outcome.APPLIED

    def _take(self, before: Clinic, after: Clinic) -> None:
        if after.facts is not before.facts:
            self._known[after.hsa_id] = KnownClinic(after.facts, after.is_registered)
            self.merged.changed[after.hsa_id] = after.facts
        if after.held is not before.held:
            self._held[after.hsa_id] = self.merged.held[after.hsa_id] = after.held
            self.merged.held_back += _newly_held(before.held, after.held)

    def _tell(self, judged: DecodedRecords, at: int, event: Event, step: Step) -> None:
        match step.effect:
            case Effect.TOOK_EFFECT:
                self._log_change(judged, at, event, step.change)
            case Effect.HELD:
                self._log(judged, at, event, step.change, change_log.HELD)
            case Effect.WITHDRAWN:
                self._log(judged, at, event, step.change, change_log.WITHDRAWN)


def merge(
    stream: str,
    known: Known,
    now: datetime,
    judged: DecodedRecords,
    load_guard: Callable[[Collection[str]], Guard],
) -> tuple[Merged, Guard | None]:
    """Merge a batch in the order read, and what the guard has come to; None where it had no part.

    `load_guard` is called at most once, with the codes of every region that could be left or moved
    into. What is known must hold every clinic that the batch names.
    """
    watched = WatchedMerger(stream, known, now)
    merged = watched.merge(judged)
    if not watched.at_stake:
        return merged, None
    guard = load_guard(regions_at_stake(watched.at_stake, judged, known))
    return GuardedMerger(stream, known, now, guard).merge(judged), guard


def regions_at_stake(hsa_ids: Collection[str], judged: DecodedRecords, known: Known) -> set[str]:
    """The codes of all regions that these clinics are in, could come into, or are held in."""
    codes = {
        event.region_code
        for event in judged.verdicts
        if isinstance(event, Event) and event.region_code is not None and event.hsa_id in hsa_ids
    }
    for hsa_id in hsa_ids:
        region = known.clinics[hsa_id].facts.region
        codes |= {kept.region_code for kept in known.held.get(hsa_id, NOTHING_HELD).values()}
        if region is not None:
            codes.add(region.value)
    return codes


def _newly_held(before: HeldFacts, after: HeldFacts) -> bool:
    return any(before.get(fact) is not kept for fact, kept in after.items())
