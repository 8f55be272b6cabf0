"""What took effect before the rest of a mass change was held: remembered, and kept with the hold.

While the window lasts, each region remembers by which changes its counted clinics left it. Once a
hold is opened there, those of its window are kept with it for good.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, delete, or_, select

from sync_worker.clinics.facts import Change, Fact
from sync_worker.clinics.guard import Hold, Passed, Region
from sync_worker.registry import dialect, log
from sync_worker.registry.tables import (
    REGISTERED,
    change_log,
    clinic,
    departed_fact,
    passed_fact,
)

_CHANGE = ("hsa_id", "fact", "old_value", "new_value", "event_id")


def remember(
    connection: Connection, region_code: str, hsa_ids: Collection[str], region: Region
) -> None:
    """Write by which changes these clinics left a locked region, in place of what was known."""
    is_one = dialect.among(connection, departed_fact.c.hsa_id, sorted(hsa_ids))
    is_it = and_(departed_fact.c.region_code == region_code, is_one)
    connection.execute(delete(departed_fact).where(is_it))
    rows = [
        (region_code, passed.at, *_row(hsa_id, passed))
        for hsa_id in sorted(hsa_ids)
        for passed in region.left[hsa_id].passed.values()
    ]
    dialect.insert_all(connection, departed_fact, ("region_code", "at", *_CHANGE), rows)


def recall(connection: Connection, regions: Mapping[str, Region], since: datetime) -> None:
    """Add, to what is known of who left these regions, by which changes since then."""
    is_one = dialect.among(connection, departed_fact.c.region_code, list(regions))
    statement = select(departed_fact).where(is_one, departed_fact.c.at >= since)
    for row in connection.execute(statement):
        left = regions[row.region_code].left
        known = left.get(row.hsa_id)
        if known is not None:
            passed = Passed(row.at, log.change_of(row), row.event_id)
            left[row.hsa_id] = known._replace(passed={**known.passed, passed.change.fact: passed})


def forget(connection: Connection, region_codes: Iterable[str], since: datetime) -> None:
    """Forget what took effect in these regions before the window began."""
    is_one = dialect.among(connection, departed_fact.c.region_code, sorted(region_codes))
    connection.execute(delete(departed_fact).where(is_one, departed_fact.c.at < since))


def keep(connection: Connection, number: int, opened: Hold) -> None:
    """Keep with a new hold what had passed before it."""
    rows = [
        (number, *_row(hsa_id, passed))
        for hsa_id, some in sorted(opened.passed.items())
        for passed in some
    ]
    dialect.insert_all(connection, passed_fact, ("hold_id", *_CHANGE), rows)


def of_hold(connection: Connection, number: int) -> list[tuple[str, Change, str, bool]]:
    """What had passed before a hold, by HSA-id and fact: each with its event's id.

    The last of each says whether it stands unchanged: see `STANDS`.
    """
    statement = (
        select(passed_fact, STANDS.label("stands"))
        .select_from(passed_fact.outerjoin(clinic, passed_fact.c.hsa_id == clinic.c.hsa_id))
        .where(passed_fact.c.hold_id == number)
        .order_by(passed_fact.c.hsa_id, passed_fact.c.fact)
    )
    rows = connection.execute(statement)
    return [(row.hsa_id, log.change_of(row), row.event_id, bool(row.stands)) for row in rows]


def _stands() -> ColumnElement[bool]:
    """Whether the clinic is registered, has the value, and nothing of it was changed since.

    The value alone does not tell: a clinic that was opened again, and later closed for good, has
    the value once more. Nor does the version: the same mistake published twice is no correction.
    """
    is_activation = passed_fact.c.fact == Fact.ACTIVATION.value
    is_of_the_fact = or_(
        and_(is_activation, change_log.c.change.in_(log.OF_ACTIVATION)),
        and_(~is_activation, change_log.c.change == log.MOVED),
        # `registered` says nothing of the fact: it is logged whenever that column is touched.
        change_log.c.change == log.REMOVED,
    )
    newest = (
        select(change_log.c.event_id)
        .where(change_log.c.hsa_id == passed_fact.c.hsa_id, is_of_the_fact)
        .order_by(change_log.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    has_the_value = case(
        (is_activation, clinic.c.active.is_(False)),
        else_=clinic.c.region_code == passed_fact.c.new_value,
    )
    return and_(REGISTERED, has_the_value, newest == passed_fact.c.event_id)


STANDS = _stands()


def _row(hsa_id: str, passed: Passed) -> tuple[str | None, ...]:
    """In the order of `_CHANGE`."""
    fact, old, new = passed.change
    return hsa_id, fact.value, log.as_text(old), log.as_text(new), passed.event_id
