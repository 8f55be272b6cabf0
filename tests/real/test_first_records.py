"""When the first record that waits was written, in logs as only a real broker has them."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from sync_worker.events.record import Partition
from sync_worker.streams.checks import Bounds
from sync_worker.streams.kafka import first_records
from sync_worker.streams.kafka.first_records import first_timestamps
from tests.real.kafka_parts import Cluster
from tests.services.broker import Broker


def at(second: int) -> datetime:
    return datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC)


def milliseconds(second: int) -> int:
    return int(at(second).timestamp() * 1000)


def send(cluster: Cluster, topic: str, *seconds: int, partition: int = 0, size: int = 1) -> None:
    """Records that were written so many seconds after midnight."""
    with cluster.producer(max_request_size=20_000_000) as producer:
        for second in seconds:
            value, stated = b"x" * size, milliseconds(second)
            producer.send(topic, value=value, partition=partition, timestamp_ms=stated)


def test_each_partition_is_looked_at_from_where_it_was_read(cluster: Cluster) -> None:
    topic = cluster.topic(partitions=3)
    send(cluster, topic, 1, 2, 3)
    send(cluster, topic, 4, 5, partition=1)
    parts = {Partition(topic, 0): Bounds(1, 3), Partition(topic, 1): Bounds(0, 2)}
    parts[Partition(topic, 2)] = Bounds(0, 0)
    found = first_timestamps(cluster.settings(topic), parts)
    assert found == {Partition(topic, 0): at(2), Partition(topic, 1): at(4)}


def test_a_part_of_nothing_but_markers_has_no_record(cluster: Cluster) -> None:
    topic = cluster.topic()
    send(cluster, topic, 1)
    with cluster.producer(transactional_id=uuid4().hex) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(topic, b"aborted").get(20)
        producer.abort_transaction()
    cluster.until_end(topic, 3)
    settings, place = cluster.settings(topic), Partition(topic, 0)
    assert first_timestamps(settings, {place: Bounds(1, 3)}) == {place: None}
    send(cluster, topic, 9)
    assert first_timestamps(settings, {place: Bounds(1, 4)}) == {place: at(9)}
    assert first_timestamps(settings, {place: Bounds(1, 3)}) == {place: None}


def test_a_record_of_megabytes_has_its_time_too(cluster: Cluster) -> None:
    topic = cluster.topic()
    cluster.alter(topic, max_message_bytes="20000000")
    send(cluster, topic, 7, size=9_000_000)
    parts = {Partition(topic, 0): Bounds(0, 1)}
    assert first_timestamps(cluster.settings(topic), parts) == {Partition(topic, 0): at(7)}


def test_what_a_log_no_longer_has_is_unknown(cluster: Cluster) -> None:
    topic = cluster.topic()
    send(cluster, topic, 1, 2, 3)
    cluster.delete_records(topic, 2)
    parts = {Partition(topic, 0): Bounds(0, 3)}
    assert first_timestamps(cluster.settings(topic), parts) == {}


def test_a_broker_that_is_frozen_is_not_waited_for(
    cluster: Cluster, breakable_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_records, "_MAX_SECONDS", 0.5)
    topic = cluster.topic()
    send(cluster, topic, 1)
    breakable_broker.freeze()
    try:
        parts = {Partition(topic, 0): Bounds(0, 1)}
        assert first_timestamps(cluster.settings(topic), parts) == {}
    finally:
        breakable_broker.thaw()
