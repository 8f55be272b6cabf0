"""The results of reconciles that were recorded: when the registry was compared, and with what.

A row is of a comparison that was finished. One that failed or was killed leaves none: the latest
row then grows old, which is what is looked at.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from sync_worker.registry.tables import reconciliation


@dataclass(frozen=True, slots=True)
class RecordedReconcile:
    """A comparison of the registry, and how it ended."""

    at: datetime
    """When the registry was read: what changed later was not compared."""
    against: str
    """`topics`, `archive:PATH` or `snapshot:PATH`, as it was given."""
    stream: str | None
    """None for an extract."""
    as_of: datetime | None
    """When the extract was taken."""
    regions: tuple[str, ...]
    """The regions to which it was limited; none for the whole registry."""
    compared: int
    causes: Mapping[str, int]
    """How many facts differed, by cause; `registration` stands for registrations, which are always
    compared."""
    pending: int
    ahead: int
    held: int
    is_repair: bool
    """Whether a repair was asked for."""
    repaired: int
    not_repaired: int
    """How many of the facts, registrations included, differed when it ended."""
    actor: str
    reason: str | None

    @property
    def drift(self) -> int:
        """How many facts differed, registrations included, before a repair."""
        return sum(self.causes.values())


def record(connection: Connection, result: RecordedReconcile) -> None:
    """Keep the result of a reconcile."""
    regions, causes = " ".join(result.regions), json.dumps(dict(result.causes))
    row = {**asdict(result), "regions": regions, "causes": causes}
    connection.execute(insert(reconciliation).values(row))


def latest(connection: Connection) -> RecordedReconcile | None:
    """The latest of the whole registry; one of a few regions does not prove the others true."""
    columns = [column for column in reconciliation.columns if column.name != "id"]
    statement = select(*columns).where(reconciliation.c.regions == "")
    newest = (reconciliation.c.at.desc(), reconciliation.c.id.desc())
    row = connection.execute(statement.order_by(*newest).limit(1)).mappings().first()
    if row is None:
        return None
    return RecordedReconcile(
        **{**row, "regions": tuple(row["regions"].split()), "causes": json.loads(row["causes"])}
    )
