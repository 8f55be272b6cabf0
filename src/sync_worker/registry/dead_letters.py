"""Dead letters: records that could not be applied, byte for byte, with the reason.

A dead letter belongs to the log that its record was read from, and to that one record: another
record at its address, in a topic that was created again or in a log that was cut back and written
on, is none of its business. One that was closed is never opened again.
"""

import base64
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    select,
)

from sync_worker.authorship import Authorship
from sync_worker.events.bytes_as_text import to_base64
from sync_worker.events.content import named_hsa_ids
from sync_worker.events.decode_result import Reason, Rejection
from sync_worker.events.record import (
    EXCERPT_BYTES,
    MAX_RECORD_BYTES,
    Address,
    Excerpt,
    Headers,
    Origin,
    Partition,
    Record,
)
from sync_worker.events.texts import is_hsa_id
from sync_worker.registry import change_log, dialect
from sync_worker.registry.change_log import LogEntry
from sync_worker.registry.tables import dead_letter, position
from sync_worker.sequences import Tally, batched

LogAddress = tuple[str, str, int, int]
"""The topic's id, and an address in that topic."""
Offsets = Mapping[Partition, range]
OPEN, REDRIVEN, DISCARDED = "open", "redriven", "discarded"

_MOST_IN_ONE_STATEMENT = 10_000
_MOST_TOLD_AT_ONCE = 2_000
"""So many take a moment, and their number is told before the next ones."""
_BYTES = func.coalesce(func.length(dead_letter.c.value), 0)
_IS_TOO_LARGE = _BYTES > MAX_RECORD_BYTES
"""Stored before there was a limit: it is not brought into memory as a whole again."""
_BEGINNING = func.substr(dead_letter.c.value, 1, EXCERPT_BYTES, type_=LargeBinary)
_SIZE = (
    _BYTES + func.coalesce(func.length(dead_letter.c.key), 0) + func.length(dead_letter.c.headers)
).label("size")
RECORD = (
    *(dead_letter.c[name] for name in ("topic", "partition", "record_offset", "timestamp_ms")),
    dead_letter.c.key,
    case((_IS_TOO_LARGE, _BEGINNING), else_=dead_letter.c.value).label("value"),
    dead_letter.c.headers,
    case((_IS_TOO_LARGE, _BYTES), else_=dead_letter.c.value_size).label("value_size"),
    dead_letter.c.value_sha256,
    dead_letter.c.is_log_append_time,
)
"""The columns that `record_of` needs."""
_SUMMARY = (*(dead_letter.c[name] for name in ("id", "stream", "status", "reason")), _SIZE)
_PARTITION = ("stream", "topic", "partition")
_ADDRESS = (dead_letter.c.topic, dead_letter.c.partition, dead_letter.c.record_offset)
_KEY = ("stream", "topic_id", "topic", "partition", "record_offset", "digest")
_COLUMNS = (
    *("received_at", *_KEY, "timestamp_ms", "is_log_append_time", "key", "value", "headers"),
    *("named", "reason", "detail", "status", "value_size", "value_sha256"),
)


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters; None asks for nothing. `hsa_id` is one that the record names."""

    status: str | None = None
    reason: Reason | None = None
    hsa_id: str | None = None
    topic: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """What is true of the dead letters."""
        values = {
            dead_letter.c.status: self.status,
            dead_letter.c.reason: self.reason and self.reason.value,
            dead_letter.c.topic: self.topic,
        }
        conditions = [column == value for column, value in values.items() if value is not None]
        if self.hsa_id is not None:
            between_blanks = f" {dialect.escaped(self.hsa_id)} "
            conditions.append(dead_letter.c.named.contains(between_blanks, autoescape=True))
        return conditions


class DeadLetterSummary(NamedTuple):
    """A dead letter without its record."""

    number: int
    stream: str
    status: str
    reason: str
    size: int
    """Bytes of its record, roughly."""


class DeadLetter(NamedTuple):
    """An open dead letter with its record."""

    number: int
    record: Record
    reason: str
    detail: str


def add(
    connection: Connection,
    origin: Origin,
    rejected: Iterable[tuple[Record, Rejection]],
    now: datetime,
) -> None:
    """Store records as dead letters; one that was stored by an earlier reading stays as it is.

    The ids follow the order read. The rows are written in the order of their key: a worker and a
    replay that dead-letter the same records, each in its own order, would else deadlock.
    """
    rows = [
        _row(origin, record, rejection, dialect.storable(connection, rejection.detail), now)
        for record, rejection in rejected
    ]
    if not rows:
        return
    numbers = dialect.next_numbers(connection, dead_letter.c.id, len(rows))
    numbered = [(*row, number) for number, row in zip(numbers, rows, strict=True)]
    numbered.sort(key=itemgetter(*map(_COLUMNS.index, _KEY)))
    dialect.insert_new(connection, dead_letter, (*_COLUMNS, "id"), numbered, key=_KEY)


def _row(
    origin: Origin, record: Record, rejection: Rejection, detail: str, now: datetime
) -> tuple[Any, ...]:
    """The values of `_COLUMNS`."""
    value = record.value
    headers = [[name, None if v is None else to_base64(v)] for name, v in record.headers]
    # Escaped, so that no database lacks a character of what may be why the record is here.
    hsa_ids = [dialect.escaped(hsa_id) for hsa_id in named_hsa_ids(record) if is_hsa_id(hsa_id)]
    return (
        now,
        origin.stream,
        origin.topic_id(record.topic),
        *record.address,
        record.digest,
        record.timestamp_ms,
        record.is_log_append_time,
        record.key,
        value,
        json.dumps(headers),
        f" {' '.join(hsa_ids)} " if hsa_ids else "",
        rejection.reason.value,
        detail,
        OPEN,
        *((value.size, value.sha256) if isinstance(value, Excerpt) else (None, None)),
    )


def headers_in(text: str) -> Headers:
    """The headers of a row of `dead_letter`."""
    return tuple(
        (name, None if value is None else base64.b64decode(value))
        for name, value in json.loads(text)
    )


def record_of(row: Row[Any]) -> Record:
    """The record in a row of `dead_letter` with the columns `RECORD`, byte for byte."""
    is_excerpt = row.value_size is not None
    return Record(
        row.topic,
        row.partition,
        row.record_offset,
        row.timestamp_ms,
        row.key,
        Excerpt(row.value, row.value_size, row.value_sha256) if is_excerpt else row.value,
        headers_in(row.headers),
        row.is_log_append_time,
    )


# Dead letters whose records are read again.


def lock_open_among(
    connection: Connection, origin: Origin, offsets: Offsets
) -> list[tuple[int, Address, str]]:
    """The open dead letters among these offsets: id, the record's address, and its digest.

    They are locked in the order of their ids; that lock comes after all others.
    """
    if not offsets:
        return []
    rows = connection.execute(
        _lock_open(dialect.padded_length(offsets)), among_parameters(origin, offsets)
    )
    return [(number, (*address,), digest) for *address, number, digest in rows]


def is_any_open(partitions: int) -> ColumnElement[bool]:
    """Whether any is open among the offsets of so many partitions: `padded_length` of them."""
    return exists().where(_is_among(partitions), dead_letter.c.status == OPEN)


def among_parameters(origin: Origin, offsets: Offsets) -> dict[str, Any]:
    """The parameters of a statement over what is among these offsets."""
    parameters: dict[str, Any] = {"of_stream": origin.stream}
    for number, (partition, span) in enumerate(dialect.padded(offsets.items())):
        parameters |= {
            f"topic_id_{number}": origin.topic_id(partition.topic),
            f"topic_{number}": partition.topic,
            f"partition_{number}": partition.partition,
            f"begin_{number}": span.start,
            f"end_{number}": span.stop,
        }
    return parameters


def statuses_among(
    connection: Connection, origin: Origin, offsets: Offsets
) -> dict[Address, dict[str, str]]:
    """The statuses of dead letters among these offsets: by address, and there by digest."""
    if not offsets:
        return {}
    statuses: dict[Address, dict[str, str]] = {}
    rows = connection.execute(
        _select_statuses(dialect.padded_length(offsets)), among_parameters(origin, offsets)
    )
    for topic, partition, offset, digest, status in rows:
        statuses.setdefault((topic, partition, offset), {})[digest] = status
    return statuses


@cache
def _lock_open(partitions: int) -> Select[Any]:
    return (
        select(*_ADDRESS, dead_letter.c.id, dead_letter.c.digest)
        .where(_is_among(partitions), dead_letter.c.status == OPEN)
        .order_by(dead_letter.c.id)
        .with_for_update()
    )


@cache
def _select_statuses(partitions: int) -> Select[Any]:
    columns = (*_ADDRESS, dead_letter.c.digest, dead_letter.c.status)
    return select(*columns).where(_is_among(partitions))


def _is_among(partitions: int) -> ColumnElement[bool]:
    """Whether a dead letter is among the offsets of so many partitions, `among_parameters`."""
    is_among = dialect.any_of(
        [
            and_(
                dead_letter.c.topic_id == bindparam(f"topic_id_{number}"),
                dead_letter.c.topic == bindparam(f"topic_{number}"),
                dead_letter.c.partition == bindparam(f"partition_{number}"),
                dead_letter.c.record_offset >= bindparam(f"begin_{number}"),
                dead_letter.c.record_offset < bindparam(f"end_{number}"),
            )
            for number in range(partitions)
        ]
    )
    return and_(dead_letter.c.stream == bindparam("of_stream"), is_among)


def open_beyond_positions(connection: Connection, stream: str) -> set[Address]:
    """Where open dead letters are that will be met again, since a position was set back."""
    is_its = and_(*(position.c[name] == dead_letter.c[name] for name in _PARTITION))
    statement = (
        select(*_ADDRESS)
        .join_from(dead_letter, position, is_its, isouter=True)
        .where(dead_letter.c.stream == stream, dead_letter.c.status == OPEN)
        .where(dead_letter.c.record_offset >= func.coalesce(position.c.next_offset, 0))
    )
    return {
        (topic, partition, offset) for topic, partition, offset in connection.execute(statement)
    }


def not_redriven(connection: Connection) -> dict[str, dict[LogAddress, frozenset[str]]]:
    """The records that are not applied, now or for good: by stream, the digests at an address."""
    columns = (dead_letter.c.stream, dead_letter.c.digest, dead_letter.c.topic_id, *_ADDRESS)
    statement = select(*columns).where(dead_letter.c.status != REDRIVEN)
    digests: dict[str, dict[LogAddress, frozenset[str]]] = {}
    for stream, digest, *address in connection.execute(statement):
        of_stream, place = digests.setdefault(stream, {}), (*address,)
        of_stream[place] = of_stream.get(place, frozenset()) | {digest}
    return digests


# What operators do to dead letters; each is logged.


def lock_all(connection: Connection) -> None:
    """Wait until nobody else redrives or discards; to be called before any other lock is taken."""
    dialect.advisory_lock(connection, "sync-worker deadletters")


def matching(connection: Connection, criteria: DeadLetterFilter) -> list[DeadLetterSummary]:
    """Those that the filter asks for, in the order received."""
    statement = select(*_SUMMARY).where(*criteria.conditions()).order_by(dead_letter.c.id)
    return [DeadLetterSummary(*row) for row in connection.execute(statement)]


def numbered(
    connection: Connection, numbers: Collection[int], *, locked: bool = False
) -> list[DeadLetterSummary]:
    """Those with these ids, whatever their status, by id; `locked` in the same order."""
    summaries: list[DeadLetterSummary] = []
    possible = sorted({number for number in numbers if number <= dialect.GREATEST_NUMBER})
    for batch in batched(possible, _MOST_IN_ONE_STATEMENT):
        statement = select(*_SUMMARY).where(dead_letter.c.id.in_(batch)).order_by(dead_letter.c.id)
        statement = statement.with_for_update() if locked else statement
        summaries += [DeadLetterSummary(*row) for row in connection.execute(statement)]
    return summaries


def still_open(connection: Connection, numbers: Sequence[int]) -> list[DeadLetter]:
    """Of those with these ids the open ones, with their records, in the order received."""
    is_one = and_(dead_letter.c.id.in_(numbers), dead_letter.c.status == OPEN)
    columns = (dead_letter.c.id, *RECORD, dead_letter.c.reason, dead_letter.c.detail)
    rows = connection.execute(select(*columns).where(is_one).order_by(dead_letter.c.id))
    return [DeadLetter(row.id, record_of(row), row.reason, row.detail) for row in rows]


def update_reasons(
    connection: Connection, rejected: Iterable[tuple[DeadLetter, Rejection]]
) -> None:
    """Store the reason for which each now fails, where it is another one than before."""
    worded = [
        (letter, rejection.reason.value, dialect.storable(connection, rejection.detail))
        for letter, rejection in rejected
    ]
    rows = [
        (letter.number, reason, detail)
        for letter, reason, detail in worded
        if (letter.reason, letter.detail) != (reason, detail)
    ]
    dialect.update_by_key(connection, dead_letter, ("id", "reason", "detail"), rows)


def close(connection: Connection, numbers: Iterable[int], status: str, now: datetime) -> None:
    """Close dead letters, by their ids."""
    rows = [(number, status, now) for number in numbers]
    dialect.update_by_key(connection, dead_letter, ("id", "status", "closed_at"), rows)


def close_redriven(
    connection: Connection, numbers: Collection[int], authorship: Authorship
) -> None:
    """Close those that were understood, unless the worker did so at the same time; log each."""
    locked = numbered(connection, numbers, locked=True)
    closed = [summary.number for summary in locked if summary.status == OPEN]
    close(connection, closed, REDRIVEN, authorship.at)
    _log(connection, "letter_redriven", closed, authorship)


def discard(
    connection: Connection,
    numbers: Collection[int],
    authorship: Authorship,
    tally: Tally | None = None,
) -> None:
    """Close open dead letters that this transaction has locked, for good. The tally counts them."""
    tally = Tally() if tally is None else tally
    tally.total = len(numbers)
    for batch in batched(sorted(numbers), _MOST_TOLD_AT_ONCE):
        close(connection, batch, DISCARDED, authorship.at)
        _log(connection, "letter_discarded", batch, authorship)
        tally.done += len(batch)


def count_closed(connection: Connection, before: datetime) -> int:
    """How many were closed before an instant."""
    statement = select(func.count()).select_from(dead_letter).where(_closed_before(before))
    return connection.scalar(statement) or 0


def purge(
    connection: Connection, before: datetime, authorship: Authorship, tally: Tally | None = None
) -> int:
    """Delete those closed before an instant; how many that were. The tally counts them."""
    tally = Tally() if tally is None else tally
    numbers = connection.scalars(select(dead_letter.c.id).where(_closed_before(before))).all()
    tally.total, purged = len(numbers), 0
    for batch in batched(numbers, _MOST_TOLD_AT_ONCE):
        one_of_these = dead_letter.c.id.in_(batch)
        purged += connection.execute(delete(dead_letter).where(one_of_these)).rowcount
        tally.done += len(batch)
    if purged:
        entry = LogEntry.by(authorship, "letters_purged")._replace(old_value=str(purged))
        change_log.append(connection, [entry])
    return purged


def _closed_before(moment: datetime) -> ColumnElement[bool]:
    return and_(dead_letter.c.status != OPEN, dead_letter.c.closed_at < moment)


def _log(
    connection: Connection, change: str, numbers: Collection[int], authorship: Authorship
) -> None:
    """Log each with its id, and where its record stands."""
    entry = LogEntry.by(authorship, change)
    place = (*_PARTITION, "record_offset")
    columns = (dead_letter.c.id, dead_letter.c.reason, *(dead_letter.c[name] for name in place))
    entries: list[LogEntry] = []
    for batch in batched(sorted(numbers), _MOST_IN_ONE_STATEMENT):
        statement = select(*columns).where(dead_letter.c.id.in_(batch)).order_by(dead_letter.c.id)
        entries += [
            entry._replace(
                old_value=row.reason,
                new_value=str(row.id),
                stream=row.stream,
                topic=row.topic,
                partition=row.partition,
                record_offset=row.record_offset,
            )
            for row in connection.execute(statement)
        ]
    change_log.append(connection, entries)
