"""How far a worker is behind, in records and in time, against a model that knows every record."""

import time

from hypothesis import given
from hypothesis import strategies as st
from tests.builders import record

from sync_worker.events.record import Partition
from sync_worker.streams.checks import Bounds
from sync_worker.streams.kafka.backlog import Backlog, PartitionBacklog

P = Partition("t", 0)


def written(offset, at):
    return record(b"{}", partition=0, offset=offset, topic="t")._replace(timestamp_ms=at * 1000)


def backlog_at(position, end, *, begin=0):
    backlog = Backlog()
    backlog.start_at({P: position}, {P: Bounds(begin, end)})
    return backlog


def test_a_partition_without_a_position_has_no_known_lag():
    assert Backlog().of({P: False}, {P: 7}, 0.0) == (PartitionBacklog(P, None, 7, None, None),)


def test_a_position_before_the_log_begins_counts_what_exists():
    (only,) = backlog_at(0, 12, begin=10).of({P: True}, {}, 0.0)
    assert (only.end, only.lag, only.lag_seconds) == (12, 2, None)


def test_a_log_that_was_applied_is_no_seconds_behind():
    (only,) = backlog_at(12, 12).of({P: True}, {P: 12}, 0.0)
    assert (only.lag, only.lag_seconds) == (0, 0.0)


def test_what_was_written_since_is_younger_than_the_last_look():
    backlog, looked_at = backlog_at(12, 12), time.time() - 30
    backlog.of({P: True}, {P: 12}, looked_at)
    (only,) = backlog.of({P: True}, {P: 15}, time.time())
    assert only.lag == 3
    assert 30 <= only.lag_seconds <= time.time() - looked_at


@given(
    st.lists(st.integers(0, 100), min_size=1, max_size=60),
    st.lists(st.integers(1, 9), min_size=1, max_size=60),
    st.lists(st.integers(0, 9), max_size=60),
)
def test_the_oldest_record_left_is_never_told_younger(gaps, fetches, commits):
    """Any fetches and commits: the age is at least the true one, and exact before any commit."""
    now = int(time.time())
    times = [now - 10_000 + sum(gaps[:index]) for index in range(len(gaps))]
    backlog, fetched, position = backlog_at(0, len(times)), 0, 0
    for size, commit in zip(fetches, [*commits, *fetches], strict=False):
        chunk = [written(o, times[o]) for o in range(fetched, min(fetched + size, len(times)))]
        if chunk:
            backlog.fetched(P, chunk)
        fetched += len(chunk)
        asked_at = time.time()
        (only,) = backlog.of({P: True}, {P: len(times)}, now)
        assert only.lag == len(times) - position
        if only.lag and position < fetched:
            assert only.lag_seconds >= asked_at - times[position]
            assert position or only.lag_seconds <= time.time() - times[position]
        position = min(fetched, position + commit)
        backlog.committed({P: position})


def test_to_read_is_half_of_what_is_to_apply():
    backlog = backlog_at(0, 30, begin=10)
    assert backlog.fraction_applied({P: 20}, {P: 30}) == 0.25
    backlog.committed({P: 20})
    assert backlog.fraction_applied({P: 20}, {P: 30}) == 0.5
    backlog.committed({P: 40})
    assert backlog.fraction_applied({P: 40}, {P: 30}) == 1.0


def test_a_partition_that_comes_back_counts_from_where_it_began():
    backlog = backlog_at(0, 30)
    backlog.start_at({P: 15}, {P: Bounds(0, 30)})
    assert backlog.fraction_applied({}, {P: 30}) == 0.5


def test_an_empty_log_is_applied():
    assert backlog_at(0, 0).fraction_applied({}, {P: 0}) == 1.0
