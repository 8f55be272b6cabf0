"""What people decide: registrations of clinics, and patient boards.

Registrations are written under the lock of the clinic's row, the same one that its facts are
written under: an add and a deactivation cannot slip past each other. TAK has no row to lock for a
clinic that is not in it, so who judges an addition keeps everybody from writing TAK meanwhile.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Update,
    and_,
    delete,
    exists,
    select,
    update,
)

from sync_worker.clinics.admission import Standing
from sync_worker.clinics.held import as_facts
from sync_worker.registry import dialect, facts, holds
from sync_worker.registry.tables import REGISTERED, clinic, own_system, patient_board


class Board(NamedTuple):
    """A region's patient board."""

    region_code: str
    hsa_id: str
    name: str


def read(connection: Connection, hsa_ids: Sequence[str]) -> dict[str, Standing]:
    """How the clinics with these ids stand; one that was never named is not among them.

    A clinic stands by the newest that is known of it, whether the guard holds it or not.
    """
    return _standings(connection, _standing_of(connection, hsa_ids))


def locked(connection: Connection, hsa_ids: Sequence[str]) -> dict[str, Standing]:
    """The same, and none of it changes until the transaction ends, by whomever.

    TAK first, since one who writes it locks no clinic: waiting for him, we keep no worker waiting.
    Then the clinics, in the order of their ids. Only what is read after the locks is true: the
    statement that takes a lock sees other rows than the locked ones as they were before its wait.
    A clinic first named in between has no lock, and is not among them either.
    """
    dialect.lock_own_system(connection)
    is_wanted = dialect.among(connection, clinic.c.hsa_id, sorted(hsa_ids))
    rows = select(clinic.c.hsa_id).where(is_wanted).order_by(clinic.c.hsa_id)
    present = connection.scalars(rows.with_for_update()).all()
    return read(connection, present)


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
    """Let nobody else write that list until the transaction ends: no row of it, by no means."""
    dialect.lock_to_write(connection, own_system)


def change_own_systems(connection: Connection, come: Sequence[str], go: Sequence[str]) -> None:
    """Put ids into that list, and take others out of it."""
    connection.execute(
        delete(own_system).where(dialect.among(connection, own_system.c.hsa_id, sorted(go)))
    )
    dialect.insert_missing_keys(connection, own_system.c.hsa_id, sorted(come))


def _update(connection: Connection, hsa_ids: Sequence[str]) -> Update:
    return update(clinic).where(dialect.among(connection, clinic.c.hsa_id, sorted(hsa_ids)))


def _standing_of(connection: Connection, hsa_ids: Sequence[str]) -> Select[Any]:
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


def _standings(connection: Connection, statement: Select[Any]) -> dict[str, Standing]:
    standings = {row.hsa_id: Standing(*row[1:]) for row in connection.execute(statement)}
    held = holds.of_clinics(connection, standings.keys())
    for hsa_id, known in facts.read(connection, held.keys()).items():
        newest = known.facts.merge(as_facts(held[hsa_id]))
        standings[hsa_id] = standings[hsa_id]._replace(
            active=newest.activation and newest.activation.value,
            region_code=newest.region and newest.region.value,
        )
    return standings
