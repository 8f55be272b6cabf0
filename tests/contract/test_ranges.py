"""Bounded reads: the same cases on an archive and on Kafka, since one rule holds for both."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest
from kafka import KafkaProducer
from tests.builders import EPOCH, EPOCH_MS, write_archive
from tests.real.kafka_parts import Cluster

from sync_worker.events.record import Partition, Record
from sync_worker.streams.archive.reader import ArchiveRangeReader
from sync_worker.streams.kafka.range_reader import KafkaRangeReader
from sync_worker.streams.ranges import AtOffset, AtTime, Earliest, End, Now, Range, Start

ABORTED = None
"""A transaction that was taken back: a record and a marker, two offsets that nobody is handed."""


class Item(NamedTuple):
    """A record's value, and its timestamp in minutes after 2026 began."""

    value: str
    minute: float = 0


Log = Sequence[Item | None]


class InArchive:
    """Logs as an archive has them: gaps are lines that are not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.topic = "t"

    def filled(self, logs: Sequence[Log]) -> None:
        records = [record for number, log in enumerate(logs) for record in self._of(number, log)]
        write_archive(self._folder / "stream.jsonl", records)

    def reader(self, wanted: Range, max_records: int = 100) -> ArchiveRangeReader:
        return ArchiveRangeReader(self._folder / "stream.jsonl", wanted, max_records)

    def _of(self, number: int, log: Log) -> list[Record]:
        offset, records = 0, []
        for item in log:
            if item is not None:
                moment = EPOCH_MS + int(item.minute * 60_000)
                value = item.value.encode()
                records.append(Record(self.topic, number, offset, moment, b"k", value))
            offset += 1 if item is not None else 2
        return records


class InKafka:
    """Logs as a cluster has them, with the gaps that transactions leave."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.topic = ""

    def filled(self, logs: Sequence[Log]) -> None:
        self.topic = self._cluster.topic(partitions=len(logs))
        with (
            self._cluster.producer() as plain,
            self._cluster.producer(transactional_id=uuid4().hex) as taken_back,
        ):
            taken_back.init_transactions()
            for number, log in enumerate(logs):
                offset = 0
                for item in log:
                    offset += 1 if item is not None else 2
                    if item is not None:
                        self._send(plain, number, item)
                    else:
                        plain.flush()
                        self._take_back(taken_back, number, offset)

    def _send(self, producer: KafkaProducer, number: int, item: Item) -> None:
        moment = EPOCH_MS + int(item.minute * 60_000)
        value = item.value.encode()
        producer.send(self.topic, value, b"k", partition=number, timestamp_ms=moment)

    def _take_back(self, producer: KafkaProducer, number: int, end: int) -> None:
        producer.begin_transaction()
        producer.send(self.topic, b"no", partition=number, timestamp_ms=EPOCH_MS).get(20)
        producer.abort_transaction()
        self._cluster.until_end(self.topic, end, number)

    def reader(self, wanted: Range, max_records: int = 100) -> KafkaRangeReader:
        return KafkaRangeReader(self._cluster.settings(self.topic), wanted, max_records)


Stream = InArchive | InKafka


@pytest.fixture(params=["archive", pytest.param("kafka", marks=pytest.mark.real)])
def stream(request, tmp_path) -> Stream:
    if request.param == "archive":
        return InArchive(tmp_path)
    return InKafka(Cluster(request.getfixturevalue("broker").bootstrap))


def at(minute: float) -> AtTime:
    return AtTime(EPOCH + timedelta(minutes=minute))


def read(stream: Stream, wanted: Range, max_records: int = 100) -> dict[int, list[str]]:
    """The values of each partition, in the order they were handed out."""
    found: dict[int, list[str]] = {}
    with closing(stream.reader(wanted, max_records)) as reader:
        for batch in reader.batches():
            for record in batch.records:
                found.setdefault(record.partition, []).append((record.value or b"").decode())
        assert reader.records_read == sum(map(len, found.values()))
    return found


def items(*minutes: float) -> list[Item]:
    return [Item(f"v{number}", minute) for number, minute in enumerate(minutes)]


def test_without_bounds_all_of_every_partition_is_read(stream):
    stream.filled([items(0, 1, 2), [], items(5)])
    assert read(stream, Range()) == {0: ["v0", "v1", "v2"], 2: ["v0"]}


