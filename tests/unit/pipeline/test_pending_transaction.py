"""What one transaction takes: several batches as one, and one in two parts."""

from array import array
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import ACTIVATION, EPOCH, activated, record

from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import Partition, Record
from sync_worker.pipeline.decoded_records import (
    DecodedRecords,
    PayloadReleased,
    PendingTransaction,
)
from sync_worker.streams.protocol import FetchedBatch, OffsetRange

PARTITIONS = [Partition("a", 0), Partition("a", 1), Partition("b", 0)]
DECODER = EventDecoder(ACTIVATION, Regions(), timedelta(hours=1))
EVENT = record(activated("SE2321000016-P001", 0))


def pending_of(batch, *, whole=False):
    return PendingTransaction.of(
        batch, DecodedRecords.decode(DECODER, batch.records, EPOCH, retain_all=whole)
    )


@st.composite
def batches(draw: st.DrawFn, begins=None, min_size=2) -> FetchedBatch:
    """So many records or more, with gaps between them, before them and after them."""
    order = draw(st.lists(st.sampled_from(PARTITIONS), min_size=min_size, max_size=12))
    begins = begins or {partition: draw(st.integers(0, 3)) for partition in PARTITIONS}
    ends = dict(begins)
    records = []
    for partition in order:
        offset = ends[partition] + draw(st.integers(0, 2))
        value = draw(st.sampled_from([EVENT.value, b"no event"]))
        timestamp = draw(st.none() | st.integers(0, 2**63 - 1))
        records.append(Record(*partition, offset, timestamp, None, value))
        ends[partition] = offset + 1
    ends = {partition: end + draw(st.integers(0, 2)) for partition, end in ends.items()}
    ranges = [OffsetRange(p, begins[p], ends[p]) for p in PARTITIONS if ends[p] > begins[p]]
    return FetchedBatch(tuple(records), tuple(ranges), {"a": "id"})


@st.composite
def two_batches(draw: st.DrawFn) -> tuple[FetchedBatch, FetchedBatch]:
    """Two that follow on each other."""
    first = draw(batches(min_size=0))
    ends = dict.fromkeys(PARTITIONS, 0) | {m.partition: m.to_offset for m in first.ranges}
    return first, draw(batches(ends, min_size=0))


def addresses(decoded):
    return [(*of, at) for of, at in zip(decoded.partitions, decoded.offsets, strict=True)]


def bytes_of(decoded):
    """The records that are kept whole, by their number."""
    whole = {}
    for at in range(len(decoded)):
        try:
            whole[at] = decoded.record(at)
        except PayloadReleased:
            continue
    return whole


@given(batches(), st.booleans())
def test_its_halves_have_its_records_and_go_its_way(batch, whole):
    pending = pending_of(batch, whole=whole)
    first, second = pending.halves()

    assert addresses(first.decoded) + addresses(second.decoded) == [
        r.address for r in batch.records
    ]
    assert first.decoded.results + second.decoded.results == pending.decoded.results
    assert first.decoded.timestamps_ms + second.decoded.timestamps_ms == array(
        "q", [-1 if r.timestamp_ms is None else r.timestamp_ms for r in batch.records]
    )
    kept = [*bytes_of(first.decoded).values(), *bytes_of(second.decoded).values()]
    assert kept == list(bytes_of(pending.decoded).values())
    assert len(first) >= 1
    assert len(second) >= 1
    assert first.topic_ids == second.topic_ids == batch.topic_ids
    reached = {span.partition: span.from_offset for span in batch.ranges}
    for half in (first, second):
        for span in half.ranges.values():
            assert span.from_offset == reached[span.partition]
            assert span.to_offset > span.from_offset
            reached[span.partition] = span.to_offset
        assert all(
            end <= reached[partition] for partition, end in half.decoded.end_offsets().items()
        )
    assert reached == {span.partition: span.to_offset for span in batch.ranges}


@given(two_batches(), st.booleans())
def test_two_batches_join_with_all_records_and_ranges(pair, whole):
    first, second = pair
    pending = pending_of(first, whole=whole)
    assert pending.is_continued_by(second)
    pending.extend(pending_of(second, whole=whole))

    records = first.records + second.records
    together = DecodedRecords.decode(DECODER, records, EPOCH, retain_all=whole)
    assert addresses(pending.decoded) == [record.address for record in records]
    assert pending.decoded.results == together.results
    assert pending.decoded.timestamps_ms == together.timestamps_ms
    assert bytes_of(pending.decoded) == bytes_of(together)
    begins = {span.partition: span.from_offset for span in second.ranges + first.ranges}
    ends = {span.partition: span.to_offset for span in first.ranges + second.ranges}
    for at, span in pending.ranges.items():
        assert (span.from_offset, span.to_offset) == (begins[at], ends[at])
    assert pending.ranges.keys() == ends.keys()


def test_a_batch_that_begins_elsewhere_does_not_follow():
    span = OffsetRange(PARTITIONS[0], 0, 5)
    pending = pending_of(FetchedBatch((), (span,)))

    for begin in (4, 6):
        assert not pending.is_continued_by(
            FetchedBatch((), (OffsetRange(PARTITIONS[0], begin, 7),))
        )
    assert pending.is_continued_by(FetchedBatch((), (OffsetRange(PARTITIONS[1], 3, 7),)))


def test_rejected_records_are_retained_byte_for_byte():
    bad = record(b"no event", offset=1)
    light = DecodedRecords.decode(DECODER, [EVENT, bad], EPOCH, retain_all=False)

    assert light.record(1) is bad
    with pytest.raises(PayloadReleased):
        light.record(0)
    assert DecodedRecords.decode(DECODER, [EVENT, bad], EPOCH).record(0) is EVENT


def test_the_time_of_decoding_is_added_up_and_shared_out():
    batch = FetchedBatch(
        (EVENT, EVENT._replace(offset=1)), (OffsetRange(Partition(*EVENT[:2]), 0, 2),)
    )
    decoded = DecodedRecords.decode(DECODER, batch.records, EPOCH)
    pending = PendingTransaction.of(batch, decoded, 0.5)
    pending.extend(PendingTransaction.of(batch, decoded, 0.25))
    assert pending.decode_seconds == 0.75
    assert sum(half.decode_seconds for half in pending.halves()) == 0.75


@pytest.mark.parametrize(("beyond", "kept"), [(2**63, 2**63 - 1), (-(2**63) - 1, -(2**63))])
def test_a_timestamp_beyond_64_bits_does_not_stop_the_worker(beyond, kept):
    decoded = DecodedRecords.decode(DECODER, [EVENT._replace(timestamp_ms=beyond)], EPOCH)
    assert decoded.timestamps_ms == array("q", [kept])
