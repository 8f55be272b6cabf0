"""An archive as a source: everything comes back, positions are kept to, and damage is told."""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import archive_line, numbered, record, write_archive, write_lines

from sync_worker.cli.remedies import in_words
from sync_worker.events.record import Partition, Record
from sync_worker.streams.archive.reader import ArchiveSource
from sync_worker.streams.protocol import (
    MAX_FETCHED_BYTES,
    EventSource,
    FetchedBatch,
    StoredPositions,
    StreamError,
)

HERE, THERE = Partition("eservices.clinic.activation", 0), Partition("eservices.clinic.region", 2)
CONTENT = st.none() | st.binary(max_size=12)
HEADER_NAMES = st.sampled_from(["content-type", "ce_id", "", "å"])
AN_ARCHIVE = b"".join(archive_line(written) for written in numbered([b"a", b"b", b"c"]))


@contextmanager
def reading(
    path: Path, positions: Mapping[Partition, int] | None = None, max_records: int = 100
) -> Iterator[ArchiveSource]:
    source = ArchiveSource(path, max_records)
    source.seek(StoredPositions(positions or {}))
    try:
        yield source
    finally:
        source.close()


def batches(source: EventSource) -> Iterator[FetchedBatch]:
    while (batch := source.poll(0)) is not None:
        yield batch


def records(found: Iterable[FetchedBatch]) -> list[Record]:
    return [read for batch in found for read in batch.records]


def read_all(path: Path, positions: Mapping[Partition, int] | None = None) -> list[Record]:
    with reading(path, positions) as source:
        found = records(batches(source))
        assert source.at_end()
        return found


def refusal_of(path: Path, positions: Mapping[Partition, int] | None = None) -> StreamError:
    with pytest.raises(StreamError) as refusal, reading(path, positions) as source:
        list(batches(source))
    return refusal.value


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    """Draw records of two partitions, their offsets growing, with gaps, from 0 or later."""
    ends = {HERE: draw(st.integers(0, 3)), THERE: draw(st.integers(0, 3))}
    written = []
    for place in draw(st.lists(st.sampled_from([HERE, THERE]), max_size=8)):
        offset = ends[place] + draw(st.integers(0, 2))
        ends[place] = offset + 1
        drawn = record(
            draw(CONTENT),
            topic=place.topic,
            partition=place.partition,
            offset=offset,
            key=draw(CONTENT),
            timestamp_ms=draw(st.none() | st.integers(0, 2**63 - 1)),
            headers=tuple(draw(st.lists(st.tuples(HEADER_NAMES, CONTENT), max_size=2))),
        )
        written.append(drawn)
    return written


@given(logs(), st.sampled_from(["a.jsonl", "a.jsonl.gz"]))
def test_any_records_come_back_byte_for_byte(written, name):
    with TemporaryDirectory() as folder:
        assert read_all(write_archive(Path(folder, name), written)) == written


@given(logs(), st.integers(1, 5))
def test_any_batch_size_gives_the_same_chained_records(written, max_records):
    with TemporaryDirectory() as folder:
        path = write_archive(Path(folder, "a.jsonl"), written)
        with reading(path, max_records=max_records) as source:
            found = list(batches(source))

    assert records(found) == written
    assert all(len(batch.records) <= max_records for batch in found)
    for place in (HERE, THERE):
        ranges = [m for batch in found for m in batch.ranges if m.partition == place]
        offsets = [r.offset for r in written if (r.topic, r.partition) == place]
        assert [m.from_offset for m in ranges[:1]] == [0 for _ in offsets[:1]]
        assert all(a.to_offset == b.from_offset for a, b in pairwise(ranges))
        assert [m.to_offset for m in ranges[-1:]] == [offset + 1 for offset in offsets[-1:]]


@given(logs(), st.data())
def test_any_position_drops_exactly_what_is_below_it(written, data):
    positions = {}
    for place in (HERE, THERE):
        offsets = [r.offset for r in written if (r.topic, r.partition) == place]
        if offsets:
            positions[place] = data.draw(st.integers(offsets[0], offsets[-1] + 1))

    with TemporaryDirectory() as folder:
        found = read_all(write_archive(Path(folder, "a.jsonl"), written), positions)

    expected = [r for r in written if r.offset >= positions[Partition(r.topic, r.partition)]]
    assert found == expected


def test_a_batch_advances_from_the_stored_positions(tmp_path):
    path = write_archive(tmp_path / "a.jsonl", numbered([b"a", b"b", b"c"]))

    with reading(path, {HERE: 1}, max_records=1) as source:
        ranges = [(m.from_offset, m.to_offset) for b in batches(source) for m in b.ranges]

    assert ranges == [(1, 2), (2, 3)]


def test_seeking_again_reads_again_from_the_new_positions(tmp_path):
    written = numbered([b"a", b"b", b"c"])

    with reading(write_archive(tmp_path / "a.jsonl", written)) as source:
        first = records(batches(source))
        source.seek(StoredPositions({HERE: 2}))
        again = records(batches(source))

    assert (first, again) == (written, written[2:])


