"""Records set aside, byte for byte, with the reason.

A dead letter belongs to the log that its record was read from, and is of that one record: what else
stands at its address, in a topic that was created again or in a log that was written on from an
earlier offset, is none of its business.
"""

import base64
import codecs
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Row,
    Select,
    and_,
    case,
    delete,
    func,
    or_,
    select,
)

from sync_worker.authorship import Authorship
from sync_worker.events import timestamps
from sync_worker.events.content import named_hsa_ids
from sync_worker.events.decode_result import Reason, Rejection
from sync_worker.events.record import (
    EXCERPT_BYTES,
    MAX_RECORD_BYTES,
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

Address = tuple[str, int, int]
LogAddress = tuple[str, str, int, int]
"""The topic's id, and an address in that topic."""
Offsets = Mapping[Partition, range]
OPEN, REDRIVEN, DISCARDED = "open", "redriven", "discarded"

_ROWS_AT_ONCE = 50
_BYTES = func.coalesce(func.length(dead_letter.c.value), 0)
_IS_TOO_LARGE = _BYTES > MAX_RECORD_BYTES
"""Set aside whole before there was a limit: it is not brought into memory whole again."""
_BEGINNING = func.substr(dead_letter.c.value, 1, EXCERPT_BYTES, type_=LargeBinary)
SIZE = (
    _BYTES + func.coalesce(func.length(dead_letter.c.key), 0) + func.length(dead_letter.c.headers)
).label("size")
"""Bytes of a letter's record, roughly."""
RECORD = (
    *(dead_letter.c[name] for name in ("topic", "partition", "record_offset", "timestamp_ms")),
    dead_letter.c.key,
    case((_IS_TOO_LARGE, _BEGINNING), else_=dead_letter.c.value).label("value"),
    dead_letter.c.headers,
    case((_IS_TOO_LARGE, _BYTES), else_=dead_letter.c.value_size).label("value_size"),
    dead_letter.c.value_sha256,
    dead_letter.c.is_log_append_time,
)
"""The columns that `record_of` wants."""


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters; None asks for nothing. `hsa_id` is one that the record names."""

    status: str | None = None
    reason: Reason | None = None
    hsa_id: str | None = None
    topic: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """What is true of the letters."""
        wanted = {
            dead_letter.c.status: self.status,
            dead_letter.c.reason: self.reason and self.reason.value,
            dead_letter.c.topic: self.topic,
        }
        conditions = [column == value for column, value in wanted.items() if value is not None]
        if self.hsa_id is not None:
            named_so = f" {dialect.escaped(self.hsa_id)} "
            conditions.append(dead_letter.c.named.contains(named_so, autoescape=True))
        return conditions


def add(
    connection: Connection,
    origin: Origin,
    rejected: Iterable[tuple[Record, Rejection]],
    now: datetime,
) -> None:
    """Set records aside; one that is there already, from an earlier reading, stays as it is.

    The ids follow the order read. The rows are written in the order of their key: a worker and a
    replay that set the same records aside, each in its own order, would else wait crosswise.
    """
    rows = [
        _row(origin, record, rejection, dialect.storable(connection, rejection.detail), now)
        for record, rejection in rejected
    ]
    numbers = dialect.next_numbers(connection, dead_letter.c.id, len(rows))
    numbered = [(*row, number) for number, row in zip(numbers, rows, strict=True)]
    in_order = sorted(numbered, key=_key)
    dialect.insert_new(connection, dead_letter, (*_SET_ASIDE, "id"), in_order, key=_KEY)


def open_among(
    connection: Connection, origin: Origin, offsets: Offsets
) -> list[tuple[int, Address, str]]:
    """The open dead letters among these offsets: id, the record's address, and its digest.

    They are locked in the order of their ids; that lock comes after all others.
    """
    if not offsets:
        return []
    statement = (
        _among(origin, offsets, dead_letter.c.id, dead_letter.c.digest)
        .where(dead_letter.c.status == OPEN)
        .order_by(dead_letter.c.id)
        .with_for_update()
    )
    found = connection.execute(statement).all()
    return [(number, (topic, at, offset), digest) for topic, at, offset, number, digest in found]


def open_beyond_positions(connection: Connection, stream: str) -> set[Address]:
    """Where open dead letters are that will be met again, since a position was set back."""
    is_its = and_(*(position.c[name] == dead_letter.c[name] for name in _PARTITION))
    statement = (
        select(*_ADDRESS)
        .join_from(dead_letter, position, is_its, isouter=True)
        .where(dead_letter.c.stream == stream, dead_letter.c.status == OPEN)
        .where(dead_letter.c.record_offset >= func.coalesce(position.c.next_offset, 0))
    )
    return {(topic, at, offset) for topic, at, offset in connection.execute(statement)}


def not_redriven(connection: Connection) -> dict[str, dict[LogAddress, frozenset[str]]]:
    """The records that are still, or for good, no facts: by stream, the digests at an address."""
    columns = (dead_letter.c.stream, dead_letter.c.digest, dead_letter.c.topic_id, *_ADDRESS)
    statement = select(*columns).where(dead_letter.c.status != REDRIVEN)
    found: dict[str, dict[LogAddress, frozenset[str]]] = {}
    for stream, digest, *address in connection.execute(statement):
        of_stream, place = found.setdefault(stream, {}), (*address,)
        of_stream[place] = of_stream.get(place, frozenset()) | {digest}
    return found


def statuses_among(
    connection: Connection, origin: Origin, offsets: Offsets
) -> dict[Address, dict[str, str]]:
    """The statuses of dead letters among these offsets: by address, and there by digest."""
    if not offsets:
        return {}
    statement = _among(origin, offsets, dead_letter.c.digest, dead_letter.c.status)
    found: dict[Address, dict[str, str]] = {}
    for topic, at, offset, digest, status in connection.execute(statement):
        found.setdefault((topic, at, offset), {})[digest] = status
    return found


def close(connection: Connection, numbers: Iterable[int], status: str, now: datetime) -> None:
    """Close dead letters, by their ids."""
    rows = [(number, status, now) for number in numbers]
    dialect.update_by_key(connection, dead_letter, ("id", "status", "closed_at"), rows)


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
        _parse_headers(row.headers),
        row.is_log_append_time,
    )


def listed(
    connection: Connection, wanted: DeadLetterFilter, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """Dead letters in the order set aside, in the form of `deadletters list`; without values."""
    statement = select(*_LISTED).where(*wanted.conditions()).order_by(dead_letter.c.id)
    if limit is not None:
        statement = statement.limit(limit)
    some_at_a_time = statement.execution_options(yield_per=_ROWS_AT_ONCE)
    return (_item(row) for row in connection.execute(some_at_a_time))


def shown(connection: Connection, number: int) -> dict[str, Any] | None:
    """One dead letter with its record, in the form of `deadletters show`; None where none is."""
    if number > dialect.GREATEST_NUMBER:
        return None
    columns = dict.fromkeys((*_LISTED, dead_letter.c.closed_at, *RECORD))
    row = connection.execute(select(*columns).where(dead_letter.c.id == number)).first()
    if row is None:
        return None
    value = record_of(row).value
    return {
        **_item(row),
        "timestamp": None if row.timestamp_ms is None else _instant(row.timestamp_ms),
        "timestamp_ms": row.timestamp_ms,
        "timestamp_type": _timestamp_type(row),
        **_headers_item(_parse_headers(row.headers)),
        **(_excerpt_item(value) if isinstance(value, Excerpt) else _value_item(value)),
        "closed_at": row.closed_at,
    }


_PARTITION = ("stream", "topic", "partition")
_ADDRESS = (dead_letter.c.topic, dead_letter.c.partition, dead_letter.c.record_offset)


def _value_item(value: bytes | None) -> dict[str, Any]:
    size = None if value is None else len(value)
    return {**_bytes_item("value", value), "value_size": size, "value_is_excerpt": False}


def _excerpt_item(value: Excerpt) -> dict[str, Any]:
    """Cut by bytes, it may end in the middle of a character."""
    try:
        shown: dict[str, str | None] = {
            "value": codecs.getincrementaldecoder("utf-8")().decode(value)
        }
    except UnicodeDecodeError:
        shown = _bytes_item("value", value)
    size = value.size if value.size or value.sha256 else None
    whole = {"value_size": size, "value_sha256": value.sha256, "value_is_excerpt": True}
    return {**shown, **whole}


def _among(origin: Origin, offsets: Offsets, *what: ColumnElement[Any]) -> Select[Any]:
    """The record's address and `what`, of the dead letters among these offsets."""
    is_one = or_(
        *(
            _is_among(origin.topic_id(partition.topic), partition, among)
            for partition, among in offsets.items()
        )
    )
    return select(*_ADDRESS, *what).where(dead_letter.c.stream == origin.stream, is_one)


def _is_among(topic_id: str, partition: Partition, offsets: range) -> ColumnElement[bool]:
    return and_(
        dead_letter.c.topic_id == topic_id,
        dead_letter.c.topic == partition.topic,
        dead_letter.c.partition == partition.partition,
        dead_letter.c.record_offset >= offsets.start,
        dead_letter.c.record_offset < offsets.stop,
    )


_KEY = ("stream", "topic_id", "topic", "partition", "record_offset", "digest")
_SET_ASIDE = (
    "received_at",
    "stream",
    "topic_id",
    "topic",
    "partition",
    "record_offset",
    "digest",
    "timestamp_ms",
    "is_log_append_time",
    "key",
    "value",
    "headers",
    "named",
    "reason",
    "detail",
    "status",
    "value_size",
    "value_sha256",
)
_LISTED = tuple(
    dead_letter.c[name]
    for name in (
        *("id", "received_at", "stream", "topic_id", "topic", "partition", "record_offset", "key"),
        *("reason", "detail", "status"),
    )
)
_KEY_AT = tuple(map(_SET_ASIDE.index, _KEY))


def _row(
    origin: Origin, record: Record, rejection: Rejection, detail: str, now: datetime
) -> tuple[Any, ...]:
    """In the order of `_SET_ASIDE`."""
    value = record.value
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
        _headers_text(record.headers),
        _names(record),
        rejection.reason.value,
        detail,
        OPEN,
        *((value.size, value.sha256) if isinstance(value, Excerpt) else (None, None)),
    )


