"""A member of the consumer group: it joins, polls, pauses, seeks and commits offsets.

The client can hang in a rebalance, fail inside `poll` or lose its heartbeats without an error. The
member notices, and builds a new client (docs/kafka-traps.md). It knows partitions and offsets as
the client has them, and nothing of batches or of the registry.
"""

import time
from collections.abc import Collection, Mapping
from contextlib import suppress

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
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

from sync_worker.remedies import Advice, Remedy
from sync_worker.streams import checks
from sync_worker.streams.checks import Bounds, error_message
from sync_worker.streams.kafka.consumer import (
    TOPIC_ID_ERRORS,
    UNPACKING_ERRORS,
    FetchedRecords,
    bounded_consumer,
    bytes_polled,
    has_polled_by_name,
    next_offsets,
)
from sync_worker.streams.kafka.offset_commits import OffsetCommitter
from sync_worker.streams.kafka.refusals import is_refusal
from sync_worker.streams.kafka.rights import Operation, missing_right
from sync_worker.streams.kafka.settings import MAX_POLL_RECORDS, KafkaSettings, consumer_options
from sync_worker.streams.kafka.source_health import Rebuilds
from sync_worker.streams.protocol import StreamError, StreamUnavailable

MAX_POLL_SECONDS = 0.5
"""Limits each poll: nothing can wake one up, and signals do not interrupt it (trap 10)."""
LOST_POSITION_ERRORS = (OffsetOutOfRangeError, LogTruncationError, *TOPIC_ID_ERRORS)
"""What `poll` raises where there is nothing to read at our position."""
_OFFSETS_TIMEOUT_MS = 2000
_CLOSE_TIMEOUT_MS = 2000
_RETRY_DELAY_SECONDS = 0.1
"""After an error that came at once, so that the loop does not spin."""
_STABLE = "<stable>"


