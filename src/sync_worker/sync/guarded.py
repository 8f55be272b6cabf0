"""A batch merged under the guard: departures of registered clinics pass, or are held. Pure.

Nearly every batch has none, so it is first merged as if there were no guard. Where that finds
something at stake, the guard's state of the regions concerned is loaded, and the batch merged anew.
The worker loads it under locks and keeps what it came to; a dry run loads it from a snapshot,
carries it on from batch to batch, and keeps nothing. Both judge alike.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sync_worker.clinics import held as holding
from sync_worker.clinics.facts import Change
from sync_worker.clinics.guard import Guard
from sync_worker.clinics.held import (
    NOTHING_HELD,
    Clinic,
    Effect,
    HeldFacts,
    Step,
    departure,
)
from sync_worker.events.verdicts import Event
from sync_worker.registry import log
from sync_worker.registry.facts import KnownClinic
from sync_worker.registry.registrations import Board
from sync_worker.sync.judged import Judged
from sync_worker.sync.merge import Merged, Merger, Outcome


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
        self, judged: Judged, at: int, event: Event, known: KnownClinic, change: Change
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

    def _state(self, judged: Judged, at: int, event: Event) -> Outcome:
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

    def _tell(self, judged: Judged, at: int, event: Event, step: Step) -> None:
        match step.effect:
            case Effect.TOOK_EFFECT:
                self._log_change(judged, at, event, step.change)
            case Effect.HELD:
                self._log(judged, at, event, step.change, log.HELD)
            case Effect.WITHDRAWN:
                self._log(judged, at, event, step.change, log.WITHDRAWN)


def merge(
    stream: str,
    known: Known,
    now: datetime,
    judged: Judged,
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


def regions_at_stake(hsa_ids: Collection[str], judged: Judged, known: Known) -> set[str]:
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
