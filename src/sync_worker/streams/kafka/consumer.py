"""The consumer, whose polls have a limit in bytes, and which fetches from topics by their ids.

It extends the client's fetcher, which is not part of its public interface:

- `max_poll_records` knows no bytes, and 2 000 records can be 2 GB. Here batches are unpacked as
  `record_batches` does it, and a poll ends once it has so many bytes.
- The client fetches by name, and so reads on in a topic that was re-created (trap 4). Where the id
  is known, it is what is asked for: the broker then answers with records of that topic or none.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.coordinator.consumer import ConsumerCoordinator
from kafka.errors import (
    InconsistentTopicIdError,
    KafkaTimeoutError,
    UnknownTopicIdError,
    for_code,
)
from kafka.future import Future

from sync_worker.events.record import Record
from sync_worker.streams.kafka.record_batches import BoundedRecords, record_of
from sync_worker.streams.protocol import MAX_FETCHED_BYTES

FetchedRecords = Mapping[TopicPartition, list[Record]]
"""What a poll returns, in the order of each partition."""

UNPACKING_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What unpacking a batch of records can raise, and with it `poll`."""

TOPIC_ID_ERRORS = (InconsistentTopicIdError, UnknownTopicIdError)
"""What `poll` raises where a broker has no topic of the id: it was deleted, or re-created."""

_BY_TOPIC_ID = 13
"""The version of a fetch from which on it names topics by their ids (KIP-516, Kafka 3.1)."""


class _PartitionRecords(Fetcher.PartitionRecords):
    """The records that one fetch brought of a partition."""

    is_by_name = True

    def _unpack_records(self, tp: Any, records: Any, *deserializers: Any) -> Iterator[Record]:
        """Records as `Record`s: the client's code hands over batches, which are read here."""
        bounded = BoundedRecords(records._buffer)  # noqa: SLF001 - it has no other face
        for found in super()._unpack_records(tp, bounded, *deserializers):
            if not isinstance(found.value, tuple):  # in a format before Kafka 0.11
                yield record_of(tp.topic, tp.partition, found)
                continue
            (batch,) = found.value
            for record, size in batch.records(*tp):
                self.bytes_read += size
                self.next_fetch_offset = record.offset + 1
                yield record

    def take(self, n: int | None = None) -> list[Any]:
        """So many at the most, and no more once there are bytes enough."""
        all_records: Any = self.record_iterator
        enough: Any = self._until_enough(all_records)
        self.record_iterator = enough
        try:
            taken: list[Any] = super().take(n)
        finally:
            if self.record_iterator is not None:  # it has not been drained
                self.record_iterator = all_records
        return taken

    def _until_enough(self, records: Iterator[Any]) -> Iterator[Any]:
        enough = self.bytes_read + MAX_FETCHED_BYTES
        for record in records:
            yield record
            if self.bytes_read >= enough:
                return


