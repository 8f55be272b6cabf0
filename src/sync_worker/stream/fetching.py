"""The client's consumer, made to hand out what it fetched within bounded memory.

The one place that goes beneath the client's public face for the sake of sizes: its fetcher is
replaced by one that takes batches apart as `record_batches` does, and whose polls end once they
have so many bytes. `max_poll_records` knows no bytes, and 2 000 records can be 2 GB.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from kafka import KafkaConsumer
from kafka.consumer.fetcher import Fetcher

from sync_worker.stream.record_batches import BoundedRecords
from sync_worker.stream.source import BYTES_AT_ONCE


class _PartitionRecords(Fetcher.PartitionRecords):
    """The records that one fetch brought of a partition."""

    def _unpack_records(self, tp: Any, records: Any, *deserializers: Any) -> Any:
        bounded = BoundedRecords(records._buffer)  # noqa: SLF001 - it has no other face
        return super()._unpack_records(tp, bounded, *deserializers)

    def take(self, n: int | None = None) -> list[Any]:
        """So many at the most, and no more once there are bytes enough."""
        all_records: Any = self.record_iterator
        enough: Any = self._until_enough(all_records)
        self.record_iterator = enough
        try:
            taken: list[Any] = super().take(n)
        finally:
            if self.record_iterator is not None:  # it was not drained meanwhile
                self.record_iterator = all_records
        return taken

    def _until_enough(self, records: Iterator[Any]) -> Iterator[Any]:
        enough = self.bytes_read + BYTES_AT_ONCE
        for record in records:
            yield record
            if self.bytes_read >= enough:
                return


class _Fetcher(Fetcher):
    PartitionRecords = _PartitionRecords

    _bytes_polled = 0

    def fetched_records(self, *args: Any, **options: Any) -> Any:
        self._bytes_polled = 0
        return super().fetched_records(*args, **options)

    def _append(self, drained: Any, part: Any, max_records: int, update_offsets: bool) -> int:
        before = part.bytes_read
        taken: int = super()._append(drained, part, max_records, update_offsets)
        self._bytes_polled += part.bytes_read - before
        # As if there were as many records as may be: that ends the poll.
        return max_records if self._bytes_polled >= BYTES_AT_ONCE else taken


def bounded_consumer(options: Mapping[str, Any]) -> KafkaConsumer:
    """A consumer whose polls give `BYTES_AT_ONCE` and a record, however well they were packed."""
    return _Consumer(**options)


class _Consumer(KafkaConsumer):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._fetcher = _Fetcher(self._client, self._subscription, metrics=None, **self.config)
