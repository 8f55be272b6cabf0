"""A consumer that no group knows, reading partitions from one offset to another.

It does not hang and does not skip: what the client gets stuck in is built anew at the offset that
was reached, and what a log has no more is said. The traps are those of docs/kafka-traps.md.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    LogTruncationError,
    OffsetOutOfRangeError,
)

from sync_worker.events.record import Partition
from sync_worker.stream import fitting, undecodable
from sync_worker.stream.fetching import bounded_consumer
from sync_worker.stream.fitting import Bounds
from sync_worker.stream.kafka_settings import MAX_POLL_RECORDS, KafkaSettings, groupless_options
from sync_worker.stream.member import DECODING_ERRORS
from sync_worker.stream.source import StreamError

Found = Mapping[TopicPartition, list[Any]]

_POLL_MS = 100
"""Short: the last poll of a range that ends in a gap waits it out."""
_QUESTION_MS = 2000
_CLOSE_MS = 2000
_BREATH_SECONDS = 0.1


class LoneReader:
    """The records of some partitions, each from where its bounds begin to where they end."""

    def __init__(self, settings: KafkaSettings, bounds: Mapping[Partition, Bounds]) -> None:
        self._settings = settings
        self._consumer: KafkaConsumer | None = None
        self.reached = {at: of.begin for at, of in bounds.items()}
        """The next offset of each partition, markers and other gaps passed over."""
        self.left = {at: of.end for at, of in bounds.items()}
        """The end of each partition that is not there yet."""

    def poll(self, max_records: int) -> Found | None:
        """What came within a moment; None where no partition moved.

        Raises:
            StreamError: a log does not reach where we read, holds what cannot be decoded, or may
                not be read by us.
        """
        found: Found = {}
        try:
            consumer = self._consumer or self._opened()
            found = consumer.poll(_POLL_MS, min(max_records, MAX_POLL_RECORDS))
        except (OffsetOutOfRangeError, LogTruncationError) as error:
            raise self._lost(error) from error
        except AuthorizationError as error:
            raise fitting.unauthorised(error) from error
        except (KafkaError, *DECODING_ERRORS) as error:
            self._recover(error)
        return self._moved(found)

    def close(self) -> None:
        """Let go of the connections."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with suppress(KafkaError, RuntimeError):  # its own thread may be gone
                consumer.close(autocommit=False, timeout_ms=_CLOSE_MS)

    def _opened(self) -> KafkaConsumer:
        consumer = bounded_consumer(groupless_options(self._settings))
        self._consumer = consumer
        consumer.assign([TopicPartition(*at) for at in self.left])
        for at in self.left:
            consumer.seek(TopicPartition(*at), self.reached[at])
        return consumer

    def _moved(self, found: Found) -> Found | None:
        """Note where each partition stands, and cut off what is beyond its end."""
        within = {tp: self._cut(Partition(*tp), new) for tp, new in found.items()}
        has_moved = bool(found)
        for at in list(self.left):
            offset = self._position(at)
            has_moved = has_moved or offset > self.reached[at]
            self.reached[at] = min(offset, self.left[at])
        self._drop_those_at_their_end()
        return within if has_moved else None

    def _cut(self, at: Partition, new: list[Any]) -> list[Any]:
        end = self.left[at]
        self.reached[at] = new[-1].offset + 1
        return new if new[-1].offset < end else [record for record in new if record.offset < end]

    def _position(self, at: Partition) -> int:
        """Past the last record where the log has a gap there: a marker, or what is compacted."""
        if self._consumer is None:
            return self.reached[at]
        try:
            offset = self._consumer.position(TopicPartition(*at), timeout_ms=_QUESTION_MS)
        except KafkaError:
            return self.reached[at]  # `poll` meets the same error, and it is dealt with there
        return max(self.reached[at], offset or 0)

    def _drop_those_at_their_end(self) -> None:
        """Fetch no more of them; pausing some partitions can stall others for ever (trap 2)."""
        left = {at: end for at, end in self.left.items() if self.reached[at] < end}
        if len(left) < len(self.left) and left and self._consumer is not None:
            self._consumer.assign([TopicPartition(*at) for at in left])
        self.left = left

    def _recover(self, error: BaseException) -> None:
        """Wait a moment for what passes; else go on with a new client (trap 7)."""
        if getattr(error, "retriable", False) or self._consumer is None:
            time.sleep(_BREATH_SECONDS)
            return
        self.close()
        offsets = {TopicPartition(*at): self.reached[at] for at in self.left}
        failure = undecodable.found_among(self._settings, offsets)
        if failure is not None:
            raise failure

    def _lost(self, error: BaseException) -> StreamError:
        places = ", ".join(f"{at.topic}/{at.partition} at {self.reached[at]}" for at in self.left)
        return StreamError(
            f"A log has no more what was to be read next: {places}.",
            f"Retention or a broker without all records took it meanwhile: {error}.",
            "Give the topics unlimited retention (sync-worker doctor), and begin again.",
        )