class _Fetcher(Fetcher):
    PartitionRecords = _PartitionRecords

    bytes_polled = 0
    has_polled_by_name = False

    def __init__(self, *args: Any, topic_ids: Mapping[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        # All or none: a fetch session knows its topics either by name or by id.
        known_ids = topic_ids if all(topic_ids.values()) else {}
        self._topic_ids = {name: UUID(topic_id) for name, topic_id in known_ids.items()}
        self._topic_names = {topic_id: name for name, topic_id in self._topic_ids.items()}

    def fetched_records(self, *args: Any, **options: Any) -> Any:
        self.bytes_polled = 0
        self.has_polled_by_name = False
        return super().fetched_records(*args, **options)

    def fetch_records(
        self,
        max_records: int | None = None,
        update_offsets: bool = True,
        timeout_ms: float | None = None,
    ) -> tuple[Any, bool]:
        """As the client's, which goes to its own thread twice: to send, and then to wait.

        That costs as much as the fetch itself where each brings a single record.
        """
        records, is_partial = self.fetched_records(max_records, update_offsets=update_offsets)
        if records:
            if not is_partial:
                self.send_fetches()
            return records, False
        is_idle = self._net.run(self._send_and_wait, is_partial, timeout_ms)
        if not is_idle:
            records, _ = self.fetched_records(max_records, update_offsets=update_offsets)
        return records, is_idle

    async def _send_and_wait(self, is_partial: bool, timeout_ms: float | None) -> bool:
        """Wait for any answer, or for positions to be reset; whether there is none to wait for."""
        if not is_partial:
            await self._send_fetches_async()
        awaited = [*self._fetch_futures]
        if self._reset_task is not None and not self._reset_task.is_done:
            awaited.append(self._reset_task)
        answered = Future()
        for future in awaited:
            future.add_both(lambda _: answered.is_done or answered.success(None))
        with suppress(KafkaTimeoutError):
            if awaited:
                await self._manager.wait_for(answered, timeout_ms)
        return not awaited

    def _create_fetch_requests(self) -> Any:
        """By name and id; a broker that knows no ids is sent the version that has names alone."""
        requests = super()._create_fetch_requests()
        for request, _ in requests.values() if self._topic_ids else ():
            request._max_version = _BY_TOPIC_ID  # noqa: SLF001 - set by its constructor alone
            for topic in (*request.topics, *request.forgotten_topics_data):
                topic.topic_id = self._topic_ids[topic.topic]
        return requests

    def _handle_fetch_response(self, *request: Any) -> None:
        """With the names that the client knows topics by, where the answer has ids alone."""
        response = request[-1]
        if response.API_VERSION >= _BY_TOPIC_ID:
            for topic in response.responses:
                topic.topic = self._topic_names[topic.topic_id]
        super()._handle_fetch_response(*request)

    def _parse_fetched_data(self, completed_fetch: Any) -> Any:
        """Raise where the topic is gone: the client would ask for it again and again."""
        error = for_code(completed_fetch.partition_data.error_code)
        if error in TOPIC_ID_ERRORS:
            self._manager.cluster.request_update()
            raise error(completed_fetch.topic_partition)
        part = super()._parse_fetched_data(completed_fetch)
        if part is not None:
            part.is_by_name = completed_fetch.response_version < _BY_TOPIC_ID
        return part

    def _append(self, drained: Any, part: Any, max_records: int, update_offsets: bool) -> int:
        self.has_polled_by_name |= part.is_by_name
        before = part.bytes_read
        taken: int = super()._append(drained, part, max_records, update_offsets)
        self.bytes_polled += part.bytes_read - before
        # As if there were as many records as may be: that ends the poll.
        return max_records if self.bytes_polled >= MAX_FETCHED_BYTES else taken


def bounded_consumer(
    options: Mapping[str, Any], topic_ids: Mapping[str, str] | None = None
) -> KafkaConsumer:
    """A consumer whose polls return at most `MAX_FETCHED_BYTES` and one record, once unpacked.

    They return `Record`s instead of the client's own. With `topic_ids`, of all its topics, it
    fetches by those, if the brokers can.
    """
    return _Consumer(topic_ids or {}, **options)


def bytes_polled(consumer: KafkaConsumer) -> int:
    """The size of what the consumer's last poll returned, unpacked."""
    fetcher: Any = consumer._fetcher  # noqa: SLF001 - it has no other face
    polled: int = fetcher.bytes_polled
    return polled


def has_polled_by_name(consumer: KafkaConsumer) -> bool:
    """Whether its last poll returned records that may be of another topic of the same name."""
    fetcher: Any = consumer._fetcher  # noqa: SLF001 - as above
    by_name: bool = fetcher.has_polled_by_name
    return by_name


def next_offsets(
    consumer: KafkaConsumer, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, int]:
    """The positions as the last poll left them; partitions without one are left out.

    `position()` says the same, but prepares requests for all partitions each time: of a transaction
    with one record it was a tenth.
    """
    states: Any = consumer._subscription.assignment  # noqa: SLF001 - as above
    return {
        partition: states[partition].position.offset
        for partition in partitions
        if partition in states and states[partition].position is not None
    }


class _Coordinator(ConsumerCoordinator):
    def ensure_coordinator_ready(self, timeout_ms: float | None = None) -> bool:
        """As the client's, which goes to its own thread in each poll to see that all is well."""
        node_id = self.coordinator_id
        if node_id is not None and self._client.connected(node_id):
            return True
        is_ready: bool = super().ensure_coordinator_ready(timeout_ms)
        return is_ready


class _Consumer(KafkaConsumer):
    def __init__(self, topic_ids: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        parts = (self._client, self._subscription)
        self._fetcher = _Fetcher(*parts, topic_ids=topic_ids, metrics=None, **self.config)
        # Else it is told of new metadata when it is collected already: that fails, for ours too.
        self._coordinator.close(autocommit=False, timeout_ms=0)
        assignors = self.config["partition_assignment_strategy"]
        self._coordinator = _Coordinator(*parts, metrics=None, assignors=assignors, **self.config)