def _key(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Of a row in the order of `_SET_ASIDE`: what no two letters have in common."""
    return tuple(row[at] for at in _KEY_AT)


def _names(record: Record) -> str:
    """The HSA-ids that a record names, to be looked for: each between blanks, which none has.

    Escaped, so that no database lacks a character of what may be why the record is here.
    """
    hsa_ids = [dialect.escaped(hsa_id) for hsa_id in named_hsa_ids(record) if is_hsa_id(hsa_id)]
    return f" {' '.join(hsa_ids)} " if hsa_ids else ""


def _item(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "received_at": row.received_at,
        "stream": row.stream,
        "topic_id": row.topic_id or None,
        "topic": row.topic,
        "partition": row.partition,
        "offset": row.record_offset,
        **_bytes_item("key", row.key),
        "reason": row.reason,
        "detail": row.detail,
        "status": row.status,
    }


def _bytes_item(name: str, content: bytes | None) -> dict[str, str | None]:
    """Bytes as text, or as base64 under `<name>_b64` where they are not UTF-8."""
    if content is None:
        return {name: None}
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {name: None, f"{name}_b64": _base64(content)}


def _headers_item(headers: Headers) -> dict[str, list[str | None]]:
    """Headers as the archive format has them: a flat list of name, value and so on."""
    try:
        values = [None if value is None else value.decode() for _, value in headers]
    except UnicodeDecodeError:
        return {"headers_b64": _flat(headers, [_base64(value) for _, value in headers])}
    return {"headers": _flat(headers, values)}


def _flat(headers: Headers, values: Sequence[str | None]) -> list[str | None]:
    pairs = zip((name for name, _ in headers), values, strict=True)
    return [part for pair in pairs for part in pair]


def _base64(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _headers_text(headers: Headers) -> str:
    return json.dumps([[name, _base64(value)] for name, value in headers])


def _parse_headers(text: str) -> Headers:
    return tuple(
        (name, None if value is None else base64.b64decode(value))
        for name, value in json.loads(text)
    )


def _timestamp_type(row: Row[Any]) -> str | None:
    """As Kafka calls it; None where the record has no timestamp."""
    if row.timestamp_ms is None:
        return None
    return "LogAppendTime" if row.is_log_append_time else "CreateTime"


def _instant(timestamp_ms: int) -> datetime | None:
    """The instant; None for one that no calendar has, which is why the record is here."""
    try:
        return timestamps.instant_of_timestamp(timestamp_ms)
    except ValueError:
        return None


# Dead letters as operators deal with them: found, redriven, discarded, purged; each is logged. A
# letter that was closed once is never opened again.


_MOST_IN_ONE_QUESTION = 10_000


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


def found(connection: Connection, wanted: DeadLetterFilter) -> list[DeadLetterSummary]:
    """Those that are asked for, in the order set aside."""
    statement = select(*_HEAD).where(*wanted.conditions()).order_by(dead_letter.c.id)
    return [DeadLetterSummary(*row) for row in connection.execute(statement)]


def heads(
    connection: Connection, numbers: Collection[int], *, locked: bool = False
) -> list[DeadLetterSummary]:
    """Those with these ids, whatever their status, by id; `locked` in the same order."""
    found: list[DeadLetterSummary] = []
    possible = {number for number in numbers if number <= dialect.GREATEST_NUMBER}
    for some in _in_parts(sorted(possible)):
        statement = select(*_HEAD).where(dead_letter.c.id.in_(some)).order_by(dead_letter.c.id)
        statement = statement.with_for_update() if locked else statement
        found += [DeadLetterSummary(*row) for row in connection.execute(statement)]
    return found


def still_open(connection: Connection, numbers: Sequence[int]) -> list[DeadLetter]:
    """Of these those that are open, in the order set aside."""
    is_one = and_(dead_letter.c.id.in_(numbers), dead_letter.c.status == OPEN)
    columns = (dead_letter.c.id, *RECORD, dead_letter.c.reason, dead_letter.c.detail)
    rows = connection.execute(select(*columns).where(is_one).order_by(dead_letter.c.id))
    return [DeadLetter(row.id, record_of(row), row.reason, row.detail) for row in rows]


def clinics_named_in(connection: Connection, number: int) -> Sequence[str]:
    """The HSA-ids that a dead letter's record names; the letter must exist."""
    stored = select(*RECORD).where(dead_letter.c.id == number)
    return named_hsa_ids(record_of(connection.execute(stored).one()))


def reword(connection: Connection, rejected: Iterable[tuple[DeadLetter, Rejection]]) -> None:
    """Say why letters are set aside, where that is another reason by now."""
    told = [
        (letter, rejection.reason.value, dialect.storable(connection, rejection.detail))
        for letter, rejection in rejected
    ]
    rows = [
        (letter.number, reason, detail)
        for letter, reason, detail in told
        if (letter.reason, letter.detail) != (reason, detail)
    ]
    dialect.update_by_key(connection, dead_letter, ("id", "reason", "detail"), rows)


def redriven(connection: Connection, numbers: Collection[int], authorship: Authorship) -> None:
    """Close letters that are understood by now, unless a reading did so meanwhile; log each."""
    locked = heads(connection, numbers, locked=True)
    closed = [head.number for head in locked if head.status == OPEN]
    close(connection, closed, REDRIVEN, authorship.at)
    _log(connection, "letter_redriven", closed, authorship)


def discard(connection: Connection, numbers: Collection[int], authorship: Authorship) -> None:
    """Close open letters that this transaction has locked, for good."""
    close(connection, sorted(numbers), DISCARDED, authorship.at)
    _log(connection, "letter_discarded", numbers, authorship)


def count_closed(connection: Connection, before: datetime) -> int:
    """How many were closed before an instant."""
    statement = select(func.count()).select_from(dead_letter).where(_closed_before(before))
    return connection.scalar(statement) or 0


def purge(connection: Connection, before: datetime, authorship: Authorship) -> int:
    """Delete those closed before an instant; how many that were."""
    purged = connection.execute(delete(dead_letter).where(_closed_before(before))).rowcount
    if purged:
        change_log.append(
            connection, [LogEntry.by(authorship, "letters_purged")._replace(old_value=str(purged))]
        )
    return purged


def alone(connection: Connection) -> None:
    """Wait until nobody else redrives or discards; to be called before any other lock is taken."""
    dialect.advisory_lock(connection, "sync-worker deadletters")


_HEAD = (
    *(dead_letter.c[name] for name in ("id", "stream", "status", "reason")),
    SIZE,
)


def _closed_before(moment: datetime) -> ColumnElement[bool]:
    return and_(dead_letter.c.status != OPEN, dead_letter.c.closed_at < moment)


def _log(
    connection: Connection, change: str, numbers: Collection[int], authorship: Authorship
) -> None:
    """Each with the letter's id and the place of its record."""
    entries: list[LogEntry] = []
    place = ("stream", "topic", "partition", "record_offset")
    for some in _in_parts(sorted(numbers)):
        columns = (dead_letter.c.id, dead_letter.c.reason, *(dead_letter.c[name] for name in place))
        rows = connection.execute(
            select(*columns).where(dead_letter.c.id.in_(some)).order_by(dead_letter.c.id)
        )
        entries += [
            LogEntry.by(authorship, change)._replace(
                old_value=row.reason,
                new_value=str(row.id),
                stream=row.stream,
                topic=row.topic,
                partition=row.partition,
                record_offset=row.record_offset,
            )
            for row in rows
        ]
    change_log.append(connection, entries)


def _in_parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _MOST_IN_ONE_QUESTION):
        yield numbers[start : start + _MOST_IN_ONE_QUESTION]
