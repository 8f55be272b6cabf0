"""Which clinics a record names, be it an event or not: for people who look for a clinic."""

from typing import Any

from sync_worker.clinics.hsa_id import is_blank, normalised
from sync_worker.events.codec import document_of, text_of
from sync_worker.events.record import Record


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
