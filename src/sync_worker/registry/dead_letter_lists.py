"""Dead letters as people see them: lists, and one with its record. Changes nothing."""

import codecs
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from sync_worker.events import timestamps
from sync_worker.events.bytes_as_text import content_item, headers_item
from sync_worker.events.content import named_hsa_ids
from sync_worker.events.record import Excerpt, Record
from sync_worker.registry import dialect
from sync_worker.registry.dead_letters import RECORD, DeadLetterFilter, record_of
from sync_worker.registry.tables import dead_letter

_ROWS_AT_ONCE = 50
_LISTED = tuple(
    dead_letter.c[name]
    for name in (
        *("id", "received_at", "stream", "topic_id", "topic", "partition", "record_offset", "key"),
        *("reason", "detail", "status"),
    )
)


def listed(
    connection: Connection, criteria: DeadLetterFilter, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """Dead letters in the order received, in the form of `deadletters list`; without values."""
    statement = select(*_LISTED).where(*criteria.conditions()).order_by(dead_letter.c.id)
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
    record = record_of(row)
    return {
        **_item(row),
        **_timestamp_item(record),
        **headers_item(record.headers),
        **_value_item(record.value),
        "closed_at": row.closed_at,
    }


def clinics_named_in(connection: Connection, number: int) -> Sequence[str]:
    """The HSA-ids that a dead letter's record names; the dead letter must exist."""
    row = connection.execute(select(*RECORD).where(dead_letter.c.id == number)).one()
    return named_hsa_ids(record_of(row))


def _item(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "received_at": row.received_at,
        "stream": row.stream,
        "topic_id": row.topic_id or None,
        "topic": row.topic,
        "partition": row.partition,
        "offset": row.record_offset,
        **_content_item("key", row.key),
        "reason": row.reason,
        "detail": row.detail,
        "status": row.status,
    }


def _content_item(name: str, content: bytes | None) -> dict[str, str | None]:
    """The name is always there, so that every row of a table has it."""
    return {name: None, **content_item(name, content)}


def _timestamp_item(record: Record) -> dict[str, Any]:
    timestamp_ms = record.timestamp_ms
    if timestamp_ms is None:
        return dict.fromkeys(("timestamp", "timestamp_ms", "timestamp_type"))
    return {
        "timestamp": _instant(timestamp_ms),
        "timestamp_ms": timestamp_ms,
        "timestamp_type": "LogAppendTime" if record.is_log_append_time else "CreateTime",
    }


def _instant(timestamp_ms: int) -> datetime | None:
    """The instant; None for one that no calendar has, which may be why the record is here."""
    try:
        return timestamps.instant_of_timestamp(timestamp_ms)
    except ValueError:
        return None


def _value_item(value: bytes | None) -> dict[str, Any]:
    if not isinstance(value, Excerpt):
        size = None if value is None else len(value)
        return {**_content_item("value", value), "value_size": size, "value_is_excerpt": False}
    try:
        # Cut by bytes, it may end in the middle of a character.
        shown: dict[str, Any] = {"value": codecs.getincrementaldecoder("utf-8")().decode(value)}
    except UnicodeDecodeError:
        shown = _content_item("value", value)
    return {
        **shown,
        "value_size": value.size if value.size or value.sha256 else None,
        "value_sha256": value.sha256,
        "value_is_excerpt": True,
    }
