"""Workers that share partitions, come and go: nothing lost, nothing doubled, no deadlock."""

import signal
import time
from functools import partial
from itertools import count

from kafka import OffsetAndMetadata, TopicPartition

from tests.real.worker.streams import REGISTERED, anything, meanwhile
from tests.services.waiting import until


def send(stage, seed, is_over):
    """Send streams; the next one once most of the last is read."""
    sent, numbers = 0, count(seed)
    while not is_over.wait(0.05):
        if stage.read() >= sent - 50:
            events = list(anything(next(numbers), 100))
            stage.send_events(events)
            sent += len(events)


def come_to_the_fold(stage):
    stage.until_read(len(stage.records()), seconds=60)
    assert stage.contents() == stage.expected(REGISTERED)


def test_workers_joining_leaving_and_dying_count_every_record_once(opened):
    settings = {"KAFKA_SESSION_TIMEOUT_MS": "2000", "BATCH_MAX_RECORDS": "10"}
    with meanwhile(partial(send, opened, 100)):
        first = opened.started(**settings)
        second = opened.started(**settings)
        opened.until_read(opened.read() + 20)
        third = opened.started(**settings)
        opened.until_read(opened.read() + 20)
        second.kill()
        until(lambda: len(opened.members()) == 2, "the group to miss the dead one")
        assert first.stop() == 0, first.output
        fourth = opened.started(**settings)
        opened.until_read(opened.read() + 20)
    come_to_the_fold(opened)
    for worker in (third, fourth):
        opened.until_ready(worker)
        assert worker.stop() == 0, worker.output


def test_workers_on_overlapping_clinics_never_end_in_a_deadlock(opened):
    opened.send_events(anything(seed=31, length=4000))
    workers = [opened.start(BATCH_MAX_RECORDS="200") for _ in range(2)]
    come_to_the_fold(opened)
    for worker in workers:
        assert worker.stop() == 0, worker.output
        assert "deadlock" not in worker.output


def freeze_within_a_transaction(stage, worker):
    """Stop a process between two statements, where it holds locks."""

    def is_within():
        worker.process.send_signal(signal.SIGSTOP)
        found = stage.query(
            "SELECT 1 FROM pg_stat_activity JOIN pg_locks USING (pid) "
            "WHERE datname = current_database() AND state = 'idle in transaction' "
            "AND mode = 'RowExclusiveLock' AND relation <> 'worker'::regclass"
        )
        if not found:
            worker.process.send_signal(signal.SIGCONT)
        return found

    until(is_within, "the worker to be within a transaction", pause_seconds=0.01)


def test_a_worker_frozen_within_a_transaction_delays_others_only_briefly(opened):
    opened.send_events(anything(seed=32, length=3000))
    settings = {"KAFKA_SESSION_TIMEOUT_MS": "2000", "BATCH_MAX_RECORDS": "10"}
    zombie = opened.start(**settings, KAFKA_MAX_POLL_INTERVAL_MS="60000")
    opened.until_read(100)
    freeze_within_a_transaction(opened, zombie)
    other = opened.start(**settings, KAFKA_MAX_POLL_INTERVAL_MS="60000")
    opened.until_read(len(opened.records()), seconds=60)
    zombie.process.send_signal(signal.SIGCONT)
    opened.until_ready(other, zombie)
    opened.send_events(anything(seed=37, length=500))
    come_to_the_fold(opened)
    for worker in (zombie, other):
        assert worker.stop() == 0, worker.output


def test_a_worker_that_was_frozen_for_long_goes_on(opened):
    settings = {"KAFKA_SESSION_TIMEOUT_MS": "2000", "KAFKA_MAX_POLL_INTERVAL_MS": "3000"}
    worker = opened.caught_up(**settings)
    worker.process.send_signal(signal.SIGSTOP)
    until(lambda: not opened.members(), "the group to miss the frozen one")
    time.sleep(3)  # is the freeze: longer than the loop may take
    worker.process.send_signal(signal.SIGCONT)
    opened.send_events(anything(seed=38, length=100))
    come_to_the_fold(opened)
    opened.until_ready(worker)
    assert worker.stop() == 0, worker.output


def test_two_that_run_until_idle_both_end_with_everything_applied(opened):
    opened.send_events(anything(seed=33, length=1500))
    workers = [opened.start("--until-idle", "0.5", BATCH_MAX_RECORDS="20") for _ in range(2)]
    done = [worker.ended() for worker in workers]
    assert [one.exit_code for one in done] == [0, 0], [one.stderr for one in done]
    assert sum(one.json["read"] for one in done) == len(opened.records())
    assert opened.contents() == opened.expected(REGISTERED)


def test_partitions_added_while_it_runs_are_read_from_their_beginning(opened):
    worker = opened.started()
    opened.send_events(anything(seed=34, length=100))
    with opened.admin() as client:
        client.create_partitions({opened.activation: 5, opened.region: 4})
    new = [(opened.activation, 3), (opened.activation, 4), (opened.region, 3)]
    placed = list(opened.placed(anything(seed=35, length=300)))
    # Clinics go on where they were; what has no clinic fills the new partitions.
    opened.send([*placed, *((place, None, b"{") for place in new for _ in range(20))])
    opened.until_read(len(opened.records()), seconds=60)
    assert opened.contents() == opened.expected(REGISTERED)
    assert worker.stop() == 0, worker.output


def test_a_worker_follows_the_registry_although_the_group_is_ahead(opened):

    opened.send_events(anything(seed=36, length=400))
    records = opened.records()
    ends = {(r.topic, r.partition): r.offset + 1 for r in records}
    ahead = {TopicPartition(*p): OffsetAndMetadata(end, "", -1) for p, end in ends.items()}
    with opened.admin() as client:
        client.alter_group_offsets(opened.group, ahead)
    assert opened.group_offsets() == ends
    assert opened.finish().json["read"] == len(records)
    assert opened.contents() == opened.expected(REGISTERED)
