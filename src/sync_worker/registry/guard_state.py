"""What the guard knows of regions: loaded, under a lock where it decides, and written back.

How many clinics left a region within the window counts for all workers together. So who decides in
a region holds the lock of its row in `guard_region` until the transaction ends. Those locks come
after the ones of clinics, in the order of their codes.

While the window lasts, `departed_fact` has the changes by which a region's counted clinics left it.
Once a hold is opened there, those are kept with it for good, in `passed_fact`.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    union,
    update,
)

from sync_worker.domain.clinic_state import HeldFacts
from sync_worker.domain.mass_change_guard import (
    Departure,
    Guard,
    Hold,
    LastDeparture,
    Region,
)
from sync_worker.domain.tuples import new
from sync_worker.registry import dialect
from sync_worker.registry.dialect import Instant, Write
from sync_worker.registry.facts import as_text
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
from sync_worker.sequences import batched

OPEN, APPROVED, WITHDRAWN = "open", "approved", "withdrawn"
MASS_CHANGE = "mass_change"

_HELD = ("hsa_id", "fact", "hold_id", "time", "sequence", "event_id", "value")
_DEPARTURE = ("region_code", "hsa_id", "counted_at", "moved_at")
_CHANGE = ("hsa_id", "fact", "old_value", "new_value", "event_id")
_REGIONS_AT_A_TIME = 8
"""Thousands of clinics may have left each of them."""


class OpenHold(NamedTuple):
    """An open hold after a batch; `newly_held` counts what the batch put there."""

    number: int
    region_code: str
    facts: int
    newly_held: int


def lock(
    connection: Connection,
    region_codes: Collection[str],
    since: datetime,
    hsa_ids: Collection[str],
) -> dict[str, Region]:
    """The regions, locked in the order of their codes until the transaction ends.

    `since` is when the window began. Departures are those of the clinics with these ids, which must
    be locked before; others are only counted. So are a region's clinics, by `count_unread`.
    """
    ordered = sorted(region_codes)
    dialect.insert_missing_keys(connection, guard_region.c.region_code, ordered)
    dialect.execute_often(connection, _LOCK, {"codes": dialect.listed(connection, ordered)})
    return _read(connection, ordered, since, sorted(hsa_ids))


def _read(
    connection: Connection,
    region_codes: Collection[str],
    since: datetime,
    hsa_ids: Sequence[str] | None,
) -> dict[str, Region]:
    """The regions with the departures of these clinics, or of all."""
    ordered = sorted(region_codes)
    regions = {code: Region() for code in ordered}
    codes = {"codes": dialect.listed(connection, ordered)}
    for code, *opened in dialect.execute_often(connection, _OPEN_HOLDS, codes):
        regions[code].hold = Hold(*opened)
    clinics = {} if hsa_ids is None else {"hsa_ids": dialect.listed(connection, hsa_ids)}
    is_few = hsa_ids is not None and len(hsa_ids) <= dialect.FEW
    for some in batched(ordered, _REGIONS_AT_A_TIME):
        of_some = {"codes": dialect.listed(connection, some), "since": since}
        _read_departures(connection, regions, clinics | of_some, of_few=is_few)
    if hsa_ids is not None:
        _count_others(connection, regions, codes | {"since": since}, of_few=is_few)
    return regions


def read_all(connection: Connection, since: datetime) -> dict[str, Region]:
    """Every region that has a registered clinic, lost one recently, or has an open hold.

    Without a lock, for decisions that are not kept.
    """
    codes = union(
        select(clinic.c.region_code).where(REGISTERED, clinic.c.region_code.is_not(None)),
        select(departure.c.region_code),
        select(hold.c.region_code).where(hold.c.status == OPEN),
    )
    regions = _read(connection, list(connection.scalars(codes)), since, None)
    for code, region in regions.items():
        region.registered = _count_registered(connection, code)
    return regions


def count_unread(
    connection: Connection, region_code: str, *, since: datetime, hsa_ids: Collection[str]
) -> int:
    """How many clinics a locked region has, but for those that left and were read.

    They are registered there, or moved away within the window. `since` and `hsa_ids` are those of
    `lock`.
    """
    listed = dialect.listed(connection, sorted(hsa_ids))
    parameters = {"code": region_code, "since": since, "hsa_ids": listed}
    is_few = len(hsa_ids) <= dialect.FEW
    ((away,),) = dialect.execute_often(connection, _COUNT_AWAY, parameters, of_few=is_few)
    return _count_registered(connection, region_code) + int(away)


def _count_registered(connection: Connection, region_code: str) -> int:
    ((count,),) = dialect.execute_often(connection, _COUNT_REGISTERED, {"code": region_code})
    return int(count)


def count_open(connection: Connection) -> int:
    """How many holds are open."""
    count = select(func.count()).select_from(hold).where(hold.c.status == OPEN)
    return connection.scalar(count) or 0


def write(connection: Connection, guard: Guard, held: Mapping[str, HeldFacts]) -> list[OpenHold]:
    """Store locked regions as the guard leaves them, and the held facts of locked clinics.

    `held` is what is held now of each clinic of which it changed.
    """
    if held:
        hsa_ids = dialect.listed(connection, sorted(held))
        dialect.execute_often(
            connection, _DELETE_HELD, {"hsa_ids": hsa_ids}, of_few=len(held) <= dialect.FEW
        )
    _update_holds(connection, guard)
    for code, opened in guard.opened:
        is_open = guard.regions[code].hold is opened
        opened.number = _insert_hold(connection, code, opened, None if is_open else guard.now)
        _insert_passed(connection, opened.number, opened, _stored_passed(connection, code, guard))
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
    codes = dialect.listed(connection, sorted(region_codes))
    parameters = {"codes": codes, "since": since}
    deletions = [Write(old, parameters, of_few=True) for old in _DELETE_OLD]
    dialect.write_together(connection, deletions)


_SINCE = bindparam("since", type_=Instant)
_IS_RECENT = or_(
    func.coalesce(departure.c.counted_at >= _SINCE, false()),
    func.coalesce(departure.c.moved_at >= _SINCE, false()),
)
_LOCK = (
    select(guard_region)
    .where(dialect.among_listed(guard_region.c.region_code, "codes"))
    .order_by(guard_region.c.region_code)
    .with_for_update()
)
_COUNT_REGISTERED = (
    select(func.count())
    .select_from(clinic)
    .where(REGISTERED, clinic.c.region_code == bindparam("code"))
)
_WITH_CLINIC = departure.outerjoin(
    clinic,
    and_(
        REGISTERED,
        clinic.c.hsa_id == departure.c.hsa_id,
        clinic.c.region_code == departure.c.region_code,
    ),
)
"""A join, and no `EXISTS`: that is looked up for row after row, however many they are."""
_IS_HERE = clinic.c.hsa_id.is_not(None)
_RECENT_DEPARTURES: Select[Any] = (
    select(*(departure.c[name] for name in _DEPARTURE), _IS_HERE.label("is_here"))
    .select_from(_WITH_CLINIC)
    .where(dialect.among_listed(departure.c.region_code, "codes"), _IS_RECENT)
)
_OF_SOME = dialect.among_listed(departure.c.hsa_id, "hsa_ids")
_RECENT_DEPARTURES_OF_SOME = _RECENT_DEPARTURES.where(_OF_SOME)
_COUNT_AWAY = (
    select(func.count())
    .select_from(_WITH_CLINIC)
    .where(
        departure.c.region_code == bindparam("code"),
        departure.c.moved_at >= _SINCE,
        ~_IS_HERE,
        ~_OF_SOME,
    )
)
_COUNT_LEFT = (
    select(departure.c.region_code, func.count())
    .where(dialect.among_listed(departure.c.region_code, "codes"), departure.c.counted_at >= _SINCE)
    .group_by(departure.c.region_code)
)
_DEPARTED_FACTS = select(departed_fact).where(
    departed_fact.c.region_code == bindparam("code"), departed_fact.c.at >= _SINCE
)
_OPEN_HOLDS = select(
    *(hold.c[name] for name in ("region_code", "id", "opened_at", "revision")),
    select(func.count()).where(held_fact.c.hold_id == hold.c.id).scalar_subquery().label("facts"),
).where(hold.c.status == OPEN, dialect.among_listed(hold.c.region_code, "codes"))
_DELETE_HELD = delete(held_fact).where(dialect.among_listed(held_fact.c.hsa_id, "hsa_ids"))
_DELETE_OLD = (
    delete(departed_fact).where(
        dialect.among_listed(departed_fact.c.region_code, "codes"), departed_fact.c.at < _SINCE
    ),
    delete(departure).where(dialect.among_listed(departure.c.region_code, "codes"), ~_IS_RECENT),
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


def _insert_hold(
    connection: Connection, code: str, opened: Hold, closed_at: datetime | None
) -> int:
    values = {
        "opened_at": opened.opened_at,
        "kind": MASS_CHANGE,
        "region_code": code,
        "revision": opened.revision,
        "status": OPEN if closed_at is None else WITHDRAWN,
        "closed_at": closed_at,
    }
    number: int = connection.execute(insert(hold).values(values).returning(hold.c.id)).scalar_one()
    return number


def _read_departures(
    connection: Connection,
    regions: Mapping[str, Region],
    parameters: Mapping[str, Any],
    *,
    of_few: bool,
) -> None:
    statement = _RECENT_DEPARTURES_OF_SOME if "hsa_ids" in parameters else _RECENT_DEPARTURES
    one: dict[Any, Any] = {}  # the same few moments, and many a clinic, come again and again
    for row in dialect.execute_often(connection, statement, parameters, of_few=of_few):
        code, hsa_id, counted_at, moved_at, is_here = row
        last = (
            one.setdefault(counted_at, counted_at),
            one.setdefault(moved_at, moved_at),
            is_here,
            (),
        )
        departures = regions[code].departures
        departures[one.setdefault(hsa_id, hsa_id)] = new(LastDeparture, last)


def _count_others(
    connection: Connection,
    regions: Mapping[str, Region],
    parameters: Mapping[str, Any],
    *,
    of_few: bool,
) -> None:
    """Count who left: all of them, less those whose departures were read.

    To leave those out of the query takes as long as to look at each clinic that ever left.
    """
    since = parameters["since"]
    for code, left in dialect.execute_often(connection, _COUNT_LEFT, parameters, of_few=of_few):
        read = (last.counted_at for last in regions[code].departures.values())
        regions[code].others = left - sum(at is not None and at >= since for at in read)


def _stored_passed(
    connection: Connection, code: str, guard: Guard
) -> dict[tuple[str, str], tuple[Any, ...]]:
    """By which changes clinics left a region before it was locked: the values of `_CHANGE`."""
    rows = connection.execute(_DEPARTED_FACTS, {"code": code, "since": guard.since})
    return {(row.hsa_id, row.fact): tuple(getattr(row, name) for name in _CHANGE) for row in rows}


def _insert_passed(
    connection: Connection,
    number: int,
    opened: Hold,
    stored: Mapping[tuple[str, str], tuple[Any, ...]],
) -> None:
    """Keep what took effect before a hold was opened; what did so since then replaces `stored`."""
    latest = {**stored, **{(row[0], row[1]): row for row in map(_row, opened.passed)}}
    rows = ((number, *latest[key]) for key in sorted(latest))
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
    """Replace what is known of clinics that left, and of the changes by which they did."""
    changed = [
        (code, hsa_id, region.departures[hsa_id])
        for code, region in regions.items()
        for hsa_id in sorted(region.changed)
    ]
    facts = (
        (code, last.counted_at, *_row(passed))
        for code, _, last in changed
        for passed in last.passed
    )
    departures = ((code, hsa_id, last.counted_at, last.moved_at) for code, hsa_id, last in changed)
    writes = dialect.replacing(connection, departed_fact, ("region_code", "at", *_CHANGE), facts)
    writes += dialect.replacing(connection, departure, _DEPARTURE, departures)
    dialect.write_together(connection, writes)


def _row(passed: Departure) -> tuple[Any, ...]:
    """The values of `_CHANGE`."""
    fact, old, new_value = passed.change
    return passed.hsa_id, fact.value, as_text(old), as_text(new_value), passed.event_id
