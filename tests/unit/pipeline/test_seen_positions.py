"""What a worker remembers of the registry's positions, against registries that go back in time."""

from hypothesis import given
from hypothesis import strategies as st

from sync_worker.events.record import Partition
from sync_worker.pipeline.listener import SetBack, TransactionCommitted
from sync_worker.pipeline.seen_positions import SeenPositions
from sync_worker.registry.positions import Counts, Position

STREAM = "kafka:one"
PARTITIONS = [Partition("activation", 0), Partition("activation", 1), Partition("region", 0)]


def stored(offsets, stream=STREAM, counted=None):
    """A registry's positions; as many records are counted as the offset says, or `counted`."""
    return [
        Position(
            stream, partition, at, Counts(applied=at if counted is None else counted), None, None
        )
        for partition, at in offsets.items()
    ]


def commit(seen, offsets, partition, count):
    """A transaction of this worker: the registry and what it has seen both move."""
    offsets[partition] = offsets.get(partition, 0) + count
    counts = {partition: Counts(applied=count)}
    seen.committed(STREAM, TransactionCommitted(counts, {partition: offsets[partition]}, 0, ()))


moves = st.lists(st.tuples(st.sampled_from(PARTITIONS), st.integers(1, 9), st.booleans()))


@given(moves, st.data())
def test_only_a_registry_that_went_back_is_told_of(moves, data):
    seen = SeenPositions()
    offsets: dict[Partition, int] = {}
    history: list[dict[Partition, int]] = [{}]
    for partition, count, is_ours in moves:
        if is_ours:
            # Another worker's move is noticed first: the claim fails, and it starts over.
            seen.read(STREAM, stored(offsets))
            commit(seen, offsets, partition, count)
        else:
            offsets[partition] = offsets.get(partition, 0) + count
        assert seen.set_back(STREAM, stored(offsets)) == []
        history.append(dict(offsets))
    seen.read(STREAM, stored(offsets))
    earlier = data.draw(st.sampled_from(history))
    assert seen.set_back(STREAM, stored(earlier)) == [
        SetBack(p, at, earlier.get(p, 0), at - earlier.get(p, 0))
        for p, at in sorted(offsets.items())
        if earlier.get(p, 0) < at
    ]


def test_a_position_set_back_by_hand_has_lost_no_record():
    seen = SeenPositions()
    seen.read(STREAM, stored({PARTITIONS[0]: 30}))
    by_hand = stored({PARTITIONS[0]: 10}, counted=30)
    assert seen.set_back(STREAM, by_hand) == [SetBack(PARTITIONS[0], 30, 10, 0)]
    read_again_since = stored({PARTITIONS[0]: 20}, counted=40)
    assert seen.set_back(STREAM, read_again_since) == [SetBack(PARTITIONS[0], 30, 20, 0)]


def test_what_was_told_once_is_not_told_again():
    seen = SeenPositions()
    seen.read(STREAM, stored({PARTITIONS[0]: 30}))
    seen.read(STREAM, stored({PARTITIONS[0]: 10}))
    assert seen.set_back(STREAM, stored({PARTITIONS[0]: 10})) == []


def test_the_positions_of_one_stream_say_nothing_of_another():
    seen = SeenPositions()
    seen.read(STREAM, stored({PARTITIONS[0]: 30}))
    assert seen.set_back("archive:two", stored({PARTITIONS[0]: 10}, "archive:two")) == []
    lower_elsewhere = [*stored({PARTITIONS[0]: 30}), *stored({PARTITIONS[0]: 5}, "archive:two")]
    assert seen.set_back(STREAM, lower_elsewhere) == []
