"""A range of a real broker's topics: what only Kafka has, and how it refuses."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from uuid import uuid4

import pytest

from sync_worker.cli.remedies import in_words
from sync_worker.events.record import Partition
from sync_worker.streams.kafka.range_reader import KafkaRangeReader
from sync_worker.streams.protocol import StoredPositions, StreamError, StreamUnavailable
from sync_worker.streams.ranges import AtOffset, Range
from tests.real.kafka_parts import Cluster
from tests.services.broker import Broker


@contextmanager
def reading(
    cluster: Cluster, topic: str, wanted: Range | None = None, **options: object
) -> Iterator[KafkaRangeReader]:
    settings = cluster.settings(topic)
    opened = KafkaRangeReader(settings, wanted or Range(), **{"max_records": 100, **options})  # type: ignore[arg-type]
    with closing(opened) as reader:
        yield reader


def values(reader: KafkaRangeReader) -> list[str]:
    return [(r.value or b"").decode() for batch in reader.batches() for r in batch.records]


def refusal(cluster: Cluster, topic: str, wanted: Range | None = None) -> StreamError:
    with pytest.raises(StreamError) as refused, reading(cluster, topic, wanted) as reader:
        values(reader)
    return refused.value


def test_what_comes_after_the_start_is_beyond_the_end(cluster: Cluster) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(3))
    with reading(cluster, topic) as reader:
        cluster.send(topic, ["new"])
        assert values(reader) == ["0", "1", "2"]
        assert (reader.total_offsets, reader.records_read) == (3, 3)


def test_an_open_transaction_is_beyond_the_end(cluster: Cluster) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(2))
    with cluster.producer(transactional_id=uuid4().hex) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(topic, b"open").get(20)
        with reading(cluster, topic) as reader:
            assert values(reader) == ["0", "1"]
        producer.commit_transaction()
    cluster.until_end(topic, 4)
    with reading(cluster, topic) as reader:
        assert values(reader) == ["0", "1", "open"]


def test_it_begins_where_retention_left_the_log(cluster: Cluster) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(5))
    cluster.delete_records(topic, before=3)
    with reading(cluster, topic) as reader:
        assert values(reader) == ["3", "4"]


def test_an_offset_that_retention_took_is_refused_with_the_numbers(cluster: Cluster) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(5))
    cluster.delete_records(topic, before=3)
    told = refusal(cluster, topic, Range((topic,), frozenset({0}), AtOffset(1)))
    assert "begins at offset 3, after offset 1" in told.message
    assert "--from offset:3" in str(in_words(told.hint))


def test_a_log_that_loses_its_beginning_is_reported(cluster: Cluster) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(5))
    with reading(cluster, topic) as reader:
        cluster.delete_records(topic, before=3)
        with pytest.raises(StreamError, match="no longer has the records"):
            values(reader)


def test_a_missing_topic_or_partition_is_refused(cluster: Cluster) -> None:
    assert "no topic nowhere" in refusal(cluster, "nowhere").message
    topic = cluster.topic(partitions=2)
    told = refusal(cluster, topic, Range(partitions=frozenset({1, 2})))
    assert told.message == "There is no partition 2."
    assert f"{topic} has 2" in told.why


def test_a_topic_deleted_while_it_is_read_is_reported(cluster: Cluster) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(3))
    with reading(cluster, topic) as reader:
        cluster.delete_topic(topic)
        with pytest.raises(StreamError, match="was deleted while it was read"):
            values(reader)


def test_a_topic_recreated_while_it_is_read_is_reported(cluster: Cluster) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(3))
    with reading(cluster, topic) as reader:
        cluster.delete_topic(topic)
        cluster.topic(name=topic)
        cluster.send(topic, range(10, 20))
        with pytest.raises(StreamError, match="re-created"):
            values(reader)


def test_no_consumer_group_is_created(cluster: Cluster) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(3))
    with cluster.admin() as admin:
        before = {group["group_id"] for group in admin.list_groups()}
        with reading(cluster, topic) as reader:
            values(reader)
        assert {group["group_id"] for group in admin.list_groups()} == before


def test_a_broker_that_stays_away_is_reported_unavailable(
    cluster: Cluster, breakable_broker: Broker
) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(3))
    with reading(cluster, topic, stall_timeout_seconds=1.0) as reader:
        breakable_broker.kill()
        with pytest.raises(StreamUnavailable):
            values(reader)
    with pytest.raises(StreamUnavailable), reading(cluster, topic):
        pass


def test_a_broker_that_comes_back_is_read_on(cluster: Cluster, breakable_broker: Broker) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(5000))
    with reading(cluster, topic, max_records=1000) as reader:
        found: list[str] = []
        for batch in reader.batches():
            if not found:
                breakable_broker.kill()
                breakable_broker.start()
            found += [(record.value or b"").decode() for record in batch.records]
    assert found == [str(number) for number in range(5000)]


def test_a_different_stream_is_refused_as_the_worker_does(
    cluster: Cluster,
) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(3))
    cluster.delete_records(topic, 2)
    at = Partition(topic, 0)
    with reading(cluster, topic) as reader:
        reader.check_positions(
            StoredPositions({at: 2}, {topic: frozenset({reader.topic_ids[topic]})})
        )
        reader.check_positions(StoredPositions({at: 0}))
        assert reader.begin_offsets == {at: 2}
        for stored_positions, said in (
            (StoredPositions({at: 1}), "the log begins at offset 2, after our position 1"),
            (StoredPositions({at: 4}), "the log ends at offset 3, before our position 4"),
            (StoredPositions({at: 2}, {topic: frozenset({"other"})}), f"{topic} was re-created"),
        ):
            with pytest.raises(StreamError, match=said):
                reader.check_positions(stored_positions)
