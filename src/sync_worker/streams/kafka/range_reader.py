"""Reads a range of Kafka's topics, to ends that are taken at the start, outside of any group."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import chain

from sync_worker.events.record import Partition, Record
from sync_worker.remedies import Remedy
from sync_worker.streams import checks
from sync_worker.streams.checks import Bounds
from sync_worker.streams.kafka.admin import KafkaAdmin, Topic
from sync_worker.streams.kafka.rights import Operation
from sync_worker.streams.kafka.settings import KafkaSettings
from sync_worker.streams.kafka.standalone_consumer import StandaloneConsumer
from sync_worker.streams.protocol import (
    MAX_FETCHED_BYTES,
    FetchedBatch,
    OffsetRange,
    StoredPositions,
    StreamError,
    StreamUnavailable,
)
from sync_worker.streams.ranges import AtOffset, AtTime, Earliest, End, Now, Range, Start

STALL_TIMEOUT_SECONDS = 30.0
"""How long a cluster may return nothing, before a range that is not at its end fails."""
_TOPIC_CHECK_INTERVAL_SECONDS = 2.0
"""While nothing arrives: a topic that was deleted returns nothing for ever, without an error."""


class KafkaRangeReader:
    """Reads a range of a cluster's topics; a `RangeReader`.

    Reaches the ends over aborted transactions, compacted gaps and empty partitions. Not for use by
    several threads, except `fraction_read`.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        selection: Range,
        max_records: int,
        *,
        by_partition: bool = False,
        stall_timeout_seconds: float = STALL_TIMEOUT_SECONDS,
    ) -> None:
        """Look up where the range begins and ends, and read nothing yet.

        With `by_partition`, a partition is read to its end before the next one begins, in the order
        of their names: slower, and the same each time.

        Raises:
            StreamUnavailable: no broker answers.
            StreamError: a topic, a partition or an offset is missing, or the cluster refuses us.
        """
        self._settings = settings
        self._max_records = max_records
        self._by_partition = by_partition
        self._stall_timeout_seconds = stall_timeout_seconds
        self._consumer: StandaloneConsumer | None = None
        self.records_read = 0
        self._admin = KafkaAdmin(settings, Operation.READ)
        try:
            self._look_up(replace(selection, topics=selection.topics or settings.topics))
        except BaseException:
            self._admin.close()
            raise

    def _look_up(self, selection: Range) -> None:
        topics = self._admin.topics(selection.topics)
        self.stream_id = f"kafka:{self._admin.cluster_id()}"
        partitions = selected_partitions(selection, topics, self.stream_id)
        self.topic_ids: Mapping[str, str] = {name: topics[name].topic_id for name in topics}
        self.bounds: dict[Partition, Bounds] = range_bounds(self._admin, selection, partitions)
        self.total_offsets = sum(bounds.end - bounds.begin for bounds in self.bounds.values())
        self._next_offsets = dict(self.begin_offsets)

    @property
    def begin_offsets(self) -> Mapping[Partition, int]:
        """Where the range begins in each partition."""
        return {partition: bounds.begin for partition, bounds in self.bounds.items()}

    def check_positions(self, stored: StoredPositions) -> None:
        """Refuse another cluster, re-created topics, and logs that do not have a position."""
        checks.check_cluster(self.stream_id, stored)
        checks.check_topic_ids(self.topic_ids, stored.topic_ids, stored.positions)
        for partition, bounds in self.bounds.items():
            checks.check_position(partition, stored.positions.get(partition, 0), bounds)

    def batches(self) -> Iterator[FetchedBatch]:
        """In the order of each partition; partitions take turns as the brokers answer.

        A batch is yielded only once its topics have been seen to be the same ones still: a topic
        that was re-created would be read on in the middle (trap 4).
        """
        unread = {p: bounds for p, bounds in self.bounds.items() if bounds.begin < bounds.end}
        parts = [{p: unread[p]} for p in sorted(unread)] if self._by_partition else [unread]
        for part in parts:
            self._close_consumer()
            self._consumer = StandaloneConsumer(self._settings, part)
            while self._consumer.remaining:
                records = self._fetch(self._consumer)
                self._check_topics_with_retry()
                batch = self._batch(records, self._consumer.next_offsets)
                self.records_read += len(records)
                yield batch

    def fraction_read(self) -> float:
        """How many of the range's offsets were read, from 0 to 1."""
        if not self.total_offsets:
            return 1.0
        consumer = self._consumer
        reached = self._next_offsets | (consumer.next_offsets if consumer is not None else {})
        read = sum(offset - self.bounds[partition].begin for partition, offset in reached.items())
        return read / self.total_offsets

    def close(self) -> None:
        """Close the connections."""
        self._close_consumer()
        self._admin.close()

    def _close_consumer(self) -> None:
        if self._consumer is not None:
            self._consumer.close()

    def _fetch(self, consumer: StandaloneConsumer) -> list[Record]:
        """Poll until a batch is full, or the range is at its end."""
        records: list[Record] = []
        size = 0
        moved_at = checked_at = time.monotonic()
        while consumer.remaining and len(records) < self._max_records and size < MAX_FETCHED_BYTES:
            fetched = consumer.poll(self._max_records - len(records))
            now = time.monotonic()
            if fetched is not None:
                moved_at = checked_at = now
                records.extend(chain.from_iterable(fetched.values()))
                size += consumer.bytes_polled
            elif now - moved_at >= self._stall_timeout_seconds:
                names = ", ".join(f"{p.topic}/{p.partition}" for p in sorted(consumer.remaining))
                raise StreamUnavailable(f"{names} returned nothing for {now - moved_at:.0f} s")
            elif now - checked_at >= _TOPIC_CHECK_INTERVAL_SECONDS:
                with suppress(StreamUnavailable):  # the stall timeout limits how long that may last
                    self._check_topics()
                checked_at = time.monotonic()
        return records

    def _check_topics_with_retry(self) -> None:
        deadline = time.monotonic() + self._stall_timeout_seconds
        while True:
            try:
                return self._check_topics()
            except StreamUnavailable:
                if time.monotonic() >= deadline:
                    raise

    def _check_topics(self) -> None:
        topics = self._admin.topics(self.topic_ids)
        current_ids = {name: topic.topic_id for name, topic in topics.items()}
        checks.check_topics_unchanged(current_ids, self.topic_ids)

    def _batch(self, records: list[Record], reached: Mapping[Partition, int]) -> FetchedBatch:
        before = self._next_offsets
        ranges = tuple(
            OffsetRange(partition, before[partition], offset)
            for partition, offset in reached.items()
            if offset > before[partition]
        )
        self._next_offsets = before | {span.partition: span.to_offset for span in ranges}
        topics = {span.partition.topic for span in ranges}
        return FetchedBatch(tuple(records), ranges, {name: self.topic_ids[name] for name in topics})


