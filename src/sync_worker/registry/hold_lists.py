"""Holds as people see them: listed, and one with what it holds and what had passed before it."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, case, func, select

from sync_worker.clinics.facts import Change
from sync_worker.registry import dialect, holds, log, passed
from sync_worker.registry.guarding import APPROVED, OPEN
from sync_worker.registry.tables import approved_fact, clinic, held_fact, hold, passed_fact

HELD, PASSED = "held", "passed"

_ITEM = ("hsa_id", "fact", "old", "new")
_PASSED_ITEM = (*_ITEM, "event_id")


class Standing(NamedTuple):
    """A hold, and how many clinics are as the changes that had passed before it made them."""

    number: int
    region_code: str
    clinics: int


def listed(connection: Connection, status: str | None) -> list[dict[str, Any]]:
    """Holds in the order opened, in the form of `holds list`."""
    statement = _listed()
    if status is not None:
        statement = statement.where(hold.c.status == status)
    return [_item(row) for row in connection.execute(statement)]


def shown(connection: Connection, number: int) -> dict[str, Any] | None:
    """One hold in the form of `holds show`; None where there is none."""
    if number > dialect.GREATEST_NUMBER:
        return None
    row = connection.execute(_listed().where(hold.c.id == number)).first()
    if row is None:
        return None
    rows = changes(connection, number)
    had_passed = [change for change in rows if change["state"] == PASSED]
    return {
        **_item(row),
        "items": [_only(_ITEM, change) for change in rows if change["state"] != PASSED],
        "passed": [_only(_PASSED_ITEM, change) for change in had_passed],
        "unchanged": [_only(_PASSED_ITEM, change) for change in had_passed if change["stands"]],
    }


def standing(connection: Connection, status: str) -> list[Standing]:
    """The holds with this status that nobody acknowledged, where some of what had passed stands."""
    statement = (
        select(hold.c.id, hold.c.region_code, func.count(passed_fact.c.hsa_id.distinct()))
        .select_from(
            passed_fact.join(hold, passed_fact.c.hold_id == hold.c.id).join(
                clinic, passed_fact.c.hsa_id == clinic.c.hsa_id
            )
        )
        .where(hold.c.status == status, hold.c.acknowledged_at.is_(None), passed.STANDS)
        .group_by(hold.c.id, hold.c.region_code)
        .order_by(hold.c.id)
    )
    return [Standing(*row) for row in connection.execute(statement)]


def changes(connection: Connection, number: int) -> list[dict[str, Any]]:
    """What a hold is about, change by change: what it holds or held, then what had passed before.

    `state` is `held`, `approved` or `passed`. `stands` says of what had passed whether it is still
    so; it is None of the others. There is nothing of a hold that there is not.
    """
    held = [_change(HELD, *change) for change in holds.changes_of(connection, number)]
    approved = [_change(APPROVED, *change) for change in _approved(connection, number)]
    had_passed = [_change(PASSED, *change) for change in passed.of_hold(connection, number)]
    return held + approved + had_passed


def _listed() -> Select[Any]:
    clinics = [
        select(func.count(table.c.hsa_id.distinct()))
        .where(table.c.hold_id == hold.c.id)
        .scalar_subquery()
        for table in (held_fact, approved_fact)
    ]
    count = case(
        (hold.c.status == OPEN, clinics[0]), (hold.c.status == APPROVED, clinics[1]), else_=0
    )
    return select(hold, count.label("count_of_clinics")).order_by(hold.c.id)


def _item(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "opened_at": row.opened_at,
        "kind": row.kind,
        "region_code": row.region_code,
        "count": row.count_of_clinics,
        "revision": row.revision,
        "status": row.status,
        "closed_at": row.closed_at,
        "acknowledged_at": row.acknowledged_at,
    }


def _change(
    state: str, hsa_id: str, change: Change, event_id: str | None, stands: bool | None = None
) -> dict[str, Any]:
    made = change._asdict() | {"event_id": event_id}
    return {"hsa_id": hsa_id, "state": state, **made, "stands": stands}


def _only(names: Iterable[str], change: Mapping[str, Any]) -> dict[str, Any]:
    return {name: change[name] for name in names}


def _approved(connection: Connection, number: int) -> list[tuple[str, Change, str | None]]:
    """What a hold held as it was approved; who approved it before 0007 kept no event's id."""
    statement = (
        select(approved_fact)
        .where(approved_fact.c.hold_id == number)
        .order_by(approved_fact.c.hsa_id, approved_fact.c.fact)
    )
    rows = connection.execute(statement)
    return [(row.hsa_id, log.change_of(row), row.event_id) for row in rows]
