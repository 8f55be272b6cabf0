"""The Kafka source while a real broker is killed, frozen and brought back."""

import time
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from sync_worker.streams.protocol import StreamUnavailable
from tests.real.kafka_parts import Cluster, Ledger, Opened, Reader
from tests.services.broker import Broker
from tests.services.waiting import until


def _generation(reader: Reader) -> tuple[object, ...]:
    metadata = reader.client.group_metadata()
    return metadata.generation_id, metadata.member_id


def _sent(producer: KafkaProducer, topic: str, values: range) -> None:
    for value in values:
        producer.send(topic, value=str(value).encode())
    producer.flush()


def test_a_killed_broker_costs_nothing(
    breakable_broker: Broker, cluster: Cluster, opened: Opened
) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(10))
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    reader.read_values(10)
    before = _generation(reader)
    breakable_broker.kill()
    reader.read_until(lambda: not reader.source.health.is_reachable, "the loss to be seen")
    breakable_broker.start()
    cluster.send(topic, range(10, 20))
    assert reader.read_values(20) == [str(number) for number in range(20)]
    reader.read_until(lambda: reader.source.health.is_reachable, "the return to be seen")
    assert _generation(reader) == before
    assert reader.source.health.rebuilds.count == 0


def test_a_frozen_broker_holds_up_no_poll(
    breakable_broker: Broker, cluster: Cluster, opened: Opened
) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(10))
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    reader.read_values(10)
    breakable_broker.freeze()
    polls = 0

    def poll_and_look() -> bool:
        nonlocal polls
        reader.step(0.5)
        polls += 1
        return not reader.source.health.is_reachable

    # Takes longer than the session; a poll that waited for the broker would take as long alone.
    until(poll_and_look, "the silence to be seen", pause_seconds=0)
    assert polls > 3
    breakable_broker.thaw()
    cluster.send(topic, range(10, 20))
    assert reader.read_values(20) == [str(number) for number in range(20)]


def test_it_starts_although_the_broker_disappears_at_once(
    breakable_broker: Broker, cluster: Cluster, opened: Opened
) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(10))
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    breakable_broker.kill()
    for _ in range(10):
        reader.step()
    assert not reader.source.health.is_member
    breakable_broker.start()
    assert reader.read_values(10) == [str(number) for number in range(10)]


def test_a_partition_without_a_leader_is_waited_for(
    cluster: Cluster, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As all of them are for a moment, one by one, after their broker has crashed."""
    topic = cluster.topic(partitions=2)
    for partition in range(2):
        cluster.send(topic, range(5), partition)
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    client = reader.client
    leader = client._cluster.leader_for_partition
    with monkeypatch.context() as without:
        without.setattr(
            client._cluster, "leader_for_partition", lambda tp: -1 if tp.partition else leader(tp)
        )
        reader.read_until(lambda: reader.ledger.reads >= 3, "positions to be asked for in vain")
        assert reader.ledger.records == []
    assert len(reader.read_values(10)) == 10


def test_a_leaderless_partition_is_waited_for_at_the_start(
    cluster: Cluster, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = cluster.settings(cluster.topic())

    async def no_leader(_client: Any, partitions: Any) -> dict[int, set[Any]]:
        return {-1: set(partitions)}

    with monkeypatch.context() as without:
        without.setattr(KafkaAdminClient, "_async_get_leader_for_partitions", no_leader)
        with pytest.raises(StreamUnavailable):
            opened(settings)
    opened(settings)


def test_an_evicted_member_resumes_at_the_registrys_position(
    cluster: Cluster, opened: Opened
) -> None:
    """It was silent for longer than the poll interval: others may have read on."""
    topic = cluster.topic()
    cluster.send(topic, range(5))
    settings = cluster.settings(topic, max_poll_interval_ms=6000)
    reader = Reader(opened(settings), Ledger())
    reader.read_values(5)
    time.sleep(7)  # is the fault
    other = Reader(opened(settings), reader.ledger)
    cluster.send(topic, range(5, 8))
    other.read_values(8)
    other.source.close()
    cluster.send(topic, ["last"])
    assert reader.read_values(9) == [*map(str, range(8)), "last"]
    assert reader.ledger.refused == 0


def test_a_dead_members_partitions_go_to_the_other(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic(partitions=2)
    settings = cluster.settings(topic)
    ledger = Ledger()
    dying = Reader(opened(settings), ledger).start()
    staying = Reader(opened(settings), ledger).start()
    until(lambda: staying.source.health.partitions == 1, "a share")
    # Dead without a word: no heartbeat leaves it any more.
    dying.stop()
    client: Any = dying.source._member._consumer
    client._client.close()
    dying.source._member._consumer = None
    cluster.send(topic, range(5), partition=0)
    cluster.send(topic, range(5), partition=1)
    until(lambda: len(ledger.records) == 10, "all of it", 30)
    assert staying.source.health.partitions == 2
    staying.stop()
