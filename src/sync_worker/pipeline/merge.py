"""Decoded records, merged in the order read into what the registry knows of their clinics.

Whether a record is applied or superseded follows from the registry and the records before it alone,
so the counts and the change log do not depend on where one transaction ends and the next begins.

Departures of registered clinics pass the mass-change guard or are held. Nearly every transaction
has none, so it is first merged as if there were no guard. If that finds something at stake, the
guard's state of the regions concerned is loaded. Nearly always it lets everything pass: then the
result stands. Where something must wait, or waits already, the records are merged again under it.
The worker loads that state under locks and commits the result; a dry run loads it from a snapshot,
carries it from one batch to the next, and commits nothing. Both decide alike. Apart from that
call, `load_guard`, nothing here does I/O.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sync_worker.domain import clinic_state
from sync_worker.domain.clinic_state import (
    NOTHING_HELD,
    Clinic,
    Effect,
    HeldFacts,
    Movement,
    Step,
    movement,
)
from sync_worker.domain.facts import Change, Fact, Facts, changes
from sync_worker.domain.hsa_id import normalised
from sync_worker.domain.mass_change_guard import Guard
from sync_worker.domain.tuples import new
from sync_worker.events.decode_result import Event, Ignored, Rejection
from sync_worker.events.outcome import Outcome
from sync_worker.events.record import Partition
from sync_worker.pipeline.decoded_records import DecodedRecords
from sync_worker.pipeline.listener import (
    AheadOfClock,
    DeadLettered,
    MovedWithoutBoard,
    NameDropped,
    PatientBoardNamed,
    PipelineWarning,
)
from sync_worker.registry import change_log
from sync_worker.registry.clinics import KnownClinic
from sync_worker.registry.facts import as_text, change_name
from sync_worker.registry.positions import Counts
from sync_worker.registry.registrations import Board

# The same boards are read for each transaction, which at the head of the log is a single event.
_normalised = lru_cache(maxsize=256)(normalised)


@dataclass(slots=True)
class MergeResult:
    """What merging records results in: what to write, to count and to warn of."""

    outcomes: list[Outcome] = field(default_factory=list)
    """One for each record, in the order read."""
    changed: dict[str, Facts] = field(default_factory=dict)
    before: Mapping[str, KnownClinic] = field(default_factory=dict)
    """The clinics before the merge, of those in `changed` at least."""
    log_entries: list[change_log.LogEntry] = field(default_factory=list)
    dead_lettered: list[DeadLettered] = field(default_factory=list)
    warnings: list[PipelineWarning] = field(default_factory=list)
    newest_event_at: dict[Partition, datetime] = field(default_factory=dict)
    held: dict[str, HeldFacts] = field(default_factory=dict)
    """What is held now, of each clinic of which that changed."""
    records_held: int = 0
    """The number of records of which something was held."""
    unknown_types: Counter[tuple[Partition, str]] = field(default_factory=Counter)
    """How many records were ignored because of their type."""
    already_dead_lettered: int = 0
    """How many of the bad records are dead letters already; 0 where nobody looked."""

    def counts(self, decoded: DecodedRecords) -> dict[Partition, Counts]:
        """The number of records with each outcome, by partition; `decoded` are those merged."""
        counts: dict[Partition, Counts] = {}
        pairs = zip(decoded.partitions, self.outcomes, strict=True)
        for (partition, outcome), number in Counter(pairs).items():
            counts[partition] = counts.get(partition, Counts()) + Counts(**{outcome.value: number})
        return counts

    def followed_by(self, later: "MergeResult") -> "MergeResult":
        """The result of merging these records and then those of `later`."""
        newest = self.newest_event_at | {
            partition: max(moment, self.newest_event_at.get(partition, moment))
            for partition, moment in later.newest_event_at.items()
        }
        return MergeResult(
            self.outcomes + later.outcomes,
            self.changed | later.changed,
            {**later.before, **self.before},
            self.log_entries + later.log_entries,
            self.dead_lettered + later.dead_lettered,
            self.warnings + later.warnings,
            newest,
            self.held | later.held,
            self.records_held + later.records_held,
            self.unknown_types + later.unknown_types,
            self.already_dead_lettered + later.already_dead_lettered,
        )


class PriorState(NamedTuple):
    """What the registry knows before a merge: all clinics named, what is held of them, boards."""

    clinics: Mapping[str, KnownClinic]
    held: Mapping[str, HeldFacts]
    boards: Mapping[str, Board]


def merge(
    stream: str,
    prior: PriorState,
    now: datetime,
    decoded: DecodedRecords,
    load_guard: Callable[[Collection[str], Collection[str]], Guard],
) -> tuple[MergeResult, Guard | None]:
    """Merge records in the order read; also the guard afterwards, None if it had no part in it.

    `load_guard` is called at most once, with the codes of all regions that could be left or moved
    into, and the ids of all clinics that it may be asked about. `prior` must hold every clinic that
    the records name.
    """
    unguarded = UnguardedMerger(stream, prior, now)
    merged = unguarded.merge(decoded)
    at_stake = prior.held.keys() | unguarded.leaving()
    if not at_stake:
        return merged, None
    moving = prior.held.keys() | {moved.hsa_id for moved in unguarded.movements}
    guard = load_guard(regions_at_stake(at_stake, decoded, prior), moving)
    if not prior.held:
        passed = guard.copy()
        if clinic_state.all_pass(unguarded.movements, passed):
            return merged, passed
    return GuardedMerger(stream, prior, now, guard).merge(decoded), guard


def regions_at_stake(
    hsa_ids: Collection[str], decoded: DecodedRecords, prior: PriorState
) -> set[str]:
    """The codes of all regions that these clinics are in, may move into, or are held in."""
    codes = {
        event.region_code
        for event in decoded.results
        if isinstance(event, Event) and event.region_code is not None and event.hsa_id in hsa_ids
    }
    for hsa_id in hsa_ids:
        region = prior.clinics[hsa_id].facts.region
        codes |= {held.region_code for held in prior.held.get(hsa_id, NOTHING_HELD).values()}
        if region is not None:
            codes.add(region.value)
    return codes


class Merger:
    """Merges records one by one; what it knows of the clinics changes with each."""

    def __init__(
        self,
        stream: str,
        clinics: Mapping[str, KnownClinic],
        boards: Mapping[str, Board],
        now: datetime,
    ) -> None:
        self._stream = stream
        self._clinics = dict(clinics)
        self._service_on = boards.keys()
        self._board_regions = {_normalised(b.hsa_id): b.region_code for b in boards.values()}
        self._now = now
        self.merged = MergeResult(before=clinics)

    def merge(self, decoded: DecodedRecords) -> MergeResult:
        """Merge records, in this order."""
        outcomes, newest = self.merged.outcomes, self.merged.newest_event_at
        pairs = zip(decoded.results, decoded.partitions, strict=True)
        for index, (result, partition) in enumerate(pairs):
            if not isinstance(result, Event):
                outcomes.append(self._skip(decoded, index, result))
                continue
            if newest.get(partition, result.time) <= result.time:
                newest[partition] = result.time
            if result.name_dropped or result.seconds_ahead or result.hsa_id in self._board_regions:
                self._warn(decoded, index, result)
            outcomes.append(self._apply(decoded, index, result))
        return self.merged

    def _skip(self, decoded: DecodedRecords, index: int, result: Ignored | Rejection) -> Outcome:
        match result:
            case Ignored(_, unknown_type):
                if unknown_type is not None:
                    self.merged.unknown_types[decoded.partitions[index], unknown_type] += 1
                return Outcome.IGNORED
            case Rejection():
                dead_lettered = DeadLettered(decoded.record(index), result)
                self.merged.dead_lettered.append(dead_lettered)
                self.merged.warnings.append(dead_lettered)
                return Outcome.DEAD_LETTERED

    def _apply(self, decoded: DecodedRecords, index: int, event: Event) -> Outcome:
        hsa_id, event_id, time, sequence, active, region_code, name, _, _ = event
        known = self._clinics[hsa_id]
        facts = known.facts.stated((time, sequence, event_id), active, region_code, name)
        if facts is known.facts:
            return Outcome.SUPERSEDED
        self._clinics[hsa_id] = new(KnownClinic, (facts, known.is_registered))
        self.merged.changed[hsa_id] = facts
        if known.is_registered:
            for change in changes(known.facts, facts):
                self._change_registered(decoded, index, event, known, change)
        return Outcome.APPLIED

    def _change_registered(
        self,
        decoded: DecodedRecords,
        index: int,
        event: Event,
        before: KnownClinic,  # noqa: ARG002
        change: Change,
    ) -> None:
        """A value of a registered clinic changes; `before` is the clinic without the change."""
        self._log_change(decoded, index, event, change)

    def _warn(self, decoded: DecodedRecords, index: int, event: Event) -> None:
        if event.seconds_ahead:
            self.merged.warnings.append(ahead_of_clock(decoded, index, event))
        if event.name_dropped:
            self.merged.warnings.append(NameDropped(event.hsa_id, event.event_id))
        region_code = self._board_regions.get(event.hsa_id)
        if region_code is not None:
            self.merged.warnings.append(PatientBoardNamed(event.hsa_id, region_code))

    def _log_change(
        self, decoded: DecodedRecords, index: int, event: Event, change: Change
    ) -> None:
        if change.fact is Fact.REGION and change.new not in self._service_on:
            self.merged.warnings.append(MovedWithoutBoard(event.hsa_id, str(change.new)))
        self._log(decoded, index, event, change, change_name(change))

    def _log(
        self, decoded: DecodedRecords, index: int, event: Event, change: Change, name: str
    ) -> None:
        values = None, as_text(change.old), as_text(change.new)
        record = self._stream, *decoded.partitions[index], decoded.offsets[index]
        entry = self._now, name, event.hsa_id, *values, None, None, event.event_id, *record
        self.merged.log_entries.append(new(change_log.LogEntry, entry))


def ahead_of_clock(decoded: DecodedRecords, index: int, event: Event) -> AheadOfClock:
    """The warning of an event that is ahead of the clock; `index` is its record's."""
    address = *decoded.partitions[index], decoded.offsets[index]
    return AheadOfClock(event.hsa_id, event.event_id, event.seconds_ahead, *address)


