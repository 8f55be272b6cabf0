"""Sequences in parts: nothing is lost, and nothing comes twice or out of order."""

from hypothesis import given
from hypothesis import strategies as st

from sync_worker.sequences import batched, bisected

ITEMS = st.lists(st.integers(), max_size=40)


@given(ITEMS, st.integers(1, 50))
def test_batches_keep_order_and_are_full_but_the_last(items, size):
    batches = list(batched(items, size))
    assert [item for batch in batches for item in batch] == items
    assert all(len(batch) == size for batch in batches[:-1])
    assert all(0 < len(batch) <= size for batch in batches)


@given(ITEMS.filter(len), st.data())
def test_bisection_splits_only_what_fails_and_keeps_the_order(items, data):
    bad = data.draw(st.sets(st.sampled_from(range(len(items)))))
    tried = []

    def attempt(part):
        tried.append(part)
        return part if len(part) == 1 or bad.isdisjoint(part) else None

    parts = list(bisected(range(len(items)), attempt))
    assert [number for part in parts for number in part] == list(range(len(items)))
    assert all(len(part) == 1 or bad.isdisjoint(part) for part in parts)
    assert len(tried) <= 1 + 2 * len(bad) * len(items).bit_length()
