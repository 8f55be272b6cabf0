"""A replay on real parts: beside a running worker, over gaps, and killed in the middle."""

import os
import signal
import subprocess
from uuid import uuid4

import pytest
from kafka import KafkaProducer

from tests.builders import deactivated
from tests.harness.command import INSTALLED
from tests.real.worker.stage import Stage
from tests.real.worker.streams import CLINICS, REGISTERED, anything
from tests.services import processes
from tests.services.waiting import until


@pytest.fixture
def opened(opened: Stage) -> Stage:
    """The stage without a guard: random events close whole regions."""
    opened.settings["GUARD_MAX_PERCENT"] = "100"
    return opened


def lose_clinics(stage: Stage) -> None:
    """As a database that was restored from an older copy, while positions moved on."""
    stage.execute("DELETE FROM clinic WHERE registered_at IS NULL")


def test_beside_a_worker_it_touches_neither_group_nor_positions(opened: Stage) -> None:
    opened.send_events(anything(seed=11, length=600))
    worker = opened.caught_up()
    until(lambda: opened.group_offsets() == opened.positions(), "the group's offsets")
    stood = opened.generation(), opened.members(), opened.group_offsets(), opened.positions()
    contents = opened.contents()
    done = opened("replay", "--yes")
    assert done.exit_code == 0, done.stderr
    assert (done.json["read"], done.json["applied"]) == (len(opened.records()), 0)
    assert done.json["changes"] == []
    assert opened.contents() == contents == opened.expected(REGISTERED)
    assert stood == (
        opened.generation(),
        opened.members(),
        opened.group_offsets(),
        opened.positions(),
    )
    opened.send_events([deactivated(CLINICS[0], 9000)])
    opened.until_read(len(opened.records()))
    assert worker.stop() == 0


def test_lost_rows_return_as_the_dry_run_said(opened: Stage) -> None:
    opened.send_events(anything(seed=12, length=600))
    assert opened.finish().exit_code == 0
    lose_clinics(opened)
    before = opened.contents()
    planned = opened("replay", "--dry-run")
    assert opened.contents() == before
    done = opened("replay", "--yes")
    assert planned.json == done.json
    assert opened.contents() == opened.expected(REGISTERED)
    lost = {change["hsa_id"] for change in done.json["changes"]}
    assert lost == set(CLINICS) - set(REGISTERED)


def test_it_reaches_its_end_over_transactions_that_were_taken_back(opened: Stage) -> None:
    producer = KafkaProducer(bootstrap_servers=opened.bootstrap, transactional_id=uuid4().hex)
    producer.init_transactions()
    for _ in range(3):
        producer.begin_transaction()
        for topic in (opened.activation, opened.region):
            for partition in range(opened.partitions):
                producer.send(topic, b"{never", partition=partition)
        producer.flush()
        producer.abort_transaction()
    producer.close()
    done = opened("replay", "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert (done.json["read"], done.json["dead_lettered"]) == (2 * len(CLINICS), 0)


def test_one_killed_in_the_middle_is_run_again(opened: Stage) -> None:
    opened.send_events(anything(seed=13, length=400))
    assert opened.finish().exit_code == 0
    lose_clinics(opened)
    settings = opened.environment(BATCH_MAX_RECORDS="1")
    pairs = [f"{name}={value}" for name, value in settings.items()]
    command: list[str] = ["env", *pairs, str(INSTALLED), "replay", "--yes"]
    process = processes.start(command, opened.folder / "replay.log")
    until(lambda: len(opened.contents().rows) > len(REGISTERED) + 3, "some of the clinics")
    processes.end(process, signal.SIGKILL)
    assert len(opened.contents().rows) < len(CLINICS)
    done = opened("replay", "--yes")
    assert done.exit_code == 0, done.stderr
    assert opened.contents() == opened.expected(REGISTERED)


def test_ctrl_c_tells_what_was_done_so_far(opened: Stage) -> None:
    opened.send_events(anything(seed=14, length=400))
    assert opened.finish().exit_code == 0
    lose_clinics(opened)
    process = subprocess.Popen(
        [INSTALLED, "-o", "json", "replay", "--yes"],
        env=os.environ | opened.environment(BATCH_MAX_RECORDS="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: len(opened.contents().rows) > len(REGISTERED) + 3, "some of the clinics")
    process.send_signal(signal.SIGINT)
    told, error = process.communicate(timeout=30)
    assert process.returncode == 130, error
    assert "Interrupted" in error
    assert '"applied"' in told


def test_a_missing_or_recreated_topic_is_refused(opened: Stage) -> None:
    missing = opened("replay", "--dry-run", "--topic", "nowhere")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "no topic nowhere" in missing.error_text
    assert opened.finish().exit_code == 0
    opened.execute("UPDATE position SET topic_id = 'another'")
    anew = opened("replay", "--dry-run")
    assert (anew.exit_code, anew.stdout) == (2, "")
    assert "was re-created" in anew.error_text


def test_worker_and_replay_write_the_same_clinics_without_a_deadlock(opened: Stage) -> None:
    opened.send_events(anything(seed=15, length=300))
    worker = opened.caught_up(BATCH_MAX_RECORDS="20")
    for seed in range(16, 19):
        lose_clinics(opened)
        opened.send_events(anything(seed=seed, length=300))
        done = opened("replay", "--yes", BATCH_MAX_RECORDS="30")
        assert done.exit_code == 0, done.stderr
    opened.until_read(len(opened.records()))
    assert worker.stop() == 0
    assert opened("replay", "--yes").exit_code == 0
    contents, expected = opened.contents(), opened.expected(REGISTERED)
    assert contents.rows == expected.rows
    assert contents.dead_letters == expected.dead_letters
    assert contents.changes == expected.changes
    (found,) = opened.query(
        "SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()"
    )
    assert found["deadlocks"] == 0
