"""Regions as the administrators' page shows them: the board, the clinics, and what needs action."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, select

from sync_worker.domain.clinic_status import Status
from sync_worker.domain.regions import Regions
from sync_worker.domain.swedish_order import name_key
from sync_worker.registry import held_changes, queries, registrations
from sync_worker.registry.held_changes import HeldChanges
from sync_worker.registry.registrations import Board
from sync_worker.registry.tables import REGISTERED, clinic, own_system


class ClinicNamed(NamedTuple):
    """A clinic, and its name if it has one."""

    hsa_id: str
    name: str | None


def by_name(clinics: Iterable[ClinicNamed]) -> list[ClinicNamed]:
    """In the order of their names, as lists of clinics are."""
    return sorted(clinics, key=lambda each: (name_key(each.name), each.hsa_id))


class ClinicCounts(NamedTuple):
    """How many clinics a region has registered, and how many of those have which status."""

    registered: int = 0
    receiving: int = 0
    deactivated: int = 0
    own_system: int = 0

    @property
    def service_off(self) -> int:
        """Those that wait for nothing but the region's patient board."""
        return self.registered - self.receiving - self.deactivated - self.own_system


@dataclass(frozen=True, slots=True)
class RegionOverview:
    """One region, at one moment."""

    region_code: str
    name: str | None
    """None of a code that is not in use."""
    board: Board | None
    counts: ClinicCounts
    in_tak: tuple[ClinicNamed, ...]
    """Registered here and in TAK, which no clinic may be (R7), in the order of their names."""
    held: HeldChanges | None
    """What waits for an operator's decision."""

    @property
    def service_on(self) -> bool:
        """Whether residents can file: the region has a patient board, and is in use (R3)."""
        return self.board is not None and self.name is not None

    @property
    def lacks_board(self) -> bool:
        """Whether clinics are registered that nobody can reach."""
        return not self.service_on and self.counts.registered > 0

    @property
    def needs_action(self) -> int:
        """How many things somebody should see to.

        Each clinic that is in TAK too, what is held, and a board that is missing.
        """
        return len(self.in_tak) + (self.held is not None) + self.lacks_board


def overviews(
    connection: Connection, region_codes: Collection[str] | None, in_use: Regions
) -> list[RegionOverview]:
    """The regions by their codes.

    None stands for all of the country: those in use, and the others that clinics or boards have.
    """
    if region_codes is None:
        codes = {*in_use, *queries.region_codes(connection)}
    else:
        codes = set(region_codes)
    boards = registrations.boards(connection)
    counts = queries.regions(connection, region_codes)
    in_tak = _in_tak(connection, region_codes)
    held = held_changes.by_region(connection, region_codes)
    return [
        RegionOverview(
            code,
            in_use.name(code) if code in in_use else None,
            boards.get(code),
            _counts(counts.get(code, {})),
            tuple(in_tak.get(code, ())),
            held.get(code),
        )
        for code in sorted(codes)
    ]


def overview(connection: Connection, region_code: str, in_use: Regions) -> RegionOverview:
    """One region."""
    (only,) = overviews(connection, [region_code], in_use)
    return only


def _counts(counted: dict[str, int]) -> ClinicCounts:
    statuses = (Status.RECEIVING, Status.DEACTIVATED, Status.OWN_SYSTEM)
    by_status = (counted.get(status.value, 0) for status in statuses)
    return ClinicCounts(counted.get("registered", 0), *by_status)


def _in_tak(
    connection: Connection, region_codes: Collection[str] | None
) -> dict[str, list[ClinicNamed]]:
    statement = (
        select(clinic.c.region_code, clinic.c.hsa_id, clinic.c.name)
        .join(own_system, own_system.c.hsa_id == clinic.c.hsa_id)
        .where(REGISTERED, queries.in_regions(region_codes))
    )
    found: dict[str, list[ClinicNamed]] = {}
    for code, hsa_id, name in connection.execute(statement):
        found.setdefault(code, []).append(ClinicNamed(hsa_id, name))
    return {code: by_name(clinics) for code, clinics in found.items()}
