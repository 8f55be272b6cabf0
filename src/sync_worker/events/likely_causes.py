"""What is likely behind a record that cannot be read: the ways of frameworks and their settings.

Each function gives a sentence to add to a rejection's detail, and nothing where nothing is known.
They change no verdict, and quote nothing of the record. Pure.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from sync_worker.events.record import Headers

_BEGINNINGS: Mapping[bytes, str] = {
    b"\xef\xbb\xbf": "It begins with a byte-order mark: write UTF-8 without one.",
    b"\xff\xfe": "It looks like UTF-16.",
    b"\xfe\xff": "It looks like UTF-16.",
    b"\x00{": "It looks like UTF-16.",
    b"{\x00": "It looks like UTF-16.",
    b"\x00": "It begins with a zero byte, as what a schema registry's serialiser writes: send the"
    " JSON alone.",
    b"\x1f\x8b": "It is packed with gzip: leave packing to the producer's compression.type.",
    b"\x28\xb5\x2f\xfd": "It is packed with zstd: leave packing to the producer's"
    " compression.type.",
    b"\xac\xed\x00\x05": "It is a serialised Java object.",
    b"Obj\x01": "It is Avro.",
    b"<": "It looks like XML.",
    b"{'": "It has single quotes where JSON has double ones.",
}
_LONGEST_TIME = 64
_CLOSE = 0.85
_CONSTANTS = re.compile(rb"[:\[,]\s*-?(?:NaN|Infinity)")
_TWICE = "It is a string that holds JSON: it was serialised twice."
_CONNECT, _DEBEZIUM = {"schema", "payload"}, {"op", "after"}
_TIMES: Mapping[str, str] = {
    r".{10} .*": "A blank stands where a T should.",
    r".*\]": "A zone's name stands behind it.",
    r".*[0-9],[0-9].*": "Decimals come after a point.",
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:.]+": "The offset is missing: Z, or as +01:00.",
    r".*[Tt].*[+-][0-9]{2}(?:[0-9]{2})?": "The offset wants minutes and a colon, as +01:00.",
}


def of_invalid_json(value: bytes) -> str:
    """Why a value may not be JSON in UTF-8."""
    if not value.strip():
        return "It is empty."
    for beginning, cause in _BEGINNINGS.items():
        if value.startswith(beginning):
            return cause
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return "It is not in UTF-8." if value.startswith(b"{") else ""
    return "JSON has neither NaN nor Infinity." if _CONSTANTS.search(value) else ""


def of_non_object(content: object) -> str:
    """Why a value that is JSON may be no object."""
    if isinstance(content, list):
        return "It is a list: each event has a record of its own, and a batch of them is not read."
    if isinstance(content, str):
        return _TWICE if _looks_like_json(content) else _in_base64(content)
    return ""


def of_missing_type(document: Mapping[str, Any], headers: Headers) -> str:
    """Why an event may have no type."""
    if document.keys() >= _CONNECT:
        return "It is an envelope of Kafka Connect's JsonConverter: set its schemas.enable=false."
    if document.keys() >= _DEBEZIUM:
        return "It is a row's change, as Debezium writes it, and no event."
    names = [name for name, _ in headers]
    if "ce_specversion" in names:
        return _of_no_type_with_attributes(document, names)
    if "ce_type" in names:
        return "Its attributes are in ce_ headers, and `ce_specversion` is not among them."
    if any(re.match(r"ce[_-]", name, re.IGNORECASE) for name in names):
        return "Its attributes are in headers whose names do not begin with `ce_` in lower case."
    if "hsaId" in document:
        return "It is an event's data without the attributes around it."
    return _of_another_spelling("type", document)


def of_invalid_field(field: str, value: object) -> str:
    """Why a field, `data.hsaId` or the like, may have a value that it cannot have."""
    match field:
        case "time":
            return _of_a_time(value)
        case "data":
            return _TWICE if isinstance(value, str) and _looks_like_json(value) else ""
        case "specversion" if isinstance(value, str) and value.startswith("0."):
            return "That is an earlier version of CloudEvents."
        case "specversion" | "data.regionCode" | "sequence" | "id" if _is_number(value):
            example = {"specversion": '"1.0"', "data.regionCode": '"01"'}.get(field, '"17"')
            return f"It is a number: write it in quotes, as {example}."
    return ""


def similar_known_type(event_type: str, known: Iterable[str]) -> str | None:
    """The known type that an unknown one looks like: in quotes, misspelt, or a class's name."""
    squashed = _letters(event_type)
    for name in known:
        _, happened = name.removesuffix(".v1").rsplit(".", 1)
        if "clinic" + _letters(happened) in squashed:
            return name
    close = get_close_matches(event_type.strip().lower(), list(known), 1, _CLOSE)
    return close[0] if close else None


def of_missing_field(field: str, document: object) -> str:
    """Why a field may be missing, by what there is in its place."""
    if not isinstance(document, Mapping):
        return ""
    if field == "data":
        if "data_base64" in document:
            return "`data_base64` is not read."
        return "`hsaId` is there beside the attributes." if "hsaId" in document else ""
    return _of_another_spelling(field.rpartition(".")[2], document)


def of_unknown_region(code: str, regions: Iterable[str]) -> str:
    """Why a region's code may be none."""
    return "A code has its leading zero." if code.zfill(2) in set(regions) else ""


def _of_no_type_with_attributes(document: Mapping[str, Any], names: Iterable[str]) -> str:
    data = document.get("data")
    if isinstance(data, Mapping) and "specversion" in data:
        return "The value is a whole event, and the headers say that its attributes are in them."
    if "ce_type" in names and "data" not in document:
        return (
            "Its attributes are in ce_ headers, and its content type says that they are in the "
            "value: send it as application/json."
        )
    return "The header `ce_type` is missing."


def _of_a_time(value: object) -> str:
    if isinstance(value, list):
        return "It is a list, as Jackson writes a time by default: write text."
    if _is_number(value):
        return "It is a number: write text, as 2026-11-23T08:14:02Z."
    if not isinstance(value, str):
        return ""
    text = value.strip()[:_LONGEST_TIME]
    return next((cause for form, cause in _TIMES.items() if re.fullmatch(form, text)), "")


def _of_another_spelling(field: str, document: Mapping[str, Any]) -> str:
    for name in document:
        if name != field and _squashed(name) == _squashed(field):
            return f"There is one in another spelling: it is `{field}`, letter by letter."
    return ""


def _letters(text: str) -> str:
    return re.sub("[^a-z]", "", text.lower())


def _squashed(name: str) -> str:
    return re.sub("[ _-]", "", name).lower()


def _looks_like_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[", '"')


def _in_base64(text: str) -> str:
    return "It is a string in base64." if text.startswith("eyJ") else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