def selected_partitions(
    selection: Range, topics: Mapping[str, Topic], stream_id: str
) -> list[Partition]:
    """The partitions of a range, in order.

    Raises:
        StreamError: a topic or a partition that it names does not exist.
    """
    checks.check_topics_exist(selection.topics, topics, stream_id)
    existing = [partition for topic in topics.values() for partition in topic.partitions]
    missing = selection.partitions - {partition.partition for partition in existing}
    if missing:
        counts = ", ".join(f"{name} has {len(topics[name].partitions)}" for name in sorted(topics))
        raise StreamError(
            f"There is no partition {min(missing)}.",
            f"Partitions are numbered from 0; {counts}.",
            Remedy.NAME_A_PARTITION(),
        )
    return sorted(partition for partition in existing if selection.has(partition))


def range_bounds(
    admin: KafkaAdmin, selection: Range, partitions: Iterable[Partition]
) -> dict[Partition, Bounds]:
    """The first offset to read of each partition, and the one to stop before.

    Ends are those of a read-committed consumer: records of an open transaction are beyond them
    (trap 8).

    Raises:
        StreamError: the range begins at an offset that the log no longer has.
        StreamUnavailable: the cluster does not answer.
    """
    listed = list(partitions)
    begins, ends = admin.beginning_offsets(listed), admin.end_offsets(listed)
    logs = {p: Bounds(begins[p], max(begins[p], ends[p])) for p in listed}
    starts = _offsets_of(admin, selection.start, logs)
    stops = _offsets_of(admin, selection.end, logs)
    return {p: _bounds_within(p, logs[p], starts[p], stops[p]) for p in listed}


def _offsets_of(
    admin: KafkaAdmin, bound: Start | End, logs: Mapping[Partition, Bounds]
) -> dict[Partition, int]:
    match bound:
        case Earliest():
            return {partition: log.begin for partition, log in logs.items()}
        case Now():
            return {partition: log.end for partition, log in logs.items()}
        case AtOffset(offset):
            return dict.fromkeys(logs, offset)
        case AtTime():
            offsets = admin.offsets_for_time(logs, bound.timestamp_ms)
            return {p: logs[p].end if offset is None else offset for p, offset in offsets.items()}


def _bounds_within(partition: Partition, log: Bounds, start: int, stop: int) -> Bounds:
    if start < log.begin:
        raise StreamError(
            f"{partition.topic}/{partition.partition}: the log begins at offset {log.begin}, "
            f"after offset {start}.",
            f"Retention deleted the {log.begin - start} offsets between.",
            Remedy.START_LATER(offset=log.begin),
        )
    begin = min(start, log.end)
    return Bounds(begin, max(begin, min(stop, log.end)))
