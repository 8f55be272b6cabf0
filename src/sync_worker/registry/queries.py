"""The registry as people, the doctor and the metrics ask for it. Changes nothing."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, exists, func, select, true, union

from sync_worker.domain import hsa_id as hsa_ids
from sync_worker.domain.clinic_status import Status
from sync_worker.domain.facts import Fact
from sync_worker.events.texts import is_hsa_id
from sync_worker.registry import clinics, dialect
from sync_worker.registry.clinic_search import matcher
from sync_worker.registry.facts import COLUMNS, FACTS
from sync_worker.registry.tables import (
    REGISTERED,
    STATUS,
    clinic,
    held_fact,
    own_system,
    patient_board,
)

COUNTED_STATUSES = (Status.RECEIVING, Status.DEACTIVATED, Status.OWN_SYSTEM)


@dataclass(frozen=True, slots=True)
class ClinicFilter:
    """Which clinics to list; None and empty ask for nothing."""

    region_codes: tuple[str, ...] = ()
    status: Status | None = None
    search: str | None = None
    limit: int | None = None


def list_clinics(connection: Connection, wanted: ClinicFilter) -> Iterator[dict[str, Any]]:
    """Clinics by HSA-id, in the form of `clinics list`."""
    statement = select_listed().order_by(clinic.c.hsa_id)
    if wanted.region_codes:
        statement = statement.where(clinic.c.region_code.in_(wanted.region_codes))
    if wanted.status is not None:
        statement = statement.where(STATUS == wanted.status.value)
    rows = (dict(row._mapping) for row in connection.execute(statement))  # noqa: SLF001 - its public API
    matches = matcher(wanted.search)
    return islice((row for row in rows if matches(row["hsa_id"], row["name"])), wanted.limit)


def clinic_listed(connection: Connection, hsa_id: str) -> dict[str, Any] | None:
    """One clinic in the form of `clinics list`; None where the e-services never named it."""
    row = connection.execute(select_listed().where(clinic.c.hsa_id == hsa_id)).first()
    return None if row is None else dict(row._mapping)  # noqa: SLF001 - its public API


def clinic_shown(connection: Connection, hsa_id: str) -> dict[str, Any] | None:
    """One clinic in the form of `clinics show`; None where the e-services never named it."""
    statement = select_listed().where(clinic.c.hsa_id == hsa_id)
    row = connection.execute(statement).first()
    if row is None:
        return None
    columns = (clinic.c.registered_at, clinic.c.registered_by, *COLUMNS)
    stored = connection.execute(select(*columns).where(clinic.c.hsa_id == hsa_id)).one()
    facts = clinics.facts_of(iter(stored[2:]))
    return {
        **row._mapping,  # noqa: SLF001 - its public API
        "registered_at": stored.registered_at,
        "registered_by": stored.registered_by,
        "facts": {
            fact.value: None if register is None else _version(*register)
            for fact, register in zip(Fact, facts, strict=True)
        },
        "held": _held(connection, hsa_id),
    }


def all_hsa_ids(connection: Connection) -> list[str]:
    """The HSA-ids of all clinics that the e-services named, in order."""
    return list(connection.scalars(select(clinic.c.hsa_id).order_by(clinic.c.hsa_id)))


def in_regions(region_codes: Collection[str] | None) -> ColumnElement[bool]:
    """Whether a clinic is in one of the regions; None stands for all of the country.

    There are clinics whose region the e-services never stated: they are in the country alone.
    """
    return true() if region_codes is None else clinic.c.region_code.in_(region_codes)


def regions(
    connection: Connection, region_codes: Collection[str] | None
) -> dict[str | None, dict[str, int]]:
    """How many clinics each region code has registered, and how many of those by status.

    Of these regions, None for all; one without registered clinics is left out.
    """
    by_status = [count_where(STATUS == s.value).label(s.value) for s in COUNTED_STATUSES]
    statement = select(clinic.c.region_code, func.count().label("registered"), *by_status)
    counted = statement.where(REGISTERED, in_regions(region_codes))
    rows = connection.execute(counted.group_by(clinic.c.region_code))
    names = ("registered", *(status.value for status in COUNTED_STATUSES))
    return {code: dict(zip(names, counts, strict=True)) for code, *counts in rows}


def region_codes(connection: Connection) -> set[str]:
    """The region codes that clinics or patient boards have, in use or not."""
    codes = select(clinic.c.region_code).where(clinic.c.region_code.is_not(None))
    return set(connection.scalars(union(codes, select(patient_board.c.region_code))))


def able_to_receive(connection: Connection, region_code: str) -> list[str]:
    """The clinics of a region that receive cases whenever its service is on: HSA-ids, in order."""
    can_receive = STATUS.in_([Status.RECEIVING.value, Status.SERVICE_OFF.value])
    statement = select(clinic.c.hsa_id).where(clinic.c.region_code == region_code, can_receive)
    return list(connection.scalars(statement.order_by(clinic.c.hsa_id)))


def known_among(connection: Connection, hsa_ids: Sequence[str]) -> set[str]:
    """Those of the HSA-ids that the e-services ever named."""
    named = dialect.among(connection, clinic.c.hsa_id, sorted(hsa_ids))
    return set(connection.scalars(select(clinic.c.hsa_id).where(named)))


def registered_among(connection: Connection, hsa_ids: Sequence[str]) -> dict[str, bool]:
    """Those of the clinics that are registered, each with whether it could receive cases here.

    It could where it is active and its region's service is on, were it not for a system of its own.
    """
    could_receive = (clinic.c.active.is_(True)) & exists().where(
        patient_board.c.region_code == clinic.c.region_code
    )
    statement = select(clinic.c.hsa_id, could_receive).where(
        dialect.among(connection, clinic.c.hsa_id, sorted(hsa_ids)), REGISTERED
    )
    return {hsa_id: bool(could) for hsa_id, could in connection.execute(statement)}


def own_systems(connection: Connection) -> list[dict[str, Any]]:
    """The clinics with a system of their own, by HSA-id, in the form of `tak list`."""
    statement = (
        select(
            own_system.c.hsa_id,
            clinic.c.name,
            clinic.c.region_code,
            clinic.c.active,
            REGISTERED.label("registered"),
        )
        .join_from(own_system, clinic, clinic.c.hsa_id == own_system.c.hsa_id, isouter=True)
        .order_by(own_system.c.hsa_id)
    )
    return [dict(row._mapping) for row in connection.execute(statement)]  # noqa: SLF001 - its public API


def select_listed() -> Select[Any]:
    """Clinics in the form of `clinics list`."""
    return select(
        clinic.c.hsa_id,
        clinic.c.name,
        clinic.c.region_code,
        clinic.c.active,
        REGISTERED.label("registered"),
        STATUS.label("status"),
        clinic.c.updated_at,
    )


def count_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows the condition is true of; 0 where there are none."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _version(time: datetime, sequence: str, event_id: str, value: bool | str) -> dict[str, Any]:
    return {"value": value, "time": time, "sequence": sequence, "event_id": event_id}


def _held(connection: Connection, hsa_id: str) -> dict[str, Any]:
    held: dict[str, Any] = dict.fromkeys(Fact)
    for row in connection.execute(select(held_fact).where(held_fact.c.hsa_id == hsa_id)):
        value = FACTS[Fact(row.fact)].from_text(row.value)
        held[row.fact] = _version(row.time, row.sequence, row.event_id, value)
    return held


def registered_in_tak(connection: Connection) -> list[str]:
    """The clinics that are registered here and have a system of their own."""
    statement = select(clinic.c.hsa_id).join(own_system, own_system.c.hsa_id == clinic.c.hsa_id)
    return list(connection.scalars(statement.where(REGISTERED).order_by(clinic.c.hsa_id)))


def meant(connection: Connection, texts: Sequence[str]) -> list[str]:
    """The HSA-id that each text means, in the same order.

    What the e-services named is meant as it stands, also where it holds what is cleaned out of
    every other text.
    """
    written = (hsa_ids.normalised(text) for text in texts)
    odd = {each for each in written if hsa_ids.cleaned(each) != each and is_hsa_id(each)}
    known = known_among(connection, sorted(odd)) if odd else set()
    return [hsa_ids.meant(text, known) for text in texts]
