"""A registered clinic's facts and what is held of them, merged with what an event states. Pure.

A held fact is kept beside the clinic in place of in it, and is known all the same: older statements
are superseded by it, newer ones replace it, and a newer one that says what the registry says
already withdraws it (contract 4, `holds`).
"""

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Any, NamedTuple

from sync_worker.domain.facts import Change, Fact, Facts, Register
from sync_worker.domain.mass_change_guard import Departure, Guard


class Held(NamedTuple):
    """A fact kept beside its clinic, and the region whose open hold it belongs to."""

    register: Register[Any]
    region_code: str


HeldFacts = Mapping[Fact, Held]
NOTHING_HELD: HeldFacts = {}


class Effect(Enum):
    """What became of a value that an event states."""

    TOOK_EFFECT = auto()
    """The registry says so from now on; a change without a difference has no step."""
    HELD = auto()
    """It waits for a person; `old` is what the registry says, `new` what is held."""
    WITHDRAWN = auto()
    """It waits no more; `old` is what was held, `new` what the registry says."""


class Step(NamedTuple):
    """One value that an event changed, in the registry or beside it."""

    effect: Effect
    change: Change


class Movement(NamedTuple):
    """A registered clinic is deactivated, or is in another region from now on."""

    hsa_id: str
    leaving: Departure | None
    """None where the registry had it in no region."""
    entered: str | None
    """The code of the other region."""


class Clinic(NamedTuple):
    """A clinic as the guard sees it."""

    hsa_id: str
    facts: Facts
    held: HeldFacts = NOTHING_HELD
    is_registered: bool = True

    def newest(self) -> Facts:
        """The newest known facts, held ones included."""
        return self.facts.merge(as_facts(self.held))


def as_facts(held: HeldFacts) -> Facts:
    """What is held, as a state that can be merged."""
    return Facts(**{fact.value: kept.register for fact, kept in held.items()})


def departure(clinic: Clinic, change: Change, event_id: str) -> Departure | None:
    """What the change by an event is to the guard; None where it is none of its business.

    A clinic that nobody registered, or that the registry has in no region, is never guarded;
    deactivating a clinic that is not active is not a departure.
    """
    region = clinic.facts.region
    if not clinic.is_registered or region is None:
        return None
    match change.fact, change.old, change.new:
        case Fact.ACTIVATION, True, False:
            return Departure(clinic.hsa_id, region.value, None, event_id)
        case Fact.REGION, str(old), str(new) if old != new:
            return Departure(clinic.hsa_id, old, new, event_id)
    return None


def movement(clinic: Clinic, change: Change, event_id: str) -> Movement | None:
    """What the guard is to know of the change by an event; None where nothing."""
    if not clinic.is_registered or change.old == change.new:
        return None
    leaving = departure(clinic, change, event_id)
    entered = str(change.new) if change.fact is Fact.REGION else None
    if leaving is None and entered is None:
        return None
    return Movement(clinic.hsa_id, leaving, entered)


def all_pass(movements: Iterable[Movement], guard: Guard) -> bool:
    """Whether all of these take effect, of clinics of which nothing is held; the guard learns them.

    Where one must wait, it is False, and the guard is of no further use.
    """
    for moved in movements:
        is_guarded = moved.leaving is not None and guard.is_guarded(moved.leaving)
        if moved.leaving is not None and is_guarded and guard.must_hold(moved.leaving):
            return False
        _tell(guard, moved, is_guarded=is_guarded)
    return True


def merge(clinic: Clinic, stated: Facts, guard: Guard) -> tuple[Clinic, list[Step]]:
    """The clinic after an event, and what changed; `clinic` itself where nothing is newer.

    The facts are judged one after the other in the order of `Fact`, each against the result of
    the ones before it.
    """
    steps: list[Step] = []
    newest = clinic.newest()
    for fact, register, known in zip(Fact, stated, newest, strict=True):
        if register is not None and (known is None or known < register):
            clinic, applied = _apply_fact(clinic, fact, register, guard)
            steps += applied
    return clinic, steps


def _apply_fact(
    clinic: Clinic, fact: Fact, register: Register[Any], guard: Guard
) -> tuple[Clinic, list[Step]]:
    """Apply one newer statement, or hold it."""
    known = clinic.facts.of(fact)
    present = None if known is None else known.value
    change = Change(fact, present, register.value)
    moved = movement(clinic, change, register.event_id)
    leaving = None if moved is None else moved.leaving
    is_guarded = leaving is not None and guard.is_guarded(leaving)
    if leaving is not None and is_guarded and (fact in clinic.held or guard.must_hold(leaving)):
        return _hold(clinic, leaving, change, register, guard)
    clinic, steps = _withdraw(clinic, change, guard)
    if present != register.value:
        steps.append(Step(Effect.TOOK_EFFECT, change))
    if moved is not None:
        _tell(guard, moved, is_guarded=is_guarded)
    return clinic._replace(facts=clinic.facts._replace(**{fact.value: register})), steps


def _tell(guard: Guard, moved: Movement, *, is_guarded: bool) -> None:
    """Have the guard count what took effect."""
    if moved.leaving is not None:
        guard.departed(moved.leaving, is_guarded=is_guarded)
    if moved.entered is not None:
        guard.arrived(moved.hsa_id, moved.entered)


def _hold(
    clinic: Clinic, leaving: Departure, change: Change, register: Register[Any], guard: Guard
) -> tuple[Clinic, list[Step]]:
    waiting = clinic.held.get(change.fact)
    # Its hold is another region's where the clinic has moved back since: it stays in that one.
    region_code = leaving.region_code if waiting is None else waiting.region_code
    held = {**clinic.held, change.fact: Held(register, region_code)}
    if waiting is not None and waiting.register.value == register.value:
        return clinic._replace(held=held), []
    guard.held(region_code, is_new=waiting is None)
    return clinic._replace(held=held), [Step(Effect.HELD, change)]


def _withdraw(clinic: Clinic, change: Change, guard: Guard) -> tuple[Clinic, list[Step]]:
    waiting = clinic.held.get(change.fact)
    if waiting is None:
        return clinic, []
    guard.release(waiting.region_code)
    held = {fact: kept for fact, kept in clinic.held.items() if fact is not change.fact}
    withdrawn = Change(change.fact, waiting.register.value, change.new)
    return clinic._replace(held=held), [Step(Effect.WITHDRAWN, withdrawn)]
