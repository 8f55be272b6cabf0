"""The change log read backwards, and the registry as it is now, to find what was so before."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select

from sync_worker.domain.facts import Fact
from sync_worker.domain.registry_history import UNKNOWN, PastChange, PastClinic, PastRegistry, Turn
from sync_worker.registry import change_log, registrations
from sync_worker.registry.facts import FACTS
from sync_worker.registry.tables import REGISTERED, clinic
from sync_worker.registry.tables import change_log as log_table

_OF_FACTS = {
    **dict.fromkeys(FACTS[Fact.ACTIVATION].changes, Turn.ACTIVATION),
    **dict.fromkeys(FACTS[Fact.REGION].changes, Turn.REGION),
    **dict.fromkeys(FACTS[Fact.NAME].changes, Turn.NAME),
}
_TURNS: Mapping[str, Turn] = {
    **_OF_FACTS,
    change_log.REGISTERED: Turn.REGISTRATION,
    change_log.REMOVED: Turn.REMOVAL,
    change_log.OWN_SYSTEM_ADDED: Turn.INTO_TAK,
    change_log.OWN_SYSTEM_REMOVED: Turn.OUT_OF_TAK,
    change_log.BOARD_SET: Turn.BOARD_SET,
    change_log.BOARD_CLEARED: Turn.BOARD_CLEARED,
}
"""What the log calls the changes that statuses follow from."""
_ROWS_AT_A_TIME = 1_000
_ACTIVE: Mapping[str, bool | None] = {"true": True, "false": False, "": None}


class LoggedChange(NamedTuple):
    """An entry of the log in the form of `log list`, and what it changed."""

    entry: Mapping[str, Any]
    change: PastChange


def begins(connection: Connection) -> datetime | None:
    """When the first entry was made; None where there is none."""
    first: datetime | None = connection.scalar(select(func.min(log_table.c.at)))
    return first


def current(connection: Connection) -> PastRegistry:
    """The registered clinics, boards and TAK as they are now."""
    columns = (clinic.c.hsa_id, clinic.c.active, clinic.c.region_code, clinic.c.name)
    rows = connection.execute(select(*columns).where(REGISTERED))
    return PastRegistry(
        {row.hsa_id: PastClinic(*row[1:], is_registered=True) for row in rows},
        set(registrations.boards(connection)),
        registrations.own_systems(connection),
    )


def after(connection: Connection, moment: datetime) -> Iterator[LoggedChange]:
    """The changes after a moment that statuses follow from, the newest first."""
    statement = (
        select(log_table, _registered_before())
        .where(log_table.c.at > moment, log_table.c.change.in_(_TURNS))
        .order_by(log_table.c.id.desc())
        .execution_options(yield_per=_ROWS_AT_A_TIME)
    )
    for row in connection.execute(statement):
        yield LoggedChange(change_log.item(row), _change(row))


def _registered_before() -> Any:
    """Which registration or removal of the same clinic came before; null where none did."""
    earlier = log_table.alias("earlier")
    return (
        select(earlier.c.change)
        .where(earlier.c.hsa_id == log_table.c.hsa_id, earlier.c.id < log_table.c.id)
        .where(earlier.c.change.in_((change_log.REGISTERED, change_log.REMOVED)))
        .order_by(earlier.c.id.desc())
        .limit(1)
        .scalar_subquery()
        .label("registered_before")
    )


def _change(row: Row[Any]) -> PastChange:
    turn = _TURNS[row.change]
    subject = row.hsa_id if row.hsa_id is not None else row.region_code
    match turn:
        case Turn.REGISTRATION:
            before = row.registered_before
            return PastChange(turn, subject, before and before == change_log.REGISTERED)
        case Turn.REMOVAL:
            return PastChange(turn, subject, removed=_removed(row))
        case Turn.ACTIVATION:
            return PastChange(turn, subject, FACTS[Fact.ACTIVATION].from_text(row.old_value))
    return PastChange(turn, subject, row.old_value)


def _removed(row: Row[Any]) -> PastClinic:
    """What a removed clinic was; unknown where that was not logged yet."""
    if row.was_active is None:
        return PastClinic(region_code=UNKNOWN if row.region_code is None else row.region_code)
    return PastClinic(_ACTIVE.get(row.was_active, UNKNOWN), row.region_code, row.was_named)
