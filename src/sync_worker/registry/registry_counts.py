"""The registry in numbers, for metrics, `status` and the doctor. Changes nothing."""

import heapq
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from sync_worker.domain.clinic_status import Status
from sync_worker.registry.dead_letters import OPEN
from sync_worker.registry.facts import FACTS
from sync_worker.registry.queries import count_where
from sync_worker.registry.tables import REGISTERED, STATUS, clinic, dead_letter, hold

_NEWEST = 200


@dataclass(frozen=True, slots=True)
class RegistryCounts:
    """The registry in numbers."""

    known: int
    registered: int
    receiving: int
    deactivated: int
    open_dead_letters: int
    oldest_dead_letter_at: datetime | None
    open_holds: int


def read(connection: Connection) -> RegistryCounts:
    """Count clinics, dead letters and holds."""
    counted = connection.execute(
        select(
            func.count(),
            count_where(REGISTERED),
            count_where(STATUS == Status.RECEIVING.value),
            count_where(STATUS == Status.DEACTIVATED.value),
        ).select_from(clinic)
    ).one()
    letters = connection.execute(
        select(func.count(), func.min(dead_letter.c.received_at)).where(
            dead_letter.c.status == OPEN
        )
    ).one()
    holds = connection.scalar(select(func.count()).select_from(hold).where(hold.c.status == OPEN))
    known, registered, receiving, deactivated = counted
    open_dead_letters, oldest_dead_letter_at = letters
    return RegistryCounts(
        known,
        registered,
        receiving,
        deactivated,
        open_dead_letters,
        oldest_dead_letter_at,
        holds or 0,
    )


def open_dead_letters(connection: Connection) -> dict[str, int]:
    """How many dead letters are open, by reason."""
    statement = select(dead_letter.c.reason, func.count()).where(dead_letter.c.status == OPEN)
    rows = connection.execute(statement.group_by(dead_letter.c.reason))
    return {reason: count for reason, count in rows}  # noqa: C416 - mypy does not take rows for pairs


def open_holds(connection: Connection) -> list[tuple[str, datetime]]:
    """Each open hold's region, and since when."""
    statement = select(hold.c.region_code, hold.c.opened_at).where(hold.c.status == OPEN)
    return [tuple(row) for row in connection.execute(statement.order_by(hold.c.region_code))]


def newest_event_times(connection: Connection) -> list[datetime]:
    """The latest distinct times that events state, the newest first: 200 of them at the most."""
    times: set[datetime] = set()
    for column in (kept.time for kept in FACTS.values()):
        statement = select(column).where(column.is_not(None)).distinct()
        newest = connection.scalars(statement.order_by(column.desc()).limit(_NEWEST))
        times.update(moment for moment in newest if moment is not None)
    return heapq.nlargest(_NEWEST, times)
