"""Records into events: every rule of contract 1 that one record and the clock can settle. Pure.

The order of judgement is the contract's: tombstone rules, JSON, type, the event's form, identity,
region, clock.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NoReturn

import msgspec
from pydantic import TypeAdapter, ValidationError

from sync_worker.domain.hsa_id import MAX_LENGTH_FROM_EVENTS, is_blank, normalised
from sync_worker.domain.regions import Regions
from sync_worker.events import likely_causes, timestamps
from sync_worker.events.fast_decoder import quick_decoder
from sync_worker.events.models import (
    MAX_NAME_LENGTH,
    MODELS,
    KnownDocument,
    is_hsa_id,
    problem,
    stated,
)
from sync_worker.events.outcomes import (
    Event,
    Ignored,
    Reason,
    Rejection,
    Verdict,
    quoted,
    type_name,
)
from sync_worker.events.record import MOST_BYTES, Excerpt, Headers, Record

_VERSIONED = re.compile(
    r"eservices\.clinic\.(?:activated|deactivated|region-changed)(?:\..*)?", re.DOTALL
)
_VALIDATORS = {name: TypeAdapter(model).validator for name, (model, _) in MODELS.items()}
_LARGE = 16 * 2**10
"""Bytes of a value of which only what is read is made into objects; an event has less than 1 kB."""
_LONGEST_KEPT_TYPE = 256
_MOST_CLINICS = 65_536
# The same clinics come again and again, and each is compared in up to three places.
_normalised = lru_cache(maxsize=_MOST_CLINICS)(normalised)
_ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time", "sequence")


class EventDecoder:
    """Decodes records of the topics, with the regions and the clock's tolerance as settings say."""

    def __init__(self, activation_topic: str, regions: Regions, max_future: timedelta) -> None:
        self._activation_topic = activation_topic
        self._regions = regions
        self._max_future = max_future
        self._quick = quick_decoder(regions)

    def decode(self, record: Record, now: datetime) -> Verdict:
        """Judge a record; `now` is the clock, in UTC. Raises for no record."""
        return self.decode_all([record], now)[0]

    def decode_all(self, records: Iterable[Record], now: datetime) -> list[Verdict]:
        """The same for one after the other."""
        quick, soon = self._quick, now + min(timestamps.CLOCKS_DIFFER, self._max_future)
        verdicts: list[Verdict] = [quick(record) or self._read(record) for record in records]
        return [
            self._ahead(verdict, now)
            if isinstance(verdict, Event) and verdict.time > soon
            else verdict
            for verdict in verdicts
        ]

    def _ahead(self, event: Event, now: datetime) -> Event | Rejection:
        """Judge an event that is ahead of the clock by more than clocks differ."""
        ahead = event.time - now
        if ahead <= self._max_future:
            return event._replace(seconds_ahead=int(ahead.total_seconds()))
        what = f"It is of {event.time:%Y-%m-%dT%H:%M:%SZ}, too far ahead of the clock."
        return Rejection(Reason.TIME_IN_FUTURE, what)

    def _read(self, record: Record) -> Verdict:
        if record.value is None:
            return self._tombstone(record)
        if isinstance(record.value, Excerpt):
            return _too_large(record.value)
        try:
            document = document_of(record.value, record.headers)
        except (ValueError, RecursionError):
            cause = likely_causes.of_no_json(record.value)
            return Rejection(
                Reason.INVALID_JSON, f"The value is not JSON in UTF-8. {cause}".rstrip()
            )
        if not isinstance(document, dict):
            return _invalid("The value is not a JSON object.", likely_causes.of_no_object(document))
        event_type = document.get("type")
        if not isinstance(event_type, str) or event_type not in _VALIDATORS:
            return _no_type(document, record) if event_type is None else _unknown_type(event_type)
        try:
            known = _VALIDATORS[event_type].validate_python(document)
        except ValidationError as error:
            return _invalid(problem(error))
        return self._event(record.key, known)

    def _event(self, key: bytes | None, document: KnownDocument) -> Event | Rejection:
        data = document.data
        is_short = len(data.hsa_id) <= MAX_LENGTH_FROM_EVENTS
        hsa_id = (_normalised if is_short else normalised)(data.hsa_id)
        strangers = _key_fault(key, hsa_id) or _subject_fault(document.subject, hsa_id)
        if strangers is not None:
            return Rejection(Reason.IDENTITY_MISMATCH, strangers)
        region_code = data.stated_region
        if region_code is not None and region_code not in self._regions:
            what = f"`data.regionCode` is {quoted(region_code)}, which is no region's code."
            cause = likely_causes.of_a_region(region_code, self._regions)
            return Rejection(Reason.UNKNOWN_REGION, f"{what} {cause}".rstrip())
        name_dropped = data.name is not None and len(data.name) > MAX_NAME_LENGTH
        name = None if name_dropped else stated(data.name)
        return Event(
            hsa_id,
            document.id,
            document.time,
            stated(document.sequence) or "",
            document.activation,
            region_code,
            name,
            name_dropped,
        )

    def _tombstone(self, record: Record) -> Verdict:
        """Read a null value as a deactivation at the record's timestamp."""
        if record.topic != self._activation_topic:
            return Ignored("A tombstone says something on the activation topic only.")
        if record.timestamp_ms is None:
            return _invalid("A tombstone has no timestamp.")
        if record.is_log_append_time:
            return _invalid(
                "A tombstone's timestamp was set by the broker (LogAppendTime): it says when the "
                "record was written there, not when the clinic went."
            )
        try:
            time = timestamps.instant_of_timestamp(record.timestamp_ms)
        except ValueError:
            return _invalid("A tombstone's timestamp is outside the years 1 to 9999.")
        key = text_of(record.key)
        if not isinstance(key, str) or is_blank(key):
            return Rejection(Reason.IDENTITY_MISMATCH, "A tombstone has no key that is text.")
        if not is_hsa_id(key):
            most = MAX_LENGTH_FROM_EVENTS
            return _invalid(f"A tombstone's key is not 1 to {most} characters without blanks.")
        return Event(normalised(key), "", time, "", active=False)


