"""What the doctor asks the registry. Changes nothing."""

import heapq
from datetime import datetime

from sqlalchemy import Connection, func, select

from sync_worker.registry.dead_letters import OPEN
from sync_worker.registry.tables import REGISTERED, clinic, dead_letter, hold, own_system

_NEWEST = 200


def open_dead_letters(connection: Connection) -> dict[str, int]:
    """How many records are set aside and not dealt with, by reason."""
    statement = select(dead_letter.c.reason, func.count()).where(dead_letter.c.status == OPEN)
    rows = connection.execute(statement.group_by(dead_letter.c.reason))
    return {reason: count for reason, count in rows}  # noqa: C416 - rows are no pairs to mypy


def open_holds(connection: Connection) -> list[tuple[str, datetime]]:
    """Each open hold's region, and since when."""
    statement = select(hold.c.region_code, hold.c.opened_at).where(hold.c.status == OPEN)
    return [tuple(row) for row in connection.execute(statement.order_by(hold.c.region_code))]


def registered_in_tak(connection: Connection) -> list[str]:
    """The clinics that are registered here and have a system of their own."""
    statement = select(clinic.c.hsa_id).join(own_system, own_system.c.hsa_id == clinic.c.hsa_id)
    return list(connection.scalars(statement.where(REGISTERED).order_by(clinic.c.hsa_id)))


def newest_event_times(connection: Connection) -> list[datetime]:
    """The latest distinct times that events state, the newest first: 200 of them at the most."""
    times: set[datetime] = set()
    for column in (clinic.c.activation_time, clinic.c.region_time, clinic.c.name_time):
        statement = select(column).where(column.is_not(None)).distinct()
        newest = connection.scalars(statement.order_by(column.desc()).limit(_NEWEST))
        times.update(moment for moment in newest if moment is not None)
    return heapq.nlargest(_NEWEST, times)
