"""Commits offsets to the consumer group, after the database has committed them.

The registry's positions are the truth: the group's offsets are for the standard tools, which show
lag by them, and nothing is read from them. So they are committed once a second, not with each
transaction. A commit that fails is retried later.
"""

import math
import time
from collections.abc import Iterable, Mapping
from typing import Any

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

_INTERVAL_SECONDS = 1.0
_RETRY_DELAY_SECONDS = 5.0
_LAST_COMMIT_TIMEOUT_MS = 1000


class OffsetCommitter:
    """The offsets that the database has, and which of them the group has not been told."""

    def __init__(self) -> None:
        self._offsets: dict[TopicPartition, int] = {}
        self._uncommitted: set[TopicPartition] = set()
        self._committed_at = -math.inf
        self._retry_at = 0.0

    def add(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Everything below these offsets is in the database; commit them when it is time."""
        self._offsets |= offsets
        self._uncommitted |= offsets.keys()
        self._retry_at = 0.0

    def commit(self, consumer: KafkaConsumer, assignment: Iterable[TopicPartition]) -> None:
        """Commit what the group does not know if it is time, without waiting for the answer.

        Partitions that are no longer assigned are dropped: their new owners commit them.
        """
        self._uncommitted.intersection_update(assignment)
        now = time.monotonic()
        is_due = now >= max(self._committed_at + _INTERVAL_SECONDS, self._retry_at)
        if not (self._uncommitted and is_due):
            return
        self._committed_at = now
        offsets = self._payload()
        self._uncommitted.clear()
        try:
            consumer.commit_async(offsets, self._on_response)
        except KafkaError as error:
            self._on_response(offsets, error)

    def commit_and_wait(
        self, consumer: KafkaConsumer, assignment: Iterable[TopicPartition]
    ) -> None:
        """Commit for the last time, and wait a second for it at most; it may fail."""
        self._uncommitted.intersection_update(assignment)
        if not self._uncommitted:
            return
        try:
            consumer.commit(self._payload(), timeout_ms=_LAST_COMMIT_TIMEOUT_MS)
        except KafkaError:
            return

    def _payload(self) -> dict[TopicPartition, OffsetAndMetadata]:
        return {tp: OffsetAndMetadata(self._offsets[tp], "", -1) for tp in self._uncommitted}

    def _on_response(
        self, offsets: Mapping[TopicPartition, OffsetAndMetadata], response: Any
    ) -> None:
        # The broker is unavailable, the group rebalances, or the partitions are no longer ours.
        # If another member has fenced us, the next poll raises that.
        if isinstance(response, Exception):
            self._uncommitted.update(offsets)
            self._retry_at = time.monotonic() + _RETRY_DELAY_SECONDS
