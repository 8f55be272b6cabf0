"""The contract's sentences on holds once more, as plainly as can be, record by record.

Written apart from the program and on purpose without its code, as `tests/worlds/fold.py` is: it
keeps every departure there ever was and counts again at every step.
"""

from collections import Counter
from typing import Any, NamedTuple

from tests.worlds.fold import FACTS, stated


class Departure(NamedTuple):
    region: str
    hsa_id: str
    minute: float
    moved: bool
    by_person: bool
    old: Any
    new: Any
    event_id: str


class GuardedFold:
    """Reads events in the order read; people register, approve and remove in between."""

    def __init__(self, max_changes: int, max_percent: int, window: float) -> None:
        self.limits = max_changes, max_percent
        self.window = window
        self.minute = 0.0
        self.facts: dict[str, dict[str, Any]] = {}
        self.held: dict[str, dict[str, Any]] = {}
        self.registered: set[str] = set()
        self.newest: dict[tuple[str, str], str | None] = {}
        """The event that last changed a clinic's fact; None where a person came after it."""
        self.departures: list[Departure] = []
        self.holds: list[dict[str, Any]] = []
        self.outcomes: Counter[str] = Counter()
        self.log: list[tuple[str, str, Any, Any]] = []
        self.most_beyond = 0
        """By how many clinics any region's limit was ever exceeded."""

    def read(self, event: dict[str, Any]) -> None:
        hsa_id = event["data"]["hsaId"]
        known = self.facts.setdefault(hsa_id, {})
        version = (event["time"], event.get("sequence", ""), event["id"])
        applied = False
        for fact in FACTS:
            if fact not in stated(event):
                continue
            register = (*version, stated(event)[fact])
            waiting = self.held.get(hsa_id, {}).get(fact)
            newest = max(known.get(fact, ()), waiting or ())
            if newest and register <= newest:
                continue
            applied = True
            self._take(hsa_id, fact, register)
        self.outcomes["applied" if applied else "superseded"] += 1

    def _take(self, hsa_id: str, fact: str, register: tuple[Any, ...]) -> None:
        old, new = self._value(hsa_id, fact), register[3]
        region = self._value(hsa_id, "region")
        leaves = hsa_id in self.registered and region is not None
        leaves = leaves and (
            (fact == "activation" and (old, new) == (True, False))
            or (fact == "region" and old != new)
        )
        is_guarded = leaves and not (fact == "region" and self._left(hsa_id, new))
        waiting = self.held.get(hsa_id, {}).get(fact)
        if is_guarded and (waiting or self._open(region) or self._exceeds(region, hsa_id)):
            self._hold(hsa_id, fact, register, region)
            return
        if waiting:
            self._let_go(hsa_id, fact)
            self._note(hsa_id, "withdrawn", waiting[3], new)
        self.facts[hsa_id][fact] = register
        if old != new:
            self._note(hsa_id, fact, old, new)
            self.newest[hsa_id, fact] = register[2]
        if is_guarded:
            self._depart(region, hsa_id, old, register, by_person=False)

    def _hold(self, hsa_id: str, fact: str, register: tuple[Any, ...], region: str) -> None:
        waiting = self.held.setdefault(hsa_id, {}).get(fact)
        self.held[hsa_id][fact] = register
        if waiting and waiting[3] == register[3]:
            return
        hold = (waiting and self._hold_of(hsa_id, fact)) or self._open(region)
        if hold is None:
            hold = {"region": region, "status": "open", "list": set(), "revision": 0}
            hold["passed"] = self._passed(region)
            self.holds.append(hold)
        hold["list"].add((hsa_id, fact))
        hold["revision"] += 1
        self._note(hsa_id, "held", self._value(hsa_id, fact), register[3])

    def _let_go(self, hsa_id: str, fact: str) -> None:
        hold = self._hold_of(hsa_id, fact)
        assert hold is not None
        del self.held[hsa_id][fact]
        hold["list"].remove((hsa_id, fact))
        hold["revision"] += 1
        if not hold["list"]:
            hold["status"] = "withdrawn"

    def approve(self, region: str) -> None:
        hold = self._open(region)
        assert hold is not None
        hold["status"] = "approved"
        for hsa_id, fact in sorted(hold["list"]):
            self._merge_held(hsa_id, fact, moved=True)
            del self.held[hsa_id][fact]

    def remove(self, hsa_id: str) -> None:
        for fact in FACTS[:2]:
            if fact in self.held.get(hsa_id, {}):
                self._merge_held(hsa_id, fact, moved=False)
                self._let_go(hsa_id, fact)
        if hsa_id in self.registered:
            self.newest |= {(hsa_id, fact): None for fact in FACTS}
        self.registered.discard(hsa_id)

    def _merge_held(self, hsa_id: str, fact: str, *, moved: bool) -> None:
        old, register = self._value(hsa_id, fact), self.held[hsa_id][fact]
        if register > self.facts[hsa_id][fact]:
            self.facts[hsa_id][fact] = register
            self._note(hsa_id, fact, old, register[3])
            self.newest[hsa_id, fact] = register[2]
            if moved and fact == "region":
                self._depart(old, hsa_id, old, register, by_person=True)

    def _depart(
        self, region: str, hsa_id: str, old: Any, register: tuple[Any, ...], *, by_person: bool
    ) -> None:
        event_id, new = register[2:]
        moved = not isinstance(new, bool)
        departure = Departure(region, hsa_id, self.minute, moved, by_person, old, new, event_id)
        self.departures.append(departure)
        limit = max(self.limits[0], self._base(region) * self.limits[1] // 100)
        if not by_person:
            self.most_beyond = max(self.most_beyond, len(self._counted(region)) - limit)

    def _recent(self) -> list[Departure]:
        return [d for d in self.departures if d.minute >= self.minute - self.window]

    def _counted(self, region: str) -> set[str]:
        return {d.hsa_id for d in self._recent() if d.region == region and not d.by_person}

    def _passed(self, region: str) -> dict[tuple[str, str], tuple[Any, Any, str]]:
        of_late = [d for d in self._recent() if d.region == region and not d.by_person]
        return {
            (d.hsa_id, "region" if d.moved else "activation"): (d.old, d.new, d.event_id)
            for d in of_late
        }

    def passed(self) -> list[tuple[list[Any], list[Any]]]:
        """Of each hold, in the order opened: what had passed before it, and what stands of that."""
        return [
            (
                [(*key, *h["passed"][key]) for key in sorted(h["passed"])],
                [(*key, *h["passed"][key]) for key in sorted(h["passed"]) if self._stands(key, h)],
            )
            for h in self.holds
        ]

    def uncorrected(self) -> list[tuple[str, int]]:
        """Region and number of clinics of each withdrawn hold of which something stands."""
        found = []
        for hold in self.holds:
            clinics = {key[0] for key in hold["passed"] if self._stands(key, hold)}
            if hold["status"] == "withdrawn" and clinics:
                found.append((hold["region"], len(clinics)))
        return found

    def _stands(self, key: tuple[str, str], hold: dict[str, Any]) -> bool:
        hsa_id, fact = key
        _, new, event_id = hold["passed"][key]
        is_as_it_was = self._value(hsa_id, fact) == new and self.newest.get(key) == event_id
        return hsa_id in self.registered and is_as_it_was

    def _left(self, hsa_id: str, region: str) -> bool:
        return any(d.moved and (d.hsa_id, d.region) == (hsa_id, region) for d in self._recent())

    def _base(self, region: str) -> int:
        here = {h for h in self.registered if self._value(h, "region") == region}
        return len(here | {d.hsa_id for d in self._recent() if d.moved and d.region == region})

    def _exceeds(self, region: str, hsa_id: str) -> bool:
        limit = max(self.limits[0], self._base(region) * self.limits[1] // 100)
        return len(self._counted(region) | {hsa_id}) > limit

    def _open(self, region: str) -> dict[str, Any] | None:
        found = [h for h in self.holds if (h["region"], h["status"]) == (region, "open")]
        return found[0] if found else None

    def _hold_of(self, hsa_id: str, fact: str) -> dict[str, Any] | None:
        found = [h for h in self.holds if h["status"] == "open" and (hsa_id, fact) in h["list"]]
        return found[0] if found else None

    def _value(self, hsa_id: str, fact: str) -> Any:
        register = self.facts[hsa_id].get(fact)
        return None if register is None else register[3]

    def _note(self, hsa_id: str, what: str, old: Any, new: Any) -> None:
        if hsa_id in self.registered:
            names = {"activation": "activated" if new is True else "deactivated"}
            names |= {"region": "moved", "name": "renamed"}
            self.log.append((hsa_id, names.get(what, what), old, new))

    def values(self) -> dict[str, dict[str, Any]]:
        """HSA-id → fact → its value, None where never stated."""
        return {h: {fact: self._value(h, fact) for fact in FACTS} for h in self.facts}

    def held_values(self) -> dict[tuple[str, str], Any]:
        """HSA-id and fact → the value that is held."""
        return {(h, fact): r[3] for h, kept in self.held.items() for fact, r in kept.items()}

    def listed(self) -> list[tuple[str, str, int, int]]:
        """Region, status, number of clinics and revision of each hold, in the order opened."""
        return [
            (
                h["region"],
                h["status"],
                0 if h["status"] == "withdrawn" else len({hsa_id for hsa_id, _ in h["list"]}),
                h["revision"],
            )
            for h in self.holds
        ]
