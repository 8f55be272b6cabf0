"""The event decoder: every rule of contract 1 that needs no more than a record and the clock. Pure.

The order of the checks is the contract's: tombstone rules, JSON, type, the event's form, identity,
region, clock. Ordinary records take the shortcut of `fast_decoder`.
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
from sync_worker.instants import to_the_second

_VERSIONED = re.compile(
    f"(?:{'|'.join(re.escape(name.removesuffix('.v1')) for name in MODELS)})(?:\\..*)?", re.DOTALL
)
_VALIDATORS = {name: TypeAdapter(model).validator for name, (model, _) in MODELS.items()}
_MAX_CACHED_TYPE_LENGTH = 256
_MAX_CACHED_HSA_IDS = 65_536
# The same clinics come again and again, and each record names its clinic up to three times.
_normalised = lru_cache(maxsize=_MAX_CACHED_HSA_IDS)(normalised)


class EventDecoder:
    """Decodes records.

    `regions` are the codes in use. An event is rejected if it is further ahead of the clock than
    `max_future`. Null values are tombstones on the `activation_topic` only.
    """

    def __init__(self, activation_topic: str, regions: Regions, max_future: timedelta) -> None:
        self._activation_topic = activation_topic
        self._regions = regions
        self._max_future = max_future
        self._fast_decode = fast_decoder(regions)

    def decode(self, record: Record, now: datetime) -> DecodeResult:
        """Decode a record; `now` is the clock, in UTC. Never raises, whatever the record holds."""
        return self.decode_all([record], now)[0]

    def decode_all(self, records: Iterable[Record], now: datetime) -> list[DecodeResult]:
        """Decode records, in this order."""
        fast_decode, soon = self._fast_decode, now + min(timestamps.CLOCKS_DIFFER, self._max_future)
        results: list[DecodeResult] = [
            fast_decode(record) or self._decode(record) for record in records
        ]
        return [
            self._check_ahead(result, now)
            if isinstance(result, Event) and result.time > soon
            else result
            for result in results
        ]

    def _check_ahead(self, event: Event, now: datetime) -> Event | Rejection:
        """Mark or reject an event that is further ahead of the clock than clocks differ."""
        ahead = event.time - now
        if ahead <= self._max_future:
            return event._replace(seconds_ahead=int(ahead.total_seconds()))
        detail = f"Its time, {to_the_second(event.time)}, is too far ahead of the clock."
        return Rejection(Reason.TIME_IN_FUTURE, detail)

    def _decode(self, record: Record) -> DecodeResult:
        if record.value is None:
            return self._decode_tombstone(record)
        if isinstance(record.value, Excerpt):
            return _too_large(record.value)
        try:
            document = document_of(record.value, record.headers)
        except (ValueError, RecursionError):
            return _reject(
                Reason.INVALID_JSON,
                "The value is not JSON in UTF-8.",
                likely_causes.of_invalid_json(record.value),
            )
        if not isinstance(document, dict):
            return _invalid(
                "The value is not a JSON object.", likely_causes.of_non_object(document)
            )
        event_type = document.get("type")
        if not isinstance(event_type, str) or event_type not in _VALIDATORS:
            return _decode_unknown_type(event_type, document, record)
        try:
            known = _VALIDATORS[event_type].validate_python(document)
        except ValidationError as error:
            return _invalid(problem(error))
        return self._decode_document(record.key, known)

    def _decode_document(self, key: bytes | None, document: KnownDocument) -> Event | Rejection:
        data = document.data
        is_short = len(data.hsa_id) <= MAX_LENGTH_FROM_EVENTS
        hsa_id = (_normalised if is_short else normalised)(data.hsa_id)
        mismatch = _mismatch(key, document.subject, hsa_id)
        if mismatch is not None:
            return Rejection(Reason.IDENTITY_MISMATCH, mismatch)
        region_code = data.stated_region
        if region_code is not None and region_code not in self._regions:
            return _reject(
                Reason.UNKNOWN_REGION,
                f"`data.regionCode` is {quoted(region_code)}, which is not a region code.",
                likely_causes.of_unknown_region(region_code, self._regions),
            )
        name_dropped = data.name is not None and len(data.name) > MAX_NAME_LENGTH
        return Event(
            hsa_id,
            document.id,
            document.time,
            stated(document.sequence) or "",
            document.activation,
            region_code,
            None if name_dropped else stated(data.name),
            name_dropped,
        )

    def _decode_tombstone(self, record: Record) -> DecodeResult:
        """Decode a null value to a deactivation at the record's timestamp."""
        if record.topic != self._activation_topic:
            return Ignored("A tombstone has a meaning on the activation topic only.")
        if record.timestamp_ms is None:
            return _invalid("A tombstone has no timestamp.")
        if record.is_log_append_time:
            return _invalid(
                "A tombstone's timestamp was set by the broker (LogAppendTime): it says when the "
                "record was written, not when the clinic left the e-services."
            )
        try:
            time = timestamps.instant_of_timestamp(record.timestamp_ms)
        except ValueError:
            return _invalid("A tombstone's timestamp is outside the years 1 to 9999.")
        key = text_of(record.key)
        if not isinstance(key, str) or is_blank(key):
            return Rejection(Reason.IDENTITY_MISMATCH, "A tombstone has no key in UTF-8.")
        if not is_hsa_id(key):
            return _invalid(
                f"A tombstone's key is not 1 to {MAX_LENGTH_FROM_EVENTS} characters without blanks."
            )
        return Event(normalised(key), "", time, "", active=False)


