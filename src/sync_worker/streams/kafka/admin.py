"""What is asked of a cluster beside the reading: its id, its topics, where logs begin and end.

Every call ends within about ten seconds, broker or not. Knows nothing of groups or the registry.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    TopicAlreadyExistsError,
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
from sync_worker.streams.kafka.settings import KafkaSettings, admin_options
from sync_worker.streams.protocol import StreamError

KEEPS_RECORDS: Mapping[str, str] = {
    # Compaction keeps the last record of a key, not its newest facts; replay needs all of them.
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
}
KEEPS_TIMESTAMPS: Mapping[str, str] = {
    # A tombstone says that its clinic went at the record's timestamp, which only a producer knows.
    "message.timestamp.type": "CreateTime",
}
TOPIC_CONFIGURATION: Mapping[str, str] = {**KEEPS_RECORDS, **KEEPS_TIMESTAMPS}


_NO_ID = str(UUID(int=0))
_UNNAMED = "unnamed"
"""Stands for the id of a cluster that tells none."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the cluster has it; one of the same name made later has another id.

    The id is empty where the brokers give none: before Apache Kafka 2.8, and some others.
    """

    name: str
    topic_id: str
    partitions: tuple[Partition, ...]


@dataclass(frozen=True, slots=True)
class ConsumerGroup:
    """A consumer group as the cluster has it; one that it does not know is Dead, and has nothing.

    `offsets` are what was committed for standard tools to see.
    """

    state: str
    members: int
    offsets: Mapping[Partition, int]


class KafkaAdmin:
    """A connection for questions, usable from any thread.

    Every method raises StreamAway where the cluster is away, and StreamError where it refuses.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        with _in_our_words(settings), _without_its_log():
            self._client = KafkaAdminClient(**admin_options(settings))

    @property
    def bootstrap_servers(self) -> str:
        """Where the cluster is, as Kafka's own tools take it: HOST:PORT, several with commas."""
        return ",".join(self._settings.servers)

    def cluster_id(self) -> str:
        """The id that a cluster keeps for as long as it has its data."""
        with self._asking() as client:
            return str(client.describe_cluster().get("cluster_id") or _UNNAMED)

    def hosts(self) -> tuple[str, ...]:
        """The brokers' hosts, as they tell clients to reach them."""
        with self._asking() as client:
            brokers = client.describe_cluster()["brokers"]
        return tuple(str(broker["host"]) for broker in brokers)

    def topics(self, names: Iterable[str]) -> dict[str, Topic]:
        """Those of the topics that there are."""
        with self._asking() as client:
            described = client.describe_topics(sorted(set(names)))
            return {topic.name: topic for topic in _topics(described)}

    def create_topics(
        self, names: Iterable[str], partitions: int, replication_factor: int
    ) -> tuple[str, ...]:
        """Create the topics that are missing, and give their names.

        They keep all records for ever, which replay and reconcile need, with the timestamps that
        producers gave. -1 leaves a number to the cluster.
        """
        missing = sorted(set(names) - self.topics(names).keys())
        wanted = {
            name: {
                "num_partitions": partitions,
                "replication_factor": replication_factor,
                "configs": dict(TOPIC_CONFIGURATION),
            }
            for name in missing
        }
        if wanted:
            with self._asking() as client:
                self._create(client, wanted)
        return tuple(missing)

    def configuration(self, name: str) -> dict[str, str] | None:
        """A topic's options, those that the cluster sets too.

        None where we may not read them, or the brokers do not offer to tell.
        """
        resource = ConfigResource(ConfigResourceType.TOPIC, name)
        try:
            with self._asking() as client:
                described = client.describe_configs([resource], config_filter="all")
        except NotOffered:
            return None
        # A refusal looks like a topic without options: the client drops the error beside them.
        found = described["topic"][name]
        if not found:
            return None
        return {option: str(described["value"]) for option, described in found.items()}

    def bounds(self, partitions: Iterable[Partition]) -> dict[Partition, Bounds]:
        """Where logs begin and end, with what transactions have not yet committed."""
        wanted = list(partitions)
        begins = self._offsets(wanted, OffsetSpec.EARLIEST, IsolationLevel.READ_UNCOMMITTED)
        ends = self._offsets(wanted, OffsetSpec.LATEST, IsolationLevel.READ_UNCOMMITTED)
        return {partition: Bounds(begins[partition], ends[partition]) for partition in wanted}

    def begins(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The offsets of the first records that the logs still have."""
        return self._offsets(partitions, OffsetSpec.EARLIEST, IsolationLevel.READ_COMMITTED)

    def ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """How far the worker can read now: what is in an open transaction is beyond it."""
        return self._offsets(partitions, OffsetSpec.LATEST, IsolationLevel.READ_COMMITTED)

    def offsets_at(
        self, partitions: Iterable[Partition], timestamp_ms: int
    ) -> dict[Partition, int | None]:
        """The first offset at or after the timestamp, None where the log has no such record yet.

        It can be the offset of a transaction's marker: a place to read from, not always a record.
        """
        found = self._offsets(partitions, timestamp_ms, IsolationLevel.READ_COMMITTED)
        return {at: None if offset == UNKNOWN_OFFSET else offset for at, offset in found.items()}

    def first_timestamps(self, partitions: Iterable[Partition]) -> dict[Partition, int | None]:
        """When the first record that has a timestamp is of (ms); None where there is none."""
        specs = {TopicPartition(*partition): 0 for partition in partitions}
        if not specs:
            return {}
        with self._asking() as client:
            found = client.list_partition_offsets(specs)
        return {
            Partition(*at): None if answer.offset == UNKNOWN_OFFSET else answer.timestamp
            for at, answer in found.items()
        }

    def group(self, group_id: str) -> ConsumerGroup:
        """A consumer group: its state, members and committed offsets."""
        with self._asking() as client:
            described = client.describe_groups([group_id])[group_id]
            committed = client.list_group_offsets([group_id])[group_id]
        return ConsumerGroup(
            str(described["group_state"]),
            len(described["members"]),
            {Partition(*at): kept.offset for at, kept in committed.items()},
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _offsets(
        self, partitions: Iterable[Partition], spec: int, isolation: int
    ) -> dict[Partition, int]:
        specs = {TopicPartition(*partition): spec for partition in partitions}
        if not specs:
            return {}
        with self._asking() as client:
            found = client.list_partition_offsets(specs, isolation_level=isolation)
        return {Partition(*key): answer.offset for key, answer in found.items()}

    @staticmethod
    def _create(client: KafkaAdminClient, wanted: Mapping[str, Any]) -> None:
        with suppress(TopicAlreadyExistsError):  # somebody else was quicker
            client.create_topics(dict(wanted), timeout_ms=10_000)
        client.wait_for_topics(list(wanted), timeout_ms=10_000)

    @contextmanager
    def _asking(self) -> Iterator[KafkaAdminClient]:
        with _in_our_words(self._settings):
            yield self._client


class NotOffered(StreamError):
    """The brokers have not what was asked for: an older Kafka, or a service that is like Kafka."""

    def __init__(self, bootstrap_servers: str, error: KafkaError) -> None:
        super().__init__(
            f"Kafka at {bootstrap_servers} does not offer this: {checks.error_message(error)}.",
            "The brokers are older than what the client asks for, or offer a part of Kafka alone.",
            Remedy.RUN_DOCTOR(),
        )


def misfits(found: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """The options of a topic that are not as they should be, as they are."""
    return [
        f"{name}={found[name]}"
        for name, value in wanted.items()
        if name in found and found[name] != value
    ]


def lag(positions: Mapping[Partition, int], ends: Mapping[Partition, int]) -> int:
    """How many offsets there are to go; a partition without a position is read from 0."""
    return sum(max(0, end - positions.get(partition, 0)) for partition, end in ends.items())


def _topics(described: Iterable[Mapping[str, Any]]) -> Iterator[Topic]:
    for found in described:
        error = for_code(found["error_code"])
        if error is UnknownTopicOrPartitionError:
            continue
        if issubclass(error, AuthorizationError):
            raise checks.unauthorised(error(found["name"]))
        if found["error_code"]:
            raise error(found["name"])
        numbers = sorted(part["partition_index"] for part in found["partitions"])
        partitions = tuple(Partition(found["name"], number) for number in numbers)
        yield Topic(found["name"], _id_of(found), partitions)


def _id_of(described: Mapping[str, Any]) -> str:
    found = str(described.get("topic_id") or "")
    return "" if found == _NO_ID else found


@contextmanager
def _without_its_log() -> Iterator[None]:
    """What the client logs while it looks for a broker is told by the attempts."""
    logger, nothing = logging.getLogger("kafka"), logging.NullHandler()
    logger.addHandler(nothing)
    try:
        yield
    finally:
        logger.removeHandler(nothing)


@contextmanager
def _in_our_words(settings: KafkaSettings) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise settings.attempts.away(error, f"Kafka at {settings.bootstrap_servers}: ") from error
    except KafkaError as error:
        # A broker of that id is not known where a partition has no leader now, as after a crash.
        is_away = error.retriable or isinstance(error, UnknownBrokerIdError)
        if is_away or settings.attempts.refusal is not None:
            before = f"Kafka at {settings.bootstrap_servers}: "
            raise settings.attempts.away(error, before) from error
        if isinstance(error, UnsupportedVersionError):
            raise NotOffered(settings.bootstrap_servers, error) from error
        raise StreamError(
            f"Kafka at {settings.bootstrap_servers} refuses: {error}.",
            "It answers, but not to what it was asked, or not to us.",
            Remedy.CHECK_KAFKA_RIGHTS(),
        ) from error
