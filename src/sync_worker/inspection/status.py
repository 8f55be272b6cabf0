"""How far the worker has read, how the registry is, and what needs attention.

True also when no worker runs, since all but the ends of the log is stored in the registry. A worker
that runs moves on while this looks: positions are read before the log's ends, or one of them could
lie beyond an end that has grown since.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sync_worker.domain.regions import Regions
from sync_worker.inspection import reconciled
from sync_worker.inspection.attention import Attention, attention_in, attention_to_newest_event
from sync_worker.inspection.blocking import attention_to_blocks
from sync_worker.inspection.log_state import LogState
from sync_worker.inspection.workers import Backlog, Workers
from sync_worker.registry import positions, reconciliations, registrations, registry_counts, workers
from sync_worker.registry.database import Registry
from sync_worker.registry.positions import Counts, Position, latest
from sync_worker.remedies import Remedy
from sync_worker.streams.protocol import (
    LoginUnavailable,
    StreamError,
    StreamRefused,
    StreamUnavailable,
)

ReadLog = Callable[[Sequence[Position]], LogState]
"""Reads the log as it is now, beside the positions."""


def status(
    registry: Registry,
    in_use: Regions,
    read_log: ReadLog | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, Any]:
    """The document of `sync-worker status`; the registry is read in one snapshot, then the log.

    `read_log` is None where Kafka is not configured. `end` and `lag` are null where Kafka is not
    configured or unavailable, in archives, and `lag` also where the position is in a log that no
    longer exists; `lag_seconds` also where the record that waits could not be read in a moment.
    """
    with registry.snapshot() as connection:
        blocked = list(attention_to_blocks(connection, clock()))
        stored = positions.listed(connection)
        counts = registry_counts.read(connection)
        attention = attention_in(connection, in_use, counts.open_dead_letters)
        last_reconcile = reconciliations.latest(connection)
        services_on = len(registrations.boards(connection).keys() & set(in_use))
        seen = Workers(workers.listed(connection), workers.now(connection))
    newest = latest(*(position.newest_event_at for position in stored))
    log, refusals = _log_and_refusals(read_log, stored)
    now = clock()
    partitions = [_partition_item(position, log, now) for position in _with_unread(stored, log)]
    backlog = Backlog() if log is None else log.backlog(now)
    return {
        "partitions": partitions,
        "lag": _total("lag", partitions, log),
        "lag_seconds": _longest_lag(partitions, log),
        "uncommitted": _total("uncommitted", partitions, log),
        "clinics": {
            "known": counts.known,
            "registered": counts.registered,
            "receiving": counts.receiving,
            "deactivated": counts.deactivated,
        },
        "regions": {"service_on": services_on},
        "dead_letters": {
            "open": counts.open_dead_letters,
            "oldest_at": counts.oldest_dead_letter_at,
        },
        "holds": {"open": counts.open_holds},
        "last_applied_at": latest(*(position.last_applied_at for position in stored)),
        "newest_event_at": newest,
        "oldest_unread_at": None if log is None else log.oldest_unread_at,
        "workers": seen.items(),
        "reconciled": reconciled.document(last_reconcile),
        "attention": [
            *blocked,
            *refusals,
            *seen.attention(backlog),
            *attention,
            *reconciled.attention_to_drift(last_reconcile),
            *attention_to_newest_event(newest, now),
        ],
    }


def counts_item(counts: Counts) -> dict[str, int]:
    """Counts in the form that every command prints them in."""
    return {"read": counts.read, **asdict(counts)}


def listed_positions(
    registry: Registry,
    read_log: ReadLog | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> tuple[list[dict[str, Any]], list[Attention]]:
    """The stored positions in the form of `positions list`, and what stands in the way of one."""
    with registry.snapshot() as connection:
        stored = positions.listed(connection)
    log, refusals = _log_and_refusals(read_log, stored)
    now = clock()
    items = [
        {
            **_partition_item(position, log, now),
            "last_applied_at": position.last_applied_at,
            "newest_event_at": position.newest_event_at,
        }
        for position in stored
    ]
    return items, refusals


def _log_and_refusals(
    read_log: ReadLog | None, stored: Sequence[Position]
) -> tuple[LogState | None, list[Attention]]:
    """The log, if it can be read, and what `run` would refuse of it."""
    if read_log is None:
        return None, []
    try:
        log = read_log(stored)
    except StreamUnavailable as error:
        is_about_login = isinstance(error, StreamRefused | LoginUnavailable)
        what = str(error.message).rstrip(".") if is_about_login else "Kafka does not answer"
        text = f"{what}, so end and lag are unknown: {error}."
        return None, [Attention(text, Remedy.CHECK_BROKERS())]
    except StreamError as refusal:
        return None, [Attention(refusal.message, refusal.hint)]
    return log, [Attention(refusal.message, refusal.hint) for refusal in log.refusals()]


def _with_unread(stored: Sequence[Position], log: LogState | None) -> list[Position]:
    """The positions, and one at 0 for each partition of the log that was never read."""
    if log is None:
        return list(stored)
    read = {position.partition for position in stored if position.stream == log.stream}
    unread = [
        Position(log.stream, partition, 0, Counts(), None, None)
        for partition in sorted(log.bounds.keys() - read)
    ]
    return [*stored, *unread]


def _partition_item(position: Position, log: LogState | None, now: datetime) -> dict[str, Any]:
    own_log = log if log is not None and position.stream == log.stream else None
    bounds = own_log.bounds.get(position.partition) if own_log else None
    lag = own_log.lag(position.partition, position.next_offset) if own_log else None
    return {
        "stream": position.stream,
        **position.partition._asdict(),
        "position": position.next_offset,
        "end": bounds.end if bounds else None,
        "lag": lag,
        "lag_seconds": own_log.lag_seconds(position.partition, lag, now) if own_log else None,
        "uncommitted": own_log.uncommitted(position.partition) if own_log else None,
        **counts_item(position.counts),
    }


def _total(
    member: str, partitions: Sequence[Mapping[str, Any]], log: LogState | None
) -> int | None:
    """The sum over the topics that are to be read; None where that of one of them is unknown."""
    counts = _of_topics(member, partitions, log)
    return None if None in counts or log is None else sum(counts)


def _longest_lag(partitions: Sequence[Mapping[str, Any]], log: LogState | None) -> float | None:
    """The longest that a record has waited; None where that of a partition is unknown."""
    seconds = _of_topics("lag_seconds", partitions, log)
    return None if None in seconds or log is None else max(seconds, default=0.0)


def _of_topics(
    member: str, partitions: Sequence[Mapping[str, Any]], log: LogState | None
) -> list[Any]:
    return [
        partition[member]
        for partition in partitions
        if log is not None
        and partition["stream"] == log.stream
        and partition["topic"] in log.topics
    ]
