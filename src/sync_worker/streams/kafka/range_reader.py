"""Where a range begins and ends in each partition of a Kafka cluster, settled before it is read."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import chain

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    LogTruncationError,
    OffsetOutOfRangeError,
)

from sync_worker.events.record import Partition, Record
from sync_worker.remedies import Remedy
from sync_worker.streams import checks
from sync_worker.streams.checks import Bounds
from sync_worker.streams.kafka import undecodable
from sync_worker.streams.kafka.admin import KafkaAdmin, Topic
from sync_worker.streams.kafka.client import bounded_consumer, bytes_polled
from sync_worker.streams.kafka.group_member import DECODING_ERRORS
from sync_worker.streams.kafka.settings import MAX_POLL_RECORDS, KafkaSettings, groupless_options
from sync_worker.streams.protocol import (
    MAX_FETCHED_BYTES,
    FetchedBatch,
    OffsetRange,
    StoredPositions,
    StreamError,
    StreamUnavailable,
)
from sync_worker.streams.ranges import AtOffset, AtTime, Earliest, End, Now, Range, Start


def selected(wanted: Range, topics: Mapping[str, Topic], stream_id: str) -> list[Partition]:
    """The partitions of a range, in order.

    Raises:
        StreamError: a topic or a partition that it names is not there.
    """
    checks.check_topics_exist(wanted.topics, topics, stream_id)
    present = [partition for topic in topics.values() for partition in topic.partitions]
    absent = wanted.partitions - {partition.partition for partition in present}
    if absent:
        raise _no_partition(min(absent), topics)
    return sorted(partition for partition in present if wanted.has(partition))


def settled(
    admin: KafkaAdmin, wanted: Range, partitions: Iterable[Partition]
) -> dict[Partition, Bounds]:
    """The first offset to read of each partition, and the one to stop before.

    Ends are those of a reader that waits for transactions to be committed: what is in an open one
    is beyond them.

    Raises:
        StreamError: the range begins at an offset that the log does not have any more.
        StreamAway: the cluster is away.
    """
    listed = list(partitions)
    begins, ends = admin.begins(listed), admin.ends(listed)
    whole = {at: Bounds(begins[at], max(begins[at], ends[at])) for at in listed}
    starts = _places(admin, wanted.start, whole)
    stops = _places(admin, wanted.end, whole)
    return {at: _within(at, whole[at], starts[at], stops[at]) for at in listed}


def _places(
    admin: KafkaAdmin, bound: Start | End, whole: Mapping[Partition, Bounds]
) -> dict[Partition, int]:
    match bound:
        case Earliest():
            return {at: bounds.begin for at, bounds in whole.items()}
        case Now():
            return {at: bounds.end for at, bounds in whole.items()}
        case AtOffset(offset):
            return dict.fromkeys(whole, offset)
        case AtTime():
            found = admin.offsets_at(whole, bound.timestamp_ms)
            return {at: whole[at].end if place is None else place for at, place in found.items()}


def _within(partition: Partition, whole: Bounds, start: int, stop: int) -> Bounds:
    if start < whole.begin:
        raise StreamError(
            f"{partition.topic}/{partition.partition}: the log begins at offset {whole.begin}, "
            f"after offset {start}.",
            f"Retention took the {whole.begin - start} offsets between.",
            Remedy.START_LATER(offset=whole.begin),
        )
    begin = min(start, whole.end)
    return Bounds(begin, max(begin, min(stop, whole.end)))


def _no_partition(number: int, topics: Mapping[str, Topic]) -> StreamError:
    counts = ", ".join(f"{name} has {len(topics[name].partitions)}" for name in sorted(topics))
    return StreamError(
        f"There is no partition {number}.",
        f"Of partitions, which are numbered from 0, {counts}.",
        Remedy.NAME_A_PARTITION(),
    )


# A consumer that no group knows, reading partitions from one offset to another. It does not hang
# and does not skip: what the client gets stuck in is built anew at the offset that was reached,
# and what a log has no more is said. The traps are those of docs/kafka-traps.md.


Found = Mapping[TopicPartition, list[Record]]

_POLL_MS = 100
"""Short: the last poll of a range that ends in a gap waits it out."""
_QUESTION_MS = 2000
_CLOSE_MS = 2000
_BREATH_SECONDS = 0.1


class StandaloneConsumer:
    """The records of some partitions, each from where its bounds begin to where they end."""

    def __init__(self, settings: KafkaSettings, bounds: Mapping[Partition, Bounds]) -> None:
        self._settings = settings
        self._consumer: KafkaConsumer | None = None
        self.reached = {at: of.begin for at, of in bounds.items()}
        """The next offset of each partition, markers and other gaps passed over."""
        self.left = {at: of.end for at, of in bounds.items()}
        """The end of each partition that is not there yet."""
        self.bytes_polled = 0
        """The size of what the last poll returned, unpacked."""

    def poll(self, max_records: int) -> Found | None:
        """What came within a moment; None where no partition moved.

        Raises:
            StreamError: a log does not reach where we read, holds what cannot be decoded, or may
                not be read by us.
        """
        found: Found = {}
        self.bytes_polled = 0
        try:
            consumer = self._consumer or self._opened()
            found = consumer.poll(_POLL_MS, min(max_records, MAX_POLL_RECORDS))
            self.bytes_polled = bytes_polled(consumer)
        except (OffsetOutOfRangeError, LogTruncationError) as error:
            raise self._lost(error) from error
        except AuthorizationError as error:
            raise checks.unauthorised(error) from error
        except (KafkaError, *DECODING_ERRORS) as error:
            self._recover(error)
        return self._moved(found)

    def close(self) -> None:
        """Let go of the connections."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with suppress(KafkaError, RuntimeError):  # its own thread may be gone
                consumer.close(autocommit=False, timeout_ms=_CLOSE_MS)

    def _opened(self) -> KafkaConsumer:
        consumer = bounded_consumer(groupless_options(self._settings))
        self._consumer = consumer
        consumer.assign([TopicPartition(*at) for at in self.left])
        for at in self.left:
            consumer.seek(TopicPartition(*at), self.reached[at])
        return consumer

    def _moved(self, found: Found) -> Found | None:
        """Note where each partition stands, and cut off what is beyond its end."""
        within = {tp: self._cut(Partition(*tp), new) for tp, new in found.items()}
        has_moved = bool(found)
        for at in list(self.left):
            offset = self._position(at)
            has_moved = has_moved or offset > self.reached[at]
            self.reached[at] = min(offset, self.left[at])
        self._drop_those_at_their_end()
        return within if has_moved else None

    def _cut(self, at: Partition, new: list[Record]) -> list[Record]:
        end = self.left[at]
        self.reached[at] = new[-1].offset + 1
        return new if new[-1].offset < end else [record for record in new if record.offset < end]

    def _position(self, at: Partition) -> int:
        """Past the last record where the log has a gap there: a marker, or what is compacted."""
        if self._consumer is None:
            return self.reached[at]
        try:
            offset = self._consumer.position(TopicPartition(*at), timeout_ms=_QUESTION_MS)
        except KafkaError:
            return self.reached[at]  # `poll` meets the same error, and it is dealt with there
        return max(self.reached[at], offset or 0)

    def _drop_those_at_their_end(self) -> None:
        """Fetch no more of them; pausing some partitions can stall others for ever (trap 2)."""
        left = {at: end for at, end in self.left.items() if self.reached[at] < end}
        if len(left) < len(self.left) and left and self._consumer is not None:
            self._consumer.assign([TopicPartition(*at) for at in left])
        self.left = left

    def _recover(self, error: BaseException) -> None:
        """Wait a moment for what passes; else go on with a new client (trap 7)."""
        if getattr(error, "retriable", False) or self._consumer is None:
            time.sleep(_BREATH_SECONDS)
            return
        self.close()
        offsets = {TopicPartition(*at): self.reached[at] for at in self.left}
        failure = undecodable.found_among(self._settings, offsets)
        if failure is not None:
            raise failure

    def _lost(self, error: BaseException) -> StreamError:
        places = ", ".join(f"{at.topic}/{at.partition} at {self.reached[at]}" for at in self.left)
        return StreamError(
            f"A log has no more what was to be read next: {places}.",
            f"Retention or a broker without all records took it meanwhile: {error}.",
            Remedy.KEEP_RECORDS(),
        )


