"""Pages of clinics, in the order of their names, as the administrators' page shows them.

Every function takes the codes of the regions that whoever reads has, None where it is all of the
country; without codes there are no clinics. Changes nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from sync_worker.domain.clinic_status import Status
from sync_worker.domain.facts import Fact
from sync_worker.domain.swedish_order import name_key
from sync_worker.registry import dialect
from sync_worker.registry.clinic_search import matcher
from sync_worker.registry.queries import in_regions, select_listed
from sync_worker.registry.tables import REGISTERED, STATUS, clinic, held_fact, own_system

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which of the clinics to show. None and 0 ask for nothing."""

    status: Status | None = None
    """Those of this status, registered or not; without it, the registered ones."""
    search: str | None = None
    offset: int = 0
    limit: int | None = PAGE_SIZE
    """None: all of them."""


@dataclass(frozen=True, slots=True)
class ClinicPage:
    """A page of clinics in the form of `clinics list`, and where in the whole list it stands."""

    items: Sequence[dict[str, Any]]
    total: int
    """Of all pages."""
    offset: int
    """How many clinics come before this page."""


def registered(
    connection: Connection, region_codes: Collection[str] | None, wanted: PageRequest
) -> ClinicPage:
    """The registered clinics, or those of one status."""
    is_wanted = REGISTERED if wanted.status is None else STATUS == wanted.status.value
    return _page(connection, and_(in_regions(region_codes), is_wanted), wanted)


def activated_not_added(
    connection: Connection, region_codes: Collection[str] | None, wanted: PageRequest
) -> ClinicPage:
    """The clinics that could be added: active, not registered, without a system of their own.

    Adding is judged by the newest facts that are known, held or not (`registrations.read`), so a
    clinic is left out whose deactivation or move is held: it would be refused. `wanted.status` does
    not matter.
    """
    has_own_system = exists().where(own_system.c.hsa_id == clinic.c.hsa_id)
    has_held_fact = exists().where(
        held_fact.c.hsa_id == clinic.c.hsa_id, held_fact.c.fact.in_((Fact.ACTIVATION, Fact.REGION))
    )
    could_be_added = and_(
        clinic.c.active.is_(True),
        clinic.c.region_code.is_not(None),
        ~or_(REGISTERED, has_own_system, has_held_fact),
    )
    return _page(connection, and_(in_regions(region_codes), could_be_added), wanted)


def _page(
    connection: Connection, condition: ColumnElement[bool], wanted: PageRequest
) -> ClinicPage:
    matches = matcher(wanted.search)
    rows = connection.execute(select(clinic.c.hsa_id, clinic.c.name).where(condition))
    # What all of them need is read first, and the rest of those that are shown.
    ordered = sorted((name_key(name), hsa_id) for hsa_id, name in rows if matches(hsa_id, name))
    end = None if wanted.limit is None else wanted.offset + wanted.limit
    shown = [hsa_id for _, hsa_id in ordered[wanted.offset : end]]
    return ClinicPage(_listed(connection, shown), len(ordered), wanted.offset)


def _listed(connection: Connection, hsa_ids: Sequence[str]) -> list[dict[str, Any]]:
    """These clinics, in this order."""
    among = dialect.among(connection, clinic.c.hsa_id, hsa_ids)
    rows = connection.execute(select_listed().where(among)).mappings()
    by_id = {row["hsa_id"]: dict(row) for row in rows}
    return [by_id[hsa_id] for hsa_id in hsa_ids]
