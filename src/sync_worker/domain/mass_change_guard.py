"""The mass-change guard: which changes wait for a person (contract 4, `holds`; decision 11).

If the e-services suddenly deactivate or move a large part of a region's registered clinics, that is
more likely their fault than the truth. Pure: what the guard knows of a region is a value that
evolves in memory, change by change in the order read. Whoever loads it writes it back or drops it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from sync_worker.domain.facts import Change, Fact

_ALL_PERCENT = 100
GUARDED = (Fact.ACTIVATION, Fact.REGION)
"""The facts of which a change can be held: see `Departure`."""


class Limits(NamedTuple):
    """How many distinct registered clinics may leave a region within the window without a person.

    `max_changes`, or `max_percent` of the region's clinics rounded down, whichever is more; none
    where both are 0.
    """

    max_changes: int = 5
    max_percent: int = 10
    window: timedelta = timedelta(minutes=60)

    @property
    def are_lifted(self) -> bool:
        """Whether all of them may leave: nobody decides then, and nobody needs to remember."""
        return self.max_percent >= _ALL_PERCENT


USUAL_LIMITS = Limits()
"""Those of the settings' defaults (contract 3)."""


class Departure(NamedTuple):
    """A registered clinic is deactivated in its region (`to_region` is None), or moves away."""

    hsa_id: str
    region_code: str
    to_region: str | None = None
    event_id: str = ""

    @property
    def change(self) -> Change:
        """The value that becomes another one."""
        if self.to_region is None:
            return Change(Fact.ACTIVATION, True, False)
        return Change(Fact.REGION, self.region_code, self.to_region)


class LastDeparture(NamedTuple):
    """When a clinic left a region last.

    `counted_at` is when it was last deactivated or moved away without a person, `moved_at` when it
    last moved away, by a person's approval too. `is_here`: it is registered there now. `passed` has
    the latest counted deactivation and move since this was loaded.
    """

    counted_at: datetime | None = None
    moved_at: datetime | None = None
    is_here: bool = False
    passed: tuple[Departure, ...] = ()


class Tally(NamedTuple):
    """How many clinics left a region within the window."""

    counted: int = 0
    """Without a person, coming back or not."""
    away: int = 0
    """By moving, and not there now."""


@dataclass(slots=True)
class Hold:
    """An open hold, or one that ended since it was loaded.

    `number` is None for one that was opened since and is not stored; `facts` counts what it holds;
    `revision` changes with every change of the list.
    """

    number: int | None
    opened_at: datetime
    revision: int = 0
    facts: int = 0
    newly_held: int = 0
    """How many facts it holds that it did not when it was loaded, or holds with another value."""
    passed: Sequence[Departure] = ()
    """What took effect before it was opened, and since the region was loaded."""


@dataclass(slots=True)
class Region:
    """What the guard knows of a region: its clinics, which of them left, and its open hold."""

    registered: int = 0
    """How many clinics are registered there; where they are still to be counted, how many more."""
    departures: dict[str, LastDeparture] = field(default_factory=dict)
    hold: Hold | None = None
    withdrawn: list[Hold] = field(default_factory=list)
    """Holds that ended since this was loaded, because nothing was left of them."""
    changed: set[str] = field(default_factory=set)
    """HSA-ids of which `departures` says something else than when it was loaded."""
    others: int = 0
    """How many more left without a person that are not among `departures`: none of their changes is
    decided."""

    def copy(self) -> "Region":
        """The same, which evolves on its own from here."""
        return replace(
            self,
            departures=dict(self.departures),
            hold=None if self.hold is None else replace(self.hold),
            withdrawn=list(self.withdrawn),
            changed=set(self.changed),
        )


