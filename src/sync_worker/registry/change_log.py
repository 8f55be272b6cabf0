"""The change log: appended to, never changed.

It has every change of a registered clinic, one entry for each value that a record changed, every
registration and removal, and what people did to positions (contract 4, `log list`). Boards and TAK
are logged by triggers, so that plain SQL is logged too.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, union

from sync_worker.authorship import Authorship
from sync_worker.domain.facts import Fact
from sync_worker.registry import dialect
from sync_worker.registry.dialect import Write
from sync_worker.registry.facts import FACTS
from sync_worker.registry.tables import change_log, clinic


class LogEntry(NamedTuple):
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

    @classmethod
    def by(cls, authorship: Authorship, change: str) -> "LogEntry":
        """An entry for what a person does; `_replace` says what it was done to."""
        return cls(authorship.at, change, actor=authorship.actor, reason=authorship.reason)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which entries to list; None and empty ask for nothing."""

    region_codes: tuple[str, ...] = ()
    """Of clinics that are in one of these regions, or moved into one or out of one; of boards."""
    hsa_ids: tuple[str, ...] = ()
    actor: str | None = None
    since: datetime | None = None
    """From this moment on."""
    until: datetime | None = None
    """Before this moment."""
    changes: tuple[str, ...] = ()


_ROWS_AT_A_TIME = 1_000
HELD, WITHDRAWN = "held", "withdrawn"
MOVED = FACTS[Fact.REGION].changed
REGISTERED, REMOVED = "registered", "removed"
BOARD_SET, BOARD_CLEARED = "board_set", "board_cleared"
OWN_SYSTEM_ADDED, OWN_SYSTEM_REMOVED = "own_system_added", "own_system_removed"
OF_THE_REGISTRY = (
    *("repaired", "replayed", "positions_reset"),
    *("letter_redriven", "letter_discarded", "letters_purged"),
)
"""The changes that name neither a clinic nor a region: who sees some regions does not see them."""
CHANGES = (
    *(name for kept in FACTS.values() for name in kept.changes),
    *(HELD, WITHDRAWN, REGISTERED, REMOVED),
    *(BOARD_SET, BOARD_CLEARED, OWN_SYSTEM_ADDED, OWN_SYSTEM_REMOVED),
    *("hold_approved", "hold_acknowledged"),
    *OF_THE_REGISTRY,
)
"""All that the program and its triggers log."""
_TRUTH: Mapping[str | None, bool | None] = {"true": True, "false": False, None: None}
_OF_TRUTH_VALUES = {name for kept in FACTS.values() if kept.is_truth_value for name in kept.changes}
_OF_ANY_FACT = {HELD, WITHDRAWN}
_BETWEEN_REGIONS = (MOVED, HELD, WITHDRAWN)
"""The changes whose old and new value may be a region's code."""


def append(connection: Connection, entries: Sequence[LogEntry]) -> None:
    """Add the entries, in this order."""
    dialect.write_together(connection, appending(connection, entries))


def appending(connection: Connection, entries: Sequence[LogEntry]) -> list[Write]:
    """What adds the entries in this order, once it is written."""
    return dialect.inserting(connection, change_log, LogEntry._fields, entries)


def of_clinic(connection: Connection, hsa_id: str) -> list[dict[str, Any]]:
    """What happened to a clinic, newest first, in the form of `clinics show --history`."""
    statement = (
        select(change_log).where(change_log.c.hsa_id == hsa_id).order_by(change_log.c.id.desc())
    )
    return [_history_item(row) for row in connection.execute(statement)]


def of_boards(connection: Connection, region_code: str) -> list[dict[str, Any]]:
    """What happened to a region's patient board, newest first, in the same form."""
    is_of_board = change_log.c.change.in_((BOARD_SET, BOARD_CLEARED))
    statement = (
        select(change_log)
        .where(change_log.c.region_code == region_code, is_of_board)
        .order_by(change_log.c.id.desc())
    )
    return [_history_item(row) for row in connection.execute(statement)]


def listed(connection: Connection, criteria: LogFilter) -> Iterator[dict[str, Any]]:
    """Entries in the order written, in the form of `log list`; read as they are asked for."""
    statement = select(change_log).where(*conditions(criteria)).order_by(change_log.c.id)
    rows = connection.execute(statement.execution_options(yield_per=_ROWS_AT_A_TIME))
    return (item(row) for row in rows)


def conditions(criteria: LogFilter) -> Iterator[ColumnElement[bool]]:
    """What is so of the entries that are asked for."""
    if criteria.region_codes:
        yield of_regions(criteria.region_codes)
    if criteria.hsa_ids:
        yield change_log.c.hsa_id.in_(criteria.hsa_ids)
    if criteria.actor is not None:
        yield change_log.c.actor == criteria.actor
    if criteria.since is not None:
        yield change_log.c.at >= criteria.since
    if criteria.until is not None:
        yield change_log.c.at < criteria.until
    if criteria.changes:
        yield change_log.c.change.in_(criteria.changes)


def region_codes(connection: Connection) -> set[str]:
    """The region codes that entries are about: of boards, of holds, and of moves."""
    columns = (change_log.c.old_value, change_log.c.new_value)
    of_moves = (select(column).where(change_log.c.change == MOVED) for column in columns)
    codes = connection.scalars(union(select(change_log.c.region_code), *of_moves))
    return {code for code in codes if code is not None}


def unknown_ids(connection: Connection, hsa_ids: Sequence[str]) -> list[str]:
    """Those of the HSA-ids that neither the e-services nor the log ever named."""
    named = union(
        select(clinic.c.hsa_id).where(clinic.c.hsa_id.in_(hsa_ids)),
        select(change_log.c.hsa_id).where(change_log.c.hsa_id.in_(hsa_ids)),
    )
    known = set(connection.scalars(named))
    return [hsa_id for hsa_id in hsa_ids if hsa_id not in known]


def item(row: Row[Any]) -> dict[str, Any]:
    """An entry in the form of `log list`."""
    return {**_history_item(row), "hsa_id": row.hsa_id, "region_code": row.region_code}


def of_regions(region_codes: Collection[str]) -> ColumnElement[bool]:
    """Whether an entry is about one of the regions, as `LogFilter.region_codes` says.

    None is where there are no regions.
    """
    clinics = select(clinic.c.hsa_id).where(clinic.c.region_code.in_(region_codes))
    values = or_(change_log.c.old_value.in_(region_codes), change_log.c.new_value.in_(region_codes))
    return or_(
        change_log.c.region_code.in_(region_codes),
        change_log.c.hsa_id.in_(clinics),
        and_(change_log.c.change.in_(_BETWEEN_REGIONS), values),
    )


def _history_item(row: Row[Any]) -> dict[str, Any]:
    # The log does not say of which fact a value is that was held or withdrawn; none of those that
    # are texts can be "true" or "false".
    is_truth_value = row.change in _OF_TRUTH_VALUES or (
        row.change in _OF_ANY_FACT and row.new_value in _TRUTH
    )
    return {
        "at": row.at,
        "change": row.change,
        "old": _TRUTH.get(row.old_value, row.old_value) if is_truth_value else row.old_value,
        "new": _TRUTH.get(row.new_value, row.new_value) if is_truth_value else row.new_value,
        "actor": row.actor,
        "login": row.login,
        "reason": row.reason,
        "event_id": row.event_id,
        "topic": row.topic,
        "partition": row.partition,
        "offset": row.record_offset,
    }
