"""The checks of the stream on a real broker, each with its failure staged."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kafka.admin import (
    ACLOperation,
    ACLPermissionType,
)

from sync_worker.cli.remedies import in_words
from sync_worker.events.record import Partition
from sync_worker.inspection.checks_kafka import KafkaChecks
from sync_worker.inspection.doctor import Check as Looked
from sync_worker.inspection.doctor import Finding, State, ok, run_checks
from sync_worker.registry import positions, schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from sync_worker.streams.kafka.admin import KafkaAdmin
from tests.builders import EPOCH_MS
from tests.real.kafka_parts import Cluster, Ledger, Opened, Reader
from tests.services.broker import Broker

NOW = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    engine = open_engine(f"sqlite:///{tmp_path / 'registry.db'}", create=True)
    schema.upgrade(engine)
    opened = Registry(engine)
    yield opened
    opened.close()


class Doctor:
    """Examines one cluster and one registry."""

    def __init__(self, cluster: Cluster, registry: Registry) -> None:
        self._cluster = cluster
        self._registry = registry

    def __call__(self, *topics: str, group_id: str = "nobody") -> dict[str, Finding]:
        admin = KafkaAdmin(self._cluster.settings(*topics))
        checks = KafkaChecks(lambda: admin, lambda: self._registry, topics, group_id).all()
        try:
            return run_checks([Looked("revision", lambda: ok("fine")), *checks])
        finally:
            admin.close()

    def put(
        self, topic: str, offset: int, *, partition: int = 0, topic_id: str | None = ""
    ) -> None:
        """Store a position of this cluster; without an id, the topic's own."""
        admin = KafkaAdmin(self._cluster.settings(topic))
        found = admin.topics([topic])[topic].topic_id if topic_id == "" else topic_id
        stream = f"kafka:{admin.cluster_id()}"
        admin.close()
        with self._registry.transaction() as transaction:
            positions.put(
                transaction.connection, stream, Partition(topic, partition), offset, found
            )
            transaction.commit()


@pytest.fixture
def doctor(cluster: Cluster, registry: Registry) -> Doctor:
    return Doctor(cluster, registry)


def test_a_stream_as_it_should_be(cluster: Cluster, doctor: Doctor) -> None:
    one, two = cluster.topic(partitions=2), cluster.topic(partitions=2)
    cluster.send(one, range(3))
    doctor.put(one, 2)
    found = doctor(one, two)
    states = {name: finding.state for name, finding in found.items()}
    assert states.pop("group") is State.WARN
    assert set(states.values()) == {State.OK}
    assert "back to the first record" in found["topic_configuration"].detail
    assert "1 offset remains to be read" in found["positions"].detail


def test_a_missing_topic_fails_and_what_needs_it_waits(cluster: Cluster, doctor: Doctor) -> None:
    found = doctor(cluster.topic(), "nowhere")
    assert found["topics"].state is State.FAIL
    assert "sync-worker topics create" in str(in_words(found["topics"].fix))
    assert found["positions"].state is State.SKIP


def test_different_numbers_of_partitions_warn(cluster: Cluster, doctor: Doctor) -> None:
    few, many = cluster.topic(partitions=1), cluster.topic(partitions=3)
    finding = doctor(few, many)["partitions"]
    assert finding.state is State.WARN
    assert str(in_words(finding.fix)) == (
        f"kafka-topics.sh --bootstrap-server {cluster.bootstrap} --alter "
        f"--topic {few} --partitions 3"
    )


@pytest.mark.parametrize("option", [{"cleanup_policy": "compact"}, {"retention_ms": "86400000000"}])
def test_a_topic_that_loses_records_fails(
    cluster: Cluster, doctor: Doctor, option: dict[str, str]
) -> None:
    topic = cluster.topic()
    cluster.alter(topic, **option)
    finding = doctor(topic)["topic_configuration"]
    assert finding.state is State.FAIL
    assert "=".join(*option.items()).replace("_", ".", 1) in finding.detail
    assert str(in_words(finding.fix)) == (
        f"kafka-configs.sh --bootstrap-server {cluster.bootstrap} --alter --entity-type topics "
        f"--entity-name {topic} "
        "--add-config cleanup.policy=delete,retention.ms=-1,retention.bytes=-1"
    )


def test_a_topic_that_changes_timestamps_fails(cluster: Cluster, doctor: Doctor) -> None:
    topic = cluster.topic()
    cluster.alter(topic, message_timestamp_type="LogAppendTime")
    finding = doctor(topic)["topic_configuration"]
    assert finding.state is State.FAIL
    assert f"{topic}: message.timestamp.type=LogAppendTime" in finding.detail
    assert str(in_words(finding.fix)).endswith(
        f"--entity-name {topic} --add-config message.timestamp.type=CreateTime"
    )


