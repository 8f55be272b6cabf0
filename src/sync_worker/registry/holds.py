"""Holds, and the facts that they keep beside their clinics: read, merged, released and listed.

The guard opens and withdraws them: see `guard_state`.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    delete,
    func,
    or_,
    select,
    update,
)

from sync_worker.authorship import Authorship
from sync_worker.domain.clinic_state import Held, HeldFacts, as_facts
from sync_worker.domain.facts import Change, Fact, Register, changes
from sync_worker.domain.mass_change_guard import USUAL_LIMITS, Guard
from sync_worker.registry import change_log, clinics, dialect, guard_state
from sync_worker.registry.change_log import LogEntry
from sync_worker.registry.facts import FACTS, as_text, change_in, change_name
from sync_worker.registry.guard_state import APPROVED, OPEN, WITHDRAWN
from sync_worker.registry.tables import (
    REGISTERED,
    approved_fact,
    clinic,
    held_fact,
    hold,
    passed_fact,
)
from sync_worker.registry.tables import change_log as log_table

HELD, PASSED = "held", "passed"
_ITEM = ("hsa_id", "fact", "old", "new")
_PASSED_ITEM = (*_ITEM, "event_id")


class MergedChange(NamedTuple):
    """A held value that has become the registry's, and the event that stated it."""

    hsa_id: str
    change: Change
    event_id: str
    is_registered: bool


class HeldMerge(NamedTuple):
    """What merging held facts into their clinics changes, and the registers to be written."""

    changes: list[MergedChange]
    """By HSA-id."""
    newer: dict[Fact, dict[str, Register[Any]]]


class UncorrectedHold(NamedTuple):
    """A hold, and how many clinics are still as the changes left them that had passed before it."""

    number: int
    region_code: str
    clinics: int


def is_any_fact_held(connection: Connection) -> bool:
    """Whether an open hold holds anything, in whichever region."""
    return connection.scalar(select(held_fact.c.hsa_id).limit(1)) is not None


def of_clinics(connection: Connection, hsa_ids: Collection[str]) -> dict[str, dict[Fact, Held]]:
    """What is held of those of the clinics of which anything is."""
    # Nearly always there is nothing at all, and finding that out costs next to nothing.
    if not is_any_fact_held(connection):
        return {}
    is_one = dialect.among(connection, held_fact.c.hsa_id, sorted(hsa_ids))
    return _held(connection, _held_open().where(is_one))


def of_hold(connection: Connection, number: int) -> dict[str, dict[Fact, Held]]:
    """What an open hold holds, by clinic."""
    return _held(connection, _held_open().where(hold.c.id == number))


def all_open(connection: Connection) -> dict[str, dict[Fact, Held]]:
    """All that is held, by clinic."""
    return _held(connection, _held_open())


def release(connection: Connection, facts: Mapping[str, Collection[Fact]], now: datetime) -> None:
    """Hold these facts of locked clinics no longer.

    Locks the guard's rows of their regions. A hold of which nothing is left is withdrawn.
    """
    held = of_clinics(connection, facts.keys())
    if not held:
        return
    codes = {kept.region_code for of_clinic in held.values() for kept in of_clinic.values()}
    guard = Guard(USUAL_LIMITS, guard_state.lock(connection, codes, now, held), now)
    for hsa_id, of_clinic in held.items():
        for fact in set(facts[hsa_id]) & of_clinic.keys():
            guard.release(of_clinic.pop(fact).region_code)
    guard_state.write(connection, guard, held)


def merge_held(
    connection: Connection, held: Mapping[str, HeldFacts], now: datetime
) -> list[MergedChange]:
    """Merge what is held into its clinics, and lock those; what changed, by HSA-id."""
    merge = plan_merge(connection, held)
    write_merge(connection, merge, now)
    return merge.changes


