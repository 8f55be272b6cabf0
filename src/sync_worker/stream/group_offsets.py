"""The group's offsets: committed after the database, for the sake of the standard tools.

Nothing depends on them. A commit that fails is done again later.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

_RETRY_SECONDS = 5.0
_LAST_COMMIT_MS = 1000


class GroupOffsets:
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
