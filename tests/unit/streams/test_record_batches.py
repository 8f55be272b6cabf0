"""Batches of records as brokers hand them out, taken apart within bounds."""

import struct
import subprocess
import sys
from hashlib import sha256
from itertools import cycle
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from kafka.record.memory_records import MemoryRecords, MemoryRecordsBuilder
from kafka.record.util import calc_crc32c

from sync_worker.events.record import (
    EXCERPT_BYTES,
    HEADER_OVERHEAD_BYTES,
    MAX_RECORD_BYTES,
    Excerpt,
    Record,
)
from sync_worker.streams.kafka import consumer, record_batches
from sync_worker.streams.kafka.record_batches import BoundedRecords, record_of

MEBIBYTE = 2**20
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
NOW_MS = 1_700_000_000_000
LOG_APPEND_TIME, TRANSACTIONAL, CONTROL = 0x08, 0x10, 0x20
contents = st.none() | st.binary(max_size=200)
headers = st.lists(st.tuples(st.text(max_size=20), contents), max_size=5)
records = st.lists(st.tuples(contents, contents, headers), min_size=1, max_size=20)
codecs = st.sampled_from(list(CODECS.values()))
times = st.sampled_from([-1, 0, NOW_MS, NOW_MS + 5_000])
ABORT, COMMIT = (struct.pack(">hh", 0, kind) for kind in (0, 1))


def packed(codec, given_records, *, offset=100, attributes=0, times=(NOW_MS,), producer_id=-1):
    """One batch, as the client's producer builds it and a broker keeps it."""
    producer = {"producer_id": producer_id, "producer_epoch": 0, "base_sequence": 0}
    builder = MemoryRecordsBuilder(2, codec, batch_size=2**31 - 1, **producer)
    for at, (key, value, its_headers) in zip(cycle(times), given_records, strict=False):
        builder.append(at, key, value, its_headers)
    builder.close()
    batch = bytearray(builder.buffer())
    batch[:8] = struct.pack(">q", offset)
    batch[22] |= attributes
    batch[17:21] = struct.pack(">I", calc_crc32c(memoryview(batch)[21:]))
    return bytes(batch)


def read(packed_bytes):
    """Offset, key, value and headers of each record."""
    return [(r.offset, r.key, r.value, list(r.headers)) for r in records_of(packed_bytes)]


def records_of(packed_bytes):
    found: list[Record] = []
    for batch in BoundedRecords(packed_bytes):
        assert batch.validate_crc()
        found += [record for record, _ in batch.records("t", 3)]
    return found


def until_damage(found):
    """The records before the damage, and whether there is any."""
    before: list[Record] = []
    try:
        before.extend(found)
    except CorruptRecordError:
        return before, True
    return before, False


@given(
    codecs,
    records,
    st.lists(times, min_size=1, max_size=3),
    st.sampled_from([0, LOG_APPEND_TIME]),
    st.sampled_from([1, 7, 64, 4096]),
)
def test_any_batch_reads_as_the_client_reads_it(codec, given_records, its_times, attributes, piece):
    batch = packed(codec, given_records, times=its_times, attributes=attributes)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(record_batches, "_CHUNK_BYTES", piece)
        assert records_of(batch) == [record_of("t", 3, r) for r in next(MemoryRecords(batch))]


@given(records, st.data())
def test_a_damaged_record_is_judged_by_the_client(given_records, data):
    batch = bytearray(packed(0, given_records))
    at = data.draw(st.integers(60, len(batch) - 1))
    batch[at] ^= data.draw(st.integers(1, 255))
    ours = (r for r, _ in next(BoundedRecords(bytes(batch))).records("t", 3))
    clients = (record_of("t", 3, r) for r in next(MemoryRecords(bytes(batch))))
    assert until_damage(ours) == until_damage(clients)


transactions = st.sampled_from(
    [(-1, 0, None), (7, TRANSACTIONAL, None), (8, TRANSACTIONAL, None)]
    + [(of, TRANSACTIONAL | CONTROL, mark) for of in (7, 8) for mark in (ABORT, COMMIT)]
)


@given(
    st.lists(st.tuples(codecs, records, transactions), min_size=1, max_size=6),
    st.lists(st.integers(100, 150), max_size=3),
    st.integers(100, 120),
    st.integers(1, 30),
)
def test_a_fetch_is_handed_out_as_the_client_does(batches, aborted, fetch_offset, most):
    """Whatever it has of transactions, wherever it begins, and however it is taken."""
    fetched, offset = b"", 100
    for codec, given_records, (producer_id, attributes, mark) in batches:
        held = given_records if mark is None else [(mark, b"\0" * 6, [])]
        options = {"offset": offset, "attributes": attributes, "producer_id": producer_id}
        fetched += packed(0 if mark else codec, held, **options)
        offset += len(held)
    begun = [SimpleNamespace(first_offset=at, producer_id=7 + at % 2) for at in aborted]

    def taken(kind):
        records = MemoryRecords(fetched)
        part = kind(fetch_offset, TopicPartition("t", 3), records, None, None, True, 1, begun)
        while part:
            yield part.take(most), part.next_fetch_offset, part.leader_epoch

    expected = [
        ([record_of("t", 3, r) for r in found], *rest)
        for found, *rest in taken(Fetcher.PartitionRecords)
    ]
    assert list(taken(consumer._PartitionRecords)) == expected


