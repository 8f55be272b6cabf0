"""The admin client: a cluster's id, topics, consumer groups and offsets.

Every call ends within about ten seconds, whether a broker answers or not. Knows nothing of the
registry.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    NoError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownBrokerIdError,
    UnknownTopicOrPartitionError,
    UnsupportedVersionError,
    for_code,
)
from kafka.protocol.consumer import UNKNOWN_OFFSET, IsolationLevel, OffsetSpec

from sync_worker.events.record import Partition
from sync_worker.remedies import Remedy
from sync_worker.streams import checks
from sync_worker.streams.checks import Bounds
from sync_worker.streams.kafka.rights import Operation, lacks_right, missing_right, user_of
from sync_worker.streams.kafka.settings import KafkaSettings, admin_options
from sync_worker.streams.protocol import StreamError, UnsupportedRequest

KEEPS_RECORDS: Mapping[str, str] = {
    # Compaction keeps the last record of a key, not its newest facts; replay needs all of them.
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
}
KEEPS_TIMESTAMPS: Mapping[str, str] = {
    # A tombstone removes its clinic as of the record's timestamp, which only a producer knows.
    "message.timestamp.type": "CreateTime",
}
TOPIC_CONFIGURATION: Mapping[str, str] = {**KEEPS_RECORDS, **KEEPS_TIMESTAMPS}

_NO_ID = str(UUID(int=0))
_UNNAMED = "unnamed"
"""Stands for the id of a cluster that has none."""
_CREATE_TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the cluster has it; when it is re-created, it has another id.

    The id is empty where the brokers give none: before Apache Kafka 2.8, and some others.
    """

    name: str
    topic_id: str
    partitions: tuple[Partition, ...]
    permitted: frozenset[str] = frozenset()
    """The operations that we have the right to; none where the brokers do not tell: before Apache
    Kafka 2.3, and some others."""


@dataclass(frozen=True, slots=True)
class ConsumerGroup:
    """A consumer group as the cluster has it. One that does not exist is Dead, and has nothing.

    `offsets` are those that were committed for the standard tools.
    """

    state: str
    members: int
    offsets: Mapping[Partition, int]