def plan_merge(connection: Connection, held: Mapping[str, HeldFacts]) -> HeldMerge:
    """What merging would do to the clinics, which it locks in the order of their ids."""
    known = clinics.lock_existing(connection, held.keys())
    merged = []
    newer: dict[Fact, dict[str, Register[Any]]] = {}
    for hsa_id, held_facts in sorted(held.items()):
        before, is_registered = known[hsa_id]
        after = before.merge(as_facts(held_facts))
        for fact, register, present in zip(Fact, after, before, strict=True):
            if register is not None and register is not present:
                newer.setdefault(fact, {})[hsa_id] = register
        merged += [
            MergedChange(hsa_id, change, held_facts[change.fact].register.event_id, is_registered)
            for change in changes(before, after)
        ]
    return HeldMerge(merged, newer)


def write_merge(connection: Connection, merge: HeldMerge, now: datetime) -> None:
    """Write what was held and no other fact: an administrator may write none of those."""
    for fact, registers in merge.newer.items():
        clinics.write_one(connection, fact, registers, now)


def entries(merged: Iterable[MergedChange], authorship: Authorship) -> list[LogEntry]:
    """For the log: a person decided, and the event that stated the value is named too."""
    return [
        LogEntry.by(authorship, change_name(change))._replace(
            hsa_id=hsa_id,
            old_value=as_text(change.old),
            new_value=as_text(change.new),
            event_id=event_id,
        )
        for hsa_id, change, event_id, _ in merged
    ]


def close_approved(connection: Connection, number: int, now: datetime) -> None:
    """Close an open hold as approved; what it held is stored as it was approved."""
    rows = [
        (number, hsa_id, change.fact.value, *map(as_text, change[1:]), event_id)
        for hsa_id, change, event_id in changes_of(connection, number)
    ]
    dialect.insert_all(connection, approved_fact, approved_fact.c.keys(), rows)
    connection.execute(delete(held_fact).where(held_fact.c.hold_id == number))
    values = {"status": APPROVED, "closed_at": now}
    connection.execute(update(hold).where(hold.c.id == number).values(values))


def acknowledge(connection: Connection, number: int, now: datetime) -> bool:
    """Store that a person has looked at a withdrawn hold; False where it is none, or was before."""
    is_it = and_(hold.c.id == number, hold.c.status == WITHDRAWN, hold.c.acknowledged_at.is_(None))
    return connection.execute(update(hold).where(is_it).values(acknowledged_at=now)).rowcount > 0


def changes_of(connection: Connection, number: int) -> list[tuple[str, Change, str]]:
    """What a hold would change, from what the registry says now, by HSA-id and fact.

    The last of each is the id of the event that stated it.
    """
    join = held_fact.outerjoin(clinic, held_fact.c.hsa_id == clinic.c.hsa_id)
    statement = (
        select(held_fact, *(kept.value.label(fact.value) for fact, kept in FACTS.items()))
        .select_from(join)
        .where(held_fact.c.hold_id == number)
        .order_by(held_fact.c.hsa_id, held_fact.c.fact)
    )
    changes = []
    for row in connection.execute(statement):
        fact = Fact(row.fact)
        old = row._mapping[fact.value]  # noqa: SLF001 - its public API
        change = Change(fact, old, FACTS[fact].from_text(row.value))
        changes.append((row.hsa_id, change, row.event_id))
    return changes


def _held_open() -> Select[Any]:
    join = held_fact.join(hold, held_fact.c.hold_id == hold.c.id)
    return select(held_fact, hold.c.region_code).select_from(join).where(hold.c.status == OPEN)


