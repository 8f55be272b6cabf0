"""The record that a line of an archive holds, as `kcat -J` prints it (contract 2).

Knows nothing of files: their reader adds the file and the line to an error.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from functools import partial

from sync_worker.events.content import refuse_constant
from sync_worker.events.record import (
    EXCERPT_BYTES,
    HEADER_OVERHEAD_BYTES,
    MAX_RECORD_BYTES,
    Excerpt,
    Headers,
    Record,
    bounded,
)

Members = dict[str, object]
Encode = Callable[[str], bytes]

_TOPIC = re.compile(r"(?!\.\.?\Z)[a-zA-Z0-9._-]{1,249}")
_MAX_PARTITION = 2**31 - 1
_MAX_OFFSET = 2**63 - 2
"""The position after the last record is an int64 too."""
_MIN_TIMESTAMP, _MAX_TIMESTAMP = -(2**63), 2**63 - 1
_NO_TIMESTAMP = -1
_MAX_HEADERS = MAX_RECORD_BYTES // HEADER_OVERHEAD_BYTES + 1
"""A record with so many headers is too large: only an excerpt of it is kept."""
_NO_TIMESTAMP_TYPES = ("unknown", "none")
CREATE_TIME, LOG_APPEND_TIME = "create", "logappend"
_PRODUCERS = (CREATE_TIME, None)
"""The types of a timestamp that the producer gave; a line can leave the type out."""
_ENCODE: Encode = str.encode
_ENCODE_RAW: Encode = partial(str.encode, encoding="utf-8", errors="surrogateescape")


class MalformedLineError(Exception):
    """The line is not a record; the message says in what, without quoting the line."""


def record_of(line: bytes, number: int) -> Record:
    """The record of a line; raises MalformedLineError where it holds none.

    `number` is that of the line, counted from 0: the record's offset where the line has none.
    """
    members, encode = _members(line)
    if "payload" not in members and "payload_b64" not in members:
        raise MalformedLineError("`payload` is missing")
    topic = members.get("topic")
    if not isinstance(topic, str) or _TOPIC.fullmatch(topic) is None:
        raise MalformedLineError("`topic` is not the name of a Kafka topic")
    partition = _whole_number(members, "partition", 0, _MAX_PARTITION)
    offset = _whole_number(members, "offset", 0, _MAX_OFFSET)
    timestamp_ms = _timestamp_ms(members)
    record = Record(
        topic=topic,
        partition=partition or 0,
        offset=number if offset is None else offset,
        timestamp_ms=timestamp_ms,
        # A type that this program does not know may not be a producer's.
        is_log_append_time=timestamp_ms is not None and members.get("tstype") not in _PRODUCERS,
        key=_content(members, "key", encode),
        value=_excerpt(members, _content(members, "payload", encode)),
        headers=_headers(members, encode),
    )
    return record if isinstance(record.value, Excerpt) else bounded(record)


_DECODER = json.JSONDecoder(parse_constant=refuse_constant)


def _members(line: bytes) -> tuple[Members, Encode]:
    """The members of the line's object, and how their strings are encoded to the original bytes.

    kcat writes raw bytes into its strings. Where a line is not UTF-8, each invalid byte is decoded
    as a surrogate; in a line of UTF-8 a surrogate does not stand for a byte, and is refused.
    """
    try:
        text, encode = line.decode("utf-8"), _ENCODE
    except UnicodeDecodeError:
        text, encode = line.decode("utf-8", "surrogateescape"), _ENCODE_RAW
    try:
        members = _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise MalformedLineError("it is not JSON") from None
    if not isinstance(members, dict):
        raise MalformedLineError("it is not a JSON object")
    return members, encode


def _timestamp_ms(members: Members) -> int | None:
    timestamp_ms = _whole_number(members, "ts", _MIN_TIMESTAMP, _MAX_TIMESTAMP)
    timestamp_type = members.get("tstype")
    if timestamp_type is not None and not isinstance(timestamp_type, str):
        raise MalformedLineError("`tstype` is not a string")
    if timestamp_ms == _NO_TIMESTAMP or timestamp_type in _NO_TIMESTAMP_TYPES:
        return None
    return timestamp_ms


def _whole_number(members: Members, name: str, least: int, most: int) -> int | None:
    value = members.get(name)
    if value is None:
        return None
    # A boolean is an int in Python, but not in JSON.
    if type(value) is not int or not least <= value <= most:
        raise MalformedLineError(f"`{name}` is not a whole number from {least} to {most}")
    return value


def _content(members: Members, name: str, encode: Encode) -> bytes | None:
    text, coded = members.get(name), members.get(f"{name}_b64")
    if text is not None and coded is not None:
        raise MalformedLineError(f"`{name}` and `{name}_b64` are both set")
    if coded is not None:
        return _from_base64(coded, f"{name}_b64")
    return None if text is None else _encoded(text, name, encode)


def _excerpt(members: Members, value: bytes | None) -> bytes | None:
    """The value; where the line says so, an excerpt of one that was too large to export."""
    size = _whole_number(members, "payload_size", 0, _MAX_OFFSET)
    if size is None or value is None:
        return value
    sha256 = members.get("payload_sha256")
    if sha256 is not None and not isinstance(sha256, str):
        raise MalformedLineError("`payload_sha256` is not a string")
    return Excerpt(value[:EXCERPT_BYTES], size, sha256)


def _headers(members: Members, encode: Encode) -> Headers:
    plain, coded = members.get("headers"), members.get("headers_b64")
    if plain is not None and coded is not None:
        raise MalformedLineError("`headers` and `headers_b64` are both set")
    if coded is not None:
        return tuple(_pairs(coded, "headers_b64", encode, _from_base64))
    if plain is not None:
        return tuple(_pairs(plain, "headers", encode, partial(_encoded, encode=encode)))
    return ()


def _pairs(
    flat: object, place: str, encode: Encode, content: Callable[[object, str], bytes]
) -> Iterator[tuple[str, bytes | None]]:
    if not isinstance(flat, list) or len(flat) % 2 != 0:
        raise MalformedLineError(f"`{place}` is not a list of names, each with a value")
    flat = flat[: 2 * _MAX_HEADERS]
    for name, value in zip(flat[0::2], flat[1::2], strict=True):
        # Names are text in Kafka: bytes that are not UTF-8 cost a character, not the record.
        text = _encoded(name, place, encode).decode("utf-8", "replace")
        yield text, None if value is None else content(value, place)


def _encoded(text: object, place: str, encode: Encode) -> bytes:
    if not isinstance(text, str):
        raise MalformedLineError(f"`{place}` holds what is not a string")
    try:
        return encode(text)
    except UnicodeEncodeError:
        raise MalformedLineError(f"`{place}` holds half a surrogate pair: no bytes") from None


def _from_base64(text: object, place: str) -> bytes:
    if not isinstance(text, str):
        raise MalformedLineError(f"`{place}` holds what is not a string")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise MalformedLineError(f"`{place}` holds what is not base64") from None
