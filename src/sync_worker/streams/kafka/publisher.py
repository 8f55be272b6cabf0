"""Publishes records into a cluster with their partition, key, value, headers and timestamp.

Within a partition they keep their order, each is published once, and it is known which ones the
cluster has confirmed.
"""

from collections import Counter, deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from kafka import KafkaProducer
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
from kafka.serializer.abstract import Serializer

from sync_worker.events.record import Partition, Record
from sync_worker.streams.checks import error_message
from sync_worker.streams.kafka.rights import Operation, missing_right
from sync_worker.streams.kafka.settings import KafkaSettings, connection_options
from sync_worker.streams.protocol import StreamError, StreamUnavailable

DELIVERY_TIMEOUT_SECONDS = 30.0
"""For a record to be confirmed, with all retries."""

_MAX_IN_FLIGHT_RECORDS = 5_000
_MAX_IN_FLIGHT_BYTES = 16 * 2**20
_CLOSE_TIMEOUT_SECONDS = 2.0
_NO_TIMESTAMP = -1
_KIBIBYTE = 1024
_REJECTED_WITH_BATCH = "part of a batch"
"""What the client says of a record that was rejected because of another one."""

_REFUSED_PRODUCER = "InitProducerIdResponse: [Error 31]"
"""What the client says where we may write to no topic at all, wrapped in a bare KafkaError."""


class _InFlight(NamedTuple):
    record: Record
    size: int
    future: Any


class _Headers(list[tuple[str, bytes | None]]):
    """Headers that the client does not measure: it fails on a null value, which Kafka allows.

    It measures a record's headers only where the list is true.
    """

    def __bool__(self) -> bool:
        return False


class _Key(Serializer):
    def serialize(self, topic: str, headers: Any, data: Record) -> bytes | None:  # noqa: ARG002
        return data.key


class _Value(Serializer):
    """Adds the headers, too: before this the client checks them, and rejects null values."""

    def serialize(self, topic: str, headers: Any, data: Record) -> bytes | None:  # noqa: ARG002
        headers.extend(data.headers)
        return data.value


class Publisher:
    """An idempotent producer: no duplicates, no reordering, acknowledged by all replicas."""

    def __init__(
        self, settings: KafkaSettings, delivery_seconds: float = DELIVERY_TIMEOUT_SECONDS
    ) -> None:
        """Raise StreamUnavailable where no broker answers."""
        self._settings = settings
        try:
            self._producer = KafkaProducer(**_options(settings, delivery_seconds))
        except (KafkaError, OSError) as error:
            raise settings.connection_errors.unavailable(error) from error
        self._in_flight: deque[_InFlight] = deque()
        self._in_flight_bytes = 0
        self._failure: StreamError | StreamUnavailable | None = None
        self.published: Counter[Partition] = Counter()
        """How many records of each partition the cluster has confirmed, up to the first failure."""
        self._confirmed: dict[Partition, int] = {}
        self._unconfirmed: dict[Partition, int] = {}

    def publish(self, records: Iterable[Record]) -> None:
        """Send records; some are not confirmed yet when this returns.

        Raises:
            StreamUnavailable: the cluster did not confirm one in time. All sent before have been
                awaited.
            StreamError: it rejects one.
        """
        for record in records:
            self._send(record)
            while (
                len(self._in_flight) >= _MAX_IN_FLIGHT_RECORDS
                or self._in_flight_bytes >= _MAX_IN_FLIGHT_BYTES
            ):
                self._await_oldest()
            if self._failure is not None:
                self.finish()

    def finish(self) -> None:
        """Wait until all that was sent is confirmed or has failed; raises as `publish` does."""
        while self._in_flight:
            self._await_oldest()
        if self._failure is not None:
            raise self._failure

    def next_offset(self, partition: Partition, otherwise: int) -> int:
        """The offset, as the records have it, of the first that is not confirmed."""
        if partition in self._unconfirmed:
            return self._unconfirmed[partition]
        return self._confirmed.get(partition, otherwise - 1) + 1

    def close(self) -> None:
        """Note what is confirmed, and close the connections."""
        for sent in self._in_flight:
            if sent.future.succeeded():
                self._note_confirmed(sent.record)
            else:
                self._note_unconfirmed(sent.record)
        self._in_flight.clear()
        with suppress(KafkaError):
            self._producer.close(timeout=_CLOSE_TIMEOUT_SECONDS)

    def _send(self, record: Record) -> None:
        timestamp_ms = _NO_TIMESTAMP if record.timestamp_ms is None else record.timestamp_ms
        try:
            future = self._producer.send(
                record.topic,
                value=record,
                key=record,
                headers=_Headers(),
                partition=record.partition,
                timestamp_ms=timestamp_ms,
            )
        except KafkaError as error:
            self._fail(record, error)
            return
        size = len(record.value or b"")
        self._in_flight.append(_InFlight(record, size, future))
        self._in_flight_bytes += size

    def _await_oldest(self) -> None:
        """Wait for the oldest record in flight; the client limits the time."""
        sent = self._in_flight[0]  # it stays there if an interrupt ends the waiting
        try:
            sent.future.get(timeout=None)
        except KafkaError as error:
            self._fail(sent.record, error)
        else:
            self._note_confirmed(sent.record)
        self._in_flight.popleft()
        self._in_flight_bytes -= sent.size

    def _note_confirmed(self, record: Record) -> None:
        partition = Partition(record.topic, record.partition)
        if partition not in self._unconfirmed:
            self.published[partition] += 1
            self._confirmed[partition] = record.offset

    def _note_unconfirmed(self, record: Record) -> None:
        self._unconfirmed.setdefault(Partition(record.topic, record.partition), record.offset)

    def _fail(self, record: Record, error: KafkaError) -> None:
        self._note_unconfirmed(record)
        if self._failure is None:
            self._failure = _failure(record, error, self._settings)


def _options(settings: KafkaSettings, delivery_seconds: float) -> dict[str, Any]:
    return {
        **connection_options(settings),
        "key_serializer": _Key(),
        "value_serializer": _Value(),
        "enable_idempotence": True,
        "acks": "all",
        "delivery_timeout_ms": int(delivery_seconds * 1000),
        "request_timeout_ms": int(min(10.0, delivery_seconds / 2) * 1000),
        "max_block_ms": int(delivery_seconds * 1000),
        "batch_size": 128 * _KIBIBYTE,
        "linger_ms": 20,
        # The cluster decides how large a record may be.
        "max_request_size": 100 * 2**20,
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
    }


def _failure(
    record: Record, error: KafkaError, settings: KafkaSettings
) -> StreamError | StreamUnavailable:
    place = f"{record.topic}/{record.partition} offset {record.offset}"
    if isinstance(error, AuthorizationError) or _REFUSED_PRODUCER in str(error):
        refused = TopicAuthorizationFailedError(record.topic)
        return missing_right(refused, Operation.WRITE, settings)
    # A bare KafkaError is not an answer of the cluster, but what the client raises without one;
    # unless the cluster rejected another record, and the whole batch with it.
    is_answer = type(error) is not KafkaError or _REJECTED_WITH_BATCH in str(error)
    if error.retriable or not is_answer:
        return StreamUnavailable(f"{place} was not confirmed: {type(error).__name__}: {error}")
    is_unsupported = isinstance(error, UnsupportedVersionError)
    said = error_message(error) if is_unsupported else f"{type(error).__name__}: {error}"
    return StreamError(
        f"Kafka refuses {place} of the archive: {said}.",
        "Nothing after it in its partition was published.",
        "Correct what Kafka names: the topic's options, this user's rights, or the record.",
    )
