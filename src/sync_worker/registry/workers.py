"""The workers that read Kafka, as each reports itself every few seconds.

All instants are of the database's clock, whoever reports or reads: hosts' clocks differ.
"""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, select, update

from sync_worker.events.record import Partition
from sync_worker.registry import dialect
from sync_worker.registry.tables import worker

INTERVAL_SECONDS = 5.0
"""A worker reports so often."""
SILENT_AFTER = timedelta(seconds=15)
"""Three reports that did not come: one may be late, or meet a lock."""
_FORGOTTEN_AFTER = timedelta(days=1)
"""A worker that was killed cannot remove its row: somebody may still ask what became of it."""


class Reason(NamedTuple):
    """Why a worker is not ready: a word for programs, and a sentence."""

    code: str
    reason: str


class WorkerState(StrEnum):
    """How a worker is, as far as its reports say."""

    READY = "ready"
    NOT_READY = "not_ready"
    SILENT = "silent"
    """It has stopped reporting: it was killed, it is frozen, or it does not reach the database."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process that is a worker, from its start to its end."""

    name: str
    host: str
    pid: int
    version: str
    since: datetime

    @property
    def other_name(self) -> str:
        """For where another worker has the name: no setting gives one that is like it."""
        return f"{self.name}@{self.host}-{self.pid}"


@dataclass(frozen=True, slots=True)
class Condition:
    """How a worker is at the moment; it is ready where there is no reason why not."""

    reasons: tuple[Reason, ...]
    not_ready_since: datetime | None
    partitions: tuple[Partition, ...]
    """Those that are assigned to it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker last reported, and when."""

    process: Process
    seen_at: datetime
    condition: Condition

    def state(self, now: datetime) -> WorkerState:
        """How the worker is, at a time by the database's clock."""
        if _is_silent(self.seen_at, now):
            return WorkerState.SILENT
        return WorkerState.NOT_READY if self.condition.reasons else WorkerState.READY


def now(connection: Connection) -> datetime:
    """The time by the database's clock; SQLite has none but its host's."""
    return dialect.clock(connection) or datetime.now(UTC)


def report(
    connection: Connection, process: Process, condition: Condition, seen_at: datetime
) -> str:
    """Write how a worker is; the name that its row now has.

    Where another worker that is alive has the same name, it is the process's other one.
    """
    name = _free_name(connection, process, seen_at)
    values = {
        "host": process.host,
        "pid": process.pid,
        "version": process.version,
        "since": process.since,
        "seen_at": seen_at,
        "ready": not condition.reasons,
        "reasons": json.dumps([reason._asdict() for reason in condition.reasons]),
        "not_ready_since": condition.not_ready_since,
        "partitions": json.dumps(sorted(condition.partitions)),
    }
    written = connection.execute(update(worker).where(worker.c.name == name).values(values))
    if not written.rowcount:
        connection.execute(insert(worker).values(name=name, **values))
    connection.execute(delete(worker).where(_is_of(process), worker.c.name != name))
    return name


def remove(connection: Connection, process: Process) -> None:
    """Forget a worker that has ended."""
    connection.execute(delete(worker).where(_is_of(process)))


def remove_forgotten(connection: Connection, now: datetime) -> None:
    """Forget the workers that ended long ago, and could not say so."""
    connection.execute(delete(worker).where(worker.c.seen_at < now - _FORGOTTEN_AFTER))


def listed(connection: Connection) -> list[Report]:
    """What every worker last reported, by their names."""
    return [_report(row) for row in connection.execute(select(worker).order_by(worker.c.name))]


def counted(connection: Connection) -> Counter[WorkerState]:
    """How many workers are in each state now."""
    moment = now(connection)
    return Counter(report.state(moment) for report in listed(connection))


def _free_name(connection: Connection, process: Process, seen_at: datetime) -> str:
    """The process's name, unless it is that of another one that is alive."""
    columns = (worker.c.host, worker.c.pid, worker.c.since, worker.c.seen_at)
    row = connection.execute(select(*columns).where(worker.c.name == process.name)).first()
    if row is None or _is_silent(row.seen_at, seen_at):
        return process.name
    # In a container every process has the same id: an earlier one of this host has ended.
    is_of_this_place = (row.host, row.pid) == (process.host, process.pid)
    is_ours = is_of_this_place and row.since <= process.since
    return process.name if is_ours else process.other_name


def _is_silent(seen_at: datetime, now: datetime) -> bool:
    # A report from the future is of a clock that the database had before, as another server.
    return abs(now - seen_at) > SILENT_AFTER


def _is_of(process: Process) -> ColumnElement[bool]:
    return and_(
        worker.c.host == process.host,
        worker.c.pid == process.pid,
        worker.c.since == process.since,
        worker.c.name.in_((process.name, process.other_name)),
    )


def _report(row: Row[tuple[object, ...]]) -> Report:
    process = Process(row.name, row.host, row.pid, row.version, row.since)
    reasons = tuple(Reason(each["code"], each["reason"]) for each in json.loads(row.reasons))
    partitions = tuple(Partition(*each) for each in json.loads(row.partitions))
    return Report(process, row.seen_at, Condition(reasons, row.not_ready_since, partitions))
