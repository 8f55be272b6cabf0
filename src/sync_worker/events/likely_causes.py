"""The likely cause of a record that cannot be decoded: mostly a framework, or a setting of one.

Each function returns a sentence to add to the detail of a rejection, or nothing if it knows none.
No decision depends on them, and they quote nothing of the record. Pure.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from sync_worker.events.record import Headers

_CAUSES_BY_BEGINNING: Mapping[bytes, str] = {
    b"\xef\xbb\xbf": "It begins with a byte-order mark: write UTF-8 without one.",
    b"\xff\xfe": "It looks like UTF-16.",
    b"\xfe\xff": "It looks like UTF-16.",
    b"\x00{": "It looks like UTF-16.",
    b"{\x00": "It looks like UTF-16.",
    b"\x00": "It begins with a zero byte, as written by a schema registry's serialiser: send"
    " plain JSON.",
    b"\x1f\x8b": "It is compressed with gzip: leave compression to the producer's"
    " compression.type.",
    b"\x28\xb5\x2f\xfd": "It is compressed with zstd: leave compression to the producer's"
    " compression.type.",
    b"\xac\xed\x00\x05": "It is a serialised Java object.",
    b"Obj\x01": "It is Avro.",
    b"<": "It looks like XML.",
    b"{'": "It has single quotes; JSON needs double quotes.",
}
_MAX_TIME_LENGTH = 64
_MIN_SIMILARITY = 0.85
"""Of a misspelt type to a known one, from 0 to 1."""
_CONSTANTS = re.compile(rb"[:\[,]\s*-?(?:NaN|Infinity)")
_TWICE = "It is a string that contains JSON: it was serialised twice."
_CONNECT, _DEBEZIUM = {"schema", "payload"}, {"op", "after"}
_CAUSES_BY_TIME_FORM: Mapping[str, str] = {
    r".{10} .*": "There is a blank instead of the T.",
    r".*\]": "It ends with the name of a time zone.",
    r".*[0-9],[0-9].*": "Decimals follow a point, not a comma.",
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:.]+": "The offset is missing: add Z, or one such as"
    " +01:00.",
    r".*[Tt].*[+-][0-9]{2}(?:[0-9]{2})?": "The offset needs minutes and a colon, as in +01:00.",
}


def of_invalid_json(value: bytes) -> str:
    """Why a value may not be JSON in UTF-8."""
    if not value.strip():
        return "It is empty."
    for beginning, cause in _CAUSES_BY_BEGINNING.items():
        if value.startswith(beginning):
            return cause
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return "It is not UTF-8." if value.startswith(b"{") else ""
    return "JSON has neither NaN nor Infinity." if _CONSTANTS.search(value) else ""


def of_non_object(content: object) -> str:
    """Why a value that is JSON may not be an object."""
    if isinstance(content, list):
        return "It is a list: batches are not read, each event needs a record of its own."
    if isinstance(content, str):
        if _looks_like_json(content):
            return _TWICE
        return "It is a base64 string." if content.startswith("eyJ") else ""
    return ""


def of_missing_type(document: Mapping[str, Any], headers: Headers) -> str:
    """Why an event may have no type."""
    if document.keys() >= _CONNECT:
        return "It is an envelope of Kafka Connect's JsonConverter: set schemas.enable=false there."
    if document.keys() >= _DEBEZIUM:
        return "It is a row change as written by Debezium, not an event."
    names = [name for name, _ in headers]
    if "ce_specversion" in names:
        return _of_no_type_with_attributes(document, names)
    if "ce_type" in names:
        return "Its attributes are in ce_ headers, but `ce_specversion` is missing."
    if any(re.match(r"ce[_-]", name, re.IGNORECASE) for name in names):
        return "Its attributes are in headers whose names do not start with `ce_` in lower case."
    if "hsaId" in document:
        return "It is the data of an event without the attributes around it."
    return _of_another_spelling("type", document)


def of_invalid_field(field: str, value: object) -> str:
    """Why a field such as `data.hsaId` may have an invalid value."""
    match field:
        case "time":
            return _of_a_time(value)
        case "data":
            return _TWICE if isinstance(value, str) and _looks_like_json(value) else ""
        case "specversion" if isinstance(value, str) and value.startswith("0."):
            return "That is an earlier version of CloudEvents."
        case "specversion" | "data.regionCode" | "sequence" | "id" if _is_number(value):
            example = {"specversion": '"1.0"', "data.regionCode": '"01"'}.get(field, '"17"')
            return f"It is a number: write it in quotes, as in {example}."
    return ""


def similar_known_type(event_type: str, known: Iterable[str]) -> str | None:
    """The known type that an unknown one resembles: in quotes, misspelt, or a class name."""
    squashed = _letters(event_type)
    for name in known:
        _, happened = name.removesuffix(".v1").rsplit(".", 1)
        if "clinic" + _letters(happened) in squashed:
            return name
    close = get_close_matches(event_type.strip().lower(), list(known), 1, _MIN_SIMILARITY)
    return close[0] if close else None


def of_missing_field(field: str, document: object) -> str:
    """Why a field may be missing, judging by what is there instead."""
    if not isinstance(document, Mapping):
        return ""
    if field == "data":
        if "data_base64" in document:
            return "`data_base64` is not read."
        return "`hsaId` stands among the attributes." if "hsaId" in document else ""
    return _of_another_spelling(field.rpartition(".")[2], document)


def of_unknown_region(code: str, regions: Iterable[str]) -> str:
    """Why a region code may be unknown."""
    return "The leading zero is missing." if code.zfill(2) in set(regions) else ""


def _of_no_type_with_attributes(document: Mapping[str, Any], names: Iterable[str]) -> str:
    data = document.get("data")
    if isinstance(data, Mapping) and "specversion" in data:
        return "The value is a whole event, but by its headers the attributes are in the headers."
    if "ce_type" in names and "data" not in document:
        return (
            "Its attributes are in ce_ headers, but by its content type they are in the value: "
            "send it as application/json."
        )
    return "The header `ce_type` is missing."


def _of_a_time(value: object) -> str:
    if isinstance(value, list):
        return "It is a list, as Jackson writes times by default: write text."
    if _is_number(value):
        return "It is a number: write text, as in 2026-11-23T08:14:02Z."
    if not isinstance(value, str):
        return ""
    text = value.strip()[:_MAX_TIME_LENGTH]
    return next(
        (cause for form, cause in _CAUSES_BY_TIME_FORM.items() if re.fullmatch(form, text)), ""
    )


def _of_another_spelling(field: str, document: Mapping[str, Any]) -> str:
    for name in document:
        if name != field and _squashed(name) == _squashed(field):
            return f"It is there in another spelling: it must be `{field}`, letter by letter."
    return ""


def _letters(text: str) -> str:
    return re.sub("[^a-z]", "", text.lower())


def _squashed(name: str) -> str:
    return re.sub("[ _-]", "", name).lower()


def _looks_like_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[", '"')


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
