"""The clinics of regions that wait for an operator's decision. Changes nothing."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from sync_worker.registry.dead_letters import OPEN
from sync_worker.registry.tables import held_fact, hold


class HeldChanges(NamedTuple):
    """What an open hold of a region holds."""

    hold_id: int
    since: datetime
    hsa_ids: tuple[str, ...]
    """Of the clinics that anything is held of, in order."""


def by_region(
    connection: Connection, region_codes: Collection[str] | None
) -> dict[str, HeldChanges]:
    """Region code → what its open hold holds; None as the codes stands for all of the country."""
    statement = (
        select(hold.c.region_code, hold.c.id, hold.c.opened_at, held_fact.c.hsa_id)
        .join_from(hold, held_fact, held_fact.c.hold_id == hold.c.id)
        .where(hold.c.status == OPEN)
        .distinct()
        .order_by(held_fact.c.hsa_id)
    )
    if region_codes is not None:
        statement = statement.where(hold.c.region_code.in_(region_codes))
    found: dict[str, HeldChanges] = {}
    for code, hold_id, opened_at, hsa_id in connection.execute(statement):
        before = found.get(code, HeldChanges(hold_id, opened_at, ()))
        found[code] = before._replace(hsa_ids=(*before.hsa_ids, hsa_id))
    return found
