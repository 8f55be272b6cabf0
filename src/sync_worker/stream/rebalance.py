"""The listener of a group member: holds new partitions back and marks them, nothing else.

It runs on the client's thread, where a blocking call would stop the heartbeats, and nearly all
calls raise (trap 6). What it raised would surface in `poll` once, and reading would then go on from
the group's offsets (trap 5). So it reads nothing and decides nothing: all partitions are paused,
and the new ones wait until the loop has sought them.
"""

from collections.abc import Collection

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition


class Rebalance(ConsumerRebalanceListener):
    """Which partitions are this member's, and which of them wait for a position.

    Written while the loop waits inside `poll`, read by the loop outside of it.
    """

    def __init__(self) -> None:
        self._consumer: KafkaConsumer | None = None
        self.owned: frozenset[TopicPartition] = frozenset()
        self.unplaced: frozenset[TopicPartition] = frozenset()
        self.failure: Exception | None = None

    def of(self, consumer: KafkaConsumer) -> None:
        """Whose listener this is."""
        self._consumer = consumer

    def placed(self, partitions: Collection[TopicPartition]) -> None:
        """These have been sought."""
        self.unplaced -= frozenset(partitions)

    def hold_back(self, partitions: Collection[TopicPartition]) -> None:
        """Let these wait for a position; nothing at all is fetched until all of them have one.

        All partitions are paused, since a subset that is paused can stall for ever (trap 2).
        """
        self.unplaced |= self.owned & frozenset(partitions)
        if self._consumer is not None and self.unplaced:
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
        self.unplaced = frozenset()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Hold back what is new. A range assignor names all partitions, the kept ones too."""
        new = frozenset(assigned) - self.owned
        self.owned = frozenset(assigned)
        self.unplaced &= self.owned
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
