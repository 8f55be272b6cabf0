"""The change log: appended to, never changed.

It has every change of a registered clinic, one entry for each value that a record changed, every
registration and removal, and what people did to positions (contract 4, `log list`). Boards and TAK
are logged by triggers, so that plain SQL is logged too.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, insert, select

from sync_worker.clinics.facts import Change, Fact
from sync_worker.registry import dialect
from sync_worker.registry.tables import acting, change_log


class Entry(NamedTuple):
    """One change: what, old, new, when, by whom (a person) or by which record, and why."""

    at: datetime
    change: str
    hsa_id: str | None = None
    region_code: str | None = None
    old_value: str | None = None
    new_value: str | None = None
    actor: str | None = None
    reason: str | None = None
    event_id: str | None = None
    stream: str | None = None
    topic: str | None = None
    partition: int | None = None
    record_offset: int | None = None


_TRUTH = {"true": True, "false": False, None: None}


def append(connection: Connection, entries: Sequence[Entry]) -> None:
    """Add the entries, in this order."""
    dialect.insert_all(connection, change_log, Entry._fields, entries)


def change_name(change: Change) -> str:
    """What the log calls a change of a clinic's fact."""
    match change.fact:
        case Fact.ACTIVATION:
            return "activated" if change.new else "deactivated"
        case Fact.REGION:
            return "moved"
        case Fact.NAME:
            return "renamed"


def as_text(value: bool | str | None) -> str | None:
    """A fact's value as the log keeps it."""
    return str(value).lower() if isinstance(value, bool) else value


def of_clinic(connection: Connection, hsa_id: str) -> list[dict[str, Any]]:
    """What happened to a clinic, newest first, in the form of `clinics show --history`."""
    statement = (
        select(change_log).where(change_log.c.hsa_id == hsa_id).order_by(change_log.c.id.desc())
    )
    return [_history_item(row) for row in connection.execute(statement)]


def act_as(connection: Connection, actor: str, reason: str | None) -> None:
    """Name, for the triggers, who changes boards or TAK in this transaction.

    The row never outlives the transaction: `acted` takes it away again, and no other transaction
    sees it meanwhile.
    """
    connection.execute(insert(acting).values(actor=actor, reason=reason))


def acted(connection: Connection) -> None:
    """End what `act_as` began; to be called before the commit."""
    connection.execute(delete(acting))


def _history_item(row: Row[Any]) -> dict[str, Any]:
    is_activation = row.change in {"activated", "deactivated"}
    return {
        "at": row.at,
        "change": row.change,
        "old": _TRUTH[row.old_value] if is_activation else row.old_value,
        "new": _TRUTH[row.new_value] if is_activation else row.new_value,
        "actor": row.actor,
        "reason": row.reason,
        "event_id": row.event_id,
        "topic": row.topic,
        "partition": row.partition,
        "offset": row.record_offset,
    }