def _too_large(value: Excerpt) -> Rejection:
    whole = f"its value has {value.size} bytes"
    if value.sha256 is not None:
        whole += f" with the SHA-256 {value.sha256}"
    elif value.size:
        whole += ", more than are read"
    else:
        whole = "it lies in a batch that unpacks to more than is read"
    return _invalid(
        f"The record is larger than {MOST_BYTES} bytes, unpacked: {whole}. The first {len(value)} "
        "bytes of the value are kept, so that it cannot be redriven."
    )


def _no_type(document: dict[str, Any], record: Record) -> Rejection:
    cause = likely_causes.of_no_type(document, record.headers)
    return _invalid("`type` is missing or null.", cause)


def _unknown_type(event_type: object) -> Ignored | Rejection:
    if not isinstance(event_type, str):
        return _invalid("`type` is not a string.")
    if is_blank(event_type):
        return _invalid("`type` is blank.")
    if _VERSIONED.fullmatch(event_type) is None:
        # A long one is not kept: it may be as large as a record.
        is_long = len(event_type) > _LONGEST_KEPT_TYPE
        return (_of_unknown_type.__wrapped__ if is_long else _of_unknown_type)(event_type)
    what = f"`type` is {quoted(event_type)}, and only version .v1 is understood."
    return Rejection(Reason.UNSUPPORTED_VERSION, what)


# The same few types come again and again.
@lru_cache(maxsize=256)
def _of_unknown_type(event_type: str) -> Ignored:
    what = f"`type` is {quoted(event_type)}, which this program does not know."
    name = type_name(event_type)
    like = likely_causes.known_type_like(name, MODELS)
    return Ignored(what if like is None else f"{what} It looks like {like}.", name)


