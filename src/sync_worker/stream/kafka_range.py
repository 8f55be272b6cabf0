"""A range of Kafka's topics, read to ends that are captured at the start, outside of any group.

What is peculiar about the client is dealt with in `lone_reader`; where the range lies is settled in
`range_bounds`.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

from sync_worker.events.record import Partition, Record
from sync_worker.stream import fitting
from sync_worker.stream.admin import KafkaAdmin
from sync_worker.stream.fitting import Bounds
from sync_worker.stream.gathering import record_of, size_of
from sync_worker.stream.kafka_settings import KafkaSettings
from sync_worker.stream.lone_reader import Found, LoneReader
from sync_worker.stream.range_bounds import selected, settled
from sync_worker.stream.ranges import Range
from sync_worker.stream.source import BYTES_AT_ONCE, Batch, Bookmarks, Move, StreamAway

PATIENCE_SECONDS = 30.0
"""How long a cluster may give nothing before a range that is not at its end is given up."""

_LOOK_SECONDS = 2.0
"""How long nothing has to come before it is asked why."""


class KafkaRange:
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
        one_by_one: bool = False,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Settle where the range begins and ends, and read nothing yet.

        With `one_by_one`, a partition is read to its end before the next one begins, in the order
        of their names: slower, and the same each time.

        Raises:
            StreamAway: no broker answers.
            StreamError: a topic, a partition or an offset is not there, or the cluster refuses us.
        """
        self._settings = settings
        self._max_records = max_records
        self._one_by_one = one_by_one
        self._patience_seconds = patience_seconds
        self._reader: LoneReader | None = None
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

    def fit(self, bookmarks: Bookmarks) -> None:
        """Refuse another cluster, topics created anew, and logs that do not reach a position."""
        positions = bookmarks.positions
        fitting.refuse_other_cluster(self.stream_id, bookmarks)
        fitting.refuse_recreated(self.topic_ids, bookmarks.topic_ids, positions)
        for at, bounds in self.bounds.items():
            fitting.refuse_out_of_bounds(at, positions.get(at, 0), bounds)

    def batches(self) -> Iterator[Batch]:
        """In the order of each partition; partitions take turns as the brokers answer.

        A batch is handed out only once its topics have been seen to be the same ones still: a topic
        created anew would be read on in the middle (trap 4).
        """
        for part in self._parts():
            self._close_reader()
            self._reader = LoneReader(self._settings, part)
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

    def _gathered(self, reader: LoneReader) -> list[Record]:
        """Poll until a batch is full, or the range is at its end."""
        records: list[Record] = []
        size = 0
        moved_at = looked_at = time.monotonic()
        while reader.left and len(records) < self._max_records and size < BYTES_AT_ONCE:
            found = reader.poll(self._max_records - len(records))
            now = time.monotonic()
            if found is not None:
                moved_at = looked_at = now
                size += _add(found, records)
            elif now - moved_at >= self._patience_seconds:
                raise StreamAway(_nothing_came(now - moved_at, reader.left))
            elif now - looked_at >= _LOOK_SECONDS:
                self._look()
                looked_at = time.monotonic()
        return records

    def _look(self) -> None:
        """A topic that was deleted gives nothing, for ever and without a word."""
        try:
            self._refuse_others()
        except StreamAway:
            return  # the patience tells how long that may be

    def _refuse_other_topics(self) -> None:
        deadline = time.monotonic() + self._patience_seconds
        while True:
            try:
                return self._refuse_others()
            except StreamAway:
                if time.monotonic() >= deadline:
                    raise

    def _refuse_others(self) -> None:
        seen = self._admin.topics(self.topic_ids)
        ids = {name: topic.topic_id for name, topic in seen.items()}
        fitting.refuse_changed_meanwhile(ids, self.topic_ids)

    def _batch(self, records: list[Record], reached: Mapping[Partition, int]) -> Batch:
        before = self._handed_out
        moves = tuple(Move(at, before[at], end) for at, end in reached.items() if end > before[at])
        self._handed_out = before | {move.partition: move.to_offset for move in moves}
        names = {move.partition.topic for move in moves}
        return Batch(tuple(records), moves, {name: self.topic_ids[name] for name in names})


def _add(found: Found, records: list[Record]) -> int:
    """Add what was found; how many bytes that is."""
    size = 0
    for new in found.values():
        records.extend(map(record_of, new))
        size += size_of(new)
    return size


def _nothing_came(seconds: float, left: Mapping[Partition, int]) -> str:
    names = ", ".join(f"{at.topic}/{at.partition}" for at in sorted(left))
    return f"nothing came of {names} for {seconds:.0f} s"
