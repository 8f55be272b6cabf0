"""What people decide: registrations of clinics, and patient boards.

Registrations are written under the lock of the clinic's row, the same one that its facts are
written under: an add and a deactivation cannot slip past each other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Update, delete, exists, insert, select, update

from sync_worker.clinics.admission import Standing
from sync_worker.registry import dialect
from sync_worker.registry.tables import REGISTERED, clinic, own_system, patient_board


class Board(NamedTuple):
    """A region's patient board."""

    region_code: str
    hsa_id: str
    name: str


def read(connection: Connection, hsa_ids: Sequence[str]) -> dict[str, Standing]:
    """How the clinics with these ids stand; one that was never named is not among them."""
    return _standings(connection, _standing_of(connection, hsa_ids))


def locked(connection: Connection, hsa_ids: Sequence[str]) -> dict[str, Standing]:
    """The same, with the clinics locked in the order of their ids until the transaction ends."""
    statement = _standing_of(connection, hsa_ids)
    return _standings(connection, statement.with_for_update(of=clinic))


def register(connection: Connection, hsa_ids: Sequence[str], actor: str, now: datetime) -> None:
    """Register clinics that this transaction has locked."""
    values = {"registered_at": now, "registered_by": actor, "updated_at": now}
    connection.execute(_update(connection, hsa_ids).values(values))


def unregister(connection: Connection, hsa_ids: Sequence[str], now: datetime) -> None:
    """Take away the registration of clinics that this transaction has locked."""
    values = {"registered_at": None, "registered_by": None, "updated_at": now}
    connection.execute(_update(connection, hsa_ids).values(values))


def boards(connection: Connection) -> dict[str, Board]:
    """The patient boards by region code; a region's service is on while it has one (R3)."""
    columns = (patient_board.c.region_code, patient_board.c.hsa_id, patient_board.c.name)
    return {row.region_code: Board(*row) for row in connection.execute(select(*columns))}


def set_board(connection: Connection, board: Board) -> None:
    """Set or replace the patient board of a region."""
    present = update(patient_board).where(patient_board.c.region_code == board.region_code)
    changed = connection.execute(present.values(hsa_id=board.hsa_id, name=board.name))
    if changed.rowcount == 0:
        connection.execute(insert(patient_board).values(**board._asdict()))


def clear_board(connection: Connection, region_code: str) -> None:
    """Take away the patient board of a region."""
    connection.execute(delete(patient_board).where(patient_board.c.region_code == region_code))


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
    return {row.hsa_id: Standing(*row[1:]) for row in connection.execute(statement)}
