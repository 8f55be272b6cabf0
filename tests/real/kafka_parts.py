"""What tests of the Kafka source need: topics, records, and the worker's loop in small."""

import dataclasses
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from kafka import KafkaAdminClient, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ConfigResource,
    ConfigResourceType,
    ResourcePattern,
    ResourceType,
)
from kafka.errors import KafkaError

from sync_worker.events.record import Partition, Record
from sync_worker.streams.kafka.admin import KafkaAdmin
from sync_worker.streams.kafka.settings import KafkaSettings
from sync_worker.streams.kafka.source import KafkaSource
from sync_worker.streams.protocol import FetchedBatch, StoredPositions, StreamError
from tests.services.administering import administering
from tests.services.waiting import until

SESSION_TIMEOUT_MS = 6000
"""The shortest that a broker with its own settings allows."""


class Cluster:
    """A broker's topics, as tests make, fill and break them."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def admin(self) -> AbstractContextManager[KafkaAdminClient]:
        return administering(self.bootstrap)

    def settings(self, *topics: str, **changes: object) -> KafkaSettings:
        """For a group of its own, and quicker than in earnest."""
        settings = KafkaSettings(
            bootstrap_servers=self.bootstrap,
            topics=topics,
            group_id=f"group-{uuid4().hex[:8]}",
            session_timeout_ms=SESSION_TIMEOUT_MS,
            max_poll_interval_ms=20_000,
            metadata_max_age_ms=1000,
            topic_check_interval_seconds=0.5,
        )
        return dataclasses.replace(settings, **changes)  # type: ignore[arg-type]

    def topic(self, partitions: int = 1, name: str | None = None) -> str:
        name = name or f"topic-{uuid4().hex[:8]}"
        admin = KafkaAdmin(self.settings(name))
        admin.create_topics([name], partitions, 1)
        admin.close()
        return name

    def delete_topic(self, name: str) -> None:
        with self.admin() as client:
            client.delete_topics([name])

            def is_gone() -> bool:
                found = client.describe_topics([name])[0]
                return bool(found["error_code"])

            until(is_gone, f"{name} to be deleted")

    def permit(
        self,
        user: str,
        topic: str,
        operation: ACLOperation,
        kind: ACLPermissionType = ACLPermissionType.ALLOW,
    ) -> None:
        """Let a user do something with a topic, or not; what nobody is let do, nobody may."""
        pattern = ResourcePattern(ResourceType.TOPIC, topic)
        with self.admin() as client:
            assert not client.create_acls([ACL(user, "*", operation, kind, pattern)])["failed"]

    def alter(self, topic: str, **options: str) -> None:
        """Set a topic's options; a name has underscores for points."""
        configs = {name.replace("_", "."): value for name, value in options.items()}
        with self.admin() as client:
            client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=configs)])

    def add_partitions(self, name: str, total: int) -> None:
        with self.admin() as client:
            client.create_partitions({name: total})

    def delete_records(self, name: str, before: int, partition: int = 0) -> None:
        """As retention does: the log begins at `before` then."""
        with self.admin() as client:
            client.delete_records({TopicPartition(name, partition): before})

    def commit_for(self, group: str, offsets: dict[Partition, int]) -> None:
        """Set a group's offsets, as a tool in somebody's hand does."""
        wanted = {TopicPartition(*p): OffsetAndMetadata(at, "", -1) for p, at in offsets.items()}
        with self.admin() as client:
            until(lambda: _tried(client.alter_group_offsets, group, wanted), "the group's offsets")

    def group_offsets(self, group: str) -> dict[Partition, int]:
        with self.admin() as client:
            found = until(lambda: _tried(client.list_group_offsets, [group]), "the offsets")[group]
        return {Partition(*tp): kept.offset for tp, kept in found.items()}

    @contextmanager
    def producer(self, **options: object) -> Iterator[KafkaProducer]:
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, **options)
        try:
            yield producer
            producer.flush()
        finally:
            producer.close()

    def send(self, topic: str, values: Iterable[object], partition: int = 0) -> None:
        with self.producer() as producer:
            for value in values:
                producer.send(topic, value=str(value).encode(), partition=partition)

    @contextmanager
    def transaction(self) -> Iterator[KafkaProducer]:
        """Committed at the end: the log then has a marker that no reader is handed."""
        with self.producer(transactional_id=uuid4().hex) as producer:
            producer.init_transactions()
            producer.begin_transaction()
            yield producer
            producer.commit_transaction()

    def until_end(self, topic: str, end: int, partition: int = 0) -> None:
        """Wait for the marker of a transaction, which the broker writes after it has agreed."""
        admin = KafkaAdmin(self.settings(topic))
        at = Partition(topic, partition)
        try:
            until(
                lambda: admin.end_offsets([at])[at] == end, f"{topic}/{partition} to end at {end}"
            )
        finally:
            admin.close()