class Guard:
    """Decides for each departure whether it waits, and keeps what it knows up to date.

    `regions` holds every region that could be left or moved into, by code. `now` is the clock when
    the changes are applied. `count_unread` gives how many clinics a region has of which they do not
    tell: those that were registered there as they were loaded, and others that moved away. It takes
    long, and seldom decides anything.
    """

    def __init__(
        self,
        limits: Limits,
        regions: Mapping[str, Region],
        now: datetime,
        count_unread: Callable[[str], int] = lambda _: 0,
    ) -> None:
        self.regions = regions
        self.now = now
        self.opened: list[tuple[str, Hold]] = []
        """Holds that this guard opened, each with its region's code, in this order."""
        self.since = now - limits.window
        """When the window began."""
        self._limits = limits
        self._tallies: dict[str, Tally] = {}
        self._count_unread = cache(count_unread)

    def copy(self) -> "Guard":
        """A guard of the same regions, which decides on its own; before this one has decided."""
        regions = {code: region.copy() for code, region in self.regions.items()}
        return Guard(self._limits, regions, self.now, self._count_unread)

    def is_guarded(self, departure: Departure) -> bool:
        """Whether this is a guarded change.

        Every departure is, but a move back into a region that the clinic left within the window.
        """
        if departure.to_region is None:
            return True
        last = self.regions[departure.to_region].departures.get(departure.hsa_id)
        return last is None or not self._is_recent(last.moved_at)

    def must_hold(self, departure: Departure) -> bool:
        """Whether a guarded change must wait for a person.

        It does while its region has an open hold, or where as many clinics as may have left.
        """
        region = self.regions[departure.region_code]
        if region.hold is not None or self._limits.are_lifted:
            return region.hold is not None
        tally = self._tally(departure.region_code)
        last = region.departures.get(departure.hsa_id, LastDeparture())
        leaving = tally.counted + (not self._is_recent(last.counted_at))
        if leaving <= self._limits.max_changes:
            return False  # however many clinics the region has
        clinics = region.registered + tally.away + self._count_unread(departure.region_code)
        of_percent = clinics * self._limits.max_percent
        return leaving > of_percent // _ALL_PERCENT

    def departed(self, departure: Departure, *, is_guarded: bool) -> None:
        """A registered clinic left its region without a person; coming back frees nothing."""
        region, hsa_id = self.regions[departure.region_code], departure.hsa_id
        last = region.departures.get(hsa_id, LastDeparture(is_here=True))
        moves = departure.to_region is not None
        if is_guarded:
            other = (p for p in last.passed if (p.to_region is not None) != moves)
            last = last._replace(
                counted_at=self.now,
                moved_at=self.now if moves else last.moved_at,
                passed=(*other, departure),
            )
            region.changed.add(hsa_id)
        if moves:
            region.registered -= 1
            last = last._replace(is_here=False)
        self._record(departure.region_code, hsa_id, last)

    def arrived(self, hsa_id: str, region_code: str) -> None:
        """A registered clinic is in this region from now on."""
        region = self.regions.get(region_code)
        if region is None:
            return
        region.registered += 1
        if hsa_id in region.departures:
            self._record(region_code, hsa_id, region.departures[hsa_id]._replace(is_here=True))

    def held(self, region_code: str, *, is_new: bool) -> None:
        """One fact more is held in the region, or one with another value; opens a hold at need."""
        region = self.regions[region_code]
        if region.hold is None:
            passed = [p for last in region.departures.values() for p in last.passed]
            region.hold = Hold(None, self.now, passed=passed)
            self.opened.append((region_code, region.hold))
        region.hold.revision += 1
        region.hold.newly_held += 1
        region.hold.facts += is_new

    def release(self, region_code: str) -> None:
        """One fact less is held in the region; its hold ends when nothing is left."""
        region = self.regions[region_code]
        if region.hold is None:
            return
        region.hold.revision += 1
        region.hold.facts -= 1
        if region.hold.facts <= 0:
            region.withdrawn.append(region.hold)
            region.hold = None

    def hold_approved(self, region_code: str) -> None:
        """A person approved the region's hold, and has stored that."""
        self.regions[region_code].hold = None

    def moved_by_a_person(self, hsa_id: str, region_code: str) -> None:
        """A registered clinic moved away by a person's decision: it is not counted."""
        region = self.regions[region_code]
        departure = region.departures.get(hsa_id, LastDeparture())
        self._record(region_code, hsa_id, departure._replace(moved_at=self.now, is_here=False))
        region.registered -= 1
        region.changed.add(hsa_id)

    def _tally(self, region_code: str) -> Tally:
        """The region's clinics that left, counted once and kept up to date from then on."""
        tally = self._tallies.get(region_code)
        if tally is None:
            region = self.regions[region_code]
            each = [self._counted(last) for last in region.departures.values()]
            counted = region.others + sum(one.counted for one in each)
            tally = self._tallies[region_code] = Tally(counted, sum(one.away for one in each))
        return tally

    def _record(self, region_code: str, hsa_id: str, departure: LastDeparture) -> None:
        departures = self.regions[region_code].departures
        tally = self._tallies.get(region_code)
        if tally is not None:
            before = self._counted(departures.get(hsa_id, LastDeparture()))
            now = self._counted(departure)
            self._tallies[region_code] = Tally(
                tally.counted + now.counted - before.counted, tally.away + now.away - before.away
            )
        departures[hsa_id] = departure

    def _counted(self, departure: LastDeparture) -> Tally:
        is_counted = self._is_recent(departure.counted_at)
        is_away = self._is_recent(departure.moved_at) and not departure.is_here
        return Tally(int(is_counted), int(is_away))

    def _is_recent(self, moment: datetime | None) -> bool:
        return moment is not None and moment >= self.since
