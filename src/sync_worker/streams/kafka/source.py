"""The Kafka end of the worker: batches from a group's partitions, at the registry's positions.

What is peculiar about the client is dealt with in `member` and `rebalance`; what does not fit the
registry is said by `fitting`.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from kafka import TopicPartition
from kafka.errors import LogTruncationError, OffsetOutOfRangeError

from sync_worker.events.record import Partition
from sync_worker.streams import checks
from sync_worker.streams.checks import Bounds
from sync_worker.streams.kafka import undecodable
from sync_worker.streams.kafka.admin import KafkaAdmin
from sync_worker.streams.kafka.fetch_buffer import FetchBuffer
from sync_worker.streams.kafka.group_member import Found, GroupMember, OffsetCommitter
from sync_worker.streams.kafka.settings import KafkaSettings
from sync_worker.streams.kafka.topic_watch import TopicWatch
from sync_worker.streams.protocol import (
    MAX_FETCHED_BYTES,
    FetchedBatch,
    StoredPositions,
    StreamError,
    StreamUnavailable,
)

_CATCH_UP_SECONDS = 0.05
"""How long to wait for more records of a batch when there are more in the logs."""
_LONGEST_GATHERING_SECONDS = 0.5
_LOOK_SECONDS = 2.0
"""How long a partition waits for a look at its topics before it is placed."""
_GLANCE_SECONDS = 0.2
"""How long the loop stands still for such a look; then it polls, and keeps its place meanwhile."""
_GRACE_SECONDS = 3.0
"""How long the client may take to be back by itself when the cluster is back."""
_AFTERMATH_SECONDS = 30.0
"""How long after an outage its silent connections may still be in use."""
_PATIENCE_SECONDS = 15.0
_FAILURES_IN_VAIN = 3


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How the source is, as a probe wants to know it."""

    is_member: bool
    """A stable member of the group, as of the last poll."""
    is_reachable: bool
    """The cluster answered within the last seconds."""
    waits_seconds: float
    """For how long it has been asked in vain for records, of which there are some, or may be."""
    failure: BaseException | None
    """What ended the thread that watches the topics; None as long as it runs."""
    refusal: str | None
    """Why, and since when, it does not let us in; None where it does, or is away."""
    partitions: int
    rebuilds: int
    """How many times the client hung or failed and was built anew."""
    polled_at: float
    """When it was last polled, in seconds of the monotonic clock."""