def test_an_empty_stream_is_at_its_end(stream):
    stream.filled([[], []])
    assert read(stream, Range()) == {}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (Earliest(), at(2), ["v0", "v1"]),
        (at(2), Now(), ["v2", "v3"]),
        (at(1.5), Now(), ["v2", "v3"]),
        (at(1.5), at(2.5), ["v2"]),
        (at(1), at(1), []),
        (at(9), Now(), []),
        (Earliest(), at(9), ["v0", "v1", "v2", "v3"]),
        (at(-9), at(0), []),
        (AtTime(datetime(1, 1, 1, tzinfo=UTC)), Now(), ["v0", "v1", "v2", "v3"]),
        (AtTime(datetime(9999, 12, 31, tzinfo=UTC)), Now(), []),
    ],
)
def test_a_time_is_the_first_record_at_or_after_it(stream, start: Start, end: End, expected):
    stream.filled([items(0, 1, 2, 3)])
    assert read(stream, Range(start=start, end=end)) == ({0: expected} if expected else {})


def test_a_time_is_looked_up_in_each_partition_by_itself(stream):
    stream.filled([items(0, 10), items(5, 6), items(20)])
    assert read(stream, Range(start=at(6))) == {0: ["v1"], 1: ["v1"], 2: ["v0"]}
    assert read(stream, Range(end=at(6))) == {0: ["v0"], 1: ["v0"]}


def test_a_late_record_is_read_where_it_stands(stream):
    """Timestamps need not grow: the first record that reaches the time settles the place."""
    stream.filled([items(0, 5, 1, 6)])
    assert read(stream, Range(start=at(4))) == {0: ["v1", "v2", "v3"]}
    assert read(stream, Range(end=at(4))) == {0: ["v0"]}


def test_a_time_between_two_milliseconds_excludes_the_earlier_one(stream):
    stream.filled([items(0, 1)])
    just_after = AtTime(EPOCH + timedelta(microseconds=1))
    assert read(stream, Range(start=just_after)) == {0: ["v1"]}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (AtOffset(1), Now(), ["v1", "v2"]),
        (AtOffset(1), AtOffset(2), ["v1"]),
        (Earliest(), AtOffset(2), ["v0", "v1"]),
        (AtOffset(0), AtOffset(0), []),
        (AtOffset(3), Now(), []),
        (AtOffset(300), Now(), []),
        (Earliest(), AtOffset(300), ["v0", "v1", "v2"]),
        (AtOffset(1), at(2), ["v1"]),
    ],
)
def test_the_start_offset_is_included_the_end_offset_is_not(
    stream, start: Start, end: End, expected
):
    stream.filled([items(7, 8), items(0, 1, 2)])
    wanted = Range((stream.topic,), frozenset({1}), start, end)
    assert read(stream, wanted) == ({1: expected} if expected else {})


def test_only_the_named_partitions_are_read(stream):
    stream.filled([items(0), items(1), items(2)])
    assert read(stream, Range(partitions=frozenset({0, 2}))) == {0: ["v0"], 2: ["v0"]}


def test_gaps_in_the_log_do_not_hold_it_up(stream):
    stream.filled(
        [
            [Item("a", 1), ABORTED, Item("b", 2), ABORTED, ABORTED],
            [ABORTED],
            [ABORTED, Item("c", 3)],
        ]
    )
    assert read(stream, Range()) == {0: ["a", "b"], 2: ["c"]}


@pytest.mark.parametrize(("start", "end"), [(0, 2), (1, 3), (2, 4), (1, 2), (4, 6), (0, 6), (5, 9)])
def test_an_offset_inside_of_a_gap_bounds_as_any_other(stream, start, end):
    stream.filled([[Item("0"), ABORTED, Item("3"), ABORTED, Item("6")]])
    wanted = Range((stream.topic,), frozenset({0}), AtOffset(start), AtOffset(end))
    expected = [value for value in ("0", "3", "6") if start <= int(value) < end]
    assert read(stream, wanted) == ({0: expected} if expected else {})


@pytest.mark.parametrize("max_records", [1, 2, 7])
def test_batches_keep_to_their_size_and_chain_without_gaps(stream, max_records):
    stream.filled([items(*range(5)), items(*range(3)), [Item("a"), ABORTED, Item("b")]])
    reached: dict[Partition, int] = {}
    with closing(stream.reader(Range(), max_records)) as reader:
        for batch in reader.batches():
            assert len(batch.records) <= max_records
            for span in batch.ranges:
                assert span.from_offset == reached.get(span.partition, 0) < span.to_offset
                reached[span.partition] = span.to_offset
            for record in batch.records:
                assert record.offset < reached[Partition(record.topic, record.partition)]
        assert reader.fraction_read() == 1
    assert reached == {Partition(stream.topic, n): end for n, end in enumerate([5, 3, 4])}
