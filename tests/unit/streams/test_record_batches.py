"""Batches of records as brokers hand them out, taken apart within bounds."""

import subprocess
import sys
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.errors import CorruptRecordError
from kafka.record.memory_records import MemoryRecords, MemoryRecordsBuilder

from sync_worker.events.record import HEADER_BYTES, KEPT_BYTES, MOST_BYTES, Excerpt
from sync_worker.streams.kafka import record_batches
from sync_worker.streams.kafka.record_batches import BoundedRecords

MEBIBYTE = 2**20
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
contents = st.none() | st.binary(max_size=200)
headers = st.lists(st.tuples(st.text(max_size=20), contents), max_size=5)
records = st.lists(st.tuples(contents, contents, headers), min_size=1, max_size=20)
codecs = st.sampled_from(list(CODECS.values()))


def packed(codec, given_records):
    """One batch, as the client's producer builds it."""
    builder = MemoryRecordsBuilder(2, codec, batch_size=2**31 - 1, offset=100)
    for key, value, its_headers in given_records:
        builder.append(1_700_000_000_000, key, value, its_headers)
    builder.close()
    return bytes(builder.buffer())


def read(packed_bytes, kind=BoundedRecords):
    found = []
    for batch in kind(packed_bytes):
        assert batch.validate_crc()
        found += [(r.offset, r.timestamp, r.key, r.value, r.headers) for r in batch]
    return found


@given(codecs, records, st.sampled_from([1, 7, 64, 4096]))
@settings(deadline=None)
def test_any_batch_reads_as_the_client_reads_it(codec, given_records, piece):
    batch = packed(codec, given_records)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(record_batches, "_PIECE", piece)
        assert read(batch) == read(batch, MemoryRecords)


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_a_record_of_16_mib_is_whole_and_a_larger_one_an_excerpt(codec):
    whole, too_large = b"w" * (MOST_BYTES - 100), b"x" * (MOST_BYTES + 1)
    sizes: list = [
        (b"1", b"small", []),
        (b"2", whole, []),
        (b"3", too_large, []),
        (b"4", b"end", []),
    ]
    found = {key: value for _, _, key, value, _ in read(packed(codec, sizes))}
    assert [found[b"1"], found[b"2"], found[b"4"]] == [b"small", whole, b"end"]
    assert not isinstance(found[b"2"], Excerpt)
    excerpt = found[b"3"]
    assert (excerpt, excerpt.size) == (too_large[:KEPT_BYTES], len(too_large))
    assert excerpt.sha256 == sha256(too_large).hexdigest()


def test_headers_without_end_are_cut_with_their_record():
    many = [("header", b"")] * 270_000
    ((_, _, key, value, kept),) = read(packed(1, [(b"k", b"v", many)]))
    assert (key, value, value.size) == (b"k", b"v", 1)
    assert isinstance(value, Excerpt)
    assert kept == many[: len(kept)]
    assert 0 < len(kept) <= KEPT_BYTES // HEADER_BYTES


def test_a_tombstone_with_endless_headers_stays_a_tombstone():
    ((_, _, key, value, kept),) = read(packed(1, [(b"k", None, [("header", b"")] * 270_000)]))
    assert (key, value) == (b"k", None)
    assert len(kept) <= KEPT_BYTES // HEADER_BYTES


@pytest.mark.parametrize(
    "many",
    [
        pytest.param([("a", b"1"), ("large", b"x" * (MOST_BYTES + 1)), ("b", b"2")], id="value"),
        pytest.param([("a", b"1"), ("n" * (MOST_BYTES + 1), b"x"), ("b", b"2")], id="name"),
        pytest.param([("a", b"1"), *[("header", None)] * 2_000_000], id="count"),
    ],
)
def test_what_follows_on_endless_headers_is_read(many):
    batch = packed(1, [(b"k", b"v", many), (b"next", b"good", [])])
    (_, _, _, value, kept), (offset, _, key, following, _) = read(batch)
    assert (value, isinstance(value, Excerpt), kept[0]) == (b"v", True, ("a", b"1"))
    assert sum(len(name) + len(content or b"") for name, content in kept) < KEPT_BYTES
    assert (offset, key, following) == (101, b"next", b"good")


def test_a_key_without_end_is_cut_with_its_record():
    ((_, _, key, value, _),) = read(packed(4, [(b"k" * (MOST_BYTES + 1), b"v", [])]))
    assert (len(key), value, value.size) == (KEPT_BYTES, b"v", 1)


@pytest.mark.parametrize("codec", [1, 4], ids=["gzip", "zstd"])
def test_what_lies_beyond_the_bound_is_counted_and_not_read(codec, monkeypatch):
    monkeypatch.setattr(record_batches, "MOST_UNPACKED", 40 * MEBIBYTE)
    beyond = b"x" * (50 * MEBIBYTE)
    sizes: list = [(b"1", b"good", []), (b"2", beyond, [("h", b"1")]), (b"3", b"unseen", [])]
    found = read(packed(codec, sizes))
    assert [(offset, key, bytes(value[:4])) for offset, _, key, value, _ in found] == [
        (100, b"1", b"good"),
        (101, b"2", b"xxxx"),
        (102, None, b""),
    ]
    assert [(v.size, v.sha256) for _, _, _, v, _ in found[1:]] == [(len(beyond), None), (0, None)]


@pytest.mark.parametrize("codec", [1, 2, 3, 4], ids=list(CODECS)[1:])
@given(st.data())
@settings(deadline=None, max_examples=30)
def test_a_damaged_batch_is_an_error_the_source_expects(codec, data):
    batch = bytearray(packed(codec, [(b"k", b"value" * 400, [])]))
    at = data.draw(st.integers(61, len(batch) - 1))
    batch[at] ^= data.draw(st.integers(1, 255))
    try:
        for found in BoundedRecords(bytes(batch)):
            list(found)
    except (CorruptRecordError, ValueError):
        return


_UNPACK = """
import resource, sys
from sync_worker.streams.kafka.record_batches import BoundedRecords
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
batch = sys.stdin.buffer.read()
((value,),) = [[record.value for record in batch] for batch in BoundedRecords(batch)]
print(value.size, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_a_large_record_unpacks_in_little_memory():
    batch = packed(CODECS["zstd"], [(b"k", b" " * (150 * MEBIBYTE), [])])
    done = subprocess.run(
        [sys.executable, "-c", _UNPACK], input=batch, capture_output=True, check=True
    )
    size, megabytes = map(int, done.stdout.split())
    assert size == 150 * MEBIBYTE
    assert megabytes < 50
