"""What the guard knows of regions: loaded, under a lock where it decides, and written back.

How many clinics left a region within the window counts for all workers together. So who decides in
a region holds the lock of its row in `guard_region` until the transaction ends. Those locks come
after the ones of clinics, in the order of their codes.

While the window lasts, `departed_fact` has the changes by which a region's counted clinics left it.
Once a hold is opened there, those are kept with it for good, in `passed_fact`.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
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
from sync_worker.domain.facts import Fact
from sync_worker.domain.mass_change_guard import Guard, Hold, LastDeparture, PassedChange, Region
from sync_worker.registry import dialect
from sync_worker.registry.facts import as_text, change_in
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

OPEN, APPROVED, WITHDRAWN = "open", "approved", "withdrawn"
MASS_CHANGE = "mass_change"

_HELD = ("hsa_id", "fact", "hold_id", "time", "sequence", "event_id", "value")
_DEPARTURE = ("region_code", "hsa_id", "counted_at", "moved_at")
_CHANGE = ("hsa_id", "fact", "old_value", "new_value", "event_id")


class OpenHold(NamedTuple):
    """An open hold after a batch; `newly_held` counts what the batch put there."""

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
    """The regions without a lock, for decisions that are not kept."""
    ordered = sorted(region_codes)
    regions = {code: Region() for code in ordered}
    _read_registered(connection, regions)
    _read_departures(connection, regions, since)
    _read_departed_facts(connection, regions, since)
    _read_holds(connection, regions)
    return regions


def read_all(connection: Connection, since: datetime) -> dict[str, Region]:
    """Every region that has a registered clinic, lost one recently, or has an open hold."""
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
    """Store locked regions as the guard leaves them, and the held facts of locked clinics.

    `held` is what is held now of each clinic of which it changed.
    """
    of_changed = dialect.among(connection, held_fact.c.hsa_id, sorted(held.keys()))
    connection.execute(delete(held_fact).where(of_changed))
    _update_holds(connection, guard)
    for code, opened in guard.opened:
        is_open = guard.regions[code].hold is opened
        opened.number = _insert_hold(connection, code, opened, None if is_open else guard.now)
        _insert_passed(connection, opened.number, opened)
    still_open = [
        OpenHold(region.hold.number or 0, code, region.hold.facts, region.hold.newly_held)
        for code, region in guard.regions.items()
        if region.hold is not None
    ]
    _insert_held(connection, held, {hold.region_code: hold.number for hold in still_open})
    _write_departures(connection, guard.regions)
    return still_open


def prune(connection: Connection, region_codes: Collection[str], since: datetime) -> None:
    """Delete what is known of clinics that left these regions before the window began."""
    ordered = sorted(region_codes)
    is_one = dialect.among(connection, departed_fact.c.region_code, ordered)
    connection.execute(delete(departed_fact).where(is_one, departed_fact.c.at < since))
    is_one = dialect.among(connection, departure.c.region_code, ordered)
    connection.execute(delete(departure).where(is_one, ~_is_recent(since)))


def _read_registered(connection: Connection, regions: Mapping[str, Region]) -> None:
    code = clinic.c.region_code
    counts = select(code, func.count()).where(
        REGISTERED, dialect.among(connection, code, list(regions))
    )
    for region_code, count in connection.execute(counts.group_by(code)):
        regions[region_code].registered = count


def _read_departures(
    connection: Connection, regions: Mapping[str, Region], since: datetime
) -> None:
    is_here = exists().where(
        REGISTERED,
        clinic.c.hsa_id == departure.c.hsa_id,
        clinic.c.region_code == departure.c.region_code,
    )
    recent = select(departure, is_here.label("is_here")).where(
        dialect.among(connection, departure.c.region_code, list(regions)), _is_recent(since)
    )
    for row in connection.execute(recent):
        last = LastDeparture(row.counted_at, row.moved_at, row.is_here)
        regions[row.region_code].departures[row.hsa_id] = last


def _read_departed_facts(
    connection: Connection, regions: Mapping[str, Region], since: datetime
) -> None:
    is_one = dialect.among(connection, departed_fact.c.region_code, list(regions))
    statement = select(departed_fact).where(is_one, departed_fact.c.at >= since)
    for row in connection.execute(statement):
        departures = regions[row.region_code].departures
        last = departures.get(row.hsa_id)
        if last is not None:
            passed = {
                **last.passed,
                Fact(row.fact): PassedChange(row.at, change_in(row), row.event_id),
            }
            departures[row.hsa_id] = last._replace(passed=passed)


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


def _insert_passed(connection: Connection, number: int, opened: Hold) -> None:
    rows = [
        (number, *_row(hsa_id, passed))
        for hsa_id, changes in sorted(opened.passed.items())
        for passed in changes
    ]
    dialect.insert_all(connection, passed_fact, ("hold_id", *_CHANGE), rows)


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


def _write_departures(connection: Connection, regions: Mapping[str, Region]) -> None:
    rows = []
    for code, region in regions.items():
        changed = sorted(region.changed)
        if changed:
            is_one = dialect.among(connection, departure.c.hsa_id, changed)
            is_it = and_(departure.c.region_code == code, is_one)
            connection.execute(delete(departure).where(is_it))
            _write_departed_facts(connection, code, changed, region)
        rows += [(code, hsa_id, *region.departures[hsa_id][:2]) for hsa_id in changed]
    dialect.insert_all(connection, departure, _DEPARTURE, rows)


def _write_departed_facts(
    connection: Connection, region_code: str, hsa_ids: Collection[str], region: Region
) -> None:
    """Replace the changes by which these clinics left a locked region."""
    is_one = dialect.among(connection, departed_fact.c.hsa_id, sorted(hsa_ids))
    is_it = and_(departed_fact.c.region_code == region_code, is_one)
    connection.execute(delete(departed_fact).where(is_it))
    rows = [
        (region_code, passed.at, *_row(hsa_id, passed))
        for hsa_id in sorted(hsa_ids)
        for passed in region.departures[hsa_id].passed.values()
    ]
    dialect.insert_all(connection, departed_fact, ("region_code", "at", *_CHANGE), rows)


def _row(hsa_id: str, passed: PassedChange) -> tuple[str | None, ...]:
    """The values of `_CHANGE`."""
    fact, old, new = passed.change
    return hsa_id, fact.value, as_text(old), as_text(new), passed.event_id
