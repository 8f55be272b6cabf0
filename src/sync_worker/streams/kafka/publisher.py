"""Publishes records as they are into a cluster: partition, key, value, headers and timestamp.

Within a partition they come in the order given, each once, and it is known which ones the cluster
has confirmed.
"""

from collections import Counter, deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from kafka import KafkaProducer
from kafka.errors import KafkaError, UnsupportedVersionError
from kafka.serializer.abstract import Serializer

from sync_worker.events.record import Partition, Record
from sync_worker.streams.checks import error_message
from sync_worker.streams.kafka.settings import KafkaSettings, connection_options
from sync_worker.streams.protocol import StreamError, StreamUnavailable

DELIVERY_TIMEOUT_SECONDS = 30.0
"""How long a record is tried to be delivered before it is given up."""

_MOST_ON_THE_WAY = 5_000
_MOST_BYTES_ON_THE_WAY = 16 * 2**20
_CLOSE_SECONDS = 2.0
_NO_TIMESTAMP = -1
_KIBIBYTE = 1024
_WITH_OTHERS = "part of a batch"
"""What the client says of a record that was refused because of another one."""


class _Sent(NamedTuple):
    record: Record
    size: int
    answer: Any


class _Headers(list[tuple[str, bytes | None]]):
    """Headers that the client does not count: it falls over a null value, which Kafka has.

    It counts a record's headers only where the list is true.
    """

    def __bool__(self) -> bool:
        return False


class _Key(Serializer):
    def serialize(self, topic: str, headers: Any, data: Record) -> bytes | None:  # noqa: ARG002
        return data.key


class _Value(Serializer):
    """The value; and the headers, which are checked before and may not be null there."""

    def serialize(self, topic: str, headers: Any, data: Record) -> bytes | None:  # noqa: ARG002
        headers.extend(data.headers)
        return data.value


class Publisher:
    """A producer that repeats nothing and changes no order (idempotent, acknowledged by all)."""

    def __init__(
        self, settings: KafkaSettings, delivery_seconds: float = DELIVERY_TIMEOUT_SECONDS
    ) -> None:
        """Raise StreamAway where no broker answers."""
        try:
            self._producer = KafkaProducer(**_options(settings, delivery_seconds))
        except (KafkaError, OSError) as error:
            raise settings.connection_errors.unavailable(error) from error
        self._on_the_way: deque[_Sent] = deque()
        self._bytes_on_the_way = 0
        self._failure: StreamError | StreamUnavailable | None = None
        self.published: Counter[Partition] = Counter()
        """How many records of each partition the cluster has confirmed, up to the first failure."""
        self._confirmed: dict[Partition, int] = {}
        self._unconfirmed: dict[Partition, int] = {}

    def publish(self, records: Iterable[Record]) -> None:
        """Send records; some are still on the way when this returns.

        Raises:
            StreamAway: the cluster did not confirm one in time. All sent before have been awaited.
            StreamError: it refuses one.
        """
        for record in records:
            self._send(record)
            while self._is_full():
                self._settle()
            if self._failure is not None:
                self.finish()

    def finish(self) -> None:
        """Wait until all that was sent is confirmed or given up; raises as `publish` does."""
        while self._on_the_way:
            self._settle()
        if self._failure is not None:
            raise self._failure

    def next_offset(self, partition: Partition, otherwise: int) -> int:
        """The offset, as it was given, from which on nothing is confirmed."""
        if partition in self._unconfirmed:
            return self._unconfirmed[partition]
        return self._confirmed.get(partition, otherwise - 1) + 1

    def close(self) -> None:
        """Note what is confirmed by now, and let go of the connections."""
        for sent in self._on_the_way:
            if sent.answer.succeeded():
                self._confirm(sent.record)
            else:
                self._give_up(sent.record)
        self._on_the_way.clear()
        with suppress(KafkaError):
            self._producer.close(timeout=_CLOSE_SECONDS)

    def _send(self, record: Record) -> None:
        timestamp_ms = _NO_TIMESTAMP if record.timestamp_ms is None else record.timestamp_ms
        try:
            answer = self._producer.send(
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
        self._on_the_way.append(_Sent(record, size, answer))
        self._bytes_on_the_way += size

    def _is_full(self) -> bool:
        is_many = len(self._on_the_way) >= _MOST_ON_THE_WAY
        return is_many or self._bytes_on_the_way >= _MOST_BYTES_ON_THE_WAY

    def _settle(self) -> None:
        """Wait for the oldest that is on the way; the client gives it up by itself."""
        sent = self._on_the_way[0]  # it stays there if an interrupt ends the waiting
        try:
            sent.answer.get(timeout=None)
        except KafkaError as error:
            self._fail(sent.record, error)
        else:
            self._confirm(sent.record)
        self._on_the_way.popleft()
        self._bytes_on_the_way -= sent.size

    def _confirm(self, record: Record) -> None:
        partition = Partition(record.topic, record.partition)
        if partition not in self._unconfirmed:
            self.published[partition] += 1
            self._confirmed[partition] = record.offset

    def _give_up(self, record: Record) -> None:
        self._unconfirmed.setdefault(Partition(record.topic, record.partition), record.offset)

    def _fail(self, record: Record, error: KafkaError) -> None:
        self._give_up(record)
        if self._failure is None:
            self._failure = _failure(record, error)


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
        # How large a record may be, the cluster knows.
        "max_request_size": 100 * 2**20,
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
    }


def _failure(record: Record, error: KafkaError) -> StreamError | StreamUnavailable:
    place = f"{record.topic}/{record.partition} offset {record.offset}"
    # The bare kind is no answer of the cluster, but what the client says where it has none; unless
    # the cluster refused another record, which took its whole batch with it.
    is_answer = type(error) is not KafkaError or _WITH_OTHERS in str(error)
    if error.retriable or not is_answer:
        return StreamUnavailable(f"{place} was not confirmed: {type(error).__name__}: {error}")
    is_lacking = isinstance(error, UnsupportedVersionError)
    said = error_message(error) if is_lacking else f"{type(error).__name__}: {error}"
    return StreamError(
        f"Kafka refuses {place} of the archive: {said}.",
        "Nothing that comes after it in its partition was published.",
        "Mend what it says: the topic's settings, this user's rights, or the record.",
    )
