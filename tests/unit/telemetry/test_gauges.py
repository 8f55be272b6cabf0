"""What is sampled: readiness, the partitions that are ours, and how long until all is applied."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.worlds.source_health import source_health

from sync_worker.events.record import Partition
from sync_worker.pipeline.listener import TransactionCommitted
from sync_worker.streams.kafka.backlog import PartitionBacklog
from sync_worker.streams.kafka.source_health import Rebuilds, Requests
from sync_worker.telemetry.catch_up import CatchUp
from sync_worker.telemetry.gauges import ReadinessGauges, StreamGauges
from sync_worker.telemetry.health import HealthReason, NotReady
from sync_worker.telemetry.metrics import Metrics

A, B = Partition("t", 0), Partition("t", 1)


def source(*backlog, **changes):
    return source_health(backlog=backlog, **changes)


def of_partition(metrics, partition):
    """Position, end, lag, and its age; None where there is no series."""
    labels = {"topic": partition.topic, "partition": str(partition.partition)}
    return [
        metrics.registry.get_sample_value(f"sync_worker_{name}", labels)
        for name in ("position", "end", "lag", "lag_seconds")
    ]


def value(metrics, name, **labels):
    return metrics.registry.get_sample_value(f"sync_worker_{name}", labels)


def test_the_series_of_a_partition_come_and_go_with_it():
    metrics = Metrics()
    gauges = StreamGauges(metrics)
    gauges.set(source(PartitionBacklog(A, 3, 5, 2, 1.5), PartitionBacklog(B, 4, 4, 0, 0.0)))
    assert of_partition(metrics, A) == [3, 5, 2, 1.5]
    assert of_partition(metrics, B) == [4, 4, 0, 0]
    gauges.set(source(PartitionBacklog(B, 4, 4, 0, 0.0)))
    assert of_partition(metrics, A) == [None] * 4
    assert of_partition(metrics, B) == [4, 4, 0, 0]
    gauges.set(source())
    assert of_partition(metrics, B) == [None] * 4


def test_a_position_set_late_goes_with_the_next_sample():
    metrics = Metrics()
    gauges = StreamGauges(metrics)
    gauges.set(source(PartitionBacklog(A, 3, 5, 2, 1.5)))
    moved = metrics.assigned
    gauges.set(source())
    metrics.assigned = moved  # as the loop saw it just before
    metrics.committed(TransactionCommitted({}, {A: 4}, 0, ()))
    gauges.set(source())
    assert of_partition(metrics, A) == [None] * 4


def test_a_partition_without_a_position_is_ours_but_unknown():
    metrics = Metrics()
    StreamGauges(metrics).set(source(PartitionBacklog(A, None, 5, None, None)))
    position, end, lag, seconds = of_partition(metrics, A)
    assert end == 5
    assert all(math.isnan(each) for each in (position, lag, seconds))


@pytest.mark.parametrize("silence", [{"is_reachable": False}, {"refusal": "wrong password"}])
def test_a_silent_kafka_leaves_only_what_is_certain(silence):
    metrics = Metrics()
    backlog = PartitionBacklog(A, 3, 5, 2, 1.5), PartitionBacklog(B, 4, 4, 0, 0.0)
    StreamGauges(metrics).set(source(*backlog, **silence))
    position, end, lag, seconds = of_partition(metrics, A)
    assert (position, seconds) == (3, 1.5)
    assert math.isnan(end)
    assert math.isnan(lag)
    assert all(math.isnan(each) for each in of_partition(metrics, B)[1:])
    assert math.isnan(value(metrics, "catch_up_seconds"))


def test_counts_of_the_source_are_added_once_and_never_fall():
    metrics = Metrics()
    gauges = StreamGauges(metrics)
    for rebuilds, rebalances, failed in ((0, 1, 2), (1, 2, 2), (1, 2, 5), (0, 1, 0), (1, 3, 1)):
        requests = Requests(0.0, 0.0, failed=failed)
        gauges.set(source(rebuilds=Rebuilds(rebuilds), rebalances=rebalances, requests=requests))
    assert value(metrics, "rebuilds_total") == 2
    assert value(metrics, "rebalances_total") == 4
    assert value(metrics, "retries_total", cause="kafka_unavailable") == 6
    assert value(metrics, "waits_total") == 6


def test_failed_requests_of_a_refused_login_have_that_cause():
    metrics = Metrics()
    requests = Requests(0.0, 0.0, failed=3)
    StreamGauges(metrics).set(source(refusal="wrong password", requests=requests))
    assert value(metrics, "retries_total", cause="kafka_refused") == 3


def test_readiness_has_a_beginning_that_lasts_until_it_ends():
    metrics, clock = Metrics(), iter([100.0, 200.0])
    gauges = ReadinessGauges(metrics, lambda: next(clock))

    def told(*codes):
        gauges.set([HealthReason(code, "a sentence") for code in codes])
        ready = value(metrics, "ready")
        return ready, value(metrics, "not_ready_since_timestamp_seconds")

    assert told(NotReady.STARTING) == (0, 100)
    assert told(NotReady.NOT_A_MEMBER) == (0, 100)
    assert told() == (1, 0)
    assert told(NotReady.DATABASE_SLOW, NotReady.NO_RECORDS) == (0, 200)
    shown = {code: value(metrics, "not_ready", reason=code) for code in NotReady}
    assert {code for code, applies in shown.items() if applies} == {
        NotReady.DATABASE_SLOW,
        NotReady.NO_RECORDS,
    }
    assert told() == (1, 0)
    assert not any(value(metrics, "not_ready", reason=code) for code in NotReady)


def test_an_outage_began_before_it_was_noticed():
    metrics = Metrics()
    gauges = ReadinessGauges(metrics, lambda: 100.0)
    gauges.set(
        [
            HealthReason(NotReady.NOT_A_MEMBER, "a sentence"),
            HealthReason(NotReady.KAFKA_UNAVAILABLE, "a sentence", 89.0),
            HealthReason(NotReady.DATABASE_SLOW, "a sentence", 95.0),
        ]
    )
    assert value(metrics, "not_ready_since_timestamp_seconds") == 89


def estimates(*looks):
    """The estimate after each look: seconds, position and lag."""
    catch_up = CatchUp()
    return [
        catch_up.seconds([PartitionBacklog(A, position, position + lag, lag, 1.0)], at)
        for at, position, lag in looks
    ]


def test_without_lag_all_is_applied():
    assert estimates((0.0, 5, 0)) == [0]


def test_one_look_gives_no_rate():
    assert math.isnan(estimates((0.0, 5, 1000))[0])


def test_a_backlog_that_shrinks_ends_at_its_rate():
    assert estimates((0.0, 0, 1000), (10.0, 200, 800))[-1] == 40


def test_what_arrives_meanwhile_delays_the_end():
    assert estimates((0.0, 0, 1000), (10.0, 500, 900))[-1] == 90


@pytest.mark.parametrize("applied", [0, 100])
def test_a_backlog_that_does_not_shrink_has_no_end(applied):
    assert estimates((0.0, 0, 1000), (10.0, applied, 1000))[-1] == math.inf


def test_records_on_their_way_are_not_a_backlog():
    assert estimates((0.0, 0, 3), (10.0, 1000, 5))[-1] == 0.05


def test_only_the_last_15_seconds_count():
    looks = [(float(second), 0, 1000) for second in range(60)]
    looks += [(60.0 + second, 10 * second, 1000 - 10 * second) for second in range(16)]
    assert estimates(*looks)[-1] == 850 / 10


def test_a_backlog_before_the_last_does_not_count():
    assert estimates((0.0, 0, 80), (5.0, 80, 0), (9.0, 80, 60))[-1] == math.inf


def test_other_partitions_begin_another_estimate():
    catch_up = CatchUp()
    catch_up.seconds([PartitionBacklog(A, 0, 1000, 1000, 1.0)], 0.0)
    catch_up.seconds([PartitionBacklog(A, 500, 1000, 500, 1.0)], 10.0)
    assert math.isnan(catch_up.seconds([PartitionBacklog(B, 0, 100, 100, 1.0)], 11.0))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 10**6)), min_size=2, max_size=40))
def test_an_estimate_is_never_negative_whatever_was_seen(changes):
    looks = [(float(at), at, lag) for at, (_, lag) in enumerate(changes)]
    for (_, _, lag), seconds in zip(looks, estimates(*looks), strict=True):
        assert (seconds == 0) == (lag == 0)
        assert math.isnan(seconds) or seconds >= 0
    assert all(later[0] > earlier[0] for earlier, later in pairwise(looks))
