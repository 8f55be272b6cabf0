"""What bears on a clinic beside its own row, as an explanation asks for it. Changes nothing.

Administrators may read all of it, so nothing here reads what records hold: of dead letters their
role has a few columns alone (`roles.py`).
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from sync_worker.domain.facts import Fact
from sync_worker.registry.dead_letters import OPEN, DeadLetterFilter
from sync_worker.registry.facts import FACTS
from sync_worker.registry.tables import dead_letter, held_fact, hold, position

DEAD_LETTER_COLUMNS = (
    *("id", "received_at", "topic", "partition", "record_offset", "named", "reason", "status"),
)
"""What is read of dead letters: neither their records nor what is quoted of these."""


class DeadLettersNaming(NamedTuple):
    """The open dead letters that name a clinic: how many, and the newest of them."""

    total: int
    newest: list[dict[str, Any]]


class Freshness(NamedTuple):
    """How far the stream has been read: the newest event, and when one was last applied."""

    newest_event_at: datetime | None
    last_applied_at: datetime | None


def dead_letters_naming(connection: Connection, hsa_id: str, limit: int) -> DeadLettersNaming:
    """The open dead letters that name a clinic, the newest first."""
    conditions = DeadLetterFilter(status=OPEN, hsa_id=hsa_id).conditions()
    total = connection.scalar(select(func.count(dead_letter.c.id)).where(*conditions)) or 0
    columns = (
        *(dead_letter.c[name] for name in ("id", "received_at", "reason", "topic", "partition")),
        dead_letter.c.record_offset.label("offset"),
    )
    newest = select(*columns).where(*conditions).order_by(dead_letter.c.id.desc()).limit(limit)
    rows = connection.execute(newest)
    return DeadLettersNaming(total, [dict(row._mapping) for row in rows])  # noqa: SLF001 - its public API


def freshness(connection: Connection) -> Freshness:
    """How far the stream has been read, over all partitions of all streams."""
    newest = (func.max(position.c[name]) for name in ("newest_event_at", "last_applied_at"))
    row = connection.execute(select(*newest)).one()
    return Freshness(row[0], row[1])


def held_facts(connection: Connection, hsa_id: str) -> list[dict[str, Any]]:
    """What is held of a clinic: each value with its event, and the open hold that holds it."""
    columns = (held_fact, hold.c.opened_at, hold.c.region_code)
    statement = (
        select(*columns)
        .join_from(held_fact, hold, held_fact.c.hold_id == hold.c.id)
        .where(held_fact.c.hsa_id == hsa_id, hold.c.status == OPEN)
        .order_by(held_fact.c.fact)
    )
    return [
        {
            "fact": Fact(row.fact),
            "value": FACTS[Fact(row.fact)].from_text(row.value),
            "hold_id": row.hold_id,
            "hold_region_code": row.region_code,
            "opened_at": row.opened_at,
            "time": row.time,
            "event_id": row.event_id,
        }
        for row in connection.execute(statement)
    ]
