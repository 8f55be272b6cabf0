"""The content of a record as JSON, and the clinics that it names. No rule is checked here."""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec

from sync_worker.domain.hsa_id import is_blank, normalised
from sync_worker.events.record import Headers, Record

_MAX_FULLY_PARSED_BYTES = 16 * 2**10
"""Of a larger value only the members that are read become objects; an event has less than 1 kB."""
_ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time", "sequence")


def refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity: the parser of Python takes them unless it has this."""
    raise ValueError(f"{name} is not JSON")


# No number is read; float accepts any number of digits, int does not.
_DECODER = json.JSONDecoder(parse_constant=refuse_constant, parse_int=float)


def document_of(value: bytes, headers: Headers) -> Any:
    """The event as one JSON value, in structured and in binary mode.

    Raises:
        ValueError, RecursionError: the value is not JSON.
    """
    is_large = len(value) > _MAX_FULLY_PARSED_BYTES
    content = outline(value, _DECODER.decode) if is_large else _DECODER.decode(value.decode())
    latest = dict(headers)
    if "ce_specversion" not in latest or _is_structured(headers):
        return content
    attributes = {name: text_of(latest.get(f"ce_{name}")) for name in _ATTRIBUTES}
    present = {name: text for name, text in attributes.items() if text is not None}
    return {**present, "data": content}


def _is_structured(headers: Headers) -> bool:
    """Whether the content type says so; the case of a header's name and value does not matter."""
    types = [value for name, value in headers if name.lower() == "content-type"]
    last = types[-1] if types else None
    return last is not None and last.lower().startswith(b"application/cloudevents")


def text_of(content: bytes | None) -> str | bytes | None:
    """The bytes decoded from UTF-8; invalid UTF-8 stays bytes, which no field accepts."""
    if content is None:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content


# Large values: 15 MiB of JSON can take half a gigabyte as objects, so only the members that are
# read are parsed, after a check that all of it is JSON.


_READ = (
    *("specversion", "id", "source", "type", "subject", "time", "sequence", "data"),
    *("hsaId", "regionCode", "name"),
)
"""The members that are read, of an event and of its data."""
_MAX_DEPTH = 1
"""Members of members are read, nothing below them."""
_SPACE = b" \t\r\n"
_ESCAPES = re.compile(
    rb"\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][\da-fA-F]{2})|\\."
)
"""What begins with a backslash in JSON; the group is half of a surrogate pair."""
_NUL = rb"\u0000"

_Members = msgspec.defstruct("_Members", [(name, msgspec.Raw, msgspec.Raw()) for name in _READ])
_members = msgspec.json.Decoder(_Members).decode
_require_json = msgspec.json.Decoder(msgspec.Raw).decode


def outline(value: bytes, decoded: Callable[[str], Any] = json.loads) -> Any:
    """The value with the members that are read; lists and deeper objects are empty.

    `decoded` parses texts and numbers.

    Raises:
        ValueError, RecursionError: the value is not JSON.
    """
    value.decode("utf-8")
    content = _without_halves(value.strip(_SPACE))
    _require_json(content)
    return _outlined(content, decoded, 0)


def _without_halves(value: bytes) -> bytes | bytearray:
    """The value with NUL for half of a surrogate pair, which msgspec refuses even where unread.

    Of what is read, both are refused alike. One match at a time, in place: a value can be full of
    them.
    """
    if rb"\ud" not in value and rb"\uD" not in value:
        return value
    changed = bytearray(value)
    for found in _ESCAPES.finditer(value):
        if found[1]:
            changed[found.start() : found.end()] = _NUL
    return changed


def _outlined(content: bytes | bytearray, decoded: Callable[[str], Any], depth: int) -> Any:
    match content[:1]:
        case b"[":
            return []
        case b"{" if depth > _MAX_DEPTH:
            return {}
        case b"{":
            members = _members(content)
            parts = {name: bytes(getattr(members, name)) for name in _READ}
            return {
                name: _outlined(part, decoded, depth + 1) for name, part in parts.items() if part
            }
        case _:
            return decoded(content.decode("utf-8"))


def named_hsa_ids(record: Record) -> tuple[str, ...]:
    """Normalised HSA-ids in `data.hsaId`, `subject` and the key, in this order, each once.

    They are what people search dead letters for. A valid record names a single clinic.
    """
    places = (*_in_value(record), text_of(record.key))
    texts = [text for text in places if isinstance(text, str) and not is_blank(text)]
    return tuple(dict.fromkeys(map(normalised, texts)))


def _in_value(record: Record) -> tuple[Any, ...]:
    if record.value is None:
        return ()
    try:
        document = document_of(record.value, record.headers)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(document, dict):
        return ()
    data = document.get("data")
    return (data.get("hsaId") if isinstance(data, dict) else None, document.get("subject"))
