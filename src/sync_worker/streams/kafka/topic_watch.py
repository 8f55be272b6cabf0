"""Watches from its own thread whether the topics are still the same, and how far they reach.

The reading client does not show that a topic was deleted or re-created (traps 3 and 4), nor that
records wait which no broker delivers. And a request to a broker that hangs would hold up the loop.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Condition, Event, Thread

from sync_worker.events.record import Partition
from sync_worker.streams.kafka.admin import KafkaAdmin
from sync_worker.streams.kafka.settings import ADMIN_REQUEST_TIMEOUT_SECONDS
from sync_worker.streams.kafka.source_health import Requests
from sync_worker.streams.protocol import StreamError, StreamUnavailable

_REACHABLE_MARGIN_SECONDS = 1.0
_RETRY_INTERVAL_SECONDS = 1.0
"""While the cluster does not answer: its return is to be noticed soon."""


@dataclass(frozen=True, slots=True)
class TopicSnapshot:
    """The ids of the topics that existed, and when they were asked for (monotonic seconds)."""

    topic_ids: Mapping[str, str]
    asked_at: float
    ends: Mapping[Partition, int] = field(default_factory=dict)
    """How far each partition could be read when that was last asked."""
    ends_asked_at: float = 0.0
    """When that was, in seconds of the clock."""


class TopicWatch:
    """Checks the topics at an interval, and on demand.

    `latest` is replaced as a whole, and can be read from any thread.
    """

    def __init__(
        self,
        admin: KafkaAdmin,
        topics: tuple[str, ...],
        interval_seconds: float,
        topic_ids: Mapping[str, str],
    ) -> None:
        """`topic_ids` are those that the cluster has just told."""
        self._admin = admin
        self._topics = topics
        self._interval_seconds = interval_seconds
        self._is_closed = False
        self._is_requested = Event()
        self._has_changed = Condition()
        self._asked_at = self._answered_at = self._ends_asked_at = time.monotonic()
        self.latest = TopicSnapshot(topic_ids, self._answered_at)
        self.requests = Requests(answered_at=time.time(), next_at=time.time() + interval_seconds)
        self.refusal: str | None = None
        """Why the cluster, which answers, lets us ask for the topics no longer; None if it does."""
        self.failure: BaseException | None = None
        """The unexpected error that ended the thread: nothing is checked any more."""
        Thread(target=self._run, name="topic-watch", daemon=True).start()

    def is_reachable(self) -> bool:
        """Whether the cluster answered within the interval, and the time of one request."""
        limit = self._interval_seconds + ADMIN_REQUEST_TIMEOUT_SECONDS + _REACHABLE_MARGIN_SECONDS
        return time.monotonic() - self._answered_at < limit

    def wait_for_check_since(self, moment: float, timeout_seconds: float) -> bool:
        """Have the topics checked now, and wait for it; whether `latest` is from after `moment`."""
        if self._asked_at < moment:  # else that request is still waiting for its answer
            self._is_requested.set()
        with self._has_changed:
            return self._has_changed.wait_for(
                lambda: self.latest.asked_at >= moment, timeout_seconds
            )

    def close(self) -> None:
        """Stop checking; does not wait for the answer to a request that was sent."""
        self._is_closed = True
        self._is_requested.set()

    def _run(self) -> None:
        try:
            wait_seconds = self._interval_seconds
            while not self._is_closed:
                self._is_requested.wait(wait_seconds)
                self._is_requested.clear()
                failure = self._check()
                wait_seconds = self._interval_seconds
                if failure is not None:
                    wait_seconds = min(wait_seconds, _RETRY_INTERVAL_SECONDS)
                self._count(failure, wait_seconds)
        except BaseException as failure:  # noqa: BLE001 - reported by the source's health
            if not self._is_closed:  # else the admin client was closed during a request
                self.failure = failure

    def _count(self, failure: str | None, wait_seconds: float) -> None:
        now, before = time.time(), self.requests
        if failure is None:
            self.requests = Requests(now, now + wait_seconds, before.failed)
        else:
            self.requests = before._replace(
                next_at=now + wait_seconds,
                failed=before.failed + 1,
                failed_in_a_row=before.failed_in_a_row + 1,
                last_error=failure,
            )

    def _check(self) -> str | None:
        """Why the cluster gave no answer, if it did not; that leaves what was known."""
        asked_at = self._asked_at = time.monotonic()
        try:
            topics = self._admin.topics(self._topics)
            ids = {name: topic.topic_id for name, topic in topics.items()}
            with self._has_changed:
                self.latest = replace(self.latest, topic_ids=ids, asked_at=asked_at)
                self._has_changed.notify_all()
            if asked_at - self._ends_asked_at >= self._interval_seconds:
                clock = time.time()
                partitions = [part for topic in topics.values() for part in topic.partitions]
                ends = self._admin.end_offsets(partitions)
                self.latest = replace(self.latest, ends=ends, ends_asked_at=clock)
                self._ends_asked_at = asked_at
        except StreamUnavailable as error:
            return str(error)
        except StreamError as error:
            self.refusal = str(error)
            return self.refusal
        self._answered_at = time.monotonic()
        self.refusal = None
        return None
