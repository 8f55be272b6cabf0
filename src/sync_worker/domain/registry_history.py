"""The registry as it was: what is so now, with the changes that were logged since undone. Pure.

The log has every change of a clinic while it is registered, and a removal has what the clinic was.
So what a registered clinic was at any time is found by going back from now, change by change. Of
one that was removed before removals were logged so, it may remain unknown.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from sync_worker.domain.clinic_status import Status, StatusConditions


class Unknown(Enum):
    """Stands for a value that the log does not tell."""

    UNKNOWN = auto()


UNKNOWN = Unknown.UNKNOWN


class Turn(Enum):
    """What a logged change did, as far as the status of clinics follows from it."""

    ACTIVATION = auto()
    REGION = auto()
    NAME = auto()
    REGISTRATION = auto()
    """`before` says whether the clinic was registered before, or None where it never had been."""
    REMOVAL = auto()
    INTO_TAK = auto()
    OUT_OF_TAK = auto()
    BOARD_SET = auto()
    """`before` is the board that it replaced, if any."""
    BOARD_CLEARED = auto()


class PastClinic(NamedTuple):
    """A clinic at a moment."""

    active: bool | Unknown | None = UNKNOWN
    region_code: str | Unknown | None = UNKNOWN
    name: str | Unknown | None = UNKNOWN
    is_registered: bool = False


class PastChange(NamedTuple):
    """One entry of the log: about a clinic or a region, and what was so before."""

    turn: Turn
    subject: str
    before: bool | str | None = None
    removed: PastClinic = PastClinic()
    """Of a removal: what the clinic was."""


@dataclass(slots=True)
class PastRegistry:
    """The registry at a moment; `undo` takes it back in time."""

    clinics: dict[str, PastClinic] = field(default_factory=dict)
    """Those that are registered, and others of which nothing else is true."""
    service_on: set[str] = field(default_factory=set)
    own_systems: set[str] = field(default_factory=set)

    def undo(self, change: PastChange) -> None:
        """Go back to the moment before a change; changes are undone in the order of the log."""
        match change.turn:
            case Turn.INTO_TAK:
                self.own_systems.discard(change.subject)
            case Turn.OUT_OF_TAK:
                self.own_systems.add(change.subject)
            case Turn.BOARD_SET if change.before is None:
                self.service_on.discard(change.subject)
            case Turn.BOARD_CLEARED:
                self.service_on.add(change.subject)
            case Turn.BOARD_SET:
                pass
            case _:
                clinic = self.clinics.get(change.subject, PastClinic())
                self.clinics[change.subject] = _before(clinic, change)

    def status(self, hsa_id: str) -> Status | Unknown:
        """A clinic's status; UNKNOWN where it depends on what the log does not tell."""
        clinic = self.clinics.get(hsa_id, PastClinic())
        possible = {
            StatusConditions(
                activated=is_active,
                registered=clinic.is_registered,
                service_on=is_on,
                no_own_system=hsa_id not in self.own_systems,
            ).status()
            for is_active in _possible(clinic.active, {True})
            for is_on in _possible(clinic.region_code, self.service_on)
        }
        return possible.pop() if len(possible) == 1 else UNKNOWN

    def concerned(self, change: PastChange) -> Iterator[str]:
        """The registered clinics whose status a change may have changed."""
        if change.turn not in {Turn.BOARD_SET, Turn.BOARD_CLEARED}:
            yield change.subject
            return
        for hsa_id, clinic in self.clinics.items():
            if clinic.is_registered and clinic.region_code == change.subject:
                yield hsa_id


def _before(clinic: PastClinic, change: PastChange) -> PastClinic:
    """A clinic before a change of it."""
    match change.turn, change.before:
        case Turn.ACTIVATION, bool() | None as active:
            return clinic._replace(active=active)
        case Turn.REGION, str() | None as region_code:
            return clinic._replace(region_code=region_code)
        case Turn.NAME, str() | None as name:
            return clinic._replace(name=name)
        case Turn.REGISTRATION, was_registered:
            return clinic if was_registered else PastClinic()
        case Turn.REMOVAL, _:
            return change.removed._replace(is_registered=True)
    return clinic


def _possible(value: object, met: Collection[object]) -> set[bool]:
    """Whether a value meets a condition; both where it is unknown."""
    return {True, False} if value is UNKNOWN else {value in met}
