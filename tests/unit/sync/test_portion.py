"""A batch can be applied in two parts that come to the same."""

from hypothesis import given
from hypothesis import strategies as st

from sync_worker.events.record import Partition, Record
from sync_worker.stream.source import Batch, Move

PARTITIONS = [Partition("a", 0), Partition("a", 1), Partition("b", 0)]


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Two records or more, with gaps between them, before them and after them."""
    order = draw(st.lists(st.sampled_from(PARTITIONS), min_size=2, max_size=12))
    begins = {partition: draw(st.integers(0, 3)) for partition in PARTITIONS}
    ends = dict(begins)
    records = []
    for partition in order:
        offset = ends[partition] + draw(st.integers(0, 2))
        records.append(Record(*partition, offset, None, None, None))
        ends[partition] = offset + 1
    ends = {partition: end + draw(st.integers(0, 2)) for partition, end in ends.items()}
    moves = [Move(p, begins[p], ends[p]) for p in PARTITIONS if ends[p] > begins[p]]
    return Batch(tuple(records), tuple(moves), {"a": "id"})


@given(batches())
def test_its_halves_have_its_records_and_go_its_way(batch):
    first, second = batch.halves()

    assert first.records + second.records == batch.records
    assert first.records
    assert second.records
    assert first.topic_ids == second.topic_ids == batch.topic_ids
    reached = {move.partition: move.from_offset for move in batch.moves}
    for half in (first, second):
        for move in half.moves:
            assert move.from_offset == reached[move.partition]
            assert move.to_offset > move.from_offset
            reached[move.partition] = move.to_offset
        assert all(r.offset < reached[Partition(r.topic, r.partition)] for r in half.records)
    assert reached == {move.partition: move.to_offset for move in batch.moves}
