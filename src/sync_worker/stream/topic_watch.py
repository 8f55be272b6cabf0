"""Watches from a thread of its own whether the topics are still the same ones.

The reading client shows neither that a topic was deleted nor that it was created anew (traps 3, 4),
and a question to a hanging broker would hold up the loop.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Condition, Event, Thread

from sync_worker.stream.admin import KafkaAdmin
from sync_worker.stream.source import StreamAway, StreamError


@dataclass(frozen=True, slots=True)
class Sight:
    """The ids of the topics that there were, and when that was asked (monotonic seconds)."""

    topic_ids: Mapping[str, str]
    asked_at: float


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
        self.last = Sight(first, time.monotonic())
        Thread(target=self._watch, name="topic-watch", daemon=True).start()

    def is_reachable(self) -> bool:
        """Whether the cluster answered lately."""
        return time.monotonic() - self.last.asked_at < 3 * self._seconds

    def has_looked_since(self, moment: float, wait_seconds: float) -> bool:
        """Whether `last` was asked for after `moment`; looks now, and waits for it a little."""
        self._wanted.set()
        with self._seen:
            return self._seen.wait_for(lambda: self.last.asked_at >= moment, wait_seconds)

    def close(self) -> None:
        """Stop looking; does not wait for an answer that is still out."""
        self._is_closed = True
        self._wanted.set()

    def _watch(self) -> None:
        while not self._is_closed:
            self._wanted.wait(self._seconds)
            self._wanted.clear()
            self._look()

    def _look(self) -> None:
        asked_at = time.monotonic()
        try:
            found = self._admin.topics(self._topics)
        except (StreamAway, StreamError, RuntimeError):
            return  # away, refused, or closed beneath us: nothing was seen
        with self._seen:
            self.last = Sight({name: found[name].topic_id for name in found}, asked_at)
            self._seen.notify_all()
