"""Clinics' facts: locked and read, merged elsewhere, and written back.

A row that somebody edited by hand never stops the worker: a value without a version counts as the
oldest there can be, a version without a value as never stated.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from sync_worker.clinics.facts import Facts, Register
from sync_worker.registry import dialect
from sync_worker.registry.tables import clinic

_BEFORE_EVERY_EVENT = datetime(1, 1, 1, tzinfo=UTC)


class KnownClinic(NamedTuple):
    """What the registry knows of a clinic that bears on its events."""

    facts: Facts
    is_registered: bool


def locked(connection: Connection, hsa_ids: Collection[str]) -> dict[str, KnownClinic]:
    """The clinics with these ids, locked in the order of their ids until the transaction ends.

    One that was never named has a row from now on: without it there would be nothing to lock, and
    two workers could both think that they were the first to hear of the clinic.
    """
    ordered = sorted(hsa_ids)
    dialect.insert_missing_keys(connection, clinic.c.hsa_id, ordered)
    statement = (
        select(clinic.c.hsa_id, *_COLUMNS, clinic.c.registered_at)
        .where(dialect.among(connection, clinic.c.hsa_id, ordered))
        .order_by(clinic.c.hsa_id)
        .with_for_update()
    )
    return {hsa_id: _known(*columns) for hsa_id, *columns in connection.execute(statement)}


def write(connection: Connection, changed: Iterable[tuple[str, Facts]], now: datetime) -> None:
    """Set the facts of clinics that this transaction has locked."""
    rows = [{"hsa_id": hsa_id, **_columns(facts), "updated_at": now} for hsa_id, facts in changed]
    dialect.update_by_key(connection, clinic, rows)


def of_row(row: Row[Any]) -> Facts:
    """The registers in a row of `clinic`."""
    activation = row.activation_time, row.activation_sequence, row.activation_event_id
    region = row.region_time, row.region_sequence, row.region_event_id
    name = row.name_time, row.name_sequence, row.name_event_id
    return Facts(
        _register(row.active, *activation),
        _register(row.region_code, *region),
        _register(row.name, *name),
    )


_COLUMNS = tuple(
    clinic.c[name]
    for names in (
        ("active", "activation_time", "activation_sequence", "activation_event_id"),
        ("region_code", "region_time", "region_sequence", "region_event_id"),
        ("name", "name_time", "name_sequence", "name_event_id"),
    )
    for name in names
)


def _known(*columns: Any) -> KnownClinic:
    facts = Facts(_register(*columns[0:4]), _register(*columns[4:8]), _register(*columns[8:12]))
    return KnownClinic(facts, columns[12] is not None)


def _register(
    value: Any, time: datetime | None, sequence: str | None, event_id: str | None
) -> Register[Any] | None:
    if value is None:
        return None
    return Register(time or _BEFORE_EVERY_EVENT, sequence or "", event_id or "", value)


def _columns(facts: Facts) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for value_column, prefix, register in (
        ("active", "activation", facts.activation),
        ("region_code", "region", facts.region),
        ("name", "name", facts.name),
    ):
        time, sequence, event_id, value = register or (None, None, None, None)
        columns[value_column] = value
        columns[f"{prefix}_time"] = time
        columns[f"{prefix}_sequence"] = sequence
        columns[f"{prefix}_event_id"] = event_id
    return columns
