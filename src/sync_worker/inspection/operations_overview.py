"""What operators read on the administrators' page: the stream, what is held, dead letters.

Kafka is not asked, and no record is read: administrators' logins may not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from sync_worker.inspection.freshness import ReadTo, read_to
from sync_worker.registry import held_changes, positions, workers
from sync_worker.registry.dead_letters import OPEN
from sync_worker.registry.held_changes import HeldChanges
from sync_worker.registry.tables import dead_letter
from sync_worker.registry.workers import Report, WorkerState


class TopicRead(NamedTuple):
    """How far a topic is read, over all of its partitions."""

    stream: str
    topic: str
    partitions: int
    newest_event_at: datetime | None
    last_applied_at: datetime | None


class WorkerSeen(NamedTuple):
    """A worker, and how it is now."""

    report: Report
    state: WorkerState


class OpenDeadLetters(NamedTuple):
    """The open dead letters of one reason."""

    reason: str
    number: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class OperationsOverview:
    """How the registry is kept up to date, at one moment."""

    read_to: ReadTo
    topics: Sequence[TopicRead]
    workers: Sequence[WorkerSeen]
    holds: Mapping[str, HeldChanges]
    """Region code → its open hold."""
    dead_letters: Sequence[OpenDeadLetters]
    """By reason, the most frequent first."""


def overview(connection: Connection) -> OperationsOverview:
    """All of it; for operators and support alone, whatever region a row is about."""
    now = workers.now(connection)
    return OperationsOverview(
        read_to(connection),
        _topics(connection),
        [WorkerSeen(report, report.state(now)) for report in workers.listed(connection)],
        held_changes.by_region(connection, None),
        _dead_letters(connection),
    )


def _topics(connection: Connection) -> list[TopicRead]:
    by_topic: dict[tuple[str, str], TopicRead] = {}
    for each in positions.listed(connection):
        key = (each.stream, each.partition.topic)
        before = by_topic.get(key, TopicRead(*key, 0, None, None))
        by_topic[key] = before._replace(
            partitions=before.partitions + 1,
            newest_event_at=positions.latest(before.newest_event_at, each.newest_event_at),
            last_applied_at=positions.latest(before.last_applied_at, each.last_applied_at),
        )
    return list(by_topic.values())


def _dead_letters(connection: Connection) -> list[OpenDeadLetters]:
    number = func.count(dead_letter.c.id)
    statement = (
        select(dead_letter.c.reason, number, func.min(dead_letter.c.received_at))
        .where(dead_letter.c.status == OPEN)
        .group_by(dead_letter.c.reason)
        .order_by(number.desc(), dead_letter.c.reason)
    )
    return [OpenDeadLetters(*row) for row in connection.execute(statement)]
