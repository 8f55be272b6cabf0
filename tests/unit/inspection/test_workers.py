"""What is amiss with workers, as it follows from what they reported and from what waits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.events.record import Partition
from sync_worker.inspection.workers import Backlog, Workers, named
from sync_worker.registry.workers import Condition, Process, Reason, Report
from sync_worker.remedies import Remedy

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
T0, T1, U0 = Partition("t", 0), Partition("t", 1), Partition("u", 0)
SILENT_KAFKA = Reason("kafka_unavailable", "Kafka does not answer")
WAITING = Backlog(16_000, timedelta(hours=3.2), {T0: 16_000, T1: 0})
QUIET = Backlog(0, None, {T0: 0, T1: 0})
UNKNOWN = Backlog()


def worker(name, *partitions, seen=1, reasons=(), not_ready=None):
    """A report of so many seconds ago, by a worker that is not ready for so many."""
    since = None if not_ready is None else NOW - timedelta(seconds=not_ready)
    condition = Condition(tuple(reasons), since, partitions)
    process = Process(name, f"host-{name}", 7, "1.0", NOW - timedelta(hours=1))
    return Report(process, NOW - timedelta(seconds=seen), condition)


def told(backlog, *reports):
    return [attention.text for attention in Workers(reports, NOW).attention(backlog)]


@pytest.mark.parametrize("reports", [(), (worker("a", T0, T1, seen=60),)])
def test_records_that_wait_for_nobody_come_first(reports):
    text = "no worker is running, and 16000 records wait, the oldest for 3.2 hours"
    assert told(WAITING, *reports)[0] == text
    assert Workers(reports, NOW).attention(WAITING)[0].hint == Remedy.RUN_WORKER()


@pytest.mark.parametrize("backlog", [QUIET, UNKNOWN])
def test_nobody_is_missed_where_nothing_is_known_to_wait(backlog):
    assert told(backlog) == []


def test_workers_that_are_well_need_no_attention():
    assert told(WAITING, worker("a", T0), worker("b", T1)) == []


def test_a_silent_worker_is_named_with_what_it_left():
    (text,) = told(QUIET, worker("a", T0, seen=60), worker("b", T1))
    assert text == (
        "worker a (process 7 on host-a) has not reported for 1.0 minutes, since "
        "2026-02-01T11:59:00Z: it is frozen, was killed, or cannot reach the database; it had t/0, "
        "which nobody reads"
    )


@pytest.mark.parametrize(("seen", "is_told"), [(16, True), (599, True), (601, False)])
def test_a_silent_worker_that_was_replaced_is_told_a_while(seen, is_told):
    assert bool(told(QUIET, worker("a", T0, seen=seen), worker("b", T0, T1))) is is_told


def test_a_silent_worker_without_a_successor_is_told_for_ever():
    (text,) = told(QUIET, worker("a", seen=36_000))
    assert text.startswith("worker a (process 7 on host-a) has not reported for 10.0 hours")


def test_a_worker_that_is_not_ready_is_told_with_reasons():
    report = worker("a", T0, T1, reasons=[SILENT_KAFKA], not_ready=90)
    (text,) = told(WAITING, report)
    assert text == (
        "worker a (process 7 on host-a) has not been ready for 1.5 minutes, since "
        "2026-02-01T11:58:30Z: Kafka does not answer"
    )


def test_a_partition_that_two_workers_read_is_told():
    (text,) = told(QUIET, worker("a", T0, T1), worker("b", T1, U0))
    assert text == "t/1 is read by a and b, which only delay each other"


def test_a_worker_that_has_just_ended_shares_nothing():
    assert told(QUIET, worker("a", T0, T1, seen=9), worker("b", T1)) == []


def test_partitions_that_nobody_reads_are_told_with_what_waits():
    assert told(WAITING, worker("a", T1)) == ["no worker reads t/0; 16000 records wait there"]


@pytest.mark.parametrize(
    "other", [worker("b", reasons=[SILENT_KAFKA], not_ready=2), worker("b", T0, seen=20)]
)
def test_partitions_are_nobodys_while_a_group_is_rebalanced(other):
    assert not [text for text in told(WAITING, worker("a", T1), other) if "no worker" in text]


def test_two_workers_of_one_name_are_told():
    texts = told(QUIET, worker("a", T0), worker("a@host-2", T1))
    assert texts == ["two workers are called a, so that one reports as a@host-2"]


def test_a_silent_worker_is_not_ready_whatever_it_said():
    well, silent = worker("a", T0), worker("b", T1, seen=60)
    shown, of_silent = Workers([well, silent], NOW).items()
    assert (shown["state"], shown["ready"], shown["reasons"]) == ("ready", True, [])
    assert (of_silent["state"], of_silent["ready"]) == ("silent", False)
    assert of_silent["reasons"] == ["it has not reported for 1.0 minutes"]
    assert of_silent["partitions"] == [{"topic": "t", "partition": 1}]


def test_a_report_keeps_the_reasons_with_their_codes():
    report = worker("a", T0, reasons=[SILENT_KAFKA], not_ready=5)
    (shown,) = Workers([report], NOW).items()
    assert (shown["state"], shown["ready"]) == ("not_ready", False)
    assert (shown["reasons"], shown["codes"]) == (["Kafka does not answer"], ["kafka_unavailable"])
    assert shown["not_ready_since"] == NOW - timedelta(seconds=5)


def test_clocks_that_jump_make_no_worker_look_alive():
    ahead = replace(worker("a", T0, T1), seen_at=NOW + timedelta(minutes=1))
    assert told(WAITING, ahead)[0].startswith("no worker is running")


@given(st.sets(st.tuples(st.sampled_from("tu"), st.integers(0, 40))))
def test_any_partitions_can_be_read_back_from_their_names(places):
    words = named(Partition(*place) for place in places)
    read = set()
    for part in filter(None, words.split(", ")):
        topic, _, numbers = part.partition("/")
        first, _, last = numbers.partition("-")
        read |= {(topic, number) for number in range(int(first), int(last or first) + 1)}
    assert read == places
