"""Clinics' facts: locked and read, merged elsewhere, and written back.

A row that somebody edited by hand never stops the worker: a value without a version counts as the
oldest there can be, a version without a value as never stated.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, select

from sync_worker.domain.facts import Fact, Facts, Register
from sync_worker.domain.tuples import new
from sync_worker.registry import dialect
from sync_worker.registry.dialect import Write
from sync_worker.registry.facts import COLUMNS, FACTS
from sync_worker.registry.tables import clinic
from sync_worker.sequences import batched

BEFORE_EVERY_EVENT = datetime(1, 1, 1, tzinfo=UTC)
_CLINICS_AT_A_TIME = 2_000
"""What the driver has of more rows takes more memory than the clinics that are made of them."""
_NEVER_STATED = (None, None, None, None)


class KnownClinic(NamedTuple):
    """What the registry knows of a clinic that bears on its events."""

    facts: Facts
    is_registered: bool


def lock_or_create(connection: Connection, hsa_ids: Collection[str]) -> dict[str, KnownClinic]:
    """The clinics with these ids, locked in the order of their ids until the transaction ends.

    One that was never named has a row from now on: without it there would be nothing to lock, and
    two workers could both think that they were the first to hear of the clinic.
    """
    ordered = sorted(hsa_ids)
    if not ordered:
        return {}
    if len(ordered) <= _CLINICS_AT_A_TIME:
        known = _read(connection, _LOCK_ALL_OR_NONE, ordered, all=len(ordered))
        if len(known) == len(ordered):
            return known
    dialect.insert_missing_keys(connection, clinic.c.hsa_id, ordered)
    return lock_existing(connection, ordered)


def lock_existing(connection: Connection, hsa_ids: Collection[str]) -> dict[str, KnownClinic]:
    """Of the clinics with these ids those that were named before, locked in the same order."""
    return _read(connection, _LOCK, sorted(hsa_ids))


def read(connection: Connection, hsa_ids: Collection[str]) -> dict[str, KnownClinic]:
    """The clinics with these ids without a lock; one that was never named is not among them."""
    if not hsa_ids:
        return {}
    return _read(connection, _SELECT, sorted(hsa_ids))


def writing(
    connection: Connection, changed: Iterable[tuple[str, Facts]], now: datetime
) -> list[Write]:
    """What sets the facts of clinics that this transaction has locked, once it is written."""
    rows = (_row(hsa_id, facts) for hsa_id, facts in changed)
    names = ("hsa_id", *(column.name for column in COLUMNS))
    return dialect.updating(connection, clinic, names, rows, updated_at=now)


def write_one(
    connection: Connection, fact: Fact, changed: Mapping[str, Register[Any]], now: datetime
) -> None:
    """Set one fact, and nothing else, of clinics that this transaction has locked."""
    names = ("hsa_id", *(column.name for column in FACTS[fact].columns))
    rows = [(hsa_id, *register) for hsa_id, register in changed.items()]
    dialect.update_by_key(connection, clinic, names, rows, updated_at=now)


_SELECT = (
    select(clinic.c.hsa_id, clinic.c.registered_at, *COLUMNS)
    .where(dialect.among_listed(clinic.c.hsa_id, "hsa_ids"))
    .order_by(clinic.c.hsa_id)
)
_LOCK = _SELECT.with_for_update()
_same = clinic.alias("same")
_LOCK_ALL_OR_NONE = _LOCK.where(
    select(func.count())
    .select_from(_same)
    .where(dialect.among_listed(_same.c.hsa_id, "hsa_ids"))
    .scalar_subquery()
    == bindparam("all")
)
"""None is locked where one has no row yet: rows that are created come before locks. Locked first,
and then created, they would not be in the order that keeps workers from deadlocks."""


def _read(
    connection: Connection, statement: Select[Any], ordered: Sequence[str], **parameters: Any
) -> dict[str, KnownClinic]:
    known: dict[str, KnownClinic] = {}
    for some in batched(ordered, _CLINICS_AT_A_TIME):
        listed = {"hsa_ids": dialect.listed(connection, some), **parameters}
        is_few = len(some) <= dialect.FEW
        for row in dialect.execute_often(connection, statement, listed, of_few=is_few):
            values = iter(row)
            hsa_id, registered_at = next(values), next(values)
            known[hsa_id] = new(KnownClinic, (facts_of(values), registered_at is not None))
    return known


def facts_of(values: Iterator[Any]) -> Facts:
    """The facts in what a row has of `COLUMNS`; a version that they share is one object."""
    activation, region, name = map(_register, values, values, values, values)
    facts: Facts = new(
        Facts, (activation, _sharing(region, activation), _sharing(name, activation))
    )
    return facts


def _register(
    time: datetime | None, sequence: str | None, event_id: str | None, value: Any
) -> Register[Any] | None:
    if value is None:
        return None
    register: Register[Any] = new(
        Register, (time or BEFORE_EVERY_EVENT, sequence or "", event_id or "", value)
    )
    return register


def _sharing(register: Register[Any] | None, other: Register[Any] | None) -> Register[Any] | None:
    """The register, with the version of the other one if it is the same: most of its memory."""
    if register is None or other is None or register[:3] != other[:3]:
        return register
    shared: Register[Any] = new(Register, (*other[:3], register.value))
    return shared


def _row(hsa_id: str, facts: Facts) -> list[Any]:
    """The clinic's id, and the values of `COLUMNS`."""
    row: list[Any] = [hsa_id]
    for register in facts:
        row += register or _NEVER_STATED
    return row