def _held(connection: Connection, statement: Select[Any]) -> dict[str, dict[Fact, Held]]:
    held: dict[str, dict[Fact, Held]] = {}
    for row in connection.execute(statement):
        fact = Fact(row.fact)
        time, value = row.time or clinics.BEFORE_EVERY_EVENT, FACTS[fact].from_text(row.value)
        register: Register[Any] = Register(time, row.sequence, row.event_id, value)
        held.setdefault(row.hsa_id, {})[fact] = Held(register, row.region_code)
    return held


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
    rows = changes_listed(connection, number)
    had_passed = [change for change in rows if change["state"] == PASSED]
    return {
        **_item(row),
        "items": [_only(_ITEM, change) for change in rows if change["state"] != PASSED],
        "passed": [_only(_PASSED_ITEM, change) for change in had_passed],
        "unchanged": [_only(_PASSED_ITEM, change) for change in had_passed if change["stands"]],
    }


def uncorrected(connection: Connection, status: str) -> list[UncorrectedHold]:
    """The holds with this status, not acknowledged, where some of what had passed still stands."""
    statement = (
        select(hold.c.id, hold.c.region_code, func.count(passed_fact.c.hsa_id.distinct()))
        .select_from(
            passed_fact.join(hold, passed_fact.c.hold_id == hold.c.id).join(
                clinic, passed_fact.c.hsa_id == clinic.c.hsa_id
            )
        )
        .where(hold.c.status == status, hold.c.acknowledged_at.is_(None), _stands())
        .group_by(hold.c.id, hold.c.region_code)
        .order_by(hold.c.id)
    )
    return [UncorrectedHold(*row) for row in connection.execute(statement)]


def changes_listed(connection: Connection, number: int) -> list[dict[str, Any]]:
    """What a hold is about, change by change: what it holds or held, then what had passed before.

    `state` is `held`, `approved` or `passed`. `stands` says of what had passed whether it is still
    so; it is None of the others. There is nothing of a hold that there is not.
    """
    held = [_change(HELD, *change) for change in changes_of(connection, number)]
    approved = [_change(APPROVED, *change) for change in _approved(connection, number)]
    had_passed = [_change(PASSED, *change) for change in _passed_before(connection, number)]
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
    return [(row.hsa_id, change_in(row), row.event_id) for row in rows]


def _passed_before(connection: Connection, number: int) -> list[tuple[str, Change, str, bool]]:
    """What had passed before a hold, by HSA-id and fact, each with its event's id.

    The last of each says whether it stands unchanged: see `_stands`.
    """
    statement = (
        select(passed_fact, _stands().label("stands"))
        .select_from(passed_fact.outerjoin(clinic, passed_fact.c.hsa_id == clinic.c.hsa_id))
        .where(passed_fact.c.hold_id == number)
        .order_by(passed_fact.c.hsa_id, passed_fact.c.fact)
    )
    rows = connection.execute(statement)
    return [(row.hsa_id, change_in(row), row.event_id, bool(row.stands)) for row in rows]


def _stands() -> ColumnElement[bool]:
    """Whether the clinic is registered, has the value, and nothing of it was changed since.

    The value alone does not tell: a clinic that was opened again, and later closed for good, has
    the value once more. Nor does the version: the same mistake published twice does not correct it.
    """
    is_of_fact = {fact: passed_fact.c.fact == fact.value for fact in Fact}
    is_change_of_it = or_(
        *(and_(is_of_fact[fact], log_table.c.change.in_(FACTS[fact].changes)) for fact in Fact),
        # `registered` says nothing of the fact: it is logged whenever that column is touched.
        log_table.c.change == change_log.REMOVED,
    )
    newest = (
        select(log_table.c.event_id)
        .where(log_table.c.hsa_id == passed_fact.c.hsa_id, is_change_of_it)
        .order_by(log_table.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    new: ColumnElement[Any] = passed_fact.c.new_value
    is_new = {
        fact: kept.value == ((new == "true") if kept.is_truth_value else new)
        for fact, kept in FACTS.items()
    }
    has_the_value = or_(*(and_(is_of_fact[fact], is_new[fact]) for fact in Fact))
    return and_(REGISTERED, has_the_value, newest == passed_fact.c.event_id)