# A range of Kafka's topics, read to ends that are captured at the start, outside of any group.
# What is peculiar about the client is dealt with in `lone_reader`; where the range lies is
# settled in `range_bounds`.


STALL_TIMEOUT_SECONDS = 30.0
"""How long a cluster may give nothing before a range that is not at its end is given up."""

_LOOK_SECONDS = 2.0
"""How long nothing has to come before it is asked why."""


class KafkaRangeReader:
    """Reads a range of a cluster's topics; a `RangeReader`.

    Reaches its ends over aborted transactions, compacted gaps and empty partitions. Not for use by
    several threads, except `fraction_read`.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        wanted: Range,
        max_records: int,
        *,
        by_partition: bool = False,
        stall_timeout_seconds: float = STALL_TIMEOUT_SECONDS,
    ) -> None:
        """Settle where the range begins and ends, and read nothing yet.

        With `by_partition`, a partition is read to its end before the next one begins, in the order
        of their names: slower, and the same each time.

        Raises:
            StreamAway: no broker answers.
            StreamError: a topic, a partition or an offset is not there, or the cluster refuses us.
        """
        self._settings = settings
        self._max_records = max_records
        self._one_by_one = by_partition
        self._patience_seconds = stall_timeout_seconds
        self._reader: StandaloneConsumer | None = None
        self.read = 0
        self._admin = KafkaAdmin(settings)
        try:
            self._settle(replace(wanted, topics=wanted.topics or settings.topics))
        except BaseException:
            self._admin.close()
            raise

    def _settle(self, wanted: Range) -> None:
        topics = self._admin.topics(wanted.topics)
        self.stream_id = f"kafka:{self._admin.cluster_id()}"
        partitions = selected(wanted, topics, self.stream_id)
        self.topic_ids: Mapping[str, str] = {name: topics[name].topic_id for name in topics}
        self.bounds: dict[Partition, Bounds] = settled(self._admin, wanted, partitions)
        self.total = sum(bounds.end - bounds.begin for bounds in self.bounds.values())
        self._handed_out = {at: bounds.begin for at, bounds in self.bounds.items()}

    @property
    def begins(self) -> Mapping[Partition, int]:
        """Where the range begins in each partition."""
        return {at: bounds.begin for at, bounds in self.bounds.items()}

    def fit(self, stored: StoredPositions) -> None:
        """Refuse another cluster, topics created anew, and logs that do not reach a position."""
        positions = stored.positions
        checks.check_cluster(self.stream_id, stored)
        checks.check_topic_ids(self.topic_ids, stored.topic_ids, positions)
        for at, bounds in self.bounds.items():
            checks.check_position(at, positions.get(at, 0), bounds)

    def batches(self) -> Iterator[FetchedBatch]:
        """In the order of each partition; partitions take turns as the brokers answer.

        A batch is handed out only once its topics have been seen to be the same ones still: a topic
        created anew would be read on in the middle (trap 4).
        """
        for part in self._parts():
            self._close_reader()
            self._reader = StandaloneConsumer(self._settings, part)
            while self._reader.left:
                records = self._gathered(self._reader)
                self._refuse_other_topics()
                batch = self._batch(records, self._reader.reached)
                self.read += len(records)
                yield batch

    def fraction_read(self) -> float:
        """How many of the range's offsets were read, from 0 to 1."""
        if not self.total:
            return 1.0
        reader = self._reader
        reached = self._handed_out | (reader.reached if reader is not None else {})
        return sum(at - self.bounds[of].begin for of, at in reached.items()) / self.total

    def close(self) -> None:
        """Let go of the connections."""
        self._close_reader()
        self._admin.close()

    def _parts(self) -> list[dict[Partition, Bounds]]:
        """What is read at a time."""
        left = {at: bounds for at, bounds in self.bounds.items() if bounds.begin < bounds.end}
        return [{at: left[at]} for at in sorted(left)] if self._one_by_one else [left]

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _gathered(self, reader: StandaloneConsumer) -> list[Record]:
        """Poll until a batch is full, or the range is at its end."""
        records: list[Record] = []
        size = 0
        moved_at = looked_at = time.monotonic()
        while reader.left and len(records) < self._max_records and size < MAX_FETCHED_BYTES:
            found = reader.poll(self._max_records - len(records))
            now = time.monotonic()
            if found is not None:
                moved_at = looked_at = now
                records.extend(chain.from_iterable(found.values()))
                size += reader.bytes_polled
            elif now - moved_at >= self._patience_seconds:
                raise StreamUnavailable(_nothing_came(now - moved_at, reader.left))
            elif now - looked_at >= _LOOK_SECONDS:
                self._look()
                looked_at = time.monotonic()
        return records

    def _look(self) -> None:
        """A topic that was deleted gives nothing, for ever and without a word."""
        try:
            self._refuse_others()
        except StreamUnavailable:
            return  # the patience tells how long that may be

    def _refuse_other_topics(self) -> None:
        deadline = time.monotonic() + self._patience_seconds
        while True:
            try:
                return self._refuse_others()
            except StreamUnavailable:
                if time.monotonic() >= deadline:
                    raise

    def _refuse_others(self) -> None:
        seen = self._admin.topics(self.topic_ids)
        ids = {name: topic.topic_id for name, topic in seen.items()}
        checks.check_topics_unchanged(ids, self.topic_ids)

    def _batch(self, records: list[Record], reached: Mapping[Partition, int]) -> FetchedBatch:
        before = self._handed_out
        ranges = tuple(
            OffsetRange(at, before[at], end) for at, end in reached.items() if end > before[at]
        )
        self._handed_out = before | {span.partition: span.to_offset for span in ranges}
        names = {span.partition.topic for span in ranges}
        return FetchedBatch(tuple(records), ranges, {name: self.topic_ids[name] for name in names})


def _nothing_came(seconds: float, left: Mapping[Partition, int]) -> str:
    names = ", ".join(f"{at.topic}/{at.partition}" for at in sorted(left))
    return f"nothing came of {names} for {seconds:.0f} s"