def test_an_unreadable_configuration_warns_and_names_the_missing_right(
    guarded_cluster: Cluster, registry: Registry
) -> None:
    topic, other = guarded_cluster.topic(), guarded_cluster.topic()
    everybody = "User:*"
    guarded_cluster.permit(everybody, topic, ACLOperation.ALL)
    guarded_cluster.permit(everybody, topic, ACLOperation.DESCRIBE_CONFIGS, ACLPermissionType.DENY)
    doctor = Doctor(guarded_cluster, registry)
    finding = doctor(topic, other)["topic_configuration"]
    assert finding.state is State.WARN
    assert f"may not read the configuration of {topic}." in finding.detail
    assert "back to the first record" in finding.detail
    assert "DESCRIBE_CONFIGS" in str(in_words(finding.fix))
    guarded_cluster.alter(other, cleanup_policy="compact")
    assert doctor(topic, other)["topic_configuration"].state is State.FAIL


def test_how_far_back_a_replay_reaches_is_shown(cluster: Cluster, doctor: Doctor) -> None:
    topic = cluster.topic()
    with cluster.producer() as producer:
        for number in range(5):
            producer.send(topic, b"v", timestamp_ms=EPOCH_MS + number * 86_400_000)
    cluster.delete_records(topic, before=3)
    detail = doctor(topic)["topic_configuration"].detail
    assert f"{topic}/0 from offset 3 (2026-01-04T00:00:00Z)" in detail


def test_a_recreated_topic_fails(cluster: Cluster, doctor: Doctor) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(3))
    doctor.put(topic, 3)
    assert doctor(topic)["topic_ids"].state is State.OK
    cluster.delete_topic(topic)
    cluster.topic(name=topic)
    found = doctor(topic)
    assert found["topic_ids"].state is State.FAIL
    assert f"positions reset --topic {topic} --to earliest" in str(in_words(found["topic_ids"].fix))
    assert found["positions"].state is State.SKIP
    assert "because topic_ids failed" in found["positions"].detail


def test_another_cluster_fails(cluster: Cluster, doctor: Doctor, registry: Registry) -> None:
    topic = cluster.topic()
    with registry.transaction() as transaction:
        positions.put(transaction.connection, "kafka:another", Partition(topic, 0), 5, "id")
        transaction.commit()
    found = doctor(topic)
    assert found["topic_ids"].state is State.FAIL
    assert "positions reset --to earliest" in str(in_words(found["topic_ids"].fix))
    assert found["positions"].state is State.SKIP


@pytest.mark.parametrize(
    ("position", "words"), [(1, "begins at offset 3"), (9, "ends at offset 5")]
)
def test_a_position_outside_of_its_log_fails(
    cluster: Cluster, doctor: Doctor, position: int, words: str
) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(5))
    cluster.delete_records(topic, before=3)
    doctor.put(topic, position)
    finding = doctor(topic)["positions"]
    assert finding.state is State.FAIL
    assert words in finding.detail
    assert "positions reset" in str(in_words(finding.fix))


def test_a_position_in_a_partition_that_is_not_there_fails(
    cluster: Cluster, doctor: Doctor
) -> None:
    topic = cluster.topic()
    doctor.put(topic, 3, partition=7)
    assert f"{topic}/7 does not exist" in doctor(topic)["positions"].detail


def test_a_log_that_nobody_read_warns(cluster: Cluster, doctor: Doctor) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(5))
    finding = doctor(topic)["positions"]
    assert (finding.state, str(in_words(finding.fix))) == (State.WARN, "sync-worker run")


def test_the_group_is_reported_as_it_is(cluster: Cluster, doctor: Doctor, opened: Opened) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(3))
    settings = cluster.settings(topic)
    finding = doctor(topic, group_id=settings.group_id)["group"]
    assert (finding.state, str(in_words(finding.fix))) == (State.WARN, "sync-worker run")
    source = opened(settings)
    reader = Reader(source, Ledger())
    reader.read_values(3)
    reader.read_until(
        lambda: cluster.group_offsets(settings.group_id).get(Partition(topic, 0)) == 3, "a commit"
    )
    doctor.put(topic, 1)
    ahead = doctor(topic, group_id=settings.group_id)["group"]
    assert ahead.state is State.WARN
    assert "ahead of the registry" in ahead.detail
    doctor.put(topic, 3)
    assert doctor(topic, group_id=settings.group_id)["group"] == ok(
        f"The group {settings.group_id} is stable, with 1 member."
    )


def test_a_broker_that_hangs_holds_up_nothing(
    cluster: Cluster, registry: Registry, breakable_broker: Broker
) -> None:
    topic = cluster.topic()
    admin = KafkaAdmin(cluster.settings(topic))
    checks = KafkaChecks(lambda: admin, lambda: registry, (topic,), "nobody").all()
    breakable_broker.freeze()
    other = Looked("other", lambda: ok("fine"))
    found = run_checks([Looked("revision", lambda: ok("fine")), *checks, other], 1.0)
    breakable_broker.thaw()
    admin.close()
    assert found["kafka"].state is State.FAIL
    assert found["topics"].state is State.SKIP
    assert found["other"].state is State.OK
