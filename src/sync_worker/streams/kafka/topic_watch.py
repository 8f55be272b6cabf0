"""Watches from a thread of its own whether the topics are still the same ones, and how far they go.

The reading client shows neither that a topic was deleted nor that it was created anew (traps 3, 4),
nor that records wait which no broker gives it; and a question to a hanging broker would hold up
the loop.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from threading import Condition, Event, Thread

from sync_worker.events.record import Partition
from sync_worker.streams.kafka.admin import KafkaAdmin, Topic
from sync_worker.streams.kafka.settings import ADMIN_REQUEST_TIMEOUT_SECONDS
from sync_worker.streams.protocol import StreamError, StreamUnavailable

_SLACK_SECONDS = 1.0
_RETRY_SECONDS = 1.0
"""Until it is looked again at a cluster that did not answer: its return is soon to be seen."""


@dataclass(frozen=True, slots=True)
class TopicIds:
    """The ids of the topics that there were, and when that was asked (monotonic seconds)."""

    topic_ids: Mapping[str, str]
    asked_at: float
    ends: Mapping[Partition, int] = field(default_factory=dict)
    """How far each partition could be read when that was last asked."""


class TopicWatch:
    """Looks every few seconds, and when it is told to.

    `last` is replaced as a whole, and can be read from any thread.
    """

    def __init__(
        self, admin: KafkaAdmin, topics: tuple[str, ...], seconds: float, first: Mapping[str, str]
    ) -> None:
        self._admin = admin
        self._topics = topics
        self._seconds = seconds
        self._is_closed = False
        self._wanted = Event()
        self._seen = Condition()
        self._asked_at = self._answered_at = self._ends_asked_at = time.monotonic()
        self.last = TopicIds(first, self._answered_at)
        self.failure: BaseException | None = None
        """What ended the thread that was not foreseen: nothing is seen any more."""
        Thread(target=self._watch, name="topic-watch", daemon=True).start()

    def is_reachable(self) -> bool:
        """Whether the cluster answered lately."""
        longest = self._seconds + ADMIN_REQUEST_TIMEOUT_SECONDS + _SLACK_SECONDS
        return time.monotonic() - self._answered_at < longest

    def has_looked_since(self, moment: float, wait_seconds: float) -> bool:
        """Whether `last` was asked for after `moment`; looks now, and waits for it a little."""
        if self._asked_at < moment:  # else that question is still out
            self._wanted.set()
        with self._seen:
            return self._seen.wait_for(lambda: self.last.asked_at >= moment, wait_seconds)

    def close(self) -> None:
        """Stop looking; does not wait for an answer that is still out."""
        self._is_closed = True
        self._wanted.set()

    def _watch(self) -> None:
        try:
            wait = self._seconds
            while not self._is_closed:
                self._wanted.wait(wait)
                self._wanted.clear()
                wait = self._seconds if self._look() else min(self._seconds, _RETRY_SECONDS)
        except BaseException as failure:  # noqa: BLE001 - told by whoever looks after the threads
            if not self._is_closed:  # else the client was closed beneath us
                self.failure = failure

    def _look(self) -> bool:
        """Whether the cluster answered; one that is away, or refuses, shows nothing."""
        asked_at = self._asked_at = time.monotonic()
        try:
            found = self._admin.topics(self._topics)
            self._saw({name: found[name].topic_id for name in found}, asked_at)
            if asked_at - self._ends_asked_at >= self._seconds:
                self._look_at_the_ends(found.values())
        except (StreamUnavailable, StreamError):
            return False
        self._answered_at = time.monotonic()
        return True

    def _saw(self, topic_ids: Mapping[str, str], asked_at: float) -> None:
        with self._seen:
            self.last = replace(self.last, topic_ids=topic_ids, asked_at=asked_at)
            self._seen.notify_all()

    def _look_at_the_ends(self, topics: Iterable[Topic]) -> None:
        asked_at = time.monotonic()
        ends = self._admin.ends(part for topic in topics for part in topic.partitions)
        self.last = replace(self.last, ends=ends)
        self._ends_asked_at = asked_at
