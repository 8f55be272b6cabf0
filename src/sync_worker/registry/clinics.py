"""Clinics' facts: locked and read, merged elsewhere, and written back.

A row that somebody edited by hand never stops the worker: a value without a version counts as the
oldest there can be, a version without a value as never stated.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, select

from sync_worker.domain.facts import Fact, Facts, Register
from sync_worker.domain.tuples import new
from sync_worker.registry import dialect
from sync_worker.registry.tables import clinic

BEFORE_EVERY_EVENT = datetime(1, 1, 1, tzinfo=UTC)
_ROWS_AT_A_TIME = 2_000
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
    dialect.insert_missing_keys(connection, clinic.c.hsa_id, ordered)
    return lock_existing(connection, ordered)


def lock_existing(connection: Connection, hsa_ids: Collection[str]) -> dict[str, KnownClinic]:
    """Of the clinics with these ids those that were named before, locked in the same order."""
    return _read(connection, _known_of(connection, sorted(hsa_ids)).with_for_update())


def read(connection: Connection, hsa_ids: Collection[str]) -> dict[str, KnownClinic]:
    """The clinics with these ids without a lock; one that was never named is not among them."""
    if not hsa_ids:
        return {}
    return _read(connection, _known_of(connection, sorted(hsa_ids)))


def write(connection: Connection, changed: Iterable[tuple[str, Facts]], now: datetime) -> None:
    """Set the facts of clinics that this transaction has locked."""
    rows = [(hsa_id, *_values(facts)) for hsa_id, facts in changed]
    names = ("hsa_id", *(column.name for column in _COLUMNS))
    dialect.update_by_key(connection, clinic, names, rows, updated_at=now)


def write_one(
    connection: Connection, fact: Fact, changed: Mapping[str, Register[Any]], now: datetime
) -> None:
    """Set one fact, and nothing else, of clinics that this transaction has locked."""
    at = 4 * list(Fact).index(fact)
    names = ("hsa_id", *(column.name for column in _COLUMNS[at : at + 4]))
    rows = [(hsa_id, *register) for hsa_id, register in changed.items()]
    dialect.update_by_key(connection, clinic, names, rows, updated_at=now)


def of_row(row: Row[Any]) -> Facts:
    """The registers in a row of `clinic`."""
    activation = row.activation_time, row.activation_sequence, row.activation_event_id
    region = row.region_time, row.region_sequence, row.region_event_id
    name = row.name_time, row.name_sequence, row.name_event_id
    return Facts(
        _register(*activation, row.active),
        _register(*region, row.region_code),
        _register(*name, row.name),
    )


_COLUMNS = tuple(
    clinic.c[name]
    for names in (
        ("activation_time", "activation_sequence", "activation_event_id", "active"),
        ("region_time", "region_sequence", "region_event_id", "region_code"),
        ("name_time", "name_sequence", "name_event_id", "name"),
    )
    for name in names
)


def _known_of(connection: Connection, ordered: Sequence[str]) -> Select[Any]:
    return (
        select(clinic.c.hsa_id, *_COLUMNS, clinic.c.registered_at)
        .where(dialect.among(connection, clinic.c.hsa_id, ordered))
        .order_by(clinic.c.hsa_id)
    )


def _read(connection: Connection, statement: Select[Any]) -> dict[str, KnownClinic]:
    parts = connection.execute(statement).partitions(_ROWS_AT_A_TIME)
    return dict(_known(row) for rows in parts for row in rows)


def _known(row: Iterable[Any]) -> tuple[str, KnownClinic]:
    hsa_id, t1, s1, e1, active, t2, s2, e2, region_code, t3, s3, e3, name, registered_at = row
    registers = (
        _register(t1, s1, e1, active),
        _register(t2, s2, e2, region_code),
        _register(t3, s3, e3, name),
    )
    clinic: KnownClinic = new(KnownClinic, (new(Facts, registers), registered_at is not None))
    return hsa_id, clinic


def _register(
    time: datetime | None, sequence: str | None, event_id: str | None, value: Any
) -> Register[Any] | None:
    if value is None:
        return None
    register: Register[Any] = new(
        Register, (time or BEFORE_EVERY_EVENT, sequence or "", event_id or "", value)
    )
    return register


def _values(facts: Facts) -> tuple[Any, ...]:
    """In the order of `_COLUMNS`."""
    return (
        *(facts.activation or _NEVER_STATED),
        *(facts.region or _NEVER_STATED),
        *(facts.name or _NEVER_STATED),
    )