def _too_large(value: Excerpt) -> Rejection:
    if value.sha256 is not None:
        size = f"its value has {value.size} bytes with the SHA-256 {value.sha256}"
    elif value.size:
        size = f"its value has {value.size} bytes, more than are read"
    else:
        size = "its batch unpacks to more than is read"
    return _invalid(
        f"The record is larger than {MAX_RECORD_BYTES} bytes, unpacked: {size}. Only the first "
        f"{len(value)} bytes of the value are kept, so it cannot be redriven."
    )


def _decode_unknown_type(
    event_type: object, document: dict[str, Any], record: Record
) -> Ignored | Rejection:
    if event_type is None:
        cause = likely_causes.of_missing_type(document, record.headers)
        return _invalid("`type` is missing or null.", cause)
    if not isinstance(event_type, str):
        return _invalid("`type` is not a string.")
    if is_blank(event_type):
        return _invalid("`type` is blank.")
    if _VERSIONED.fullmatch(event_type) is None:
        # A long type is not cached: it may be as large as a record.
        is_long = len(event_type) > _MAX_CACHED_TYPE_LENGTH
        return (_ignore_type.__wrapped__ if is_long else _ignore_type)(event_type)
    detail = f"`type` is {quoted(event_type)}, but only version .v1 is supported."
    return Rejection(Reason.UNSUPPORTED_VERSION, detail)


# The same few types come again and again.
@lru_cache(maxsize=256)
def _ignore_type(event_type: str) -> Ignored:
    detail = f"`type` is {quoted(event_type)}, which is unknown to this program."
    name = type_name(event_type)
    similar = likely_causes.similar_known_type(name, MODELS)
    return Ignored(detail if similar is None else f"{detail} It looks like {similar}.", name)


def _mismatch(key: bytes | None, subject: str | None, hsa_id: str) -> str | None:
    """What is wrong if the key or the subject names another clinic."""
    key_text = text_of(key)
    if isinstance(key_text, bytes):
        return "The record's key is not UTF-8."
    # Neither is quoted: staff share the id space, and people put other numbers in its place.
    if not _names(key_text, hsa_id):
        return "The record's key names another clinic than `data.hsaId`."
    if not _names(subject, hsa_id):
        return "`subject` names another clinic than `data.hsaId`."
    return None


def _names(text: str | None, hsa_id: str) -> bool:
    return text is None or text == hsa_id or is_blank(text) or normalised(text) == hsa_id


def _invalid(detail: str, cause: str = "") -> Rejection:
    return _reject(Reason.INVALID_EVENT, detail, cause)


def _reject(reason: Reason, detail: str, cause: str) -> Rejection:
    return Rejection(reason, f"{detail} {cause}".rstrip())
