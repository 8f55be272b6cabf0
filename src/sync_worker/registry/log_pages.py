"""The change log as the administrators' page shows it: newest first, a page at a time.

The codes of the regions that whoever reads has are an argument of every function, None where it is
all of the country; without codes there are no entries. Changes nothing.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, or_, select

from sync_worker.registry import change_log, dialect
from sync_worker.registry.change_log import MOVED, LogFilter
from sync_worker.registry.clinic_pages import PAGE_SIZE
from sync_worker.registry.tables import REGISTERED, clinic
from sync_worker.registry.tables import change_log as log

_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of entries in the form of `log list`."""

    items: Sequence[dict[str, Any]]
    has_more: bool
    """Whether older ones follow. How many there are in all would have to be counted."""


class ClinicMove(NamedTuple):
    """A registered clinic that the e-services moved to another region."""

    at: datetime
    hsa_id: str
    name: str | None
    from_code: str | None
    """None where no region had been stated."""
    to_code: str


class RegionMoves(NamedTuple):
    """The registered clinics that moved into a region and out of it, newest first, each once."""

    came: list[ClinicMove]
    left: list[ClinicMove]


def newest(
    connection: Connection,
    region_codes: Collection[str] | None,
    wanted: LogFilter,
    *,
    offset: int = 0,
    limit: int = PAGE_SIZE,
) -> LogPage:
    """The entries about the regions, newest first; regions that `wanted` names narrow them."""
    statement = _newest_first(region_codes, wanted).offset(offset).limit(limit + 1)
    rows = connection.execute(statement).all()
    return LogPage([change_log.item(row) for row in rows[:limit]], len(rows) > limit)


def batches(
    connection_of: Callable[[], AbstractContextManager[Connection]],
    region_codes: Collection[str] | None,
    wanted: LogFilter,
) -> Iterator[list[dict[str, Any]]]:
    """All those entries, so many at a time: each time in a transaction of its own.

    Whoever takes long to receive them keeps no transaction open; nothing is missed, since entries
    are only ever added, before the first.
    """
    statement = _newest_first(region_codes, wanted).limit(_BATCH)
    older = statement
    while True:
        with connection_of() as connection:
            rows = connection.execute(older).all()
        yield [change_log.item(row) for row in rows]
        if len(rows) < _BATCH:
            return
        older = statement.where(log.c.id < rows[-1].id)


def _newest_first(region_codes: Collection[str] | None, wanted: LogFilter) -> Select[Any]:
    statement = select(log).where(*change_log.conditions(wanted)).order_by(log.c.id.desc())
    if region_codes is None:
        return statement
    return statement.where(change_log.of_regions(region_codes))


def names(connection: Connection, items: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The names of the clinics that entries are about, of those that have one."""
    hsa_ids = {item["hsa_id"] for item in items} - {None}
    among = dialect.among(connection, clinic.c.hsa_id, sorted(hsa_ids))
    rows = connection.execute(select(clinic.c.hsa_id, clinic.c.name).where(among))
    return {row.hsa_id: row.name for row in rows if row.name is not None}


def moves(connection: Connection, region_code: str, since: datetime) -> RegionMoves:
    """The registered clinics that moved into a region and out of it since a moment.

    Of a clinic that moved in and out several times, the last time counts.
    """
    is_between = or_(log.c.old_value == region_code, log.c.new_value == region_code)
    statement = (
        select(log.c.at, log.c.hsa_id, log.c.old_value, log.c.new_value)
        .where(log.c.change == MOVED, log.c.at >= since, is_between)
        .order_by(log.c.id.desc())
    )
    newest_by_id: dict[str, Any] = {}
    for row in connection.execute(statement):
        newest_by_id.setdefault(row.hsa_id, row)
    now = _registered(connection, newest_by_id)
    found = [
        ClinicMove(row.at, hsa_id, now[hsa_id].name, row.old_value, row.new_value)
        for hsa_id, row in newest_by_id.items()
        if hsa_id in now
    ]
    is_here = {hsa_id for hsa_id, row in now.items() if row.region_code == region_code}
    return RegionMoves(
        came=[m for m in found if m.to_code == region_code and m.hsa_id in is_here],
        left=[m for m in found if m.from_code == region_code and m.hsa_id not in is_here],
    )


def _registered(connection: Connection, hsa_ids: Iterable[str]) -> dict[str, Any]:
    """The name and the region that those of the clinics have that are registered."""
    among = dialect.among(connection, clinic.c.hsa_id, sorted(hsa_ids))
    columns = (clinic.c.hsa_id, clinic.c.name, clinic.c.region_code)
    rows = connection.execute(select(*columns).where(REGISTERED, among))
    return {row.hsa_id: row for row in rows}
