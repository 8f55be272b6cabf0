"""A member of the group that does not hang: a consumer, and a new one where it gets stuck.

Knows partitions and offsets of the client, nothing of batches or of what the registry has.
"""

import struct
import time
import zlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import (
    AuthorizationError,
    FencedInstanceIdError,
    GroupMaxSizeReachedError,
    InconsistentGroupProtocolError,
    InvalidGroupIdError,
    InvalidSessionTimeoutError,
    KafkaError,
    LogTruncationError,
    OffsetOutOfRangeError,
    UnsupportedVersionError,
)

from sync_worker.events.record import Record
from sync_worker.remedies import Advice, Remedy
from sync_worker.streams import checks
from sync_worker.streams.checks import Bounds, error_message
from sync_worker.streams.kafka.client import bounded_consumer, bytes_polled
from sync_worker.streams.kafka.login import is_refusal
from sync_worker.streams.kafka.settings import MAX_POLL_RECORDS, KafkaSettings, consumer_options
from sync_worker.streams.protocol import StreamError, StreamUnavailable

Found = Mapping[TopicPartition, list[Record]]

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


class GroupMember:
    """One place in the group. Not for use by several threads, except `is_stable` and `rebuilds`."""

    def __init__(self, settings: KafkaSettings, partitions: Collection[TopicPartition]) -> None:
        """Raise StreamAway where no broker answers."""
        self._settings = settings
        self._partitions = list(partitions)
        self._rebalance = RebalanceListener()
        self._unstable_since: float | None = None
        self.is_stable = False
        self.rebuilds = 0
        self.needs_rebuild = False
        self.consecutive_errors: list[BaseException] = []
        self._consumer: KafkaConsumer | None = None
        self.bytes_polled = 0
        """The size of what the last poll returned, unpacked."""
        self._join()

    @property
    def owned(self) -> frozenset[TopicPartition]:
        """The partitions that are this member's."""
        return self._rebalance.owned

    @property
    def unpositioned(self) -> frozenset[TopicPartition]:
        """Those of them that nobody has sought yet; all are paused as long as there are any."""
        return self._rebalance.unpositioned

    def is_settled(self) -> bool:
        """Whether no rebalance is under way and every partition has its place."""
        return self.is_stable and not self.unpositioned

    def poll(self, seconds: float, max_records: int) -> Found:
        """What has come within the time, at most half a second of it; builds anew what hangs.

        After an error inside the client, the member `needs_rebuild`; records read before it stand,
        and the next poll begins with a new client.

        Raises:
            OffsetOutOfRangeError, LogTruncationError: a log does not reach our position.
            StreamError: this member may not go on.
        """
        self.bytes_polled = 0
        if self.needs_rebuild:
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
            self.bytes_polled = bytes_polled(consumer)
            self.consecutive_errors.clear()
        return found

    def next_offsets(self) -> dict[TopicPartition, int]:
        """Where each partition stands: past markers and other gaps, too, unlike the last record."""
        if self._consumer is None:
            return {}
        positions = {
            tp: self._position(self._consumer, tp) for tp in self.owned - self.unpositioned
        }
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
            raise StreamUnavailable("no broker answers")
        try:
            begins = self._consumer.beginning_offsets(list(partitions), timeout_ms=_QUESTION_MS)
            ends = self._consumer.end_offsets(list(partitions), timeout_ms=_QUESTION_MS)
        except (KafkaError, KeyError) as error:
            raise StreamUnavailable(repr(error)) from error
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
        if self._consumer is not None and not self.unpositioned:
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
        self._rebalance = RebalanceListener()
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
        except StreamUnavailable:
            return None
        return self._consumer

    def _judge(self, error: BaseException) -> None:
        if isinstance(error, FencedInstanceIdError):
            raise checks.member_fenced(
                self._settings.group_instance_id, self._settings.group_id
            ) from error
        if isinstance(error, AuthorizationError):
            raise checks.unauthorised(error) from error
        refusal = refusal_of(error, self._settings.group_id)
        if refusal is not None:
            raise refusal from error
        is_transient = isinstance(error, KafkaError) and error.retriable
        if is_transient or is_refusal(error):
            time.sleep(_BREATH_SECONDS)
            return
        self.consecutive_errors.append(error)
        self.needs_rebuild = True

    def _look_after(self, consumer: KafkaConsumer) -> None:
        """Notice what `poll` does not say: that the member hangs in a rejoin (trap 1)."""
        self.is_stable = consumer.group_metadata().state == _STABLE
        if self._rebalance.failure is not None:
            self.needs_rebuild = True
        elif self.is_stable:
            self._unstable_since = None
        elif self._unstable_since is None:
            self._unstable_since = time.monotonic()
        elif time.monotonic() - self._unstable_since > self._settings.session_timeout_ms / 1000:
            self.needs_rebuild = True

    def _rebuild(self) -> None:
        self.rebuilds += 1
        self.needs_rebuild = False
        self.close()
        self._rebalance = RebalanceListener()

    @staticmethod
    def _position(consumer: KafkaConsumer, partition: TopicPartition) -> int | None:
        try:
            offset: int | None = consumer.position(partition, timeout_ms=_QUESTION_MS)
        except KafkaError:
            return None  # `poll` meets the same error, and it is dealt with there
        return offset


