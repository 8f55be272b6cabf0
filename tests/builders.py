"""Readable test data: events in shorthand, the records that carry them, and archives of those."""

import base64
import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sync_worker.events.record import Headers, Record

ACTIVATION = "eservices.clinic.activation"
REGION = "eservices.clinic.region"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
EPOCH_MS = 1_767_225_600_000
STRUCTURED: Headers = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)

Event = dict[str, Any]
Time = str | float | datetime

_ATTRIBUTES = {"specversion", "id", "source", "type", "subject", "sequence", "datacontenttype"}


def activated(hsa_id: str, time: Time, **more: Any) -> Event:
    """Build an activation; `more` is data (regionCode, name) and CloudEvents attributes by name.

    `time` is an instant, text as it stands, or minutes after 2026 began. An attribute of None is
    left out.
    """
    return event("eservices.clinic.activated.v1", hsa_id, time, **more)


def deactivated(hsa_id: str, time: Time, **more: Any) -> Event:
    return event("eservices.clinic.deactivated.v1", hsa_id, time, **more)


def region_changed(hsa_id: str, time: Time, region_code: str, **more: Any) -> Event:
    return event("eservices.clinic.region-changed.v1", hsa_id, time, regionCode=region_code, **more)


def event(event_type: str, hsa_id: str, time: Time, **more: Any) -> Event:
    moment = instant(time)
    envelope = {
        "specversion": "1.0",
        "id": f"e-{event_type.split('.')[-2]}-{hsa_id}-{moment}",
        "source": "/eservices/clinics",
        "type": event_type,
        "subject": hsa_id,
        "time": moment,
        "datacontenttype": "application/json",
        **{name: value for name, value in more.items() if name in _ATTRIBUTES},
    }
    data = {name: value for name, value in more.items() if name not in _ATTRIBUTES}
    stated = {name: value for name, value in envelope.items() if value is not None}
    return {**stated, "data": {"hsaId": hsa_id, **data}}


def instant(time: Time) -> str:
    """Write a time as an event does; text is left as it is."""
    if isinstance(time, str):
        return time
    moment = time if isinstance(time, datetime) else EPOCH + timedelta(minutes=time)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def record(
    content: Event | bytes | None,
    *,
    topic: str | None = None,
    partition: int = 0,
    offset: int = 0,
    key: str | bytes | None = "",
    timestamp_ms: int | None = EPOCH_MS,
    headers: Headers = STRUCTURED,
    is_log_append_time: bool = False,
) -> Record:
    """Put an event, bytes or a tombstone into a record.

    Without a topic, it is the one of the event's type; without a key (""), the event's HSA-id.
    """
    described = content if isinstance(content, dict) else {}
    moved = "region-changed" in str(described.get("type"))
    named = described.get("data", {}).get("hsaId") if key == "" else key
    return Record(
        topic=topic or (REGION if moved else ACTIVATION),
        partition=partition,
        offset=offset,
        timestamp_ms=timestamp_ms,
        key=named.encode() if isinstance(named, str) else named,
        value=json.dumps(content, ensure_ascii=False).encode()
        if isinstance(content, dict)
        else content,
        headers=headers,
        is_log_append_time=is_log_append_time,
    )


def numbered(contents: Iterable[Event | bytes | None], **more: Any) -> list[Record]:
    """Put contents into records of one partition, one after the other from offset 0."""
    return [record(content, offset=offset, **more) for offset, content in enumerate(contents)]


def archive_line(written: Record, **changed: Any) -> bytes:
    """Write a record as `kcat -J` prints it, in base64 where its bytes are not UTF-8.

    `changed` replaces members of the line; one of None is written as null.
    """
    line = {
        "topic": written.topic,
        "partition": written.partition,
        "offset": written.offset,
        "tstype": _timestamp_type(written),
        "ts": -1 if written.timestamp_ms is None else written.timestamp_ms,
        **_member("headers", written.headers),
        **_member("key", written.key),
        **_member("payload", written.value),
        **changed,
    }
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _timestamp_type(written: Record) -> str:
    if written.timestamp_ms is None:
        return "unknown"
    return "logappend" if written.is_log_append_time else "create"


def write_archive(path: Path, records: Iterable[Record]) -> Path:
    """Write the records as an archive, packed where the path ends so."""
    return write_lines(path, (archive_line(written) for written in records))


def write_lines(path: Path, lines: Iterable[bytes]) -> Path:
    content = b"".join(lines)
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
    return path


def _member(name: str, content: Headers | bytes | None) -> dict[str, Any]:
    try:
        return {name: _written(content, bytes.decode)}
    except UnicodeDecodeError:
        return {f"{name}_b64": _written(content, lambda raw: base64.b64encode(raw).decode())}


def _written(content: Headers | bytes | None, text: Any) -> Any:
    if isinstance(content, tuple):
        flat = [part for pair in content for part in pair]
        return [text(part) if isinstance(part, bytes) else part for part in flat]
    return None if content is None else text(content)
