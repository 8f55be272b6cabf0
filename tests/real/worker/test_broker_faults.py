"""What happens to the broker, under a worker that runs or begins."""

import time

from tests.real.worker.streams import REGISTERED, anything
from tests.services.waiting import until


def passed(seconds):
    """A condition that comes true after so many seconds, from now."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def ended_well(stage, worker):
    stage.until_read(len(stage.records()), seconds=60)
    assert stage.contents() == stage.expected(REGISTERED)
    until(lambda: not worker.reasons(), "the worker to be ready")
    assert worker.stop() == 0, worker.output


def test_a_broker_killed_and_started_under_load_costs_no_record(opened, breakable_broker):
    worker = opened.start(BATCH_MAX_RECORDS="20")
    for seed in (41, 45):
        # Each time again: a worker that is fast has read all there was while the broker started.
        opened.send_events(anything(seed, length=1500))
        opened.until_read(opened.read() + 100, seconds=60)
        breakable_broker.kill()
        breakable_broker.start()
    ended_well(opened, worker)


def test_a_broker_frozen_beyond_a_session_costs_no_record(opened, breakable_broker):
    opened.send_events(anything(seed=42, length=3000))
    worker = opened.start(BATCH_MAX_RECORDS="20")
    opened.until_read(opened.read() + 100)
    breakable_broker.freeze()
    until(lambda: "Kafka does not answer" in worker.reasons(), "the worker to be not ready", 60)
    until(passed(8), "a session and more to pass", 60)
    assert worker.probe("/livez")[0] == 200, worker.output
    assert '"reasons": ["Kafka does not answer"' in worker.output
    breakable_broker.thaw()
    ended_well(opened, worker)


def test_a_daemon_waits_for_a_broker_unavailable_at_the_start(opened, breakable_broker):
    opened.send_events(anything(seed=43, length=100))
    breakable_broker.kill()
    worker = opened.start()
    until(lambda: "Kafka was not reached yet" in worker.reasons(), "the worker to say so")
    assert worker.probe("/livez")[0] == 200
    breakable_broker.start()
    ended_well(opened, worker)


def test_a_run_until_idle_does_not_wait_for_the_broker(opened, breakable_broker):
    breakable_broker.kill()
    assert opened.finish().exit_code == 5
    breakable_broker.start()
    opened.send_events(anything(seed=44, length=1000))
    worker = opened.start("--until-idle", "0", BATCH_MAX_RECORDS="1")
    opened.until_read(20)
    breakable_broker.kill()
    assert worker.ended().exit_code == 5


def test_a_stop_does_not_wait_for_an_unavailable_broker(opened, breakable_broker):
    idle = opened.started()
    breakable_broker.kill()
    beginning = opened.start()
    until(lambda: "not reached" in beginning.reasons(), "the other one to begin")
    assert idle.stop() == 0, idle.output
    assert beginning.stop() == 0, beginning.output


def test_status_does_without_a_broker(opened, breakable_broker):
    opened.send_events(anything(seed=45, length=50))
    assert opened("status").json["lag"] == len(opened.records())
    assert opened.finish().exit_code == 0
    breakable_broker.kill()
    document = opened("status").json
    assert document["lag"] is None
    assert {(part["end"], part["lag"]) for part in document["partitions"]} == {(None, None)}
