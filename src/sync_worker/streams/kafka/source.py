"""The Kafka source: polls a consumer group's partitions in batches, from the registry's positions.

It decides when a batch is full, when to seek after a rebalance, when a topic has changed, and when
to pause (`idle`, the backpressure of an unavailable database). The traps of the client itself are
dealt with in `group_member`; what does not fit the registry is said by `checks`.
"""

import math
import time
from collections.abc import Mapping
from itertools import chain
from typing import Any

from kafka import TopicPartition

from sync_worker.events.record import Partition
from sync_worker.streams import checks
from sync_worker.streams.checks import Bounds
from sync_worker.streams.kafka.admin import KafkaAdmin
from sync_worker.streams.kafka.backlog import Backlog, PartitionBacklog
from sync_worker.streams.kafka.consumer import FetchedRecords
from sync_worker.streams.kafka.fetch_buffer import FetchBuffer
from sync_worker.streams.kafka.group_member import LOST_POSITION_ERRORS, GroupMember
from sync_worker.streams.kafka.rights import Operation
from sync_worker.streams.kafka.settings import KafkaSettings
from sync_worker.streams.kafka.source_health import SourceHealth, StallTimer
from sync_worker.streams.kafka.standalone_consumer import find_corrupt_batch
from sync_worker.streams.kafka.topic_watch import TopicWatch
from sync_worker.streams.protocol import (
    MAX_FETCHED_BYTES,
    FetchedBatch,
    StoredPositions,
    StreamError,
    StreamUnavailable,
)

_CATCH_UP_POLL_SECONDS = 0.05
"""Each poll for more records of a batch, while there is lag."""
_MAX_FETCH_SECONDS = 0.5
"""For all polls of one batch, once the member is stable."""
_TOPIC_CHECK_BEFORE_SEEK_SECONDS = 2.0
"""How long a seek waits for the topics to be checked."""
_TOPIC_CHECK_BEFORE_BATCH_SECONDS = 0.2
"""How long a batch waits for it without polling. After that polling continues, to stay a member."""
_RECONNECT_GRACE_SECONDS = 3.0
"""After an outage, the time for the client to recover without help."""
_OUTAGE_AFTERMATH_SECONDS = 30.0
"""After an outage, the time in which its silent connections may still be in use."""
_STALL_MARGIN_SECONDS = 15.0
"""Beyond the longest rebalance, until a source that returns nothing counts as unavailable."""
_MAX_CONSECUTIVE_ERRORS = 3
"""Errors inside the client in a row, after which the offset is searched that it fails at."""