def _key_fault(key: bytes | None, hsa_id: str) -> str | None:
    text = text_of(key)
    if isinstance(text, bytes):
        return "The record's key is not UTF-8."
    return _fault("The record's key", text, hsa_id)


def _subject_fault(subject: str | None, hsa_id: str) -> str | None:
    return _fault("`subject`", subject, hsa_id)


def _fault(place: str, named: str | None, hsa_id: str) -> str | None:
    if named is None or named == hsa_id or is_blank(named) or normalised(named) == hsa_id:
        return None
    # Neither is quoted: staff share the id space, and people put other numbers in its place.
    return f"{place} names another clinic than `data.hsaId`."


def _invalid(detail: str, cause: str = "") -> Rejection:
    return Rejection(Reason.INVALID_EVENT, f"{detail} {cause}".rstrip())


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# No number is read, and float takes any count of digits, where int refuses the longest.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=float)


def document_of(value: bytes, headers: Headers) -> Any:
    """The event as one JSON value, whichever mode it came in; ValueError where it is not JSON."""
    content = _content(value)
    latest = dict(headers)
    if "ce_specversion" not in latest or _is_structured(headers):
        return content
    attributes = {name: text_of(latest.get(f"ce_{name}")) for name in _ATTRIBUTES}
    present = {name: text for name, text in attributes.items() if text is not None}
    return {**present, "data": content}


def _content(value: bytes) -> Any:
    text = value.decode("utf-8")
    return outline(value, _DECODER.decode) if len(value) > _LARGE else _DECODER.decode(text)


def _is_structured(headers: Headers) -> bool:
    """Whether the content type says so; a header's name and value are in any case."""
    types = [value for name, value in headers if name.lower() == "content-type"]
    last = types[-1] if types else None
    return last is not None and last.lower().startswith(b"application/cloudevents")


def text_of(content: bytes | None) -> str | bytes | None:
    """The text that bytes are in UTF-8; bytes that are none stay bytes, which no field takes."""
    if content is None:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content


# What is read of a large value, and no more: JSON of 15 MiB can take half a gigabyte as objects.
# Whether all of it is JSON is looked at, as the codec's own decoder would, without making
# objects of it. Lone surrogates, which that one lets pass in what is not read, are no JSON here.


_READ = (
    *("specversion", "id", "source", "type", "subject", "time", "sequence", "data"),
    *("hsaId", "regionCode", "name"),
)
"""The members that are read, of an event and of its data."""
_DEEPEST = 1
"""Members of members are read; what is within those is none of our business."""
_SPACE = b" \t\r\n"

_Members = msgspec.defstruct("_Members", [(name, msgspec.Raw, msgspec.Raw()) for name in _READ])
_members = msgspec.json.Decoder(_Members).decode
_require_json = msgspec.json.Decoder(msgspec.Raw).decode


def outline(value: bytes, decoded: Callable[[str], Any] = json.loads) -> Any:
    """The value with the members that are read; lists, and what lies deeper, are empty in it.

    `decoded` reads texts and numbers. Raises ValueError or RecursionError where it is not JSON.
    """
    _require_json(value)
    return _outlined(value.strip(_SPACE), decoded, 0)


def _outlined(content: bytes, decoded: Callable[[str], Any], depth: int) -> Any:
    match content[:1]:
        case b"[":
            return []
        case b"{" if depth > _DEEPEST:
            return {}
        case b"{":
            members = _members(content)
            found = {name: bytes(getattr(members, name)) for name in _READ}
            return {
                name: _outlined(part, decoded, depth + 1) for name, part in found.items() if part
            }
        case _:
            return decoded(content.decode("utf-8"))


# Which clinics a record names, be it an event or not: for people who look for a clinic.


def named(record: Record) -> tuple[str, ...]:
    """Normalised HSA-ids in `data.hsaId`, `subject` and the key, in this order, each once.

    Says nothing of whether the record is right: one that names two clinics is set aside.
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
