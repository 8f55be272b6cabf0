"""Holds decided by an operator: approved, so that what is listed is merged; or acknowledged.

A held fact is withdrawn by newer events alone; there is no way to throw it away by hand. What the
e-services said by mistake they correct.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from sync_worker.authorship import Authorship
from sync_worker.domain.facts import Fact
from sync_worker.domain.mass_change_guard import USUAL_LIMITS, Guard
from sync_worker.errors import Exit, UserError
from sync_worker.pipeline.listener import MovedWithoutBoard
from sync_worker.registry import change_log, clinics, guard_state, holds, queries, registrations
from sync_worker.registry.change_log import LogEntry
from sync_worker.registry.database import Registry
from sync_worker.registry.holds import MergedChange
from sync_worker.remedies import Remedy

_MOST_TRIES = 20
"""A worker may hold more while the locks are taken; from the second try on, hardly ever."""


class UnknownHold(UserError):
    """There is no hold with this number."""

    def __init__(self, number: int) -> None:
        super().__init__(
            Exit.NOT_FOUND, f"There is no hold {number}.", hint=Remedy.LIST_ALL_HOLDS()
        )


class HoldDecided(UserError):
    """The hold was approved or withdrawn before."""

    def __init__(self, number: int, status: str) -> None:
        super().__init__(
            Exit.REFUSED,
            f"Hold {number} is already {status}.",
            why="A decision cannot be made twice.",
            hint=Remedy.LIST_OPEN_HOLDS(),
            code="decided",
        )


class HoldStillOpen(UserError):
    """The hold still waits for a decision, so there is nothing to acknowledge yet."""

    def __init__(self, number: int) -> None:
        super().__init__(
            Exit.REFUSED,
            f"Hold {number} is open.",
            why="It waits for corrections or an approval; only a withdrawn hold is acknowledged.",
            hint=Remedy.SHOW_HOLD(number=number),
            code="open",
        )


class HoldChanged(UserError):
    """The list is not the one that was looked at, or changes while it is to be approved."""

    def __init__(self, number: int, revision: int) -> None:
        super().__init__(
            Exit.REFUSED,
            f"The list of hold {number} has changed: it is now at revision {revision}.",
            why="Nothing was changed.",
            hint=Remedy.SHOW_HOLD(number=number),
            code="changed_meanwhile",
        )


def plan(registry: Registry, number: int) -> dict[str, Any]:
    """The hold that `approve` would approve now, in the form of `holds show`.

    Raises:
        UnknownHold: there is no hold with this number.
        HoldDecided: it was approved or withdrawn before.
    """
    with registry.snapshot() as connection:
        return _open_hold(connection, number)


def would_move(registry: Registry, planned: Mapping[str, Any]) -> list[MovedWithoutBoard]:
    """Which registered clinics an approval would move into a region without a patient board."""
    goals = {
        item["hsa_id"]: item["new"] for item in planned["items"] if item["fact"] == Fact.REGION
    }
    with registry.snapshot() as connection:
        registered = queries.registered_among(connection, list(goals))
        service_on = registrations.boards(connection).keys()
    return [
        MovedWithoutBoard(hsa_id, code)
        for hsa_id, code in goals.items()
        if hsa_id in registered and code not in service_on
    ]


def approve(
    registry: Registry, number: int, authorship: Authorship, revision: int | None = None
) -> list[MovedWithoutBoard]:
    """Merge what an open hold holds; which clinics moved by it to where nobody can file.

    `revision` is the one that was looked at; None approves what is listed when it is done.

    Raises:
        UnknownHold: there is no hold with this number.
        HoldDecided: it was approved or withdrawn before.
        HoldChanged: its list is not at `revision`, or changes too often; nothing was done.
    """
    for tries in range(_MOST_TRIES):
        with registry.transaction() as transaction:
            merged = _approve(
                transaction.connection, number, authorship, revision, with_all_of_region=tries > 0
            )
            if merged is None:
                continue
            service_on = registrations.boards(transaction.connection).keys()
            transaction.commit()
        return [
            MovedWithoutBoard(hsa_id, str(change.new))
            for hsa_id, change, *_ in merged
            if change.fact is Fact.REGION and change.new not in service_on
        ]
    raise HoldChanged(number, plan(registry, number)["revision"])


def acknowledge(registry: Registry, number: int, authorship: Authorship) -> None:
    """Keep that a person has seen to what had passed before a withdrawn hold.

    Raises:
        UnknownHold: there is no hold with this number.
        HoldStillOpen: it still waits for a decision.
        HoldDecided: it was approved, or acknowledged before.
    """
    with registry.transaction() as transaction:
        hold = holds.shown(transaction.connection, number)
        if hold is None:
            raise UnknownHold(number)
        if not holds.acknowledge(transaction.connection, number, authorship.at):
            raise _not_acknowledged(holds.shown(transaction.connection, number) or hold)
        change_log.append(transaction.connection, [_entry("hold_acknowledged", hold, authorship)])
        transaction.commit()


def _not_acknowledged(hold: Mapping[str, Any]) -> Exception:
    if hold["status"] == guard_state.OPEN:
        return HoldStillOpen(hold["id"])
    return HoldDecided(hold["id"], "acknowledged" if hold["acknowledged_at"] else hold["status"])


def _open_hold(connection: Connection, number: int) -> dict[str, Any]:
    shown = holds.shown(connection, number)
    if shown is None:
        raise UnknownHold(number)
    if shown["status"] != guard_state.OPEN:
        raise HoldDecided(number, shown["status"])
    return shown


def _approve(
    connection: Connection,
    number: int,
    authorship: Authorship,
    revision: int | None,
    *,
    with_all_of_region: bool,
) -> list[MergedChange] | None:
    """Approve a hold; None where it now holds more than the clinics that were locked."""
    now = authorship.at
    seen = _open_hold(connection, number)
    concerned = set(holds.of_hold(connection, number))
    if with_all_of_region:
        concerned |= registrations.registered_in(connection, seen["region_code"])
    known = clinics.lock_or_create(connection, concerned)
    regions = (clinic.facts.region for clinic in known.values())
    codes = {seen["region_code"], *(region.value for region in regions if region is not None)}
    # The worker's window is not known here, and a departure that is not read would be overwritten
    # with one that counts nothing: so all of these clinics are read, whenever they were.
    regions_locked = guard_state.lock(connection, codes, clinics.BEFORE_EVERY_EVENT, known)
    guard = Guard(USUAL_LIMITS, regions_locked, now)
    # From here on nobody else changes the list.
    present = _open_hold(connection, number)
    if revision not in (None, present["revision"]):
        raise HoldChanged(number, present["revision"])
    held = holds.of_hold(connection, number)
    if not held.keys() <= known.keys():
        return None
    holds.close_approved(connection, number, now)
    # What becomes of a clinic that nobody registers any more is neither logged nor guarded.
    merged = [one for one in holds.merge_held(connection, held, now) if one.is_registered]
    _take_note(connection, guard, present["region_code"], merged)
    changes = holds.entries(merged, authorship)
    change_log.append(connection, [*changes, _entry("hold_approved", present, authorship)])
    return merged


def _take_note(
    connection: Connection, guard: Guard, region_code: str, merged: Sequence[MergedChange]
) -> None:
    """The hold is over, and the guard is to know who moved away by a person's decision."""
    guard.hold_approved(region_code)
    for hsa_id, change, *_ in merged:
        if change.fact is Fact.REGION and isinstance(change.old, str):
            guard.moved_by_a_person(hsa_id, change.old)
    guard_state.write(connection, guard, {})


def _entry(change: str, hold: Mapping[str, Any], authorship: Authorship) -> LogEntry:
    return LogEntry.by(authorship, change)._replace(
        region_code=hold["region_code"], new_value=str(hold["id"])
    )
