"""What a topic's options would do to records that are published into it. Pure.

A broker replaces timestamps silently, and rejects a record in the middle of others: so both are
config before the first record is sent.
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
"""The attributes, and the offset and timestamp as differences from the batch's, which are 0."""


@dataclass(slots=True)
class RecordExtremes:
    """Of the records for a topic, those that its options are most likely to reject or change."""

    oldest: Record | None = None
    newest: Record | None = None
    largest: Record | None = None
    largest_bytes: int = 0
    without_key: Record | None = None
    stamped_tombstone: Record | None = None
    """A tombstone with a timestamp that a broker set."""

    def add(self, record: Record) -> None:
        """Compare with a record; of equal ones the first is kept."""
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
    """The size of a batch with this record alone, uncompressed, as a broker counts it."""
    content = (record.key, record.value, *(part for header in record.headers for part in header))
    size = _RECORD_HEADER_BYTES + size_of_varint(len(record.headers))
    for part in content:
        length = -1 if part is None else len(part.encode() if isinstance(part, str) else part)
        size += size_of_varint(length) + max(0, length)
    return int(_BATCH_HEADER_BYTES + size_of_varint(size) + size)


def changes(config: Mapping[str, str], records: RecordExtremes) -> Iterator[str]:
    """Sentences on what would not stay as it is; `config` are the topic's options."""
    if config.get("message.timestamp.type") == LOG_APPEND_TIME:
        yield f"its message.timestamp.type is {LOG_APPEND_TIME}: the broker sets each timestamp"
    elif (tombstone := records.stamped_tombstone) is not None:
        yield (
            f"the tombstone {_place(tombstone)} has a timestamp that a broker set, and would have "
            "one there that counts as the producer's"
        )


def refusals(config: Mapping[str, str], records: RecordExtremes, now: datetime) -> Iterator[str]:
    """Sentences on what the broker would reject; a limit that it does not tell is not checked."""
    most = config.get("max.message.bytes")
    if most is not None and records.largest is not None and records.largest_bytes > int(most):
        yield (
            f"{_place(records.largest)} takes {records.largest_bytes} bytes, and its "
            f"max.message.bytes is {most}"
        )
    if records.without_key is not None and "compact" in config.get("cleanup.policy", ""):
        yield f"{_place(records.without_key)} has no key, which a compacted topic does not take"
    if config.get("message.timestamp.type") != LOG_APPEND_TIME:
        yield from _wrong_timestamps(config, records, now)


def _wrong_timestamps(
    config: Mapping[str, str], records: RecordExtremes, now: datetime
) -> Iterator[str]:
    now_ms = (now - _EPOCH) // timedelta(milliseconds=1)
    any_age = "message.timestamp.difference.max.ms"  # of brokers before Kafka 3.6
    for option, record, sign in (
        ("message.timestamp.before.max.ms", records.oldest, -1),
        ("message.timestamp.after.max.ms", records.newest, 1),
    ):
        name = option if option in config else any_age
        if record is None or record.timestamp_ms is None or name not in config:
            continue
        if sign * (record.timestamp_ms - now_ms) > int(config[name]):
            reason = "old" if sign < 0 else "far in the future"
            yield f"{_place(record)} has a timestamp too {reason} for its {name}={config[name]}"


def _place(record: Record) -> str:
    return f"offset {record.offset} of partition {record.partition}"
