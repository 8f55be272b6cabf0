"""An archive that is written is the one that is read back: record for record, byte for byte."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import archive_line, numbered, record

from sync_worker.events.record import Record
from sync_worker.streams.archive.format import record_of
from sync_worker.streams.archive.reader import ArchiveSource
from sync_worker.streams.archive.writer import line_of, writing
from sync_worker.streams.protocol import StoredPositions

CONTENT = st.none() | st.binary() | st.text().map(str.encode)
ENCODABLE = st.text(st.characters(codec="utf-8"))
RECORDS = st.builds(
    Record,
    topic=st.from_regex(r"[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,20}", fullmatch=True),
    partition=st.integers(0, 2**31 - 1),
    offset=st.integers(0, 2**63 - 2),
    timestamp_ms=st.none() | st.integers(-(2**63), 2**63 - 1).filter(lambda ms: ms != -1),
    key=CONTENT,
    value=CONTENT,
    headers=st.lists(st.tuples(ENCODABLE, CONTENT)).map(tuple),
    is_log_append_time=st.booleans(),
).map(lambda r: r._replace(is_log_append_time=r.is_log_append_time and r.timestamp_ms is not None))


@given(RECORDS, st.integers(0, 9))
def test_any_record_comes_back_as_it_was(record, number):
    line = line_of(record)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    line.decode("utf-8")
    assert record_of(line, number) == record


@given(RECORDS)
def test_it_writes_as_kcat_does(record):
    assert line_of(record) == archive_line(record)


def read_back(path: Path) -> list[Record]:
    source = ArchiveSource(path, 100)
    source.seek(StoredPositions({}))
    found: list[Record] = []
    while batch := source.poll(0):
        found += batch.records
    source.close()
    return found


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "A.JSONL.GZ"])
@given(st.lists(st.lists(CONTENT, max_size=3), max_size=3))
def test_a_file_is_reproducible_and_reads_back_unchanged(name, parts):
    records = numbered([value for part in parts for value in part], key=b"k")
    with TemporaryDirectory() as folder:
        one, other = Path(folder) / name, Path(folder) / f"b-{name}"
        for path in (one, other):
            with writing(path) as archive:
                rest = list(records)
                for part in parts:
                    archive.write(rest[: len(part)])
                    rest = rest[len(part) :]
        assert read_back(one) == records
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("stands_there", [None, b"an older one"])
def test_what_is_interrupted_leaves_nothing_and_takes_nothing(tmp_path, stands_there):
    path = tmp_path / "a.jsonl"
    if stands_there:
        path.write_bytes(stands_there)
    with pytest.raises(UnicodeEncodeError), writing(path) as archive:
        archive.write([*numbered([b"one"]), record(b"two", headers=(("half a pair \ud800", b""),))])
    assert [found.read_bytes() for found in tmp_path.iterdir()] == [stands_there] * bool(
        stands_there
    )


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError, match=r"nowhere/a\.jsonl"), writing(tmp_path / "nowhere/a.jsonl"):
        pass


def test_a_new_archive_is_read_by_its_owner_alone(tmp_path):
    mask = os.umask(0)
    try:
        with writing(tmp_path / "a.jsonl"):
            pass
    finally:
        os.umask(mask)
    assert (tmp_path / "a.jsonl").stat().st_mode & 0o777 == 0o600
