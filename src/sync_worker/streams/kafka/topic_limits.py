"""What a topic's configuration would do to records that are published into it. Pure.

A broker replaces a timestamp without a word, and refuses a record in the middle of others: so both
are found before the first record is sent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kafka.record.util import size_of_varint

from sync_worker.events.record import Record

LOG_APPEND_TIME = "LogAppendTime"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BATCH_HEADER_BYTES = 61
_RECORD_HEADER_BYTES = 3
"""Attributes, and no difference in offset and timestamp to the batch's first record."""


@dataclass(slots=True)
class RecordExtremes:
    """Of the records for one topic, those that its configuration could have something against."""

    oldest: Record | None = None
    newest: Record | None = None
    largest: Record | None = None
    largest_bytes: int = 0
    without_key: Record | None = None
    stamped_tombstone: Record | None = None
    """A tombstone with a timestamp that a broker set."""

    def add(self, record: Record) -> None:
        """Take a record into account; of equal ones the first one is kept."""
        if record.timestamp_ms is not None:
            if self.oldest is None or record.timestamp_ms < (self.oldest.timestamp_ms or 0):
                self.oldest = record
            if self.newest is None or record.timestamp_ms > (self.newest.timestamp_ms or 0):
                self.newest = record
        if (size := batch_bytes(record)) > self.largest_bytes:
            self.largest, self.largest_bytes = record, size
        if record.key is None:
            self.without_key = self.without_key or record
        if record.value is None and record.is_log_append_time:
            self.stamped_tombstone = self.stamped_tombstone or record


def batch_bytes(record: Record) -> int:
    """The least that a batch with this record takes, not compressed, as a broker counts it."""
    content = (record.key, record.value, *(part for header in record.headers for part in header))
    parts = (part.encode() if isinstance(part, str) else part for part in content)
    size = _RECORD_HEADER_BYTES + _varint(len(record.headers)) + sum(map(_part_bytes, parts))
    return _BATCH_HEADER_BYTES + _varint(size) + size


def changes(found: Mapping[str, str], contents: RecordExtremes) -> Iterator[str]:
    """Sentences on what would not stay as it is; `found` is the topic's configuration."""
    if found.get("message.timestamp.type") == LOG_APPEND_TIME:
        yield f"its message.timestamp.type is {LOG_APPEND_TIME}: the broker sets each timestamp"
    elif (tombstone := contents.stamped_tombstone) is not None:
        yield (
            f"the tombstone {_place(tombstone)} has a timestamp that a broker set, and would have "
            "one there that counts as the producer's"
        )


def refusals(found: Mapping[str, str], contents: RecordExtremes, now: datetime) -> Iterator[str]:
    """Sentences on what the broker would refuse; a limit that it does not tell refuses nothing."""
    most = found.get("max.message.bytes")
    if most is not None and contents.largest is not None and contents.largest_bytes > int(most):
        yield (
            f"{_place(contents.largest)} takes {contents.largest_bytes} bytes, and its "
            f"max.message.bytes is {most}"
        )
    if contents.without_key is not None and "compact" in found.get("cleanup.policy", ""):
        yield f"{_place(contents.without_key)} has no key, which a compacted topic does not take"
    if found.get("message.timestamp.type") != LOG_APPEND_TIME:
        yield from _out_of_time(found, contents, now)


def _out_of_time(
    found: Mapping[str, str], contents: RecordExtremes, now: datetime
) -> Iterator[str]:
    now_ms = (now - _EPOCH) // timedelta(milliseconds=1)
    either = "message.timestamp.difference.max.ms"  # of brokers before Kafka 3.6
    for option, record, sign in (
        ("message.timestamp.before.max.ms", contents.oldest, -1),
        ("message.timestamp.after.max.ms", contents.newest, 1),
    ):
        name = option if option in found else either
        if record is None or record.timestamp_ms is None or name not in found:
            continue
        if sign * (record.timestamp_ms - now_ms) > int(found[name]):
            is_how = "old" if sign < 0 else "far in the future"
            yield f"{_place(record)} has a timestamp too {is_how} for its {name}={found[name]}"


def _part_bytes(part: bytes | None) -> int:
    length = -1 if part is None else len(part)
    return _varint(length) + max(0, length)


def _varint(number: int) -> int:
    return int(size_of_varint(number))


def _place(record: Record) -> str:
    return f"offset {record.offset} of partition {record.partition}"
