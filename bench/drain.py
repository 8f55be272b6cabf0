"""The yardstick: the worker's client settings, reading the same records and doing nothing.

Run as `python -m bench.drain BOOTSTRAP GROUP TOPIC…`; prints how many records it read.
"""

import sys
from collections.abc import Collection, Sequence

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition

from sync_worker.streams.kafka.settings import KafkaSettings, consumer_options


class _FromTheBeginning(ConsumerRebalanceListener):
    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer
        self._sought: set[TopicPartition] = set()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Only what is new: what is sought again is read twice."""
        for partition in set(assigned) - self._sought:
            self._consumer.seek(partition, 0)
        self._sought |= set(assigned)

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Nothing is kept of them."""


def drain(settings: KafkaSettings) -> int:
    """Read all that there is, from the beginning; how many records that were."""
    consumer = KafkaConsumer(**consumer_options(settings))
    partitions = [
        TopicPartition(topic, partition)
        for topic in settings.topics
        for partition in consumer.partitions_for_topic(topic)
    ]
    total = sum(consumer.end_offsets(partitions, timeout_ms=5000).values())
    consumer.subscribe(list(settings.topics), listener=_FromTheBeginning(consumer))
    read = 0
    while read < total:
        found = consumer.poll(timeout_ms=500)
        read += sum(len(records) for records in found.values())
    consumer.close(autocommit=False, timeout_ms=2000)
    return read


def main(arguments: Sequence[str]) -> None:
    """Drain what the arguments name."""
    bootstrap, group, *topics = arguments
    settings = KafkaSettings(bootstrap, tuple(topics), group)
    sys.stdout.write(f'{{"read": {drain(settings)}}}\n')


if __name__ == "__main__":
    main(sys.argv[1:])
