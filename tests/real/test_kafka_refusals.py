"""What the Kafka source refuses on a real broker, and in which words."""

import time

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import ACLOperation
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from sync_worker.cli.remedies import in_words
from sync_worker.events.record import Partition
from sync_worker.streams.kafka.settings import Security
from sync_worker.streams.kafka.source import KafkaSource
from sync_worker.streams.kafka.topic_watch import TopicSnapshot
from sync_worker.streams.protocol import StreamError, StreamUnavailable
from tests.real.kafka_parts import Cluster, Ledger, Opened, Reader
from tests.services.broker import MIN_SESSION_TIMEOUT_MS, Broker, NativeBroker
from tests.services.waiting import until


def test_a_missing_topic_is_refused_at_the_start(cluster: Cluster) -> None:
    topic = cluster.topic()
    with pytest.raises(StreamError, match="has no topic nope") as refused:
        KafkaSource(cluster.settings(topic, "nope"))
    assert "topics create" in str(in_words(refused.value.hint))


def test_another_cluster_is_refused(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    source = opened(cluster.settings(topic))
    ledger = Ledger(other_streams=frozenset({"kafka:another"}))
    with pytest.raises(StreamError, match="the registry was read from another") as refused:
        Reader(source, ledger).step()
    assert "positions reset" in str(in_words(refused.value.hint))
    assert source.stream_id.removeprefix("kafka:") in refused.value.message


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
    assert refused.value.message == (
        f"{topic}/0: the log begins at offset 15, after our position 4."
    )
    assert "11 offsets" in refused.value.why
    assert f"positions reset --topic {topic} --partition 0 --to earliest" in str(
        in_words(refused.value.hint)
    )


def test_a_log_that_ends_before_our_position_is_refused(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(5))
    reader = Reader(opened(cluster.settings(topic)), Ledger({Partition(topic, 0): 9}))
    with pytest.raises(StreamError) as refused:
        reader.read_values(1)
    assert refused.value.message == f"{topic}/0: the log ends at offset 5, before our position 9."


def test_a_refusal_found_as_a_rejoin_ends_is_reported(
    cluster: Cluster, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With records in hand, too, which are not known to be ours any more."""
    topic = cluster.topic(partitions=2)
    for partition in range(2):
        cluster.send(topic, range(3), partition)
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    reader.read_values(6)
    _gather(reader, cluster, topic, monkeypatch)
    cluster.delete_records(topic, before=3, partition=1)
    member, client = reader.source._member, reader.client
    client._coordinator.request_rejoin()
    member.poll(0.0, 1)
    assert not member.is_stable
    client.seek(TopicPartition(topic, 1), 1)
    with pytest.raises(StreamError, match=r"/1: the log begins at offset 3, after our position 1"):
        reader.read_until(lambda: False, "the refusal", 10)


def test_a_session_shorter_than_the_brokers_allow_is_refused(
    cluster: Cluster, opened: Opened
) -> None:
    settings = cluster.settings(cluster.topic(), session_timeout_ms=MIN_SESSION_TIMEOUT_MS - 1)
    reader = Reader(opened(settings), Ledger())
    with pytest.raises(StreamError, match=settings.group_id) as refused:
        reader.read_until(lambda: False, "the refusal", 10)
    assert "InvalidSessionTimeoutError" in refused.value.message
    assert "SYNC_WORKER_KAFKA_SESSION_TIMEOUT_MS" in str(in_words(refused.value.hint))


def test_a_group_of_another_assignor_is_refused(cluster: Cluster, opened: Opened) -> None:
    settings = cluster.settings(cluster.topic())
    stranger = KafkaConsumer(
        *settings.topics,
        bootstrap_servers=cluster.bootstrap,
        group_id=settings.group_id,
        partition_assignment_strategy=[RoundRobinPartitionAssignor()],
    )
    try:
        until(lambda: stranger.poll(100) or stranger.assignment(), "the stranger to be a member")
        reader = Reader(opened(settings), Ledger())
        with pytest.raises(StreamError, match=settings.group_id) as refused:
            reader.read_until(lambda: False, "the refusal", 10)
    finally:
        stranger.close(autocommit=False)
    assert "InconsistentGroupProtocolError" in refused.value.message
    assert "SYNC_WORKER_KAFKA_GROUP_ID" in str(in_words(refused.value.hint))


def test_a_topic_that_this_user_may_not_see_is_refused(guarded_cluster: Cluster) -> None:
    """It is there, and no waiting makes it ours to read."""
    topic = guarded_cluster.topic()
    guarded_cluster.permit("User:somebody-else", topic, ACLOperation.READ)
    settings = guarded_cluster.settings(topic)
    with pytest.raises(StreamError, match=f"lacks the right READ on the topic {topic}"):
        until(lambda: KafkaSource(settings).close(), "the refusal", 10)


@pytest.mark.parametrize(
    ("security", "reason"),
    [
        (Security("SASL_PLAINTEXT", "PLAIN", "worker", "h3mligt-ord"), "IllegalSaslStateError"),
        (Security("SSL", ssl_cafile="/nope"), "No such file"),
    ],
    ids=["a login where none is wanted", "a file that went away"],
)
def test_why_no_broker_could_be_talked_to_is_said(
    cluster: Cluster, security: Security, reason: str
) -> None:
    """The client itself says that it found none, whatever the reason."""
    with pytest.raises(StreamUnavailable, match=reason) as away:
        KafkaSource(cluster.settings("any", security=security))
    assert "h3mligt-ord" not in str(away.value)


def _gather(reader: Reader, cluster: Cluster, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it read a record that it may not hand out yet, since nobody has looked at its topic."""
    with monkeypatch.context() as unsure:
        unsure.setattr(reader.source._watch, "wait_for_check_since", lambda *_: False)
        cluster.send(topic, ["in hand"])  # of several, it might fetch some and then wait
        reader.read_until(lambda: len(reader.source._buffer) == 1, "a record in hand")


@pytest.mark.parametrize("length", [2, 20])
def test_a_topic_recreated_between_runs_is_refused(
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
    with pytest.raises(StreamError, match="was re-created") as refused:
        second.step()
    assert "8 in partition 0" in refused.value.message
    assert first.ledger.topic_ids[topic] in refused.value.message


def test_a_recreated_topic_is_not_mistaken_for_a_truncated_log(
    cluster: Cluster, opened: Opened
) -> None:
    """Although nobody has looked since: the way on is another one."""
    topic = cluster.topic()
    cluster.send(topic, range(8))
    reader = Reader(opened(cluster.settings(topic, topic_check_interval_seconds=600.0)), Ledger())
    reader.read_values(8)
    cluster.delete_topic(topic)
    cluster.topic(name=topic)
    cluster.send(topic, range(2))
    with pytest.raises(StreamError, match="was re-created"):
        reader.read_until(lambda: False, "the refusal")


@pytest.mark.parametrize("position", [3, 5])
def test_a_failure_is_over_once_the_source_is_sought(
    cluster: Cluster, opened: Opened, position: int
) -> None:
    """As where another worker, or a person, has set the positions meanwhile, or not."""
    topic = cluster.topic()
    cluster.send(topic, range(3))
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    reader.read_values(3)
    reader.client.seek(TopicPartition(topic, 0), 1000)
    with pytest.raises(StreamError, match="the log ends at offset 3"):
        reader.read_until(lambda: False, "the refusal")
    cluster.send(topic, range(3, 8))
    reader.ledger.positions[Partition(topic, 0)] = position
    reader.source.seek(reader.ledger.stored_positions())
    reader.read_until(lambda: "7" in reader.ledger.values(), "the rest")
    assert reader.ledger.values() == [*map(str, range(3)), *map(str, range(position, 8))]


@pytest.mark.parametrize("error", [KeyError("topics"), RuntimeError("crashed"), SystemExit()])
def test_a_watch_of_the_topics_that_ends_ends_the_reading(
    cluster: Cluster, opened: Opened, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    topic = cluster.topic()
    source = opened(cluster.settings(topic))

    def broken(*_topics: object) -> None:
        raise error

    monkeypatch.setattr(source._watch._admin, "topics", broken)
    until(lambda: source.health.failure is error, "the watch to end")
    with pytest.raises(type(error)):
        source.poll(0.1)


def test_a_topic_deleted_while_it_is_read_is_noticed(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(3))
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    reader.read_values(3)
    cluster.delete_topic(topic)
    with pytest.raises(StreamError, match="was deleted while it was read") as refused:
        reader.read_until(lambda: False, "the deletion to be noticed")
    assert "3 in partition 0" in refused.value.message


def test_a_topic_unseen_for_a_moment_costs_no_fetched_record(
    cluster: Cluster, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the worker goes on all the same, since another one was quicker than it."""
    topic = cluster.topic()
    cluster.send(topic, range(3))
    reader = Reader(opened(cluster.settings(topic, topic_check_interval_seconds=600.0)), Ledger())
    reader.read_values(3)
    _gather(reader, cluster, topic, monkeypatch)
    with monkeypatch.context() as unseen:
        unseen.setattr(reader.source._watch, "latest", TopicSnapshot({}, time.monotonic()))
        with pytest.raises(StreamError, match="was deleted"):
            reader.source.poll(0.5)
    reader.source.seek(reader.ledger.stored_positions())
    assert reader.read_values(4) == ["0", "1", "2", "in hand"]
