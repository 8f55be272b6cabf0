"""The Kafka client, with a timeout for every wait and a limit to what a poll returns.

It extends classes that are not part of the client's public interface:

- Connections. The client waits for a TLS handshake without a timeout (trap 11): whoever accepts a
  connection and says nothing would hold up a command, or a worker's only way to a broker, for ever.
- The fetcher. `max_poll_records` knows no bytes, and 2 000 records can be 2 GB. Here batches are
  unpacked as `record_batches` does it, and a poll ends once it has so many bytes.
"""

import ssl
import struct
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient
from kafka.net.selector import NetworkSelector

from sync_worker.events.record import Record
from sync_worker.streams.kafka.login import LoginContext, LoginManager
from sync_worker.streams.kafka.record_batches import BoundedRecords, record_of
from sync_worker.streams.protocol import MAX_FETCHED_BYTES

FetchedRecords = Mapping[TopicPartition, list[Record]]
"""What a poll returns, in the order of each partition."""

BOOTSTRAP_TIMEOUT_SECONDS = 5.0
"""For a client to find a broker, before it reports that there is none."""
CONNECT_TIMEOUT_SECONDS = 4.0
"""For one connection, with the TLS handshake, the API versions and the login."""
ADMIN_CALL_TIMEOUT_SECONDS = 20.0
"""For one call of the admin client, with all connections and retries."""

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


class Client(KafkaNetClient):
    """The connections of each client of a cluster: its option `kafka_client`."""

    def __init__(self, *, login: LoginContext, **configs: Any) -> None:
        timeout_ms = int(CONNECT_TIMEOUT_SECONDS * 1000)
        limits = {
            "socket_connection_setup_timeout_ms": timeout_ms,
            "socket_connection_setup_timeout_max_ms": timeout_ms,
        }
        net = _Selector(**configs)
        super().__init__(net=net, manager=_Manager(net, login=login, **configs, **limits))


class _Selector(NetworkSelector):
    """Ends a TLS handshake in which the other side falls silent."""

    def __init__(self, **configs: Any) -> None:
        super().__init__(**configs)
        self._handshake_ends: WeakKeyDictionary[ssl.SSLSocket, float] = WeakKeyDictionary()

    def wait_read(self, fileobj: Any, timeout_at: float | None = None) -> Any:
        return super().wait_read(fileobj, timeout_at or self._handshake_end(fileobj))

    def wait_write(self, fileobj: Any, timeout_at: float | None = None) -> Any:
        return super().wait_write(fileobj, timeout_at or self._handshake_end(fileobj))

    def close_overdue(self) -> None:
        """Close the sockets whose handshakes timed out; nobody else does."""
        now = time.monotonic()
        for fileobj, end in list(self._handshake_ends.items()):
            if end <= now and fileobj.version() is None:
                fileobj.close()

    def _handshake_end(self, fileobj: Any) -> float | None:
        """When a handshake times out, counted from its first wait; None where there is none."""
        if not isinstance(fileobj, ssl.SSLSocket) or fileobj.version() is not None:
            return None
        return self._handshake_ends.setdefault(fileobj, time.monotonic() + CONNECT_TIMEOUT_SECONDS)


class _Manager(LoginManager):
    """Gives up a request that is not answered, whatever became of its connection."""

    def get_connection(
        self, node_id: Any, timeout_ms: float | None = None, *how: Any, **named: Any
    ) -> Any:
        """Limit the time for one broker: a silent one must not use up the time for the others."""
        limit_ms = self.socket_connection_setup_timeout_ms(node_id)
        timeout_ms = limit_ms if timeout_ms is None else min(timeout_ms, limit_ms)
        return super().get_connection(node_id, timeout_ms, *how, **named)

    async def _build_transport(self, node: Any, timeout_at: float | None = None) -> Any:
        try:
            return await super()._build_transport(node, timeout_at)
        except KafkaError:
            self._net.close_overdue()
            raise

    def bootstrap(self, timeout_ms: float | None = None, refresh: bool = True) -> None:
        """Close what a client that found no broker leaves behind: a thread and its sockets.

        The client calls this in its constructor, so that its caller has nothing to close.
        """
        try:
            super().bootstrap(timeout_ms, refresh)
        except BaseException:
            self.close()
            self._net.close()
            raise

    def run(self, coro: Any, *args: Any) -> Any:
        return super().run(
            self.wait_for, self.call_soon(coro, *args), ADMIN_CALL_TIMEOUT_SECONDS * 1000
        )


class _PartitionRecords(Fetcher.PartitionRecords):
    """The records that one fetch brought of a partition."""

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

    def fetched_records(self, *args: Any, **options: Any) -> Any:
        self.bytes_polled = 0
        return super().fetched_records(*args, **options)

    def _append(self, drained: Any, part: Any, max_records: int, update_offsets: bool) -> int:
        before = part.bytes_read
        taken: int = super()._append(drained, part, max_records, update_offsets)
        self.bytes_polled += part.bytes_read - before
        # As if there were as many records as may be: that ends the poll.
        return max_records if self.bytes_polled >= MAX_FETCHED_BYTES else taken


def bounded_consumer(options: Mapping[str, Any]) -> KafkaConsumer:
    """A consumer whose polls return at most `MAX_FETCHED_BYTES` and one record, once unpacked.

    They return `Record`s instead of the client's own.
    """
    return _Consumer(**options)


def bytes_polled(consumer: KafkaConsumer) -> int:
    """The size of what the consumer's last poll returned, unpacked."""
    fetcher: Any = consumer._fetcher  # noqa: SLF001 - it has no other face
    polled: int = fetcher.bytes_polled
    return polled


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


class _Consumer(KafkaConsumer):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._fetcher = _Fetcher(self._client, self._subscription, metrics=None, **self.config)
