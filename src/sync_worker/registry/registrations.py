"""What people decide: registrations of clinics, patient boards, and TAK.

Registrations are written under the lock of the clinic's row, as its facts are: an addition and a
deactivation cannot slip past each other. TAK has no row to lock for a clinic that is not in it, so
whoever judges an addition keeps everybody from writing TAK until it is done.

Triggers log every change of a registration. One that differs from the log all the same was changed
past the triggers: the table was restored from another copy, or the triggers were off.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Subquery,
    Table,
    Update,
    and_,
    delete,
    exists,
    false,
    func,
    null,
    or_,
    select,
    true,
    union_all,
    update,
)

from sync_worker.domain.admission import Eligibility
from sync_worker.domain.clinic_state import as_facts
from sync_worker.instants import to_the_second
from sync_worker.registry import clinics, dialect, holds
from sync_worker.registry.tables import (
    OF_REGISTRATIONS,
    REGISTERED,
    change_log,
    clinic,
    own_system,
    patient_board,
)
from sync_worker.sequences import Tally, batched

_MOST_TOLD_AT_ONCE = 2_000
"""So many take a moment, and their number is told before the next ones."""

_REGISTERED = "registered"


class Board(NamedTuple):
    """A region's patient board."""

    region_code: str
    hsa_id: str
    name: str


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
        at = f" at {to_the_second(self.log_at)}" if self.log_at else ""
        return f"{self.hsa_id} is {row}, and was {self.log_change} by {self.log_by or 'nobody'}{at}"


def read(connection: Connection, hsa_ids: Sequence[str]) -> dict[str, Eligibility]:
    """What bears on adding or removing these clinics; one that was never named is left out.

    The newest facts count that are known of a clinic, whether the guard holds them or not.
    """
    return _eligibilities(connection, _eligibility_of(connection, hsa_ids))


def lock(connection: Connection, hsa_ids: Sequence[str]) -> dict[str, Eligibility]:
    """The same as `read`, and nobody changes any of it until the transaction ends.

    TAK is locked first, since whoever writes it locks no clinic: while we wait for that, no worker
    waits for us. Then the clinics, in the order of their ids. Only what is read after the locks is
    true: the statement that takes a lock sees other rows as they were before its wait. A clinic
    that was first named in between is not locked, and is left out too.
    """
    dialect.lock_own_system(connection)
    is_one = dialect.among(connection, clinic.c.hsa_id, sorted(hsa_ids))
    rows = select(clinic.c.hsa_id).where(is_one).order_by(clinic.c.hsa_id)
    return read(connection, connection.scalars(rows.with_for_update()).all())


def register(connection: Connection, hsa_ids: Sequence[str], actor: str, now: datetime) -> None:
    """Register clinics that this transaction has locked."""
    values = {"registered_at": now, "registered_by": actor, "updated_at": now}
    connection.execute(_update(connection, hsa_ids).values(values))


def unregister(connection: Connection, hsa_ids: Sequence[str], now: datetime) -> None:
    """Take away the registration of clinics that this transaction has locked."""
    values = {"registered_at": None, "registered_by": None, "updated_at": now}
    connection.execute(_update(connection, hsa_ids).values(values))


def registered_in(connection: Connection, region_code: str) -> set[str]:
    """The HSA-ids of the clinics that are registered in a region."""
    statement = select(clinic.c.hsa_id).where(REGISTERED, clinic.c.region_code == region_code)
    return set(connection.scalars(statement))


def names(connection: Connection, hsa_ids: Sequence[str]) -> dict[str, str]:
    """The names of those of the clinics that have one."""
    statement = select(clinic.c.hsa_id, clinic.c.name).where(
        dialect.among(connection, clinic.c.hsa_id, sorted(hsa_ids)), clinic.c.name.is_not(None)
    )
    return {row.hsa_id: row.name for row in connection.execute(statement)}


def boards(connection: Connection) -> dict[str, Board]:
    """The patient boards by region code; a region's service is on while it has one (R3)."""
    columns = (patient_board.c.region_code, patient_board.c.hsa_id, patient_board.c.name)
    return {row.region_code: Board(*row) for row in connection.execute(select(*columns))}


def set_board(connection: Connection, board: Board) -> bool:
    """Set the patient board of a region that has none; False where it has one."""
    return dialect.insert_one(connection, patient_board, board._asdict())


def replace_board(connection: Connection, present: Board, board: Board) -> bool:
    """Set a region's board to another one; False where `present` is not its board any more."""
    values = {"hsa_id": board.hsa_id, "name": board.name}
    return connection.execute(update(patient_board).where(_is(present)).values(values)).rowcount > 0


def clear_board(connection: Connection, present: Board) -> bool:
    """Take away a region's board; False where `present` is not its board any more."""
    return connection.execute(delete(patient_board).where(_is(present))).rowcount > 0


def _is(board: Board) -> ColumnElement[bool]:
    return and_(*(patient_board.c[name] == value for name, value in board._asdict().items()))


def own_systems(connection: Connection) -> set[str]:
    """The HSA-ids of the clinics that handle cases in a system of their own (R7)."""
    return set(connection.scalars(select(own_system.c.hsa_id)))


def lock_own_systems(connection: Connection) -> None:
    """Let nobody else write TAK until the transaction ends."""
    dialect.lock_to_write(connection, own_system)


def change_own_systems(
    connection: Connection, come: Sequence[str], go: Sequence[str], tally: Tally | None = None
) -> None:
    """Put clinics into TAK, and take others out. The tally counts both."""
    tally = Tally() if tally is None else tally
    tally.total = len(come) + len(go)
    for batch in batched(sorted(go), _MOST_TOLD_AT_ONCE):
        is_one = dialect.among(connection, own_system.c.hsa_id, batch)
        connection.execute(delete(own_system).where(is_one))
        tally.done += len(batch)
    for batch in batched(sorted(come), _MOST_TOLD_AT_ONCE):
        dialect.insert_missing_keys(connection, own_system.c.hsa_id, batch)
        tally.done += len(batch)


def _update(connection: Connection, hsa_ids: Sequence[str]) -> Update:
    return update(clinic).where(dialect.among(connection, clinic.c.hsa_id, sorted(hsa_ids)))


def _eligibility_of(connection: Connection, hsa_ids: Sequence[str]) -> Select[Any]:
    return (
        select(
            clinic.c.hsa_id,
            clinic.c.active,
            clinic.c.region_code,
            REGISTERED,
            exists().where(own_system.c.hsa_id == clinic.c.hsa_id),
        )
        .where(dialect.among(connection, clinic.c.hsa_id, sorted(hsa_ids)))
        .order_by(clinic.c.hsa_id)
    )


def _eligibilities(connection: Connection, statement: Select[Any]) -> dict[str, Eligibility]:
    eligibilities = {row.hsa_id: Eligibility(*row[1:]) for row in connection.execute(statement)}
    held = holds.of_clinics(connection, eligibilities.keys())
    for hsa_id, clinic_held in clinics.read(connection, held.keys()).items():
        newest = clinic_held.facts.merge(as_facts(held[hsa_id]))
        eligibilities[hsa_id] = eligibilities[hsa_id]._replace(
            active=newest.activation and newest.activation.value,
            region_code=newest.region and newest.region.value,
        )
    return eligibilities


def drifted(
    connection: Connection, among: Collection[str] | None = None
) -> dict[str, RegistrationDrift]:
    """The clinics whose registration differs from the log, by HSA-id; of those `among` or all."""
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