class KafkaAdmin:
    """A connection for requests that read no records; usable from any thread.

    Every method raises StreamUnavailable where the cluster does not answer, and StreamError where
    it refuses.
    """

    def __init__(self, settings: KafkaSettings, needs: Operation = Operation.DESCRIBE) -> None:
        """`needs` is the right for which topics are asked: a refusal names it as missing."""
        self._settings = settings
        self._needs = needs
        with self._errors_translated(), _client_log_dropped():
            self._client = KafkaAdminClient(**admin_options(settings))

    @property
    def bootstrap_servers(self) -> str:
        """The bootstrap addresses as Kafka's own tools take them: HOST:PORT, comma-separated."""
        return ",".join(self._settings.servers)

    @property
    def user(self) -> str:
        """What to call the user that we are, in a sentence."""
        return user_of(self._settings)

    def cluster_id(self) -> str:
        """The id that a cluster keeps for as long as it has its data."""
        with self._errors_translated():
            return str(self._client.describe_cluster().get("cluster_id") or _UNNAMED)

    def broker_hosts(self) -> tuple[str, ...]:
        """The hosts that the brokers advertise."""
        with self._errors_translated():
            brokers = self._client.describe_cluster()["brokers"]
        return tuple(str(broker["host"]) for broker in brokers)

    def topics(self, names: Iterable[str]) -> dict[str, Topic]:
        """Those of the topics that exist."""
        with self._errors_translated():
            descriptions = self._client.describe_topics(sorted(set(names)))
            return {topic.name: topic for topic in _existing_topics(descriptions)}

    def require_right(self, topics: Iterable[Topic]) -> None:
        """Raise StreamError where we are told to lack the needed right on one of these topics.

        A consumer that has nothing to read yet would not be told.
        """
        lacking = [t.name for t in topics if t.permitted and self._needs not in t.permitted]
        if lacking:
            why = "The brokers say what this user may do with a topic, and that is not among it."
            raise lacks_right(self._needs, "topic", lacking, self._settings, why)

    def create_topics(
        self, names: Iterable[str], partitions: int, replication_factor: int
    ) -> tuple[str, ...]:
        """Create the topics that are missing, and return their names.

        They keep all records for ever, which replay and reconcile need, with the timestamps of the
        producers. -1 leaves a number to the cluster.
        """
        missing = sorted(set(names) - self.topics(names).keys())
        options = {
            "num_partitions": partitions,
            "replication_factor": replication_factor,
            "configs": dict(TOPIC_CONFIGURATION),
        }
        if missing:
            with self._errors_translated(Operation.CREATE):
                answer = self._client.create_topics(
                    dict.fromkeys(missing, options),
                    timeout_ms=_CREATE_TIMEOUT_MS,
                    raise_errors=False,
                )
                _raise_refusal(answer["topics"])
                self._client.wait_for_topics(missing, timeout_ms=_CREATE_TIMEOUT_MS)
        return tuple(missing)

    def topic_mismatches(self, topic: str) -> list[str]:
        """The options of a topic that are otherwise than `create_topics` sets them."""
        return config_mismatches(self.topic_config(topic) or {}, TOPIC_CONFIGURATION)

    def topic_config(self, name: str) -> dict[str, str] | None:
        """A topic's options, those with the cluster's defaults, too.

        None where we may not read them, or the brokers do not support it.
        """
        resource = ConfigResource(ConfigResourceType.TOPIC, name)
        try:
            with self._errors_translated():
                described = self._client.describe_configs([resource], config_filter="all")
        except UnsupportedRequest:
            return None
        # A refusal looks like a topic without options: the client drops the error beside them.
        options = described["topic"][name]
        return {option: str(config["value"]) for option, config in options.items()} or None

    def bounds(self, partitions: Iterable[Partition]) -> dict[Partition, Bounds]:
        """Where logs begin, and how far the worker can read now: see `end_offsets`."""
        listed = list(partitions)
        begins, ends = self.beginning_offsets(listed), self.end_offsets(listed)
        return {partition: Bounds(begins[partition], ends[partition]) for partition in listed}

    def written_ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Where logs end, records of open transactions included."""
        return self._offsets(partitions, OffsetSpec.LATEST, IsolationLevel.READ_UNCOMMITTED)

    def beginning_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The offsets of the first records that the logs still have."""
        return self._offsets(partitions, OffsetSpec.EARLIEST, IsolationLevel.READ_COMMITTED)

    def end_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """How far the worker can read now: records of an open transaction are beyond (trap 8)."""
        return self._offsets(partitions, OffsetSpec.LATEST, IsolationLevel.READ_COMMITTED)

    def offsets_for_time(
        self, partitions: Iterable[Partition], timestamp_ms: int
    ) -> dict[Partition, int | None]:
        """The first offset at or after the timestamp, None where the log has no such record yet.

        It can be the offset of a transaction marker: a place to read from, not always a record.
        """
        offsets = self._offsets(partitions, timestamp_ms, IsolationLevel.READ_COMMITTED)
        return {p: None if offset == UNKNOWN_OFFSET else offset for p, offset in offsets.items()}

    def first_timestamps(self, partitions: Iterable[Partition]) -> dict[Partition, int | None]:
        """The timestamp (ms) of the first record that has one; None where there is none."""
        specs = {TopicPartition(*partition): 0 for partition in partitions}
        if not specs:
            return {}
        with self._errors_translated():
            answers = self._client.list_partition_offsets(specs)
        return {
            Partition(*tp): None if answer.offset == UNKNOWN_OFFSET else answer.timestamp
            for tp, answer in answers.items()
        }

    def consumer_group(self, group_id: str) -> ConsumerGroup:
        """A consumer group: its state, members and committed offsets."""
        with self._errors_translated():
            described = self._client.describe_groups([group_id])[group_id]
            committed = self._client.list_group_offsets([group_id])[group_id]
        return ConsumerGroup(
            str(described["group_state"]),
            len(described["members"]),
            {Partition(*tp): commit.offset for tp, commit in committed.items()},
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _offsets(
        self, partitions: Iterable[Partition], spec: int, isolation: int
    ) -> dict[Partition, int]:
        specs = {TopicPartition(*partition): spec for partition in partitions}
        if not specs:
            return {}
        with self._errors_translated():
            answers = self._client.list_partition_offsets(specs, isolation_level=isolation)
        return {Partition(*tp): answer.offset for tp, answer in answers.items()}

    @contextmanager
    def _errors_translated(self, needs: Operation | None = None) -> Iterator[None]:
        servers, errors = self._settings.bootstrap_servers, self._settings.connection_errors
        prefix = f"Kafka at {servers}: "
        try:
            yield
        except OSError as error:
            raise errors.unavailable(error, prefix) from error
        except KafkaError as error:
            # A broker's id is unknown while a partition has no leader, such as after a crash.
            is_transient = error.retriable or isinstance(error, UnknownBrokerIdError)
            if is_transient or errors.refusal is not None:
                raise errors.unavailable(error, prefix) from error
            if isinstance(error, GroupAuthorizationFailedError):
                raise missing_right(error, Operation.DESCRIBE, self._settings) from error
            if isinstance(error, TopicAuthorizationFailedError):
                raise missing_right(error, needs or self._needs, self._settings) from error
            if isinstance(error, UnsupportedVersionError):
                raise UnsupportedRequest(servers, checks.error_message(error)) from error
            raise StreamError(
                f"Kafka at {servers} refuses: {error}.",
                "It answers, but rejects the request, or us.",
                Remedy.CHECK_KAFKA_RIGHTS(),
            ) from error


def config_mismatches(config: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    """The options of a topic that are not as expected, with their values."""
    return [
        f"{option}={config[option]}"
        for option, value in expected.items()
        if option in config and config[option] != value
    ]


def _raise_refusal(created: Iterable[Mapping[str, Any]]) -> None:
    """Raise what the cluster says of the first topic that it did not create."""
    for topic in created:
        error, name = for_code(topic["error_code"]), topic["name"]
        if error is TopicAuthorizationFailedError:
            raise error(name)
        if error not in (NoError, TopicAlreadyExistsError):  # else somebody was quicker
            raise error(f"{name}: {topic['error_message']}".rstrip("."))


def _existing_topics(descriptions: Iterable[Mapping[str, Any]]) -> Iterator[Topic]:
    for described in descriptions:
        name, error = described["name"], for_code(described["error_code"])
        if error is UnknownTopicOrPartitionError:
            continue
        if described["error_code"]:
            raise error(name)
        numbers = sorted(part["partition_index"] for part in described["partitions"])
        topic_id = str(described.get("topic_id") or "")
        partitions = tuple(Partition(name, number) for number in numbers)
        permitted = frozenset(described.get("authorized_operations") or ())
        yield Topic(name, "" if topic_id == _NO_ID else topic_id, partitions, permitted)


@contextmanager
def _client_log_dropped() -> Iterator[None]:
    """While the client looks for a broker: what it logs is in the error that is raised."""
    logger, handler = logging.getLogger("kafka"), logging.NullHandler()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
