"""What tells a record from another one at its address."""

from hypothesis import given
from hypothesis import strategies as st

from sync_worker.events.record import Record

# So few that equal contents come up, and that parts could run into each other.
BYTES = st.none() | st.sampled_from([b"", b"1", b"1:", b"-", b"1:1"])
HEADERS = st.lists(st.tuples(st.sampled_from(["", "1", "-"]), BYTES), max_size=2).map(tuple)
CONTENTS = st.tuples(st.none() | st.sampled_from([0, 1, 11]), BYTES, BYTES, HEADERS)


@given(CONTENTS, CONTENTS)
def test_records_have_one_digest_exactly_if_they_hold_the_same(one, other):
    assert (Record("t", 0, 1, *one).digest == Record("t", 0, 1, *other).digest) == (one == other)


@given(CONTENTS, st.integers(0, 9), st.integers(0, 9), st.booleans())
def test_a_records_place_is_not_part_of_it(content, partition, offset, is_log_append_time):
    here = Record("t", 0, 1, *content)
    elsewhere = here._replace(topic="other", partition=partition, offset=offset)
    moved = elsewhere._replace(is_log_append_time=is_log_append_time)
    assert moved.digest == here.digest