class KafkaSource:
    """Reads topics as a member of a group; an `EventSource`."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Connect, and see what there is to read.

        Raises:
            StreamAway: no broker answers.
            StreamError: a topic is missing, or the cluster refuses us.
        """
        self._settings = settings
        self._gathering = FetchBuffer()
        self._offsets = OffsetCommitter()
        self._was_sought = False
        self._failure: StreamError | None = None
        self._flow = StallTimer()
        self._came_at = 0.0
        self._is_unsure = self._is_followed = False
        self._away_until = -math.inf
        self._polled_at = time.monotonic()
        self._admin = KafkaAdmin(settings)
        try:
            self._begin()
        except (StreamUnavailable, StreamError):
            self._admin.close()
            raise

    def _begin(self) -> None:
        self._stream_id = f"kafka:{self._admin.cluster_id()}"
        topics = self._admin.topics(self._settings.topics)
        checks.check_topics_exist(self._settings.topics, topics, self._stream_id)
        partitions = [partition for topic in topics.values() for partition in topic.partitions]
        self._ends_at_start = self._admin.ends(partitions)
        self._topic_ids = {name: topic.topic_id for name, topic in topics.items()}
        self._member = GroupMember(self._settings, [TopicPartition(*p) for p in partitions])
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
            waits_seconds=self._flow.waited_seconds(self._polled_at),
            failure=self._watch.failure,
            refusal=self._settings.attempts.told(),
            partitions=len(self._member.owned),
            rebuilds=self._member.rebuilds,
            polled_at=self._polled_at,
        )

    @property
    def topics_without_id(self) -> list[str]:
        """Those of which it cannot be seen that they were created anew."""
        return sorted(name for name, topic_id in self._topic_ids.items() if not topic_id)

    def needs_positions(self) -> bool:
        return not self._was_sought or bool(self._member.unpositioned)

    def seek(self, stored: StoredPositions) -> None:
        """Stay where the bookmarks say the same; `needs_positions` goes on if Kafka is away.

        After a failure all are placed: what still stands in the way is met again.
        """
        checks.check_cluster(self._stream_id, stored)
        checks.check_topic_ids(self._topic_ids, stored.topic_ids, stored.positions)
        self._was_sought = True
        has_failed, self._failure = self._failure is not None, None
        positions = {tp: stored.positions.get(Partition(*tp), 0) for tp in self._member.owned}
        read_on = self._gathering.next_offsets
        astray = {
            tp: offset
            for tp, offset in positions.items()
            if has_failed
            or tp in self._member.unpositioned
            or read_on.get(Partition(*tp)) != offset
        }
        self._member.hold_back(astray)
        try:
            bounds = self._member.bounds(astray)
        except StreamUnavailable:
            return
        self._place(astray, bounds)

    def poll(self, timeout_seconds: float) -> FetchedBatch | None:
        if self._failure is not None and not (self._gathering and self._member.is_settled()):
            raise self._failure
        if self._watch.failure is not None:
            raise self._watch.failure
        self._refuse_other_topics()
        if self._is_unsure and self._gathering:
            self._pass(timeout_seconds)
        else:
            self._is_followed = self._gather(timeout_seconds)
        batch = self._batch(self._is_followed) if self._is_sure() else None
        self._flow.look(is_waiting=batch is None and not self._has_all())
        return batch

    def idle(self, seconds: float) -> None:
        self._pass(seconds)
        self._flow.look(is_waiting=False)  # it is we who do not want them

    def _pass(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        self._member.pause()
        while (left := deadline - time.monotonic()) > 0:
            self._polled(left)
        self._member.resume()

    def _has_all(self) -> bool:
        """Whether we have a place, and all that there was for us at the last look."""
        reached, ends = self._gathering.next_offsets, self._watch.last.ends
        owned = (Partition(*tp) for tp in self._member.owned)
        is_read = all(reached.get(at, 0) >= ends.get(at, 0) for at in owned)
        return is_read and self._member.is_settled()

    def at_end(self) -> bool:
        """Raise StreamAway where no broker has answered lately: then nobody knows.

        Nor where it answers, but gives no place in the group, or no record, for as long as it takes
        a group to give up a member that was killed, and a little more.
        """
        servers = self._settings.bootstrap_servers
        if not self._watch.is_reachable():
            raise StreamUnavailable(f"Kafka at {servers} does not answer")
        stall_timeout_seconds = self._settings.session_timeout_ms / 1000 + _PATIENCE_SECONDS
        if self._flow.waited_seconds(self._polled_at) > stall_timeout_seconds:
            raise StreamUnavailable(
                f"Kafka at {servers} has given nothing for {stall_timeout_seconds:.0f} s"
            )
        if self.needs_positions() or not self._member.is_settled():
            return False
        read_on = self._gathering.next_offsets
        return all(at >= self._ends_at_start.get(p, 0) for p, at in read_on.items())

    def ends_at_start(self) -> Mapping[Partition, int]:
        return self._ends_at_start

    def committed(self, reached: Mapping[Partition, int]) -> None:
        self._offsets.kept({TopicPartition(*p): offset for p, offset in reached.items()})
        self._tell_the_group()

    def close(self) -> None:
        """Leave the group at once; the group's offsets are brought up to date first."""
        self._watch.close()
        consumer = self._member.consumer()
        if consumer is not None:
            self._offsets.only(self._member.owned)
            self._offsets.tell_last(consumer)
        self._member.close()
        self._admin.close()

    def _gather(self, timeout_seconds: float) -> bool:
        """Poll until there is enough, or nothing more at once; whether more is likely to follow.

        Of a log that never seems to end, as one of many small transactions, for half a second.
        Back to back while the group is not settled, with whatever has come until then kept: a
        rejoin that ends in a pause between two polls has to be begun anew (trap 1).
        """
        began = time.monotonic()
        wait = timeout_seconds
        while self._failure is None:
            found = self._polled(wait)
            if self._member.is_stable and self._member.unpositioned:
                return False
            if self._member.is_stable and (has_more := self._enough(found)) is not None:
                return has_more
            gathered_for = time.monotonic() - began
            left = timeout_seconds - gathered_for
            is_late = self._member.is_stable and gathered_for >= _LONGEST_GATHERING_SECONDS
            if is_late or (left <= 0 and not found):
                return False
            # Never a poll without a wait: a rejoin that it began would end between two polls.
            is_catching_up = self._gathering and self._member.is_settled()
            wait = _CATCH_UP_SECONDS if is_catching_up else max(left, _CATCH_UP_SECONDS)
        return False

    def _enough(self, found: Found) -> bool | None:
        """Whether more is likely to follow what was gathered; None where it is awaited.

        At the head of the logs, what came is handed out at once; before it, more is awaited.
        """
        is_full = (
            len(self._gathering) >= self._settings.max_fetched_records
            or self._gathering.size >= MAX_FETCHED_BYTES
        )
        has_more = is_full or self._member.is_behind(found)
        is_head = bool(self._gathering) and not has_more
        return has_more if is_full or is_head or self._member.needs_rebuild else None

    def _polled(self, seconds: float) -> Found:
        room = max(1, self._settings.max_fetched_records - len(self._gathering))
        self._polled_at = time.monotonic()
        self._begin_anew_after_an_outage()
        try:
            found = self._member.poll(seconds, room)
        except (OffsetOutOfRangeError, LogTruncationError) as error:
            self._out_of_bounds(getattr(error, "divergent_offsets", {}))
            found = {}
        self._refuse_undecodable()
        placed = self._member.owned - self._member.unpositioned
        self._gathering.keep_only({Partition(*tp) for tp in placed})
        if found:
            self._gathering.add(chain.from_iterable(found.values()), self._member.bytes_polled)
            self._came_at = time.monotonic()
        self._tell_the_group()
        return found

    def _begin_anew_after_an_outage(self) -> None:
        """A request that met the silence can wait for its answer long after others are answered."""
        now = time.monotonic()
        if not self._watch.is_reachable():
            self._away_until = now
        is_back = 0 < now - self._away_until < _AFTERMATH_SECONDS
        if is_back and self._flow.waited_seconds(now) > _GRACE_SECONDS:
            self._member.needs_rebuild = True
            self._away_until = -math.inf

    def _is_sure(self) -> bool:
        """Whether what was gathered is ours to hand out, and of the topics that we know.

        Their ids are looked at after the records came: fetching goes by name, and a topic created
        anew would be read on in the middle (trap 4). Ids never come back.
        """
        if not self._member.is_settled():
            return False
        has_looked = self._watch.has_looked_since
        self._is_unsure = bool(self._gathering) and not has_looked(self._came_at, _GLANCE_SECONDS)
        if self._is_unsure:  # an answer that takes long is waited for, and nothing more gathered
            return False
        self._refuse_other_topics()
        return True

    def _batch(self, has_more: bool) -> FetchedBatch | None:
        ends = {Partition(*tp): offset for tp, offset in self._member.next_offsets().items()}
        return self._gathering.handed_out(ends, self._topic_ids, has_more)

    def _place(
        self, offsets: Mapping[TopicPartition, int], bounds: Mapping[TopicPartition, Bounds]
    ) -> None:
        """Read on from these; 0 stands for the beginning, wherever that is by now."""
        self._look_at_the_topics()
        for tp, offset in offsets.items():
            checks.check_position(Partition(*tp), offset, bounds[tp])
        self._member.place({tp: offset or bounds[tp].begin for tp, offset in offsets.items()})
        self._member.resume()
        self._gathering.start_at({Partition(*tp): offset for tp, offset in offsets.items()})
        # Where others were quicker, too: only a commit tells a member that it is fenced (trap 9).
        self._offsets.kept({tp: offset for tp, offset in offsets.items() if offset > 0})

    def _out_of_bounds(self, divergent: Mapping[TopicPartition, Any]) -> None:
        """A log does not reach where we read: at its beginning go there, else say so."""
        offsets = self._member.next_offsets()
        try:
            self._look_at_the_topics()
            bounds = self._member.bounds(offsets)
            for tp, offset in offsets.items():
                self._refuse_out_of_bounds(Partition(*tp), offset, bounds[tp], tp in divergent)
        except StreamUnavailable:
            return
        except StreamError as failure:
            self._failure = failure
            return
        self._member.place({tp: max(at, bounds[tp].begin) for tp, at in offsets.items()})

    def _refuse_out_of_bounds(
        self, partition: Partition, offset: int, bounds: Bounds, is_divergent: bool
    ) -> None:
        is_untouched = self._gathering.next_offsets.get(partition, 0) == 0
        if is_untouched and not self._gathering.has_any_of(partition):
            offset = 0
        checks.check_position(partition, offset, bounds)
        if is_divergent:
            raise checks.log_truncated(partition, offset, bounds)

    def _refuse_undecodable(self) -> None:
        if len(self._member.consecutive_errors) < _FAILURES_IN_VAIN or self._gathering:
            return
        self._member.consecutive_errors.clear()
        offsets = {TopicPartition(*p): at for p, at in self._gathering.next_offsets.items()}
        self._failure = undecodable.found_among(self._settings, offsets)

    def _look_at_the_topics(self) -> None:
        """A log that does not fit may be another one by now, and then that is what to say."""
        self._watch.has_looked_since(time.monotonic(), _LOOK_SECONDS)
        self._refuse_other_topics()

    def _refuse_other_topics(self) -> None:
        """What was read since they went away cannot be told from what was read before."""
        seen, reached = self._watch.last.topic_ids, self._gathering.reached
        known = self._topic_ids
        if all(
            topic in seen and not checks.ids_differ(seen[topic], known[topic]) for topic in known
        ):
            return
        self._gathering.forget()
        ours = {topic: {topic_id} for topic, topic_id in known.items()}
        checks.check_topic_ids(seen, ours, reached)
        for topic in sorted(known.keys() - seen.keys()):
            checks.refuse_deleted(topic, reached)

    def _tell_the_group(self) -> None:
        consumer = self._member.consumer()
        if consumer is not None:
            self._offsets.only(self._member.owned)
            self._offsets.tell(consumer)


# Whether a source hands out what there is: that it is a member, and hears answers, is not
# enough. A broker can answer every question and still give no record.


class StallTimer:
    """Since when records wait that were not handed out. Written by the loop, read by any thread."""

    def __init__(self) -> None:
        self._waits_since: float | None = None

    def look(self, *, is_waiting: bool) -> None:
        """Say how it is now, after each time that something could have been handed out."""
        if not is_waiting:
            self._waits_since = None
        elif self._waits_since is None:
            self._waits_since = time.monotonic()

    def waited_seconds(self, asked_at: float) -> float:
        """How long they had waited when they were last asked for; 0 where none did."""
        since = self._waits_since
        return 0.0 if since is None else max(0.0, asked_at - since)
