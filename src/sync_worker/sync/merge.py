"""Judged records, merged in the order read into what is known of its clinics. Pure.

Whether a record is applied or superseded follows from the records before it and the registry
alone, so the counts and the log do not depend on where one transaction ends and the next begins.

Knows nothing of the guard: `guarded` watches what is merged, and merges anew where it must.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sync_worker.clinics.facts import Change, Fact, Facts, changes
from sync_worker.clinics.held import HeldFacts
from sync_worker.clinics.hsa_id import normalised
from sync_worker.clinics.tuples import new
from sync_worker.events.record import Partition
from sync_worker.events.verdicts import Event, Ignored, Rejection
from sync_worker.registry import log
from sync_worker.registry.facts import KnownClinic
from sync_worker.registry.positions import Counts
from sync_worker.registry.registrations import Board
from sync_worker.sync.judged import Judged
from sync_worker.sync.progress import (
    AheadOfClock,
    MovedWithoutBoard,
    NameDropped,
    PatientBoardNamed,
    SetAside,
    Warning_,
)


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
    entries: list[log.Entry] = field(default_factory=list)
    rejected: list[SetAside] = field(default_factory=list)
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

    def counts(self, judged: Judged) -> dict[Partition, Counts]:
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

    def merge(self, judged: Judged) -> Merged:
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

    def _leave(self, judged: Judged, at: int, verdict: Ignored | Rejection) -> Outcome:
        match verdict:
            case Ignored(_, unknown_type):
                if unknown_type is not None:
                    self.merged.unknown_types[judged.partitions[at], unknown_type] += 1
                return Outcome.IGNORED
            case Rejection():
                set_aside = SetAside(judged.record(at), verdict)
                self.merged.rejected.append(set_aside)
                self.merged.warnings.append(set_aside)
                return Outcome.DEAD_LETTERED

    def _state(self, judged: Judged, at: int, event: Event) -> Outcome:
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
        judged: Judged,
        at: int,
        event: Event,
        known: KnownClinic,  # noqa: ARG002
        change: Change,
    ) -> None:
        """A value of a registered clinic becomes another one; `known` is the clinic before."""
        self._log_change(judged, at, event, change)

    def _warn(self, judged: Judged, at: int, event: Event) -> None:
        if event.seconds_ahead:
            place = *judged.partitions[at], judged.offsets[at]
            ahead = AheadOfClock(event.hsa_id, event.event_id, event.seconds_ahead, *place)
            self.merged.warnings.append(ahead)
        if event.name_dropped:
            self.merged.warnings.append(NameDropped(event.hsa_id, event.event_id))
        region_code = self._board_regions.get(event.hsa_id)
        if region_code is not None:
            self.merged.warnings.append(PatientBoardNamed(event.hsa_id, region_code))

    def _log_change(self, judged: Judged, at: int, event: Event, change: Change) -> None:
        if change.fact is Fact.REGION and change.new not in self._service_on:
            self.merged.warnings.append(MovedWithoutBoard(event.hsa_id, str(change.new)))
        self._log(judged, at, event, change, log.change_name(change))

    def _log(self, judged: Judged, at: int, event: Event, change: Change, name: str) -> None:
        values = None, log.as_text(change.old), log.as_text(change.new)
        record = self._stream, *judged.partitions[at], judged.offsets[at]
        entry = self._now, name, event.hsa_id, *values, None, None, event.event_id, *record
        self.merged.entries.append(new(log.Entry, entry))