def test_the_caller_may_go_on_using_its_positions(tmp_path):
    written = numbered([b"a", b"b", b"c"])
    positions = {HERE: 1}

    with reading(write_archive(tmp_path / "a.jsonl", written), positions) as source:
        positions[HERE] = 3
        found = records(batches(source))

    assert found == written[1:]


def test_lines_without_places_stand_at_their_number(tmp_path):
    bare = b'{"topic":"t","payload":null}\n'

    found = read_all(write_lines(tmp_path / "a.jsonl", [bare, bare]), {Partition("t", 0): 1})

    assert [(r.partition, r.offset, r.timestamp_ms) for r in found] == [(0, 1, None)]


def test_large_records_end_a_batch_before_memory_does(tmp_path):
    large = numbered([b"x" * (MAX_FETCHED_BYTES // 2)] * 3)

    with reading(write_archive(tmp_path / "a.jsonl.gz", large)) as source:
        sizes = [len(batch.records) for batch in batches(source)]

    assert sizes == [2, 1]


class TestWhichArchiveItIs:
    def test_it_is_known_by_its_first_line_alone(self, tmp_path):
        first, *rest = AN_ARCHIVE.splitlines(keepends=True)
        alike = [
            write_lines(tmp_path / "a.jsonl", [first, *rest]),
            write_lines(tmp_path / "grown.jsonl", [first, *rest, b"more"]),
            write_lines(tmp_path / "packed.gz", [first]),
            write_lines(tmp_path / "unended.jsonl", [first.rstrip()]),
            write_lines(tmp_path / "windows.jsonl", [first.rstrip() + b"\r\n"]),
        ]

        ids = {ArchiveSource(path, 1).stream_id for path in alike}

        assert len(ids) == 1
        assert ids.pop().startswith("archive:")

    def test_another_first_line_is_another_archive(self, tmp_path):
        one = write_archive(tmp_path / "a.jsonl", numbered([b"a"]))
        other = write_archive(tmp_path / "b.jsonl", numbered([b"b"]))

        assert ArchiveSource(one, 1).stream_id != ArchiveSource(other, 1).stream_id

    @pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
    def test_an_empty_one_has_an_id_and_nothing_to_read(self, tmp_path, name):
        path = write_lines(tmp_path / name, [])

        assert ArchiveSource(path, 1).stream_id.startswith("archive:")
        assert read_all(path) == []


class TestDamage:
    @pytest.mark.parametrize("max_records", [1, 2, 100])
    def test_records_before_a_bad_line_are_handed_out_first(self, tmp_path, max_records):
        path = write_lines(tmp_path / "a.jsonl", [AN_ARCHIVE, b"{not json\n", AN_ARCHIVE])
        handed_out: list[FetchedBatch] = []

        with reading(path, max_records=max_records) as source:
            with pytest.raises(StreamError) as refusal:
                handed_out.extend(batches(source))
            with pytest.raises(StreamError):
                source.poll(0)
            assert not source.at_end()

        assert [r.value for b in handed_out for r in b.records] == [b"a", b"b", b"c"]
        assert refusal.value.message == (
            f"{path}, line 4: not a record of an archive: it is not JSON."
        )

    def test_a_mended_file_is_read_on_after_seeking(self, tmp_path):
        path = write_lines(tmp_path / "a.jsonl", [AN_ARCHIVE, b"\n"])

        with reading(path) as source:
            with pytest.raises(StreamError, match="line 4"):
                list(batches(source))
            write_lines(path, [AN_ARCHIVE])
            source.seek(StoredPositions({HERE: 2}))

            assert [r.offset for r in records(batches(source))] == [2]

    def test_a_truncated_gz_hands_out_what_it_has(self, tmp_path):
        path = tmp_path / "a.jsonl.gz"
        whole = zlib.compressobj(wbits=31)
        path.write_bytes(whole.compress(AN_ARCHIVE) + whole.flush(zlib.Z_SYNC_FLUSH))
        handed_out: list[FetchedBatch] = []

        with reading(path) as source, pytest.raises(StreamError, match="line 4") as refusal:
            handed_out.extend(batches(source))

        assert len(records(handed_out)) == 3
        assert str(path) in refusal.value.message

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(AN_ARCHIVE, id="not packed at all"),
            pytest.param(gzip.compress(AN_ARCHIVE)[:-9] + b"\xff" * 9, id="a wrong checksum"),
            pytest.param(gzip.compress(AN_ARCHIVE)[:20] + b"\xff" * 50, id="damaged inside"),
        ],
    )
    def test_a_corrupt_gz_is_reported_with_file_and_line(self, tmp_path, content):
        path = tmp_path / "a.jsonl.gz"
        path.write_bytes(content)

        assert f"{path}, line " in refusal_of(path).message

    def test_a_corrupt_gz_has_no_id(self, tmp_path):
        path = tmp_path / "a.jsonl.gz"
        path.write_bytes(AN_ARCHIVE)

        with pytest.raises(StreamError, match="line 1"):
            _ = ArchiveSource(path, 1).stream_id

    def test_an_endless_line_is_refused_before_filling_memory(self, tmp_path):
        path = write_lines(tmp_path / "a.jsonl.gz", [AN_ARCHIVE, b" " * 101_711_873])

        assert "line 4: the line is longer than 101711872 bytes" in refusal_of(path).message

    @pytest.mark.parametrize("offset", [0, 1, 2])
    def test_offsets_that_do_not_grow_are_two_exports(self, tmp_path, offset):
        more = archive_line(record(b"d", offset=offset))
        refusal = refusal_of(write_lines(tmp_path / "a.jsonl", [AN_ARCHIVE, more]))

        assert f"line 4: offset {offset} of {HERE.topic}/0 comes after offset 2" in refusal.message
        assert "two exports in one file" in refusal.why

    def test_offsets_grow_for_each_partition_alone(self, tmp_path):
        elsewhere = archive_line(record(b"d", topic=THERE.topic, partition=2, offset=0))

        assert len(read_all(write_lines(tmp_path / "a.jsonl", [AN_ARCHIVE, elsewhere]))) == 4

    def test_an_unopenable_file_raises_the_systems_error(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            ArchiveSource(tmp_path / "none.jsonl", 1).seek(StoredPositions({}))
        with pytest.raises(FileNotFoundError):
            _ = ArchiveSource(tmp_path / "none.jsonl", 1).stream_id
        with pytest.raises(IsADirectoryError):
            ArchiveSource(tmp_path, 1).seek(StoredPositions({}))


class TestPositionsThatDoNotFit:
    def test_an_archive_beginning_after_our_position_is_refused_with_both(self, tmp_path):
        path = write_archive(tmp_path / "a b.jsonl", [record(b"x", offset=9)])
        refusal = refusal_of(path, {HERE: 4})

        assert f"line 1: {HERE.topic}/0 begins at offset 9, after our position 4" in refusal.message
        assert "The 5 offsets between" in refusal.why
        assert str(in_words(refusal.hint)).endswith(
            f"positions reset --archive '{path}' --to earliest"
        )

    @pytest.mark.parametrize("positions", [{}, {HERE: 0}])
    def test_from_the_beginning_is_wherever_the_archive_begins(self, tmp_path, positions):
        path = write_archive(tmp_path / "a.jsonl", [record(b"x", offset=9)])

        with reading(path, positions) as source:
            (span,) = (span for batch in batches(source) for span in batch.ranges)

        assert (span.from_offset, span.to_offset) == (0, 10)

    def test_an_archive_ending_before_our_position_is_refused_with_both(self, tmp_path):
        path = write_lines(tmp_path / "a.jsonl", [AN_ARCHIVE])

        assert f"{HERE.topic}/0 ends at offset 3, before our position 4" in (
            refusal_of(path, {HERE: 4}).message
        )

    def test_a_partition_that_is_gone_from_the_archive_is_refused(self, tmp_path):
        path = write_lines(tmp_path / "a.jsonl", [AN_ARCHIVE])
        refusal = refusal_of(path, {HERE: 3, THERE: 1})

        assert f"{THERE.topic}/2 ends at offset 0, before our position 1" in refusal.message

    def test_a_partition_at_its_beginning_may_be_empty(self, tmp_path):
        path = write_lines(tmp_path / "a.jsonl", [AN_ARCHIVE])

        assert len(read_all(path, {THERE: 0})) == 3

    def test_records_of_other_partitions_are_handed_out_before_the_refusal(self, tmp_path):
        path = write_lines(tmp_path / "a.jsonl", [AN_ARCHIVE])
        handed_out: list[FetchedBatch] = []

        with reading(path, {THERE: 1}) as source, pytest.raises(StreamError):
            handed_out.extend(batches(source))

        assert len(records(handed_out)) == 3


class TestProgress:
    @pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
    def test_it_goes_from_nothing_to_all_of_the_file(self, tmp_path, name):
        source = ArchiveSource(write_lines(tmp_path / name, [AN_ARCHIVE]), 1)
        before = source.fraction_read()
        source.seek(StoredPositions({}))
        seen = [source.fraction_read() for _ in batches(source)]
        source.close()

        assert before == 0
        assert seen == sorted(seen)
        assert source.fraction_read() == 1


def test_a_file_is_half_done_once_it_is_read(tmp_path):
    path = write_archive(tmp_path / "a.jsonl", [record(b"{}", offset=n) for n in range(4)])
    with reading(path, max_records=4) as source:
        (batch,) = batches(source)
        assert (source.records_read, source.fraction_applied()) == (4, 0.5)
        source.committed({batch.ranges[0].partition: 2})
        assert source.fraction_applied() == 0.5
        source.committed({batch.ranges[0].partition: 4})
        assert source.fraction_applied() == 1.0
