"""Which records are in a range, against the rule in one line; and what an archive adds to that."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import archive_line, numbered, write_lines

from sync_worker.events.record import Record
from sync_worker.streams.archive.reader import ArchiveRangeReader
from sync_worker.streams.protocol import FetchedBatch, StreamError
from sync_worker.streams.ranges import AtOffset, AtTime, Earliest, Now, Range, RangeFilter

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS = st.integers(0, 20)
TIMES = MILLISECONDS.map(lambda ms: AtTime(EPOCH + timedelta(milliseconds=ms)))
OFFSETS = st.integers(0, 12).map(AtOffset)
STARTS = st.just(Earliest()) | TIMES | OFFSETS
ENDS = st.just(Now()) | TIMES | OFFSETS


@st.composite
def logs(draw) -> list[Record]:
    """One partition, with gaps, and timestamps in any order or none."""
    offsets = sorted(draw(st.sets(st.integers(0, 10))))
    stamps = [draw(st.none() | MILLISECONDS) for _ in offsets]
    return [Record("t", 0, o, ts, None, b"") for o, ts in zip(offsets, stamps, strict=True)]


def place_of(bound, log: list[Record]) -> int:
    """The offset that a bound stands for, as Kafka looks it up in the whole log."""
    end = log[-1].offset + 1 if log else 0
    match bound:
        case Earliest():
            return 0
        case Now():
            return end
        case AtOffset(offset):
            return offset
        case _:
            wanted = (bound.moment - EPOCH) // timedelta(milliseconds=1)
            known = (r.offset for r in log if r.timestamp_ms is not None)
            stamps = {r.offset: r.timestamp_ms or 0 for r in log}
            return next((offset for offset in known if stamps[offset] >= wanted), end)


@given(logs(), STARTS, ENDS)
def test_a_record_is_included_from_start_until_before_end(log, start, end):
    window = RangeFilter(Range(start=start, end=end))
    first, stop = place_of(start, log), place_of(end, log)
    assert [r.offset for r in log if window.has(r)] == [
        record.offset for record in log if first <= record.offset < stop
    ]


@given(st.lists(logs(), min_size=2, max_size=3), STARTS, ENDS, st.randoms())
def test_partitions_are_judged_apart_however_their_records_mix(several, start, end, chance):
    wanted = Range(start=start, end=end)
    apart = [r._replace(partition=n) for n, log in enumerate(several) for r in log]
    alone = [RangeFilter(wanted) for _ in several]
    expected = {r for r in apart if alone[r.partition].has(r)}
    mixed, together = sorted(apart, key=lambda _: chance.random()), RangeFilter(wanted)
    in_order = sorted(mixed, key=lambda r: (r.offset, r.partition))
    assert {r for r in in_order if together.has(r)} == expected


def test_other_topics_are_left_out():
    window = RangeFilter(Range(topics=("a", "b")))
    records = [Record(topic, 0, 0, 0, None, b"") for topic in "abc"]
    assert [r.topic for r in records if window.has(r)] == ["a", "b"]


def test_what_lies_behind_an_archives_range_is_not_read(tmp_path):
    lines = [archive_line(written) for written in numbered([b"0", b"1", b"2"], topic="t")]
    path = write_lines(tmp_path / "torn.jsonl", [*lines, b"torn\n"])
    wanted = Range(("t",), frozenset({0}), AtOffset(0), AtOffset(2))
    with closing(ArchiveRangeReader(path, wanted, 10)) as reader:
        assert [r.value for batch in reader.batches() for r in batch.records] == [b"0", b"1"]


def test_what_was_read_before_a_bad_line_is_handed_out(tmp_path):
    path = write_lines(tmp_path / "torn.jsonl", [archive_line(*numbered([b"0"])), b"torn\n"])
    found: list[FetchedBatch] = []
    with (
        closing(ArchiveRangeReader(path, Range(), 10)) as reader,
        pytest.raises(StreamError, match="line 2"),
    ):
        found.extend(reader.batches())
    assert [record.value for batch in found for record in batch.records] == [b"0"]