class KafkaSource:
    """Reads topics as a member of a consumer group; an `EventSource`."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Connect, and see what there is to read.

        Raises:
            StreamUnavailable: no broker answers.
            StreamError: a topic is missing, may not be read by us, or the cluster refuses us.
        """
        self._settings = settings
        self._buffer = FetchBuffer()
        self._stall_timer = StallTimer()
        self._backlog = Backlog()
        self.records_read = 0
        """How many records were returned, those included that were read again."""
        self._was_sought = False
        self._failure: StreamError | None = None
        self._fetched_by_name_at = 0.0
        self._polled_at = time.monotonic()
        self._awaits_topic_check = self._has_more = False
        self._outage_ended_at = -math.inf
        self._admin = KafkaAdmin(settings, Operation.READ)
        try:
            self._connect()
        except (StreamUnavailable, StreamError):
            self._admin.close()
            raise

    def _connect(self) -> None:
        self._stream_id = f"kafka:{self._admin.cluster_id()}"
        topics = self._admin.topics(self._settings.topics)
        checks.check_topics_exist(self._settings.topics, topics, self._stream_id)
        self._admin.require_right(topics.values())
        partitions = [partition for topic in topics.values() for partition in topic.partitions]
        self._ends_at_start = self._admin.end_offsets(partitions)
        self._topic_ids = {name: topic.topic_id for name, topic in topics.items()}
        self._member = GroupMember(
            self._settings, [TopicPartition(*p) for p in partitions], self._topic_ids
        )
        self._watch = TopicWatch(
            self._admin,
            self._settings.topics,
            self._settings.topic_check_interval_seconds,
            self._topic_ids,
        )

    @property
    def stream_id(self) -> str:
        return self._stream_id

    @property
    def health(self) -> SourceHealth:
        """Can be read from any thread, also while the loop is stuck: plain values, no locks."""
        return SourceHealth(
            is_member=self._member.is_stable,
            is_reachable=self._watch.is_reachable(),
            waiting_seconds=self._stall_timer.stalled_seconds(self._polled_at),
            failure=self._watch.failure,
            refusal=self._settings.connection_errors.describe_refusal() or self._watch.refusal,
            rebuilds=self._member.rebuilds,
            polled_at=self._polled_at,
            requests=self._watch.requests,
            backlog=self._backlog_of_assignment(),
            rebalances=self._member.rebalances,
        )

    def _backlog_of_assignment(self) -> tuple[PartitionBacklog, ...]:
        latest = self._watch.latest
        assignment, unpositioned = self._member.assignment, self._member.unpositioned
        positioned = {Partition(*tp): tp not in unpositioned for tp in assignment}
        return self._backlog.of(positioned, latest.ends, latest.ends_asked_at)

    @property
    def topics_without_id(self) -> list[str]:
        """Those of which it cannot be seen that they were re-created."""
        return sorted(name for name, topic_id in self._topic_ids.items() if not topic_id)

    def needs_positions(self) -> bool:
        return not self._was_sought or bool(self._member.unpositioned)

    def seek(self, stored: StoredPositions) -> None:
        """Seek the partitions that are not where the registry stands.

        Where Kafka does not answer, the source still `needs_positions`. After an error all are
        sought: what still stands in the way is then met again.
        """
        checks.check_cluster(self._stream_id, stored)
        checks.check_topic_ids(self._topic_ids, stored.topic_ids, stored.positions)
        self._was_sought = True
        has_failed, self._failure = self._failure is not None, None
        next_offsets = self._buffer.next_offsets
        offsets: dict[TopicPartition, int] = {}
        for tp in self._member.assignment:
            partition = Partition(*tp)
            position = stored.positions.get(partition, 0)
            is_positioned = tp not in self._member.unpositioned
            if has_failed or not is_positioned or next_offsets.get(partition) != position:
                offsets[tp] = position
        self._member.pause_until_positioned(offsets)
        try:
            bounds = self._member.bounds(offsets)
        except StreamUnavailable:
            return
        self._seek(offsets, bounds)

    def poll(self, timeout_seconds: float) -> FetchedBatch | None:
        if self._failure is not None and not (self._buffer and self._member.is_settled()):
            raise self._failure
        if self._watch.failure is not None:
            raise self._watch.failure
        self._check_topics()
        if self._awaits_topic_check and self._buffer:
            self._poll_paused(timeout_seconds)
        else:
            self._has_more = self._fill_buffer(timeout_seconds)
        batch = None
        if self._is_verified():
            ends = {Partition(*tp): offset for tp, offset in self._member.next_offsets().items()}
            batch = self._buffer.take_batch(ends, self._topic_ids, self._has_more)
        self.records_read += 0 if batch is None else len(batch.records)
        self._stall_timer.update(is_waiting=batch is None and not self._is_caught_up())
        return batch

    def fraction_applied(self) -> float:
        """How much of what there was at the start is applied of our partitions, from 0 to 1."""
        if not self._was_sought:
            return 0.0
        assigned = (Partition(*tp) for tp in self._member.assignment)
        ends = {partition: self._ends_at_start.get(partition, 0) for partition in assigned}
        return self._backlog.fraction_applied(self._buffer.next_offsets, ends)

    def idle(self, seconds: float) -> None:
        self._poll_paused(seconds)
        self._stall_timer.update(is_waiting=False)  # it is we who do not want records

    def at_end(self) -> bool:
        """Whether all records that there were at the start have been returned.

        Raises:
            StreamUnavailable: no broker has answered for some seconds; or it answers, but gives no
                place in the group, or no records, for longer than a rebalance takes in which a
                member was killed or is busy.
        """
        servers = self._settings.bootstrap_servers
        if not self._watch.is_reachable():
            raise StreamUnavailable(f"Kafka at {servers} does not answer")
        limit_seconds = self._settings.rebalance_patience_seconds + _STALL_MARGIN_SECONDS
        if self._stall_timer.stalled_seconds(self._polled_at) > limit_seconds:
            raise StreamUnavailable(
                f"Kafka at {servers} has returned nothing for {limit_seconds:.0f} s"
            )
        if self.needs_positions() or not self._member.is_settled():
            return False
        next_offsets = self._buffer.next_offsets
        return all(offset >= self._ends_at_start.get(p, 0) for p, offset in next_offsets.items())

    def ends_at_start(self) -> Mapping[Partition, int]:
        return self._ends_at_start

    def committed(self, offsets: Mapping[Partition, int]) -> None:
        """Commit these offsets to the group, too, for the standard tools."""
        self._member.commit_later({TopicPartition(*p): at for p, at in offsets.items()})
        self._member.commit()
        self._backlog.committed(offsets)

    def close(self) -> None:
        """Leave the group at once; its offsets are committed first."""
        self._watch.close()
        self._member.close()
        self._admin.close()

    def _fill_buffer(self, timeout_seconds: float) -> bool:
        """Poll until there is enough, or nothing more at once; whether more is likely to follow.

        A log that never seems to end, such as one of many small transactions, is polled for half a
        second. While the group is not stable, polls follow each other without a pause, and keep the
        records they return: a rejoin that completes between two polls has to start again (trap 1).
        """
        began_at = time.monotonic()
        wait_seconds = timeout_seconds
        while self._failure is None:
            fetched = self._poll_client(wait_seconds)
            if self._member.is_stable and self._member.unpositioned:
                return False
            if self._member.is_stable and (has_more := self._has_enough(fetched)) is not None:
                return has_more
            passed_seconds = time.monotonic() - began_at
            left_seconds = timeout_seconds - passed_seconds
            is_late = self._member.is_stable and passed_seconds >= _MAX_FETCH_SECONDS
            if is_late or (left_seconds <= 0 and not fetched):
                return False
            # Never a poll without a wait: a rejoin that it began would complete between two polls.
            wait_seconds = _CATCH_UP_POLL_SECONDS
            if not (self._buffer and self._member.is_settled()):
                wait_seconds = max(left_seconds, _CATCH_UP_POLL_SECONDS)
        return False

    def _has_enough(self, fetched: FetchedRecords) -> bool | None:
        """Whether more is likely to follow what was fetched; None where polling is to continue.

        With lag, more is awaited. At the head of the logs, records are returned at once.
        """
        is_full = (
            len(self._buffer) >= self._settings.max_fetched_records
            or self._buffer.size >= MAX_FETCHED_BYTES
        )
        has_more = is_full or self._member.has_lag(fetched)
        is_at_head = bool(self._buffer) and not has_more
        return has_more if is_full or is_at_head or self._member.needs_rebuild else None

    def _poll_client(self, seconds: float) -> FetchedRecords:
        free = max(1, self._settings.max_fetched_records - len(self._buffer))
        self._polled_at = time.monotonic()
        self._reconnect_after_outage()
        try:
            fetched = self._member.poll(seconds, free)
        except LOST_POSITION_ERRORS as error:
            self._handle_lost_position(getattr(error, "divergent_offsets", {}))
            fetched = {}
        if len(self._member.consecutive_errors) >= _MAX_CONSECUTIVE_ERRORS and not self._buffer:
            self._member.consecutive_errors.clear()
            self._failure = self._corrupt_batch()
        positioned = self._member.assignment - self._member.unpositioned
        self._buffer.keep_only({Partition(*tp) for tp in positioned})
        if fetched:
            for tp, records in fetched.items():
                self._backlog.fetched(Partition(*tp), records)
            self._buffer.add(chain.from_iterable(fetched.values()), self._member.bytes_polled)
            if self._member.has_polled_by_name:
                self._fetched_by_name_at = time.monotonic()
        self._member.commit()
        return fetched

    def _corrupt_batch(self) -> StreamError | None:
        """The batch that the client fails at; None where at none, or no broker answers.

        The client that failed took its positions with it. The buffer is empty, so it says where the
        first record is that nobody has seen; at 0, that is where the log begins.
        """
        offsets = {TopicPartition(*p): offset for p, offset in self._buffer.next_offsets.items()}
        try:
            bounds = self._member.bounds(offsets)
        except StreamUnavailable:
            return None
        unread = {tp: max(offset, bounds[tp].begin) for tp, offset in offsets.items()}
        unread = {tp: offset for tp, offset in unread.items() if offset < bounds[tp].end}
        return find_corrupt_batch(self._settings, unread)

    def _poll_paused(self, seconds: float) -> None:
        """Fetch nothing for a while, and stay a member: polling sends the heartbeats on."""
        deadline = time.monotonic() + seconds
        self._member.pause()
        while (left_seconds := deadline - time.monotonic()) > 0:
            self._poll_client(left_seconds)
        self._member.resume()

    def _reconnect_after_outage(self) -> None:
        """Build a new client where the old one does not recover.

        A request that met the outage can wait for its answer long after others are answered.
        """
        now = time.monotonic()
        if not self._watch.is_reachable():
            self._outage_ended_at = now
        is_aftermath = 0 < now - self._outage_ended_at < _OUTAGE_AFTERMATH_SECONDS
        if is_aftermath and self._stall_timer.stalled_seconds(now) > _RECONNECT_GRACE_SECONDS:
            self._member.request_rebuild("an old request got no answer after an outage")
            self._outage_ended_at = -math.inf

    def _is_verified(self) -> bool:
        """Whether the buffer may be returned: still assigned to us, and of the topics we know.

        Where a broker knows topics by name alone, their ids are checked after the records were
        fetched: a topic that was re-created would be read on in the middle (trap 4). Ids are never
        reused.
        """
        if not self._member.is_settled():
            return False
        self._awaits_topic_check = bool(self._buffer) and not self._watch.wait_for_check_since(
            self._fetched_by_name_at, _TOPIC_CHECK_BEFORE_BATCH_SECONDS
        )
        if self._awaits_topic_check:  # nothing more is fetched until the answer has come
            return False
        self._check_topics()
        return True

    def _is_caught_up(self) -> bool:
        """Whether the group has given us a place, and there was no lag at the last check."""
        next_offsets, ends = self._buffer.next_offsets, self._watch.latest.ends
        assigned = (Partition(*tp) for tp in self._member.assignment)
        has_no_lag = all(next_offsets.get(p, 0) >= ends.get(p, 0) for p in assigned)
        return has_no_lag and self._member.is_settled()

    def _seek(
        self, offsets: Mapping[TopicPartition, int], bounds: Mapping[TopicPartition, Bounds]
    ) -> None:
        """Continue at these offsets; 0 stands for the beginning of the log, wherever that is now.

        Raises:
            StreamError: a log does not have its offset (trap 3), or a topic was re-created.
        """
        self._check_topics_now()
        for tp, offset in offsets.items():
            checks.check_position(Partition(*tp), offset, bounds[tp])
        self._member.seek({tp: offset or bounds[tp].begin for tp, offset in offsets.items()})
        self._member.resume()
        starts = {Partition(*tp): offset for tp, offset in offsets.items()}
        self._buffer.start_at(starts)
        self._backlog.start_at(starts, {Partition(*tp): bounds[tp] for tp in offsets})
        # Also where another worker was quicker: only a commit tells a member that it is fenced
        # (trap 9).
        self._member.commit_later({tp: offset for tp, offset in offsets.items() if offset > 0})

    def _handle_lost_position(self, divergent: Mapping[TopicPartition, Any]) -> None:
        """A log does not have our position: seek its beginning if we are there, else fail."""
        offsets = self._member.next_offsets()
        try:
            self._check_topics_now()
            bounds = self._member.bounds(offsets)
            for tp, offset in offsets.items():
                self._check_position(Partition(*tp), offset, bounds[tp], tp in divergent)
        except StreamUnavailable:
            return
        except StreamError as failure:
            self._failure = failure
            return
        self._member.seek({tp: max(offset, bounds[tp].begin) for tp, offset in offsets.items()})

    def _check_position(
        self, partition: Partition, offset: int, bounds: Bounds, is_divergent: bool
    ) -> None:
        is_at_beginning = self._buffer.next_offsets.get(partition, 0) == 0
        if is_at_beginning and not self._buffer.has_any_of(partition):
            offset = 0
        checks.check_position(partition, offset, bounds)
        if is_divergent:
            raise checks.log_truncated(partition, offset, bounds)

    def _check_topics_now(self) -> None:
        """A log that does not fit may be that of a re-created topic; then that is what to say."""
        self._watch.wait_for_check_since(time.monotonic(), _TOPIC_CHECK_BEFORE_SEEK_SECONDS)
        self._check_topics()

    def _check_topics(self) -> None:
        """Raise StreamError where a topic was deleted or re-created.

        The buffer is dropped: what was read since cannot be told from what was read before.
        """
        ids, current_ids = self._topic_ids, self._watch.latest.topic_ids
        if all(t in current_ids and not checks.ids_differ(current_ids[t], ids[t]) for t in ids):
            return
        reached = self._buffer.reached
        self._buffer.reset()
        read_ids = {topic: {topic_id} for topic, topic_id in ids.items()}
        checks.check_topic_ids(current_ids, read_ids, reached)
        for topic in sorted(ids.keys() - current_ids.keys()):
            raise checks.topic_deleted(topic, reached)
