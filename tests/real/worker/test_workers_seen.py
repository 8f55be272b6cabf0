"""What is told of workers that share a topic, are frozen, killed, or without Kafka."""

import signal

import psycopg

from tests.builders import activated
from tests.real.worker.streams import anything
from tests.services.broker import Broker
from tests.services.waiting import until

QUICK = {"KAFKA_SESSION_TIMEOUT_MS": "2000"}
PATIENT = {"KAFKA_MAX_POLL_INTERVAL_MS": "120000"}
"""As by default: a loop that stands still for longer has its process end."""


def events(number, start=0):
    return [activated(f"SE2321000016-T{n:03}", n, regionCode="01") for n in range(start, number)]


def shown(stage):
    done = stage("status")
    assert done.exit_code == 0, done.stderr
    return done.json


def workers(stage):
    """By name, as `status` shows them."""
    return {worker["name"]: worker for worker in shown(stage)["workers"]}


def attention(stage):
    return " ".join(shown(stage)["attention"])


def finding(stage):
    items = stage("doctor").json["items"]
    (found,) = [item for item in items if item["id"] == "workers"]
    return found


def partitions(worker):
    return {(each["topic"], each["partition"]) for each in worker["partitions"]}


def age(stage, name):
    """Have a report be old: a frozen worker writes no other one."""
    stage.execute("UPDATE worker SET seen_at = seen_at - interval '1 minute' WHERE name = %s", name)


def test_workers_that_share_the_partitions_are_seen_with_theirs(stage):
    for name in ("one", "two"):
        stage.started(WORKER_NAME=name, **QUICK)
    every = {(t, n) for t in (stage.activation, stage.region) for n in range(stage.partitions)}

    def have_shared():
        seen = workers(stage)
        parts = [partitions(worker) for worker in seen.values() if worker["ready"]]
        return len(parts) == 2 and all(parts) and set.union(*parts) == every

    until(have_shared, "the workers to have reported what they share")
    one, two = workers(stage).values()
    assert not partitions(one) & partitions(two)
    assert attention(stage) == ""
    found = finding(stage)
    assert (found["status"], found["fix"]) == ("ok", None)
    assert f"{stage.region}/" in found["detail"]
    names = {row["application_name"] for row in stage.query("SELECT * FROM pg_stat_activity")}
    assert {"sync-worker one", "sync-worker two"} <= names
    with stage.admin() as client:
        members = client.describe_groups([stage.group])[stage.group]["members"]
    assert {member["client_id"] for member in members} == {"sync-worker-one", "sync-worker-two"}


def test_a_frozen_worker_is_told_and_its_return_too(stage):
    stage.send_events(events(1))
    worker = stage.caught_up(WORKER_NAME="one", **PATIENT)
    until(lambda: not attention(stage), "the worker to report that it is ready")
    worker.process.send_signal(signal.SIGSTOP)
    age(stage, "one")
    stage.send_events(events(20))
    waiting = shown(stage)
    assert waiting["workers"][0]["state"] == "silent"
    first, second = waiting["attention"]
    assert first.startswith("no worker is running, and 20 records wait, the oldest for ")
    assert f"process {worker.process.pid} on " in second
    assert waiting["oldest_unread_at"] is not None
    assert waiting["lag_seconds"] == max(each["lag_seconds"] for each in waiting["partitions"]) > 0
    found = finding(stage)
    assert found["status"] == "fail"
    assert "20 records wait" in found["detail"]
    worker.process.send_signal(signal.SIGCONT)
    until(lambda: not attention(stage), "the worker to be back")
    assert shown(stage)["oldest_unread_at"] is None
    assert worker.stop() == 0
    assert workers(stage) == {}


def test_a_killed_worker_is_told_until_it_is_replaced(stage):
    worker = stage.started(WORKER_NAME="one", **QUICK)
    until(lambda: workers(stage).get("one"), "the first report")
    worker.kill()
    age(stage, "one")
    assert "worker one (process " in attention(stage)
    assert finding(stage)["status"] == "warn"
    stage.started(WORKER_NAME="one", **QUICK)
    until(lambda: not attention(stage), "another worker to have its name and partitions")
    assert set(workers(stage)) == {"one"}


def test_a_worker_without_kafka_says_so_and_since_when(stage, breakable_broker: Broker):
    stage.started(WORKER_NAME="one", **PATIENT)
    until(
        lambda: workers(stage).get("one", {}).get("ready"), "the worker to report that it is ready"
    )
    held = partitions(workers(stage)["one"])
    breakable_broker.freeze()
    try:

        def report():
            found = stage.query("SELECT ready, reasons, not_ready_since, seen_at FROM worker")[0]
            return None if found["ready"] else found

        found = until(report, "the worker to report that it is not ready")
        assert "kafka_unavailable" in found["reasons"]
        later = until(
            lambda: (again := report()) and again["seen_at"] > found["seen_at"] and again,
            "the worker to go on reporting",
        )
        assert later["not_ready_since"] == found["not_ready_since"]
        item = finding(stage)
        assert item["status"] == "warn"
        assert "Kafka does not answer" in item["detail"]
        assert "Whether records wait is unknown." in item["detail"]
    finally:
        breakable_broker.thaw()
    until(lambda: workers(stage)["one"]["ready"], "the worker to be ready again", 60)
    assert partitions(workers(stage)["one"]) == held


def test_a_table_of_workers_that_is_gone_stops_nobody(opened):
    worker = opened.caught_up(WORKER_NAME="one")
    with psycopg.connect(opened.database_url, autocommit=True) as server:
        server.execute("DROP TABLE worker")
    opened.send_events(anything(seed=72, length=50))
    opened.until_read(len(opened.records()))
    until(lambda: "not_reported" in worker.output, "the log to say that it cannot report")
    assert not worker.reasons()
    assert worker.stop() == 0