class GroupMember:
    """One place in the group.

    Not for use by several threads, except to read `is_stable`, `assignment` and the counts.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        partitions: Collection[TopicPartition],
        topic_ids: Mapping[str, str],
    ) -> None:
        """Raise StreamUnavailable where no broker answers."""
        self._settings = settings
        self._partitions = list(partitions)
        self._topic_ids = topic_ids
        self._consumer: KafkaConsumer | None = None
        self._listener = RebalanceListener(None)
        self._commits = OffsetCommitter()
        self._unstable_since: float | None = None
        self.is_stable = False
        self._rebuild_cause: str | None = None
        self.rebuilds = Rebuilds()
        self.consecutive_errors: list[BaseException] = []
        self.bytes_polled = 0
        """The size of the records that the last poll returned, unpacked."""
        self.has_polled_by_name = False
        """Whether they may be of another topic of the same name (trap 4)."""
        self._join()

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions that the group has assigned to this member."""
        return self._listener.assignment

    @property
    def rebalances(self) -> int:
        """How many times the group has assigned partitions to this member, or none."""
        return self._listener.rebalances

    @property
    def unpositioned(self) -> frozenset[TopicPartition]:
        """Those that nobody has sought yet; as long as there are any, all are paused."""
        return self._listener.unpositioned

    @property
    def needs_rebuild(self) -> bool:
        """Whether the next poll begins with a new client."""
        return self._rebuild_cause is not None

    def request_rebuild(self, cause: str) -> None:
        """Have the next poll begin with a new client, and say why."""
        self._rebuild_cause = cause

    def is_settled(self) -> bool:
        """Whether no rebalance is under way and every partition has its position."""
        return self.is_stable and not self.unpositioned

    def poll(self, seconds: float, max_records: int) -> FetchedRecords:
        """Records that arrive within the time, of which half a second at most is used.

        After an error inside the client, the member `needs_rebuild`: records read before it stand,
        and the next poll begins with a new client.

        Raises:
            OffsetOutOfRangeError, LogTruncationError: a log does not have our position.
            UnknownTopicIdError, InconsistentTopicIdError: a topic is not there any more.
            StreamError: this member may not continue.
        """
        self.bytes_polled = 0
        if self._rebuild_cause is not None:
            self._rebuild(self._rebuild_cause)
        try:
            consumer = self._consumer or self._join()
        except StreamUnavailable:
            time.sleep(min(seconds, _RETRY_DELAY_SECONDS))
            return {}
        timeout_ms = max(0, int(min(seconds, MAX_POLL_SECONDS) * 1000))
        try:
            fetched: FetchedRecords = consumer.poll(
                timeout_ms=timeout_ms, max_records=min(max_records, MAX_POLL_RECORDS)
            )
        except LOST_POSITION_ERRORS:
            self._check_rebalance(consumer)
            raise
        except (KafkaError, *UNPACKING_ERRORS) as error:
            self._handle_poll_error(error)
            return {}
        self._check_rebalance(consumer)
        if fetched:
            self.bytes_polled = bytes_polled(consumer)
            self.has_polled_by_name = has_polled_by_name(consumer)
            self.consecutive_errors.clear()
        return fetched

    def next_offsets(self) -> dict[TopicPartition, int]:
        """The position of each partition: past transaction markers and other gaps, too (trap 8)."""
        if self._consumer is None:
            return {}
        return next_offsets(self._consumer, self.assignment - self.unpositioned)

    def has_lag(self, fetched: FetchedRecords) -> bool:
        """Whether the logs hold more than these records, as of the answer that brought them."""
        if self._consumer is None:
            return False
        ends = {tp: self._consumer.highwater(tp) for tp in fetched if tp in self.assignment}
        return any(end is not None and end > fetched[tp][-1].offset + 1 for tp, end in ends.items())

    def bounds(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, Bounds]:
        """Where the logs begin and end.

        Raises:
            StreamUnavailable: after four seconds at most; also where a partition has no leader now.
                The client leaves such a partition out, and then looks for it (KeyError).
        """
        if self._consumer is None:
            raise StreamUnavailable("no broker answers")
        try:
            begins = self._consumer.beginning_offsets(
                list(partitions), timeout_ms=_OFFSETS_TIMEOUT_MS
            )
            ends = self._consumer.end_offsets(list(partitions), timeout_ms=_OFFSETS_TIMEOUT_MS)
        except (KafkaError, KeyError) as error:
            raise StreamUnavailable(repr(error)) from error
        return {tp: Bounds(begins[tp], ends[tp]) for tp in partitions}

    def pause_until_positioned(self, partitions: Collection[TopicPartition]) -> None:
        """Pause all partitions until `seek` has given these a position."""
        self._listener.pause_until_positioned(partitions)

    def seek(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Continue at these offsets."""
        if self._consumer is not None:
            for partition, offset in offsets.items():
                self._consumer.seek(partition, offset)
            self._listener.unpositioned -= frozenset(offsets)

    def pause(self) -> None:
        """Fetch nothing. Polling continues, and membership with it.

        All partitions are paused: a subset that is paused can stall for ever (trap 2).
        """
        if self._consumer is not None:
            self._consumer.pause(*self.assignment)

    def resume(self) -> None:
        """Fetch again, unless a partition has no position yet."""
        if self._consumer is not None and not self.unpositioned:
            self._consumer.resume(*self.assignment)

    def commit_later(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Everything below these offsets is in the database: commit them with the next ones."""
        self._commits.add(offsets)

    def commit(self) -> None:
        """Commit to the group what it does not know yet, once a second, without waiting."""
        if self._consumer is not None and self.is_stable:
            self._commits.commit(self._consumer, self.assignment)

    def close(self) -> None:
        """Commit what the group does not know, and leave it: others take over at once."""
        if self._consumer is not None and self.is_stable:
            self._commits.commit_and_wait(self._consumer, self.assignment)
        self._leave()
        self._listen(None)

    def _listen(self, consumer: KafkaConsumer | None) -> None:
        """From now on with a listener of its own: nothing is assigned until the group says so."""
        listener = RebalanceListener(consumer)
        listener.rebalances = self._listener.rebalances
        self._listener = listener

    def _join(self) -> KafkaConsumer:
        self._listen(None)
        self._unstable_since = None
        try:
            consumer = bounded_consumer(consumer_options(self._settings), self._topic_ids)
        except (KafkaError, OSError) as error:
            raise self._settings.connection_errors.unavailable(error) from error
        self._listen(consumer)
        consumer.subscribe(list(self._settings.topics), listener=self._listener)
        self._consumer = consumer
        # All partitions are known before the member joins: else the first assignment is empty, and
        # a second rebalance follows (trap 1). Where they cannot be had, that has to do.
        with suppress(KafkaError, KeyError):
            consumer.beginning_offsets(self._partitions, timeout_ms=_OFFSETS_TIMEOUT_MS)
        return consumer

    def _leave(self) -> None:
        consumer, self._consumer = self._consumer, None
        self.is_stable = False
        if consumer is not None:
            # Where its thread has ended, the group notices by the missing heartbeats.
            with suppress(KafkaError, RuntimeError):
                consumer.close(autocommit=False, timeout_ms=_CLOSE_TIMEOUT_MS)

    def _rebuild(self, cause: str) -> None:
        self.rebuilds = Rebuilds(self.rebuilds.count + 1, cause)
        self._rebuild_cause = None
        self._leave()
        self._listen(None)

    def _handle_poll_error(self, error: BaseException) -> None:
        """Wait where it may pass, raise where it will not, else rebuild the client (trap 7)."""
        if isinstance(error, FencedInstanceIdError):
            instance_id, group_id = self._settings.group_instance_id, self._settings.group_id
            raise checks.member_fenced(instance_id, group_id) from error
        if isinstance(error, AuthorizationError):
            raise missing_right(error, Operation.READ, self._settings) from error
        refusal = group_refusal(error, self._settings.group_id)
        if refusal is not None:
            raise refusal from error
        is_transient = isinstance(error, KafkaError) and error.retriable
        if is_transient or is_refusal(error):
            time.sleep(_RETRY_DELAY_SECONDS)
            return
        self.consecutive_errors.append(error)
        self.request_rebuild(f"an error in the client: {_named(error)}")

    def _check_rebalance(self, consumer: KafkaConsumer) -> None:
        """Notice what `poll` does not raise: that the member hangs in a rebalance (trap 1)."""
        self.is_stable = consumer.group_metadata().state == _STABLE
        if self._listener.error is not None:
            self.request_rebuild(f"an error during a rebalance: {_named(self._listener.error)}")
        elif self.is_stable:
            self._unstable_since = None
        elif self._unstable_since is None:
            self._unstable_since = time.monotonic()
        elif time.monotonic() - self._unstable_since > self._settings.rebalance_patience_seconds:
            self.request_rebuild("a rebalance did not end")


def _named(error: BaseException) -> str:
    """The error with its kind: the client's own errors often say nothing else."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]


class RebalanceListener(ConsumerRebalanceListener):
    """Which partitions are assigned to this member, and which of them have no position yet.

    The client calls it on its own thread, while the loop waits inside `poll`. There a blocking call
    would stop the heartbeats, and nearly all calls raise (trap 6); what the listener raised would
    surface in `poll` once, and reading would continue at the group's offsets (trap 5). So it reads
    nothing and decides nothing: it pauses all partitions, and the loop seeks the new ones later.
    """

    def __init__(self, consumer: KafkaConsumer | None) -> None:
        """Without a consumer, nothing is assigned."""
        self._consumer = consumer
        self.assignment: frozenset[TopicPartition] = frozenset()
        self.unpositioned: frozenset[TopicPartition] = frozenset()
        self.error: Exception | None = None
        self.rebalances = 0

    def pause_until_positioned(self, partitions: Collection[TopicPartition]) -> None:
        """Fetch nothing at all until each of these has a position.

        All partitions are paused, since a subset that is paused can stall for ever (trap 2).
        """
        self.unpositioned |= self.assignment & frozenset(partitions)
        if self._consumer is not None and self.unpositioned:
            self._consumer.pause(*self.assignment)

    def on_partitions_revoked(self, _revoked: Collection[TopicPartition]) -> None:
        """Request the rejoin that begins here; partitions that come back keep their position.

        When changed metadata starts a rejoin, the client forgets it as soon as the leader has
        assigned partitions, and hangs where a poll ends before the group has them (trap 1). A
        rejoin that was requested is remembered until it is complete. The Java client requests it
        itself since KAFKA-9815.
        """
        if self._consumer is not None:
            self._consumer._coordinator.request_rejoin()  # noqa: SLF001 - there is no public way

    def on_partitions_lost(self, _lost: Collection[TopicPartition]) -> None:
        """Forget them: other members may have read further since."""
        self.assignment = frozenset()
        self.unpositioned = frozenset()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Pause, and mark what is new: a range assignor names the kept partitions, too."""
        self.rebalances += 1
        new = frozenset(assigned) - self.assignment
        self.assignment = frozenset(assigned)
        self.unpositioned &= self.assignment
        try:
            self.pause_until_positioned(new)
            for partition in new:
                # Nothing is fetched, so any offset will do; without one the client takes the
                # group's (trap 5).
                if self._consumer is not None:
                    self._consumer.seek(partition, 0)
        except Exception as error:  # noqa: BLE001 - must not raise, see the class
            self.error = error


_GROUP_REFUSALS: Mapping[type[KafkaError], tuple[str, Advice]] = {
    InvalidSessionTimeoutError: (
        "The brokers do not allow a session timeout of that length.",
        Remedy.CHECK_SESSION_TIMEOUT(),
    ),
    InconsistentGroupProtocolError: (
        "It has members that are not workers: they do not assign partitions by range.",
        Remedy.STOP_OTHER_MEMBERS(),
    ),
    InvalidGroupIdError: (
        "The brokers do not accept it as the name of a group.",
        Remedy.CHECK_GROUP_ID(),
    ),
    GroupMaxSizeReachedError: (
        (
            "It has as many members as the brokers allow (group.max.size); a worker that was "
            "killed counts until its session times out."
        ),
        Remedy.RUN_FEWER_WORKERS(),
    ),
    UnsupportedVersionError: (
        "The brokers are of a version that does not support what a worker asks for.",
        Remedy.CHECK_KAFKA_VERSION(),
    ),
}
"""Why a group does not admit a worker, and what to do; a new client would get the same answer."""


def group_refusal(error: BaseException, group_id: str) -> StreamError | None:
    """What to say where a group does not admit us, however often we ask; else None."""
    for kind, (why, hint) in _GROUP_REFUSALS.items():
        if isinstance(error, kind):
            said = error_message(error) if kind is UnsupportedVersionError else error
            what = f"Kafka refuses this worker a place in the group {group_id}: {said}."
            return StreamError(what, why, hint)
    return None