def _tried(ask: Callable[..., Any], *arguments: object) -> Any:
    """What it gives; None where the cluster says "later", as it does while it starts."""
    try:
        return ask(*arguments)
    except KafkaError as error:
        if not error.retriable:
            raise
        return None


@dataclass
class Ledger:
    """A registry in memory: positions move by compare-and-set, as in the database."""

    positions: dict[Partition, int] = field(default_factory=dict)
    topic_ids: dict[str, str] = field(default_factory=dict)
    other_streams: frozenset[str] = frozenset()
    records: list[Record] = field(default_factory=list)
    refused: int = 0
    reads: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def stored_positions(self) -> StoredPositions:
        self.reads += 1
        with self.lock:
            ids = {topic: frozenset({topic_id}) for topic, topic_id in self.topic_ids.items()}
            return StoredPositions(dict(self.positions), ids, self.other_streams)

    def keep(self, batch: FetchedBatch) -> bool:
        """Whether the batch was kept: all of it, or nothing where another was quicker."""
        with self.lock:
            if any(self.positions.get(m.partition, 0) != m.from_offset for m in batch.ranges):
                self.refused += 1
                return False
            self.positions |= {span.partition: span.to_offset for span in batch.ranges}
            self.topic_ids |= batch.topic_ids
            self.records.extend(batch.records)
            return True

    def values(self) -> list[str]:
        with self.lock:
            return [(record.value or b"").decode() for record in self.records]


class Reader:
    """The worker's loop in small, step by step or in a thread."""

    def __init__(
        self,
        source: KafkaSource,
        ledger: Ledger,
        work_seconds: float = 0.0,
        pause_seconds: float = 0.0,
    ) -> None:
        """`work_seconds` for each batch, `pause_seconds` between any two polls."""
        self.source = source
        self.ledger = ledger
        self.work_seconds = work_seconds
        self.pause_seconds = pause_seconds
        self.failure: StreamError | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def client(self) -> Any:
        """The client inside the source, for tests of what is peculiar about it."""
        return self.source._member._consumer

    def step(self, seconds: float = 0.2) -> FetchedBatch | None:
        if self.source.needs_positions():
            self.source.seek(self.ledger.stored_positions())
        batch = self.source.poll(seconds)
        if batch is not None:
            time.sleep(self.work_seconds)
            self.keep(batch)
        return batch

    def keep(self, batch: FetchedBatch) -> None:
        if self.ledger.keep(batch):
            self.source.committed({span.partition: span.to_offset for span in batch.ranges})
        else:
            self.source.seek(self.ledger.stored_positions())

    def read_until(self, condition: Callable[[], object], what: str, seconds: float = 30) -> None:
        def step_and_look() -> object:
            if condition():
                return True
            self.step()
            return condition()

        until(step_and_look, what, seconds, pause_seconds=0)

    def read_values(self, count: int) -> list[str]:
        """Read until so many records are kept, and a little longer for ones too many."""
        self.read_until(lambda: len(self.ledger.records) >= count, f"{count} records")
        for _ in range(2):
            self.step()
        return self.ledger.values()

    def start(self) -> "Reader":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(20)
        if self._thread.is_alive():
            raise AssertionError("the reader does not stop")

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self.step()
                time.sleep(self.pause_seconds)
        except StreamError as failure:
            self.failure = failure


Opened = Callable[[KafkaSettings], KafkaSource]
