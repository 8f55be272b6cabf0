"""Records set aside, byte for byte, with the reason."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from sync_worker.events import times
from sync_worker.events.record import Headers, Partition, Record
from sync_worker.events.verdicts import Reason, Rejection
from sync_worker.registry import dialect
from sync_worker.registry.tables import dead_letter

Address = tuple[str, int, int]
OPEN, REDRIVEN, DISCARDED = "open", "redriven", "discarded"


def add(
    connection: Connection, stream: str, rejected: Iterable[tuple[Record, Rejection]], now: datetime
) -> None:
    """Set records aside; one that is there already, from an earlier reading, stays as it is."""
    rows = [_row(stream, record, rejection, now) for record, rejection in rejected]
    dialect.insert_new(connection, dead_letter, _SET_ASIDE, rows)


def open_among(
    connection: Connection, stream: str, offsets: Mapping[Partition, range]
) -> list[tuple[int, Address]]:
    """The open dead letters among these offsets: the id and the record's address of each.

    They are locked in the order of their ids; that lock comes after all others.
    """
    if not offsets:
        return []
    statement = (
        _among(stream, offsets, dead_letter.c.id)
        .where(dead_letter.c.status == OPEN)
        .order_by(dead_letter.c.id)
        .with_for_update()
    )
    found = connection.execute(statement).all()
    return [(number, (topic, at, offset)) for number, topic, at, offset in found]


def not_redriven(connection: Connection) -> dict[str, frozenset[tuple[str, int, int]]]:
    """The addresses of the records that are still, or for good, no facts; by stream."""
    columns = (dead_letter.c.topic, dead_letter.c.partition, dead_letter.c.record_offset)
    statement = select(dead_letter.c.stream, *columns).where(dead_letter.c.status != REDRIVEN)
    found: dict[str, set[tuple[str, int, int]]] = {}
    for stream, *address in connection.execute(statement):
        found.setdefault(stream, set()).add(tuple(address))
    return {stream: frozenset(addresses) for stream, addresses in found.items()}


def statuses_among(
    connection: Connection, stream: str, offsets: Mapping[Partition, range]
) -> dict[Address, str]:
    """The dead letters among these offsets: the status of each by its record's address."""
    if not offsets:
        return {}
    found = connection.execute(_among(stream, offsets, dead_letter.c.status))
    return {(topic, at, offset): status for status, topic, at, offset in found}


def close(connection: Connection, numbers: Iterable[int], status: str, now: datetime) -> None:
    """Close dead letters, by their ids."""
    rows = [(number, status, now) for number in numbers]
    dialect.update_by_key(connection, dead_letter, ("id", "status", "closed_at"), rows)


def record_of(row: Row[Any]) -> Record:
    """The record in a row of `dead_letter`, byte for byte."""
    return Record(
        row.topic,
        row.partition,
        row.record_offset,
        row.timestamp_ms,
        row.key,
        row.value,
        _parse_headers(row.headers),
    )


def listed(
    connection: Connection, status: str | None, reason: Reason | None
) -> Iterator[dict[str, Any]]:
    """Dead letters in the order set aside, in the form of `deadletters list`."""
    statement = select(dead_letter).order_by(dead_letter.c.id)
    if status is not None:
        statement = statement.where(dead_letter.c.status == status)
    if reason is not None:
        statement = statement.where(dead_letter.c.reason == reason.value)
    return (_item(row) for row in connection.execute(statement))


def shown(connection: Connection, number: int) -> dict[str, Any] | None:
    """One dead letter with its record, in the form of `deadletters show`; None where none is."""
    row = connection.execute(select(dead_letter).where(dead_letter.c.id == number)).first()
    if row is None:
        return None
    return {
        **_item(row),
        "timestamp": None if row.timestamp_ms is None else _instant(row.timestamp_ms),
        "timestamp_ms": row.timestamp_ms,
        **_headers_item(_parse_headers(row.headers)),
        **_bytes_item("value", row.value),
        "closed_at": row.closed_at,
    }


def _among(
    stream: str, offsets: Mapping[Partition, range], what: ColumnElement[Any]
) -> Select[Any]:
    """`what` and the record's address, of the dead letters among these offsets."""
    address = dead_letter.c.topic, dead_letter.c.partition, dead_letter.c.record_offset
    is_one = or_(*(_is_among(partition, among) for partition, among in offsets.items()))
    return select(what, *address).where(dead_letter.c.stream == stream, is_one)


def _is_among(partition: Partition, offsets: range) -> ColumnElement[bool]:
    return and_(
        dead_letter.c.topic == partition.topic,
        dead_letter.c.partition == partition.partition,
        dead_letter.c.record_offset >= offsets.start,
        dead_letter.c.record_offset < offsets.stop,
    )


_SET_ASIDE = (
    "received_at",
    "stream",
    "topic",
    "partition",
    "record_offset",
    "timestamp_ms",
    "key",
    "value",
    "headers",
    "reason",
    "detail",
    "status",
)


def _row(stream: str, record: Record, rejection: Rejection, now: datetime) -> tuple[Any, ...]:
    """In the order of `_SET_ASIDE`."""
    return (
        now,
        stream,
        *record.address,
        record.timestamp_ms,
        record.key,
        record.value,
        _headers_text(record.headers),
        rejection.reason.value,
        rejection.detail,
        OPEN,
    )


def _item(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "received_at": row.received_at,
        "stream": row.stream,
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


def _instant(timestamp_ms: int) -> datetime | None:
    """The instant; None for one that no calendar has, which is why the record is here."""
    try:
        return times.instant_of_timestamp(timestamp_ms)
    except ValueError:
        return None
