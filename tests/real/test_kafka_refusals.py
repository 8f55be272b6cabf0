"""What the Kafka source refuses on a real broker, and in which words."""

import pytest

from sync_worker.events.record import Partition
from sync_worker.stream.kafka import KafkaSource
from sync_worker.stream.source import StreamError
from tests.real.conftest import Opened
from tests.real.kafka_parts import Cluster, Ledger, Reader
from tests.services.broker import Broker, NativeBroker


def test_a_missing_topic_is_refused_at_the_start(cluster: Cluster) -> None:
    topic = cluster.topic()
    with pytest.raises(StreamError, match="has no topic nope") as refused:
        KafkaSource(cluster.settings(topic, "nope"))
    assert "topics create" in refused.value.hint


def test_another_cluster_is_refused(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    source = opened(cluster.settings(topic))
    ledger = Ledger(other_streams=frozenset({"kafka:another"}))
    with pytest.raises(StreamError, match="the registry was read from another") as refused:
        Reader(source, ledger).step()
    assert "positions reset" in refused.value.hint
    assert source.stream_id.removeprefix("kafka:") in refused.value.what


def test_another_cluster_is_known_by_its_id(broker: Broker, cluster: Cluster) -> None:
    if not isinstance(broker, NativeBroker):
        pytest.skip("wants a second broker of its own")
    topic = cluster.topic()
    first = KafkaSource(cluster.settings(topic))
    first.close()
    assert first.stream_id == f"kafka:{broker.cluster_id}"
    second_broker = NativeBroker()
    try:
        second_cluster = Cluster(second_broker.bootstrap)
        second_cluster.topic(name=topic)
        second = KafkaSource(second_cluster.settings(topic))
        second.close()
        assert second.stream_id == f"kafka:{second_broker.cluster_id}" != first.stream_id
    finally:
        second_broker.remove()


def test_a_log_that_begins_after_our_position_is_refused(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(20))
    cluster.delete_records(topic, before=15)
    reader = Reader(opened(cluster.settings(topic)), Ledger({Partition(topic, 0): 4}))
    with pytest.raises(StreamError) as refused:
        reader.read_values(1)
    assert refused.value.what == (f"{topic}/0: the log begins at offset 15, after our position 4.")
    assert "11 offsets" in refused.value.why
    assert f"positions reset --topic {topic} --partition 0 --to earliest" in refused.value.hint


def test_a_log_that_ends_before_our_position_is_refused(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(5))
    reader = Reader(opened(cluster.settings(topic)), Ledger({Partition(topic, 0): 9}))
    with pytest.raises(StreamError) as refused:
        reader.read_values(1)
    assert refused.value.what == f"{topic}/0: the log ends at offset 5, before our position 9."


@pytest.mark.parametrize("length", [2, 20])
def test_a_topic_created_anew_between_runs_is_refused(
    cluster: Cluster, opened: Opened, length: int
) -> None:
    """Shorter or longer than our position: its id tells."""
    topic = cluster.topic()
    cluster.send(topic, range(8))
    first = Reader(opened(cluster.settings(topic)), Ledger())
    first.read_values(8)
    first.source.close()
    cluster.delete_topic(topic)
    cluster.topic(name=topic)
    cluster.send(topic, range(length))
    second = Reader(opened(cluster.settings(topic)), first.ledger)
    with pytest.raises(StreamError, match="was created anew") as refused:
        second.step()
    assert "8 in partition 0" in refused.value.what
    assert first.ledger.topic_ids[topic] in refused.value.what


def test_a_topic_deleted_while_it_is_read_is_noticed(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(3))
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    reader.read_values(3)
    cluster.delete_topic(topic)
    with pytest.raises(StreamError, match="was deleted while it was read") as refused:
        reader.read_until(lambda: False, "the deletion to be noticed")
    assert "3 in partition 0" in refused.value.what
