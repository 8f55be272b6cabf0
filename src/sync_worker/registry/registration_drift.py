"""Registrations that are otherwise than the change log has them.

Triggers log every change of a registration. What differs all the same came past them: a table that
was restored from another copy, rows that were deleted with the triggers off and repaired since.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Subquery,
    Table,
    and_,
    exists,
    false,
    func,
    null,
    or_,
    select,
    true,
    union_all,
)

from sync_worker.registry import dialect
from sync_worker.registry.tables import OF_REGISTRATIONS, REGISTERED, change_log, clinic

_REGISTERED = "registered"


class RegistrationDrift(NamedTuple):
    """A clinic's registration in its row, and the last that the log says of it."""

    hsa_id: str
    row_at: datetime | None
    row_by: str | None
    is_registered: bool
    """By its row; False where it has none."""
    log_change: str | None
    log_at: datetime | None
    log_by: str | None
    log_login: str | None

    @property
    def is_expected(self) -> bool:
        """Whether the clinic is registered by the log."""
        return self.log_change == _REGISTERED

    @property
    def registered_by(self) -> str | None:
        """Who registered it: as the log has it, where it has a registration, else as the row."""
        return self.log_by if self.is_expected else self.row_by

    @property
    def registered_at(self) -> datetime | None:
        """And when."""
        return self.log_at if self.is_expected else self.row_at

    def __str__(self) -> str:
        row = f"registered by {self.row_by or 'nobody'}" if self.is_registered else "not registered"
        if self.log_change is None:
            return f"{self.hsa_id} is {row}, of which the change log says nothing"
        # A time that somebody wrote into SQLite by hand may be none.
        at = f" at {self.log_at:%Y-%m-%dT%H:%M:%SZ}" if self.log_at else ""
        return f"{self.hsa_id} is {row}, and was {self.log_change} by {self.log_by or 'nobody'}{at}"


def found(
    connection: Connection, among: Collection[str] | None = None
) -> dict[str, RegistrationDrift]:
    """The clinics whose registration differs, by HSA-id; of those `among`, where given."""
    return {
        row.hsa_id: RegistrationDrift(**row._mapping)  # noqa: SLF001 - its public API
        for row in connection.execute(_differing(connection, among))
    }


def _differing(connection: Connection, among: Collection[str] | None) -> CompoundSelect[Any]:
    """One statement, with those that have a row and those that have none any more."""
    log = _newest_of_log(connection, among)
    is_logged = func.coalesce(log.c.log_change, "") == _REGISTERED
    by_another = and_(REGISTERED, is_logged, clinic.c.registered_by != log.c.log_by)
    in_rows = (
        select(
            clinic.c.hsa_id,
            clinic.c.registered_at.label("row_at"),
            clinic.c.registered_by.label("row_by"),
            REGISTERED.label("is_registered"),
            *_of(log),
        )
        .join_from(clinic, log, log.c.hsa_id == clinic.c.hsa_id, isouter=True)
        .where(_is_one(connection, clinic, among), or_(REGISTERED != is_logged, by_another))
    )
    has_row = exists().where(clinic.c.hsa_id == log.c.hsa_id)
    lost = select(log.c.hsa_id, null(), null(), false(), *_of(log)).where(is_logged, ~has_row)
    return union_all(in_rows, lost).order_by("hsa_id")


def _newest_of_log(connection: Connection, among: Collection[str] | None) -> Subquery:
    """The last registration or removal of each clinic; reads an index that has nothing else."""
    columns = change_log.c
    newest = (
        select(columns.hsa_id, func.max(columns.id).label("id"))
        .where(OF_REGISTRATIONS, _is_one(connection, change_log, among))
        .group_by(columns.hsa_id)
        .subquery("newest")
    )
    return (
        select(
            newest.c.hsa_id,
            columns.change.label("log_change"),
            columns.at.label("log_at"),
            func.coalesce(columns.new_value, columns.actor).label("log_by"),
            columns.login.label("log_login"),
        )
        .join_from(newest, change_log, columns.id == newest.c.id)
        .subquery("log")
    )


def _is_one(
    connection: Connection, table: Table, among: Collection[str] | None
) -> ColumnElement[bool]:
    return true() if among is None else dialect.among(connection, table.c.hsa_id, sorted(among))


def _of(log: Subquery) -> list[ColumnElement[Any]]:
    return [log.c.log_change, log.c.log_at, log.c.log_by, log.c.log_login]
