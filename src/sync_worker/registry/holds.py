"""Holds and the facts that they keep beside their clinics: read, decided, and let go.

How they come about is the guard's: see `guarding`. How people see them: see `hold_lists`.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, delete, select, update

from sync_worker.clinics.facts import Change, Fact, Register, changes
from sync_worker.clinics.guard import USUAL_LIMITS, Guard
from sync_worker.clinics.held import Held, HeldFacts, as_facts
from sync_worker.registry import dialect, facts, guarding, log
from sync_worker.registry.guarding import APPROVED, OPEN, WITHDRAWN
from sync_worker.registry.log import Entry
from sync_worker.registry.tables import approved_fact, clinic, held_fact, hold


def is_any_fact_held(connection: Connection) -> bool:
    """Whether an open hold holds anything, in whichever region."""
    return connection.scalar(select(held_fact.c.hsa_id).limit(1)) is not None


def of_clinics(connection: Connection, hsa_ids: Collection[str]) -> dict[str, dict[Fact, Held]]:
    """What is held of these clinics; nothing for the ones of which nothing is.

    Nearly always there is nothing at all, and finding that out costs next to nothing.
    """
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


def let_go(
    connection: Connection, wanted: Mapping[str, Collection[Fact]], now: datetime
) -> dict[str, HeldFacts]:
    """Take away what is held of these facts of locked clinics, and give it back.

    Locks the guard's rows of their regions. A hold of which nothing is left is withdrawn by that.
    """
    present = of_clinics(connection, wanted.keys())
    if not present:
        return {}
    codes = {kept.region_code for held in present.values() for kept in held.values()}
    guard = Guard(USUAL_LIMITS, guarding.locked(connection, codes, now), now)
    gone: dict[str, HeldFacts] = {}
    for hsa_id, held in present.items():
        gone[hsa_id] = {fact: held.pop(fact) for fact in wanted[hsa_id] if fact in held}
        for kept in gone[hsa_id].values():
            guard.let_go(kept.region_code)
    guarding.write(connection, guard, present)
    return gone


class Settled(NamedTuple):
    """A value that was held and is the registry's now, and the event that stated it."""

    hsa_id: str
    change: Change
    event_id: str
    is_registered: bool


class Merged(NamedTuple):
    """What merging held facts into their clinics comes to: what changes, and what is to be set."""

    settled: list[Settled]
    newer: dict[Fact, dict[str, Register[Any]]]


def settle(connection: Connection, held: Mapping[str, HeldFacts], now: datetime) -> list[Settled]:
    """Merge what is held into its clinics, which are locked; what changed, by HSA-id."""
    result = merged(connection, held)
    write_merged(connection, result, now)
    return result.settled


def merged(connection: Connection, held: Mapping[str, HeldFacts]) -> Merged:
    """What merging would do to the clinics, which it locks, in the order of HSA-ids."""
    known = facts.present(connection, held.keys())
    settled = []
    newer: dict[Fact, dict[str, Register[Any]]] = {}
    for hsa_id, some in sorted(held.items()):
        before, is_registered = known[hsa_id]
        after = before.merge(as_facts(some))
        for fact, register, present in zip(Fact, after, before, strict=True):
            if register is not None and register is not present:
                newer.setdefault(fact, {})[hsa_id] = register
        settled += [
            Settled(hsa_id, change, some[change.fact].register.event_id, is_registered)
            for change in changes(before, after)
        ]
    return Merged(settled, newer)


def write_merged(connection: Connection, result: Merged, now: datetime) -> None:
    """Write it: the facts that were held and no others, since an administrator may write none."""
    for fact, registers in result.newer.items():
        facts.write_one(connection, fact, registers, now)


def entries(
    settled: Iterable[Settled], actor: str, reason: str | None, now: datetime
) -> list[Entry]:
    """What the log says of it: a person decided what an event had stated."""
    return [
        Entry(
            now,
            log.change_name(change),
            hsa_id=hsa_id,
            old_value=log.as_text(change.old),
            new_value=log.as_text(change.new),
            actor=actor,
            reason=reason,
            event_id=event_id,
        )
        for hsa_id, change, event_id, _ in settled
    ]


def close_approved(connection: Connection, number: int, now: datetime) -> None:
    """End an open hold as approved; what it held is kept as it was approved."""
    rows = [
        (number, hsa_id, change.fact.value, *map(log.as_text, change[1:]), event_id)
        for hsa_id, change, event_id in changes_of(connection, number)
    ]
    dialect.insert_all(connection, approved_fact, approved_fact.c.keys(), rows)
    connection.execute(delete(held_fact).where(held_fact.c.hold_id == number))
    values = {"status": APPROVED, "closed_at": now}
    connection.execute(update(hold).where(hold.c.id == number).values(values))


def acknowledge(connection: Connection, number: int, now: datetime) -> bool:
    """Keep that a person has looked at a withdrawn hold; False where nobody can, or did before."""
    is_it = and_(hold.c.id == number, hold.c.status == WITHDRAWN, hold.c.acknowledged_at.is_(None))
    return connection.execute(update(hold).where(is_it).values(acknowledged_at=now)).rowcount > 0


def changes_of(connection: Connection, number: int) -> list[tuple[str, Change, str]]:
    """What a hold would change, by HSA-id and fact: from what the registry says now, by an event.

    The last of each is the event's id.
    """
    join = held_fact.outerjoin(clinic, held_fact.c.hsa_id == clinic.c.hsa_id)
    statement = (
        select(held_fact, clinic.c.active, clinic.c.region_code)
        .select_from(join)
        .where(held_fact.c.hold_id == number)
        .order_by(held_fact.c.hsa_id, held_fact.c.fact)
    )
    changes = []
    for row in connection.execute(statement):
        fact = Fact(row.fact)
        old = row.active if fact is Fact.ACTIVATION else row.region_code
        change = Change(fact, old, log.as_value(fact, row.value))
        changes.append((row.hsa_id, change, row.event_id))
    return changes


def _held_open() -> Select[Any]:
    join = held_fact.join(hold, held_fact.c.hold_id == hold.c.id)
    return select(held_fact, hold.c.region_code).select_from(join).where(hold.c.status == OPEN)


def _held(connection: Connection, statement: Select[Any]) -> dict[str, dict[Fact, Held]]:
    held: dict[str, dict[Fact, Held]] = {}
    for row in connection.execute(statement):
        fact = Fact(row.fact)
        time, value = row.time or facts.BEFORE_EVERY_EVENT, log.as_value(fact, row.value)
        register: Register[Any] = Register(time, row.sequence, row.event_id, value)
        held.setdefault(row.hsa_id, {})[fact] = Held(register, row.region_code)
    return held
