"""When the first record at or after an offset was written, outside of any group.

It is for people who look at a backlog: what cannot be read within a moment stays unknown.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from sync_worker.events.record import Partition
from sync_worker.events.timestamps import instant_of_timestamp
from sync_worker.streams.checks import Bounds
from sync_worker.streams.kafka.consumer import UNPACKING_ERRORS, FetchedRecords, bounded_consumer
from sync_worker.streams.kafka.settings import KafkaSettings, peeking_options

_MAX_SECONDS = 3.0
_POLL_TIMEOUT_MS = 100
_POSITION_TIMEOUT_MS = 500
_CLOSE_TIMEOUT_MS = 500
_MAX_RECORDS = 100
"""Of a poll: one of each partition is enough, and an answer brings a batch at least."""


def first_timestamps(
    settings: KafkaSettings, bounds: Mapping[Partition, Bounds]
) -> dict[Partition, datetime | None]:
    """The time of the first record in each of these parts of logs.

    None where there is no record but transaction markers and other gaps (trap 8). A part is left
    out where the record has no time, or was not read in three seconds, for whatever reason.
    """
    first = _FirstRecords(settings, bounds)
    deadline = time.monotonic() + _MAX_SECONDS
    try:
        # What ends it: a batch that cannot be unpacked, a log that has lost the offset, no answer.
        with suppress(KafkaError, *UNPACKING_ERRORS):
            while first.remaining and time.monotonic() < deadline:
                first.poll()
    finally:
        first.close()
    return first.found


class _FirstRecords:
    def __init__(self, settings: KafkaSettings, bounds: Mapping[Partition, Bounds]) -> None:
        self._settings = settings
        self._consumer: KafkaConsumer | None = None
        self.remaining = {p: part for p, part in bounds.items() if part.begin < part.end}
        self.found: dict[Partition, datetime | None] = {}

    def poll(self) -> None:
        """Look at what arrives within a moment."""
        consumer = self._consumer or self._open()
        before = len(self.remaining)
        self._note(consumer.poll(_POLL_TIMEOUT_MS, _MAX_RECORDS))
        for partition, part in list(self.remaining.items()):
            tp = TopicPartition(*partition)
            position = consumer.position(tp, timeout_ms=_POSITION_TIMEOUT_MS)
            if position is not None and position >= part.end:
                del self.remaining[partition]
                self.found[partition] = None
        if 0 < len(self.remaining) < before:
            consumer.assign([TopicPartition(*partition) for partition in self.remaining])

    def close(self) -> None:
        if self._consumer is not None:
            with suppress(KafkaError, RuntimeError):  # its own thread may have ended
                self._consumer.close(autocommit=False, timeout_ms=_CLOSE_TIMEOUT_MS)

    def _open(self) -> KafkaConsumer:
        self._consumer = consumer = bounded_consumer(peeking_options(self._settings))
        consumer.assign([TopicPartition(*partition) for partition in self.remaining])
        for partition, part in self.remaining.items():
            consumer.seek(TopicPartition(*partition), part.begin)
        return consumer

    def _note(self, fetched: FetchedRecords) -> None:
        for tp, records in fetched.items():
            part, first = self.remaining.pop(Partition(*tp), None), records[0]
            if part is not None and first.offset >= part.end:
                self.found[Partition(*tp)] = None
            elif part is not None and first.timestamp_ms is not None:
                self.found[Partition(*tp)] = instant_of_timestamp(first.timestamp_ms)
