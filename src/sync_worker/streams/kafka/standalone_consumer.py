"""A consumer without a group, which reads partitions from one offset to another.

It does not hang and does not skip records: where the client gets stuck, a new one continues at the
offset that was reached, and what a log no longer has is reported. The traps are those of
docs/kafka-traps.md.
"""

import time
from collections.abc import Mapping
from contextlib import suppress

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    LogTruncationError,
    OffsetOutOfRangeError,
)

from sync_worker.events.record import Partition, Record
from sync_worker.remedies import Remedy
from sync_worker.streams import checks
from sync_worker.streams.checks import Bounds
from sync_worker.streams.kafka.consumer import (
    UNPACKING_ERRORS,
    FetchedRecords,
    bounded_consumer,
    bytes_polled,
)
from sync_worker.streams.kafka.refusals import is_refusal
from sync_worker.streams.kafka.rights import Operation, missing_right
from sync_worker.streams.kafka.settings import MAX_POLL_RECORDS, KafkaSettings, standalone_options
from sync_worker.streams.protocol import StreamError

_POLL_TIMEOUT_MS = 100
"""Short, since the last poll of a range that ends in a gap waits for all of it."""
_POSITION_TIMEOUT_MS = 2000
_CLOSE_TIMEOUT_MS = 2000
_RETRY_DELAY_SECONDS = 0.1
_PROBE_POLLS = 4
_PROBE_POLL_TIMEOUT_MS = 500


class StandaloneConsumer:
    """The records of some partitions, each from where its bounds begin to where they end."""

    def __init__(self, settings: KafkaSettings, bounds: Mapping[Partition, Bounds]) -> None:
        self._settings = settings
        self._consumer: KafkaConsumer | None = None
        self.next_offsets = {partition: b.begin for partition, b in bounds.items()}
        """The position in each partition, past transaction markers and other gaps (trap 8)."""
        self.remaining = {partition: b.end for partition, b in bounds.items()}
        """The ends of the partitions that are not at their end."""
        self.bytes_polled = 0
        """The size of the records that the last poll returned, unpacked."""

    def poll(self, max_records: int) -> FetchedRecords | None:
        """Records that arrive within a moment; None where no position has moved.

        Raises:
            StreamError: a log does not have our position, holds a batch that cannot be unpacked, or
                may not be read by us.
        """
        fetched: FetchedRecords = {}
        self.bytes_polled = 0
        try:
            consumer = self._consumer or self._open()
            fetched = consumer.poll(_POLL_TIMEOUT_MS, min(max_records, MAX_POLL_RECORDS))
            self.bytes_polled = bytes_polled(consumer)
        except (OffsetOutOfRangeError, LogTruncationError) as error:
            raise self._position_lost(error) from error
        except AuthorizationError as error:
            raise missing_right(error, Operation.READ, self._settings) from error
        except (KafkaError, *UNPACKING_ERRORS) as error:
            self._recover(error)
        return self._advance(fetched)

    def close(self) -> None:
        """Close the connections."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with suppress(KafkaError, RuntimeError):  # its own thread may have ended
                consumer.close(autocommit=False, timeout_ms=_CLOSE_TIMEOUT_MS)

    def _open(self) -> KafkaConsumer:
        consumer = bounded_consumer(standalone_options(self._settings))
        self._consumer = consumer
        consumer.assign([TopicPartition(*partition) for partition in self.remaining])
        for partition in self.remaining:
            consumer.seek(TopicPartition(*partition), self.next_offsets[partition])
        return consumer

    def _advance(self, fetched: FetchedRecords) -> FetchedRecords | None:
        """Note the positions, and drop records beyond the ends."""
        within: dict[TopicPartition, list[Record]] = {}
        for tp, records in fetched.items():
            end, last = self.remaining[Partition(*tp)], records[-1].offset
            self.next_offsets[Partition(*tp)] = last + 1
            within[tp] = records if last < end else [r for r in records if r.offset < end]
        has_moved = bool(fetched)
        for partition, end in self.remaining.items():
            offset = self._position(partition)
            has_moved = has_moved or offset > self.next_offsets[partition]
            self.next_offsets[partition] = min(offset, end)
        self._unassign_finished()
        return within if has_moved else None

    def _position(self, partition: Partition) -> int:
        """Past the last record where the log has a gap there: a marker, or what is compacted."""
        reached = self.next_offsets[partition]
        if self._consumer is not None:
            with suppress(KafkaError):  # `poll` meets the same error, and handles it
                position = self._consumer.position(
                    TopicPartition(*partition), timeout_ms=_POSITION_TIMEOUT_MS
                )
                return max(reached, position or 0)
        return reached

    def _unassign_finished(self) -> None:
        """Fetch no more of partitions at their end. To pause them could stall others (trap 2)."""
        remaining = {p: end for p, end in self.remaining.items() if self.next_offsets[p] < end}
        has_finished = len(remaining) < len(self.remaining)
        if has_finished and remaining and self._consumer is not None:
            self._consumer.assign([TopicPartition(*partition) for partition in remaining])
        self.remaining = remaining

    def _recover(self, error: BaseException) -> None:
        """Wait a moment where the error may pass, else continue with a new client (trap 7)."""
        if getattr(error, "retriable", False) or self._consumer is None:
            time.sleep(_RETRY_DELAY_SECONDS)
            return
        self.close()
        offsets = {TopicPartition(*p): self.next_offsets[p] for p in self.remaining}
        failure = find_corrupt_batch(self._settings, offsets)
        if failure is not None:
            raise failure

    def _position_lost(self, error: BaseException) -> StreamError:
        positions = ", ".join(
            f"{p.topic}/{p.partition} at {self.next_offsets[p]}" for p in self.remaining
        )
        return StreamError(
            f"A log no longer has the records that were to be read next: {positions}.",
            "Retention deleted them while the range was read, or a broker without all records "
            f"became the leader: {error}.",
            Remedy.KEEP_RECORDS(),
        )


def find_corrupt_batch(
    settings: KafkaSettings, offsets: Mapping[TopicPartition, int]
) -> StreamError | None:
    """Say at which of these offsets the client fails; None where at none, or no broker answers.

    What `poll` raises does not name the partition, so each is tried alone, outside the group.
    """
    for partition, offset in sorted(offsets.items()):
        error = _unpacking_error_at(settings, partition, offset)
        if error is not None:
            return checks.corrupt_batch(Partition(*partition), offset, error)
    return None


def _unpacking_error_at(
    settings: KafkaSettings, partition: TopicPartition, offset: int
) -> BaseException | None:
    try:
        consumer = bounded_consumer(standalone_options(settings))
    except (KafkaError, OSError):
        return None
    try:
        consumer.assign([partition])
        consumer.seek(partition, offset)
        for _ in range(_PROBE_POLLS):
            if consumer.poll(timeout_ms=_PROBE_POLL_TIMEOUT_MS):
                break
    except (KafkaError, *UNPACKING_ERRORS) as error:
        is_transient = getattr(error, "retriable", False) or is_refusal(error)
        return None if is_transient else error
    finally:
        consumer.close(autocommit=False, timeout_ms=_CLOSE_TIMEOUT_MS)
    return None