# The listener of a group member: holds new partitions back and marks them, nothing else. It runs
# on the client's thread, where a blocking call would stop the heartbeats, and nearly all calls
# raise (trap 6). What it raised would surface in `poll` once, and reading would then go on from
# the group's offsets (trap 5). So it reads nothing and decides nothing: all partitions are
# paused, and the new ones wait until the loop has sought them.


class RebalanceListener(ConsumerRebalanceListener):
    """Which partitions are this member's, and which of them wait for a position.

    Written while the loop waits inside `poll`, read by the loop outside of it.
    """

    def __init__(self) -> None:
        self._consumer: KafkaConsumer | None = None
        self.owned: frozenset[TopicPartition] = frozenset()
        self.unpositioned: frozenset[TopicPartition] = frozenset()
        self.failure: Exception | None = None

    def of(self, consumer: KafkaConsumer) -> None:
        """Whose listener this is."""
        self._consumer = consumer

    def placed(self, partitions: Collection[TopicPartition]) -> None:
        """These have been sought."""
        self.unpositioned -= frozenset(partitions)

    def hold_back(self, partitions: Collection[TopicPartition]) -> None:
        """Let these wait for a position; nothing at all is fetched until all of them have one.

        All partitions are paused, since a subset that is paused can stall for ever (trap 2).
        """
        self.unpositioned |= self.owned & frozenset(partitions)
        if self._consumer is not None and self.unpositioned:
            self._consumer.pause(*self.owned)

    def on_partitions_revoked(self, _revoked: Collection[TopicPartition]) -> None:
        """Have the rejoin that begins here seen through; what comes back keeps its place.

        The client forgets a rejoin that changed metadata began as soon as the leader has assigned
        partitions, and hangs where a poll ends before the group has them (trap 1). Asked for, it
        is remembered until it is done. The Java client asks by itself since KAFKA-9815.
        """
        if self._consumer is not None:
            self._consumer._coordinator.request_rejoin()  # noqa: SLF001 - there is no public way

    def on_partitions_lost(self, _lost: Collection[TopicPartition]) -> None:
        """Forget them: others may have read on since."""
        self.owned = frozenset()
        self.unpositioned = frozenset()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Hold back what is new. A range assignor names all partitions, the kept ones too."""
        new = frozenset(assigned) - self.owned
        self.owned = frozenset(assigned)
        self.unpositioned &= self.owned
        try:
            self._hold_back_new(new)
        except Exception as failure:  # noqa: BLE001 - must not raise, see above
            self.failure = failure

    def _hold_back_new(self, new: Collection[TopicPartition]) -> None:
        self.hold_back(new)
        for partition in new:
            # Any offset will do, nothing is fetched; without one the client takes the group's.
            if self._consumer is not None:
                self._consumer.seek(partition, 0)


# The group's offsets: committed after the database, for the sake of the standard tools. Nothing
# depends on them. A commit that fails is done again later.


_RETRY_SECONDS = 5.0
_LAST_COMMIT_MS = 1000


class OffsetCommitter:
    """Offsets that the registry has kept, and whether the group has been told."""

    def __init__(self) -> None:
        self._kept: dict[TopicPartition, int] = {}
        self._untold: set[TopicPartition] = set()
        self._retry_at = 0.0

    def kept(self, offsets: Mapping[TopicPartition, int]) -> None:
        """The registry stands at these."""
        self._kept |= offsets
        self._untold |= offsets.keys()
        self._retry_at = 0.0

    def only(self, owned: Iterable[TopicPartition]) -> None:
        """Forget what is not ours any more: others speak for it."""
        self._untold.intersection_update(owned)

    def tell(self, consumer: KafkaConsumer) -> None:
        """Commit what the group does not know, without waiting for the answer."""
        if not self._untold or time.monotonic() < self._retry_at:
            return
        offsets = self._offsets()
        self._untold.clear()
        try:
            consumer.commit_async(offsets, self._answered)
        except KafkaError as error:
            self._answered(offsets, error)

    def tell_last(self, consumer: KafkaConsumer) -> None:
        """Commit, and wait for the answer a little: what fails is left as it is."""
        if not self._untold:
            return
        try:
            consumer.commit(self._offsets(), timeout_ms=_LAST_COMMIT_MS)
        except KafkaError:
            return

    def _offsets(self) -> dict[TopicPartition, OffsetAndMetadata]:
        return {tp: OffsetAndMetadata(self._kept[tp], "", -1) for tp in self._untold}

    def _answered(self, offsets: Mapping[TopicPartition, OffsetAndMetadata], answer: Any) -> None:
        if isinstance(answer, Exception):
            # Later: the broker is away, a rebalance is on, or we own them no more. That we are
            # fenced, the next poll says itself.
            self._untold.update(offsets)
            self._retry_at = time.monotonic() + _RETRY_SECONDS


# Why a group will not have a worker, and what mends it.


_REFUSALS: Mapping[type[KafkaError], tuple[str, Advice]] = {
    InvalidSessionTimeoutError: (
        "The brokers allow no session of that length.",
        Remedy.CHECK_SESSION_TIMEOUT(),
    ),
    InconsistentGroupProtocolError: (
        "It has members that are no workers: they share out partitions otherwise than by range.",
        Remedy.STOP_OTHER_MEMBERS(),
    ),
    InvalidGroupIdError: (
        "The brokers do not take that for a group's name.",
        Remedy.CHECK_GROUP_ID(),
    ),
    GroupMaxSizeReachedError: (
        (
            "It has as many members as the brokers allow (group.max.size); the place of a worker "
            "that was killed counts until its session is over."
        ),
        Remedy.RUN_FEWER_WORKERS(),
    ),
    UnsupportedVersionError: (
        "The brokers are of a version that does not know what a worker asks.",
        Remedy.CHECK_KAFKA_VERSION(),
    ),
}
"""Why a group will not have us, and the way on; a new client would be told the same."""


def refusal_of(error: BaseException, group_id: str) -> StreamError | None:
    """What to say where a group will not have us, however often we ask; None of other errors."""
    for kind, (why, hint) in _REFUSALS.items():
        if isinstance(error, kind):
            said = error_message(error) if kind is UnsupportedVersionError else error
            what = f"Kafka refuses this worker a place in the group {group_id}: {said}."
            return StreamError(what, why, hint)
    return None
