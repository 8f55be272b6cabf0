"""What `status` tells of a worker that waits for Kafka, is frozen, killed, or ended in order."""

import os
import signal
import sqlite3
from contextlib import closing

import pytest
from tests.harness.command import Installed
from tests.services.waiting import until

NOWHERE = {
    "SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "SYNC_WORKER_WORKER_NAME": "worker-0",
    "SYNC_WORKER_LOG_FORMAT": "json",
}


@pytest.fixture
def daemon(installed: Installed):
    """A worker that waits for a Kafka that is not there."""
    process = installed.start("run", preexec_fn=None, **NOWHERE)
    yield process
    process.kill()
    process.communicate()


def reported(installed):
    """The one worker that has reported; None where there is none."""
    done = installed("status", "-o", "json")
    assert done.exit_code == 0, done.stderr
    shown = done.json
    return (*shown["workers"], None)[0], shown["attention"]


def age(installed):
    """Have the last report be old, of a process that writes no other one."""
    with closing(sqlite3.connect(installed.database, timeout=30)) as database, database:
        database.execute("UPDATE worker SET seen_at = '2026-01-01T00:00:00.000000Z'")


def test_a_worker_is_seen_from_its_start_to_its_end(installed, daemon):
    def waits():
        worker, _ = reported(installed)
        return worker is not None and "kafka_unavailable" in worker["codes"] and worker

    worker = until(waits, "the worker to report that Kafka is unavailable")
    assert (worker["name"], worker["pid"]) == ("worker-0", daemon.pid)
    assert (worker["state"], worker["ready"], worker["partitions"]) == ("not_ready", False, [])
    _, attention = reported(installed)
    assert attention[-1].startswith(f"worker worker-0 (process {daemon.pid} on ")
    daemon.send_signal(signal.SIGSTOP)
    age(installed)
    worker, attention = reported(installed)
    assert worker["state"] == "silent"
    assert f"kill -CONT {daemon.pid}" in attention[-1]
    daemon.send_signal(signal.SIGCONT)
    until(lambda: reported(installed)[0]["state"] == "not_ready", "the worker to be back")
    daemon.terminate()
    assert daemon.wait(10) == 0
    assert reported(installed) == (None, [])


def test_a_worker_that_was_killed_leaves_what_it_last_said(installed, daemon):
    until(lambda: reported(installed)[0], "the first report")
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.wait()
    age(installed)
    worker, attention = reported(installed)
    assert (worker["state"], worker["ready"]) == ("silent", False)
    assert worker["reasons"][0].startswith("it has not reported for ")
    assert f"worker worker-0 (process {daemon.pid} on " in attention[-1]


def test_a_run_from_an_archive_does_not_report(installed):
    installed.folder.joinpath("none.jsonl").write_bytes(b"")
    assert installed("run", "--archive", "none.jsonl").exit_code == 0
    assert reported(installed) == (None, [])
