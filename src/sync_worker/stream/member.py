"""A member of the group that does not hang: a consumer, and a new one where it gets stuck.

Knows partitions and offsets of the client, nothing of batches or of what the registry has.
"""

import struct
import time
import zlib
from collections.abc import Collection, Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import (
    AuthorizationError,
    FencedInstanceIdError,
    KafkaError,
    LogTruncationError,
    OffsetOutOfRangeError,
)

from sync_worker.stream import fitting, group_refusals
from sync_worker.stream.attempts import is_refusal
from sync_worker.stream.fetching import bounded_consumer
from sync_worker.stream.fitting import Bounds
from sync_worker.stream.kafka_settings import MAX_POLL_RECORDS, KafkaSettings, consumer_options
from sync_worker.stream.rebalance import Rebalance
from sync_worker.stream.source import StreamAway

Found = Mapping[TopicPartition, list[Any]]

CLIENT_POLL_SECONDS = 0.5
"""The longest single poll: nothing can wake one up, and signals do not interrupt it (trap 10)."""
_STABLE = "<stable>"
_QUESTION_MS = 2000
_CLOSE_MS = 2000
_BREATH_SECONDS = 0.1
"""Between two tries of what failed at once."""

DECODING_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What taking a batch of records apart can raise, and with it `poll`."""


class Member:
    """One place in the group. Not for use by several threads, except `is_stable` and `rebuilds`."""

    def __init__(self, settings: KafkaSettings, partitions: Collection[TopicPartition]) -> None:
        """Raise StreamAway where no broker answers."""
        self._settings = settings
        self._partitions = list(partitions)
        self._rebalance = Rebalance()
        self._unstable_since: float | None = None
        self.is_stable = False
        self.rebuilds = 0
        self.is_broken = False
        self.failures_in_a_row: list[BaseException] = []
        self._consumer: KafkaConsumer | None = None
        self._join()

    @property
    def owned(self) -> frozenset[TopicPartition]:
        """The partitions that are this member's."""
        return self._rebalance.owned

    @property
    def unplaced(self) -> frozenset[TopicPartition]:
        """Those of them that nobody has sought yet; all are paused as long as there are any."""
        return self._rebalance.unplaced

    def is_settled(self) -> bool:
        """Whether no rebalance is under way and every partition has its place."""
        return self.is_stable and not self.unplaced

    def poll(self, seconds: float, max_records: int) -> Found:
        """What has come within the time, at most half a second of it; builds anew what hangs.

        After an error inside the client the member `is_broken`: what was found before it stands,
        and the next poll begins with a new client.

        Raises:
            OffsetOutOfRangeError, LogTruncationError: a log does not reach our position.
            StreamError: this member may not go on.
        """
        if self.is_broken:
            self._rebuild()
        consumer = self._consumer or self._rejoined()
        if consumer is None:
            time.sleep(min(seconds, _BREATH_SECONDS))
            return {}
        milliseconds = max(0, int(min(seconds, CLIENT_POLL_SECONDS) * 1000))
        records = min(max_records, MAX_POLL_RECORDS)
        try:
            found: Found = consumer.poll(timeout_ms=milliseconds, max_records=records)
        except (OffsetOutOfRangeError, LogTruncationError):
            self._look_after(consumer)
            raise
        except (KafkaError, *DECODING_ERRORS) as error:
            self._judge(error)
            return {}
        self._look_after(consumer)
        if found:
            self.failures_in_a_row.clear()
        return found

    def next_offsets(self) -> dict[TopicPartition, int]:
        """Where each partition stands: past markers and other gaps, too, unlike the last record."""
        if self._consumer is None:
            return {}
        positions = {tp: self._position(self._consumer, tp) for tp in self.owned - self.unplaced}
        return {tp: offset for tp, offset in positions.items() if offset is not None}

    def is_behind(self, found: Found) -> bool:
        """Whether there is more in the logs of what was found."""
        if self._consumer is None:
            return False
        ends = {tp: self._consumer.highwater(tp) for tp in found if tp in self.owned}
        return any(end is not None and end > found[tp][-1].offset + 1 for tp, end in ends.items())

    def bounds(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, Bounds]:
        """Where the logs begin and end.

        Raises:
            StreamAway: after four seconds at most, or one of them has no leader now. The client
                leaves such a partition out, and then looks for it (KeyError).
        """
        if self._consumer is None:
            raise StreamAway("no broker answers")
        try:
            begins = self._consumer.beginning_offsets(list(partitions), timeout_ms=_QUESTION_MS)
            ends = self._consumer.end_offsets(list(partitions), timeout_ms=_QUESTION_MS)
        except (KafkaError, KeyError) as error:
            raise StreamAway(repr(error)) from error
        return {tp: Bounds(begins[tp], ends[tp]) for tp in partitions}

    def hold_back(self, partitions: Collection[TopicPartition]) -> None:
        """Pause, and read nothing of these until they are placed."""
        self._rebalance.hold_back(partitions)

    def place(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Read on from these offsets."""
        if self._consumer is not None:
            for partition, offset in offsets.items():
                self._consumer.seek(partition, offset)
            self._rebalance.placed(offsets)

    def pause(self) -> None:
        """Fetch nothing; polling goes on, and membership with it."""
        if self._consumer is not None:
            self._consumer.pause(*self.owned)

    def resume(self) -> None:
        """Fetch again, unless a partition waits for its place."""
        if self._consumer is not None and not self.unplaced:
            self._consumer.resume(*self.owned)

    def consumer(self) -> KafkaConsumer | None:
        """The client, where there is one and it may commit."""
        return self._consumer if self.is_stable else None

    def close(self) -> None:
        """Leave the group, so that others take over at once."""
        consumer, self._consumer = self._consumer, None
        self.is_stable = False
        if consumer is not None:
            try:
                consumer.close(autocommit=False, timeout_ms=_CLOSE_MS)
            except (KafkaError, RuntimeError):
                return  # its own thread is gone; the group notices by the session's time-out

    def _join(self) -> None:
        self._rebalance = Rebalance()
        self._unstable_since = None
        try:
            consumer = bounded_consumer(consumer_options(self._settings))
        except (KafkaError, OSError) as error:
            raise self._settings.attempts.away(error) from error
        self._rebalance.of(consumer)
        consumer.subscribe(list(self._settings.topics), listener=self._rebalance)
        self._consumer = consumer
        self._load_metadata(consumer)

    def _load_metadata(self, consumer: KafkaConsumer) -> None:
        """Know all partitions before joining: else the first assignment is empty (trap 1)."""
        try:
            consumer.beginning_offsets(self._partitions, timeout_ms=_QUESTION_MS)
        except (KafkaError, KeyError):
            return  # it joins without, and takes a rebalance more

    def _rejoined(self) -> KafkaConsumer | None:
        try:
            self._join()
        except StreamAway:
            return None
        return self._consumer

    def _judge(self, error: BaseException) -> None:
        if isinstance(error, FencedInstanceIdError):
            raise fitting.fenced(
                self._settings.group_instance_id, self._settings.group_id
            ) from error
        if isinstance(error, AuthorizationError):
            raise fitting.unauthorised(error) from error
        refusal = group_refusals.refusal_of(error, self._settings.group_id)
        if refusal is not None:
            raise refusal from error
        is_passing = isinstance(error, KafkaError) and error.retriable
        if is_passing or is_refusal(error):
            time.sleep(_BREATH_SECONDS)
            return
        self.failures_in_a_row.append(error)
        self.is_broken = True

    def _look_after(self, consumer: KafkaConsumer) -> None:
        """Notice what `poll` does not say: that the member hangs in a rejoin (trap 1)."""
        self.is_stable = consumer.group_metadata().state == _STABLE
        if self._rebalance.failure is not None:
            self.is_broken = True
        elif self.is_stable:
            self._unstable_since = None
        elif self._unstable_since is None:
            self._unstable_since = time.monotonic()
        elif time.monotonic() - self._unstable_since > self._settings.session_timeout_ms / 1000:
            self.is_broken = True

    def _rebuild(self) -> None:
        self.rebuilds += 1
        self.is_broken = False
        self.close()
        self._rebalance = Rebalance()

    @staticmethod
    def _position(consumer: KafkaConsumer, partition: TopicPartition) -> int | None:
        try:
            offset: int | None = consumer.position(partition, timeout_ms=_QUESTION_MS)
        except KafkaError:
            return None  # `poll` meets the same error, and it is dealt with there
        return offset
