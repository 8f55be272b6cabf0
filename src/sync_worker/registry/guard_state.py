"""What the guard knows of regions: loaded, under a lock where it decides, and written back.

How many clinics left a region within the window counts for all workers together. So who decides in
a region holds the lock of its row in `guard_region` until the transaction ends. Those locks come
after the ones of clinics, in the order of their codes.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    union,
    update,
)

from sync_worker.domain.clinic_state import HeldFacts
from sync_worker.domain.facts import Change, Fact
from sync_worker.domain.mass_change_guard import Guard, Hold, LastDeparture, PassedChange, Region
from sync_worker.registry import change_log, dialect
from sync_worker.registry.facts import FACTS, FactStorage, as_text, change_in
from sync_worker.registry.tables import (
    REGISTERED,
    clinic,
    departed_fact,
    departure,
    guard_region,
    held_fact,
    hold,
    passed_fact,
)
from sync_worker.registry.tables import change_log as log_table

OPEN, APPROVED, WITHDRAWN = "open", "approved", "withdrawn"
MASS_CHANGE = "mass_change"

_HELD = ("hsa_id", "fact", "hold_id", "time", "sequence", "event_id", "value")
_LEFT = ("region_code", "hsa_id", "counted_at", "moved_at")


class OpenHold(NamedTuple):
    """An open hold as a batch has left it; `newly_held` counts what the batch put there."""

    number: int
    region_code: str
    facts: int
    newly_held: int


def lock(
    connection: Connection, region_codes: Collection[str], since: datetime
) -> dict[str, Region]:
    """The regions, locked in the order of their codes until the transaction ends.

    `since` is when the window began. Clinics that bear on it must be locked before.
    """
    ordered = sorted(region_codes)
    dialect.insert_missing_keys(connection, guard_region.c.region_code, ordered)
    is_one = dialect.among(connection, guard_region.c.region_code, ordered)
    by_code = select(guard_region).where(is_one).order_by(guard_region.c.region_code)
    connection.execute(by_code.with_for_update()).all()
    return read(connection, ordered, since)


def read(
    connection: Connection, region_codes: Collection[str], since: datetime
) -> dict[str, Region]:
    """The same without a lock, to decide nothing that is kept."""
    ordered = sorted(region_codes)
    regions = {code: Region() for code in ordered}
    _read_registered(connection, regions)
    _read_left(connection, regions, since)
    recall(connection, regions, since)
    _read_holds(connection, regions)
    return regions


def read_all(connection: Connection, since: datetime) -> dict[str, Region]:
    """Every region that has a registered clinic, lost one of late, or has an open hold."""
    codes = union(
        select(clinic.c.region_code).where(REGISTERED, clinic.c.region_code.is_not(None)),
        select(departure.c.region_code),
        select(hold.c.region_code).where(hold.c.status == OPEN),
    )
    return read(connection, list(connection.scalars(codes)), since)


def count_open(connection: Connection) -> int:
    """How many holds are open."""
    count = select(func.count()).select_from(hold).where(hold.c.status == OPEN)
    return connection.scalar(count) or 0


def write(connection: Connection, guard: Guard, held: Mapping[str, HeldFacts]) -> list[OpenHold]:
    """Keep what became of locked regions, and of the held facts of locked clinics.

    `held` is what is held now of each clinic of which it changed.
    """
    _delete_held(connection, held.keys())
    _update_holds(connection, guard)
    for code, opened in guard.opened:
        is_open = guard.regions[code].hold is opened
        opened.number = _insert_hold(connection, code, opened, None if is_open else guard.now)
        keep(connection, opened.number, opened)
    still_open = [
        OpenHold(region.hold.number or 0, code, region.hold.facts, region.hold.newly_held)
        for code, region in guard.regions.items()
        if region.hold is not None
    ]
    _insert_held(connection, held, {hold.region_code: hold.number for hold in still_open})
    _write_left(connection, guard.regions)
    return still_open


def prune(connection: Connection, region_codes: Collection[str], since: datetime) -> None:
    """Forget who left these regions before the window began."""
    forget(connection, region_codes, since)
    is_one = dialect.among(connection, departure.c.region_code, sorted(region_codes))
    connection.execute(delete(departure).where(is_one, ~_is_recent(since)))


def _read_registered(connection: Connection, regions: Mapping[str, Region]) -> None:
    code = clinic.c.region_code
    counts = select(code, func.count()).where(
        REGISTERED, dialect.among(connection, code, list(regions))
    )
    for region_code, count in connection.execute(counts.group_by(code)):
        regions[region_code].registered = count


def _read_left(connection: Connection, regions: Mapping[str, Region], since: datetime) -> None:
    is_here = exists().where(
        REGISTERED,
        clinic.c.hsa_id == departure.c.hsa_id,
        clinic.c.region_code == departure.c.region_code,
    )
    of_late = select(departure, is_here.label("is_here")).where(
        dialect.among(connection, departure.c.region_code, list(regions)), _is_recent(since)
    )
    for row in connection.execute(of_late):
        left = LastDeparture(row.counted_at, row.moved_at, row.is_here)
        regions[row.region_code].departures[row.hsa_id] = left


def _read_holds(connection: Connection, regions: Mapping[str, Region]) -> None:
    facts = select(func.count()).where(held_fact.c.hold_id == hold.c.id).scalar_subquery()
    is_one = dialect.among(connection, hold.c.region_code, list(regions))
    still_open = select(hold, facts.label("facts")).where(hold.c.status == OPEN, is_one)
    for row in connection.execute(still_open):
        regions[row.region_code].hold = Hold(row.id, row.opened_at, row.revision, row.facts)


def _is_recent(since: datetime) -> Any:
    return or_(
        func.coalesce(departure.c.counted_at >= since, False),
        func.coalesce(departure.c.moved_at >= since, False),
    )


def _update_holds(connection: Connection, guard: Guard) -> None:
    """Those that were stored before; withdrawn ones first, since a region has one open hold."""
    for region in guard.regions.values():
        for ended in region.withdrawn:
            _update_hold(connection, ended, WITHDRAWN, guard.now)
        if region.hold is not None:
            _update_hold(connection, region.hold, OPEN, None)


def _update_hold(
    connection: Connection, known: Hold, status: str, closed_at: datetime | None
) -> None:
    if known.number is None:
        return
    values = {"revision": known.revision, "status": status, "closed_at": closed_at}
    connection.execute(update(hold).where(hold.c.id == known.number).values(values))


def _insert_hold(connection: Connection, code: str, new: Hold, closed_at: datetime | None) -> int:
    values = {
        "opened_at": new.opened_at,
        "kind": MASS_CHANGE,
        "region_code": code,
        "revision": new.revision,
        "status": OPEN if closed_at is None else WITHDRAWN,
        "closed_at": closed_at,
    }
    number: int = connection.execute(insert(hold).values(values).returning(hold.c.id)).scalar_one()
    return number


def _delete_held(connection: Connection, hsa_ids: Collection[str]) -> None:
    is_one = dialect.among(connection, held_fact.c.hsa_id, sorted(hsa_ids))
    connection.execute(delete(held_fact).where(is_one))


def _insert_held(
    connection: Connection, held: Mapping[str, HeldFacts], numbers: Mapping[str, int]
) -> None:
    rows = [
        (
            *(hsa_id, fact.value, numbers[kept.region_code]),
            *(kept.register.time, kept.register.sequence, kept.register.event_id),
            as_text(kept.register.value),
        )
        for hsa_id, facts in sorted(held.items())
        for fact, kept in facts.items()
    ]
    dialect.insert_all(connection, held_fact, _HELD, rows)


def _write_left(connection: Connection, regions: Mapping[str, Region]) -> None:
    rows = []
    for code, region in regions.items():
        changed = sorted(region.changed)
        if changed:
            is_one = dialect.among(connection, departure.c.hsa_id, changed)
            is_it = and_(departure.c.region_code == code, is_one)
            connection.execute(delete(departure).where(is_it))
            remember(connection, code, changed, region)
        rows += [(code, hsa_id, *region.departures[hsa_id][:2]) for hsa_id in changed]
    dialect.insert_all(connection, departure, _LEFT, rows)


# What took effect before the rest of a mass change was held: remembered, and kept with the hold.
# While the window lasts, each region remembers by which changes its counted clinics left it.
# Once a hold is opened there, those of its window are kept with it for good.


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
        for passed in region.departures[hsa_id].passed.values()
    ]
    dialect.insert_all(connection, departed_fact, ("region_code", "at", *_CHANGE), rows)


def recall(connection: Connection, regions: Mapping[str, Region], since: datetime) -> None:
    """Add, to what is known of who left these regions, by which changes since then."""
    is_one = dialect.among(connection, departed_fact.c.region_code, list(regions))
    statement = select(departed_fact).where(is_one, departed_fact.c.at >= since)
    for row in connection.execute(statement):
        left = regions[row.region_code].departures
        known = left.get(row.hsa_id)
        if known is not None:
            passed = PassedChange(row.at, change_in(row), row.event_id)
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
    return [(row.hsa_id, change_in(row), row.event_id, bool(row.stands)) for row in rows]


def _stands() -> ColumnElement[bool]:
    """Whether the clinic is registered, has the value, and nothing of it was changed since.

    The value alone does not tell: a clinic that was opened again, and later closed for good, has
    the value once more. Nor does the version: the same mistake published twice is no correction.
    """
    is_of_fact = {fact: passed_fact.c.fact == fact.value for fact in Fact}
    is_change_of_it = or_(
        *(and_(is_of_fact[fact], log_table.c.change.in_(FACTS[fact].changes)) for fact in Fact),
        # `registered` says nothing of the fact: it is logged whenever that column is touched.
        log_table.c.change == change_log.REMOVED,
    )
    newest = (
        select(log_table.c.event_id)
        .where(log_table.c.hsa_id == passed_fact.c.hsa_id, is_change_of_it)
        .order_by(log_table.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    has_the_value = or_(*(and_(is_of_fact[fact], _is_new_value(FACTS[fact])) for fact in Fact))
    return and_(REGISTERED, has_the_value, newest == passed_fact.c.event_id)


def _is_new_value(kept: FactStorage) -> ColumnElement[bool]:
    new: ColumnElement[Any] = passed_fact.c.new_value
    return kept.value == ((new == "true") if kept.is_truth_value else new)


STANDS = _stands()


def _row(hsa_id: str, passed: PassedChange) -> tuple[str | None, ...]:
    """In the order of `_CHANGE`."""
    fact, old, new = passed.change
    return hsa_id, fact.value, as_text(old), as_text(new), passed.event_id