def test_damage_leaves_the_position_behind_the_last_good_record():
    damaged = bytearray(packed(0, [(b"k", b"v", [])], offset=101))
    damaged[-1] ^= 1
    part: Any = consumer._PartitionRecords(
        100,
        TopicPartition("t", 3),
        MemoryRecords(packed(0, [(b"k", b"v", [])]) + bytes(damaged)),
        check_crcs=False,
    )
    assert [record.offset for record in part.take(1)] == [100]
    with pytest.raises(CorruptRecordError):
        part.take(1)
    assert part.next_fetch_offset == 101


def test_a_record_longer_than_its_batch_is_not_handed_out():
    batch = bytearray(packed(0, [(b"k", b"v", [("h", b"x")])]))
    batch[61] += 4
    found = (r for r, _ in next(BoundedRecords(bytes(batch))).records("t", 3))
    assert until_damage(found) == ([], True)


def test_records_with_the_same_headers_share_them_in_memory():
    first, second = records_of(
        packed(0, [(b"1", b"v", [("h", b"x")]), (b"2", b"w", [("h", b"x")])])
    )
    assert first.headers is second.headers


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_a_record_beyond_16_mib_is_an_excerpt(codec):
    whole, too_large = b"w" * (MAX_RECORD_BYTES - 100), b"x" * (MAX_RECORD_BYTES + 1)
    sizes: list = [
        (b"1", b"small", []),
        (b"2", whole, []),
        (b"3", too_large, []),
        (b"4", b"end", []),
    ]
    found = {key: value for _, key, value, _ in read(packed(codec, sizes))}
    assert [found[b"1"], found[b"2"], found[b"4"]] == [b"small", whole, b"end"]
    assert not isinstance(found[b"2"], Excerpt)
    excerpt = found[b"3"]
    assert (excerpt, excerpt.size) == (too_large[:EXCERPT_BYTES], len(too_large))
    assert excerpt.sha256 == sha256(too_large).hexdigest()


def test_headers_without_end_are_cut_with_their_record():
    many = [("header", b"")] * 270_000
    ((_, key, value, kept),) = read(packed(1, [(b"k", b"v", many)]))
    assert (key, value, value.size) == (b"k", b"v", 1)
    assert isinstance(value, Excerpt)
    assert kept == many[: len(kept)]
    assert 0 < len(kept) <= EXCERPT_BYTES // HEADER_OVERHEAD_BYTES


def test_a_tombstone_with_endless_headers_stays_a_tombstone():
    ((_, key, value, kept),) = read(packed(1, [(b"k", None, [("header", b"")] * 270_000)]))
    assert (key, value) == (b"k", None)
    assert len(kept) <= EXCERPT_BYTES // HEADER_OVERHEAD_BYTES


@pytest.mark.parametrize(
    "many",
    [
        pytest.param(
            [("a", b"1"), ("large", b"x" * (MAX_RECORD_BYTES + 1)), ("b", b"2")], id="value"
        ),
        pytest.param([("a", b"1"), ("n" * (MAX_RECORD_BYTES + 1), b"x"), ("b", b"2")], id="name"),
        pytest.param([("a", b"1"), *[("header", None)] * 2_000_000], id="count"),
    ],
)
def test_what_follows_on_endless_headers_is_read(many):
    batch = packed(1, [(b"k", b"v", many), (b"next", b"good", [])])
    (_, _, value, kept), (offset, key, following, _) = read(batch)
    assert (value, isinstance(value, Excerpt), kept[0]) == (b"v", True, ("a", b"1"))
    assert sum(len(name) + len(content or b"") for name, content in kept) < EXCERPT_BYTES
    assert (offset, key, following) == (101, b"next", b"good")


def test_a_key_without_end_is_cut_with_its_record():
    ((_, key, value, _),) = read(packed(4, [(b"k" * (MAX_RECORD_BYTES + 1), b"v", [])]))
    assert (len(key), value, value.size) == (EXCERPT_BYTES, b"v", 1)


@pytest.mark.parametrize("codec", [1, 4], ids=["gzip", "zstd"])
def test_what_lies_beyond_the_bound_is_counted_and_not_read(codec, monkeypatch):
    monkeypatch.setattr(record_batches, "MAX_UNPACKED_BYTES", 40 * MEBIBYTE)
    beyond = b"x" * (50 * MEBIBYTE)
    sizes: list = [(b"1", b"good", []), (b"2", beyond, [("h", b"1")]), (b"3", b"unseen", [])]
    found = read(packed(codec, sizes))
    assert [(offset, key, bytes(value[:4])) for offset, key, value, _ in found] == [
        (100, b"1", b"good"),
        (101, b"2", b"xxxx"),
        (102, None, b""),
    ]
    assert [(v.size, v.sha256) for _, _, v, _ in found[1:]] == [(len(beyond), None), (0, None)]


@pytest.mark.parametrize("codec", [1, 2, 3, 4], ids=list(CODECS)[1:])
@given(st.data())
def test_a_damaged_batch_is_an_error_the_source_expects(codec, data):
    batch = bytearray(packed(codec, [(b"k", b"value" * 400, [])]))
    at = data.draw(st.integers(61, len(batch) - 1))
    batch[at] ^= data.draw(st.integers(1, 255))
    try:
        for found in BoundedRecords(bytes(batch)):
            list(found.records("t", 3))
    except (CorruptRecordError, ValueError):
        return


_UNPACK = """
import resource, sys
from sync_worker.streams.kafka.record_batches import BoundedRecords
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
batch = sys.stdin.buffer.read()
((value,),) = [
    [record.value for record, _ in found.records("t", 3)] for found in BoundedRecords(batch)
]
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