class UnguardedMerger(Merger):
    """Merges as if there were no guard; the result counts only if that lets everything pass."""

    def __init__(self, stream: str, prior: PriorState, now: datetime) -> None:
        super().__init__(stream, prior.clinics, prior.boards, now)
        self.movements: list[Movement] = []
        """What the guard counts of registered clinics, in the order read."""

    def leaving(self) -> set[str]:
        """The HSA-ids of registered clinics that were deactivated or moved away."""
        return {moved.hsa_id for moved in self.movements if moved.leaving is not None}

    def _change_registered(
        self,
        decoded: DecodedRecords,
        index: int,
        event: Event,
        before: KnownClinic,
        change: Change,
    ) -> None:
        moved = movement(Clinic(event.hsa_id, before.facts), change, event.event_id)
        if moved is not None:
            self.movements.append(moved)
        super()._change_registered(decoded, index, event, before, change)


class GuardedMerger(Merger):
    """Merges under the guard, whose state also changes with each record."""

    def __init__(self, stream: str, prior: PriorState, now: datetime, guard: Guard) -> None:
        super().__init__(stream, prior.clinics, prior.boards, now)
        self._held = dict(prior.held)
        self._guard = guard

    def _apply(self, decoded: DecodedRecords, index: int, event: Event) -> Outcome:
        known = self._clinics[event.hsa_id]
        held = self._held.get(event.hsa_id, NOTHING_HELD)
        if not (known.is_registered or held):
            return super()._apply(decoded, index, event)
        before = Clinic(event.hsa_id, known.facts, held, known.is_registered)
        after, steps = clinic_state.merge(before, event.facts, self._guard)
        if after is before:
            return Outcome.SUPERSEDED
        self._update(before, after)
        if known.is_registered:
            for step in steps:
                self._log_step(decoded, index, event, step)
        return Outcome.APPLIED

    def _update(self, before: Clinic, after: Clinic) -> None:
        if after.facts is not before.facts:
            self._clinics[after.hsa_id] = KnownClinic(after.facts, after.is_registered)
            self.merged.changed[after.hsa_id] = after.facts
        if after.held is not before.held:
            self._held[after.hsa_id] = self.merged.held[after.hsa_id] = after.held
            self.merged.records_held += any(
                before.held.get(fact) is not held for fact, held in after.held.items()
            )

    def _log_step(self, decoded: DecodedRecords, index: int, event: Event, step: Step) -> None:
        match step.effect:
            case Effect.TOOK_EFFECT:
                self._log_change(decoded, index, event, step.change)
            case Effect.HELD:
                self._log(decoded, index, event, step.change, change_log.HELD)
            case Effect.WITHDRAWN:
                self._log(decoded, index, event, step.change, change_log.WITHDRAWN)
