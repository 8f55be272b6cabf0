"""Records into events: every rule of contract 1 that one record and the clock can settle. Pure.

The order of judgement is the contract's: tombstone rules, JSON, type, the event's form, identity,
region, clock.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sync_worker.domain.hsa_id import MAX_LENGTH_FROM_EVENTS, is_blank, normalised
from sync_worker.domain.regions import Regions
from sync_worker.events import likely_causes, timestamps
from sync_worker.events.content import document_of, text_of
from sync_worker.events.decode_result import (
    DecodeResult,
    Event,
    Ignored,
    Reason,
    Rejection,
    quoted,
    type_name,
)
from sync_worker.events.fast_decoder import fast_decoder
from sync_worker.events.models import MODELS, KnownDocument, problem
from sync_worker.events.record import MAX_RECORD_BYTES, Excerpt, Record
from sync_worker.events.texts import MAX_NAME_LENGTH, is_hsa_id, stated

_VERSIONED = re.compile(
    r"eservices\.clinic\.(?:activated|deactivated|region-changed)(?:\..*)?", re.DOTALL
)
_VALIDATORS = {name: TypeAdapter(model).validator for name, (model, _) in MODELS.items()}
_LONGEST_KEPT_TYPE = 256
_MOST_CLINICS = 65_536
# The same clinics come again and again, and each is compared in up to three places.
_normalised = lru_cache(maxsize=_MOST_CLINICS)(normalised)


class EventDecoder:
    """Decodes records of the topics, with the regions and the clock's tolerance as settings say."""

    def __init__(self, activation_topic: str, regions: Regions, max_future: timedelta) -> None:
        self._activation_topic = activation_topic
        self._regions = regions
        self._max_future = max_future
        self._quick = fast_decoder(regions)

    def decode(self, record: Record, now: datetime) -> DecodeResult:
        """Judge a record; `now` is the clock, in UTC. Raises for no record."""
        return self.decode_all([record], now)[0]

    def decode_all(self, records: Iterable[Record], now: datetime) -> list[DecodeResult]:
        """The same for one after the other."""
        quick, soon = self._quick, now + min(timestamps.CLOCKS_DIFFER, self._max_future)
        results: list[DecodeResult] = [quick(record) or self._read(record) for record in records]
        return [
            self._ahead(result, now) if isinstance(result, Event) and result.time > soon else result
            for result in results
        ]

    def _ahead(self, event: Event, now: datetime) -> Event | Rejection:
        """Judge an event that is ahead of the clock by more than clocks differ."""
        ahead = event.time - now
        if ahead <= self._max_future:
            return event._replace(seconds_ahead=int(ahead.total_seconds()))
        what = f"It is of {event.time:%Y-%m-%dT%H:%M:%SZ}, too far ahead of the clock."
        return Rejection(Reason.TIME_IN_FUTURE, what)

    def _read(self, record: Record) -> DecodeResult:
        if record.value is None:
            return self._tombstone(record)
        if isinstance(record.value, Excerpt):
            return _too_large(record.value)
        try:
            document = document_of(record.value, record.headers)
        except (ValueError, RecursionError):
            cause = likely_causes.of_invalid_json(record.value)
            return Rejection(
                Reason.INVALID_JSON, f"The value is not JSON in UTF-8. {cause}".rstrip()
            )
        if not isinstance(document, dict):
            return _invalid(
                "The value is not a JSON object.", likely_causes.of_non_object(document)
            )
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
            cause = likely_causes.of_unknown_region(region_code, self._regions)
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

    def _tombstone(self, record: Record) -> DecodeResult:
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
        f"The record is larger than {MAX_RECORD_BYTES} bytes, unpacked: {whole}. Only the first "
        f"{len(value)} bytes of the value are kept, so it cannot be redriven."
    )


def _no_type(document: dict[str, Any], record: Record) -> Rejection:
    cause = likely_causes.of_missing_type(document, record.headers)
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
    like = likely_causes.similar_known_type(name, MODELS)
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
