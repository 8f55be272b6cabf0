"""Workers that do not run, hang, die, or are not alike."""

import signal

import pytest

from tests.drill.operator import Place
from tests.real.worker.streams import anything

pytestmark = [pytest.mark.real, pytest.mark.drill]

BACKLOG = 400


def test_no_worker_runs_while_records_wait(operator):
    operator.starts().stop()
    operator.stage.send_events(anything(seed=71, length=BACKLOG))
    operator.reads("No worker runs", "no-worker-runs")
    operator.hears("SyncWorkerDown")
    operator.sees(Place.STATUS, r"no worker is running, and \d+ records wait, the oldest for")
    operator.sees(Place.DOCTOR, "workers +fail|fail +workers")
    operator.does("A worker is started.")
    operator.stage.until_ready(operator.starts())
    operator.hears_no_more("SyncWorkerDown")
    operator.sees(Place.LOG, '"event": "caught_up"')


def test_a_frozen_worker_is_named_until_it_goes_on(operator):
    frozen, other = operator.starts(WORKER_NAME="frozen"), operator.starts(WORKER_NAME="other")
    operator.stage.until_ready(frozen, other)
    operator.reads("A worker is frozen", "several-workers")
    operator.does("A worker is stopped by SIGSTOP.")
    frozen.process.send_signal(signal.SIGSTOP)
    operator.sees(Place.STATUS, "frozen.*silent|silent.*frozen")
    operator.hears("SyncWorkerSilent")
    operator.does("It goes on.")
    frozen.process.send_signal(signal.SIGCONT)
    operator.hears_no_more("SyncWorkerSilent")


def test_a_killed_worker_leaves_its_partitions_to_another(operator):
    killed, other = operator.starts(WORKER_NAME="killed"), operator.starts(WORKER_NAME="other")
    operator.stage.until_ready(killed, other)
    operator.reads("A worker is killed", "several-workers")
    operator.does("A worker is killed.")
    killed.kill()
    operator.sees(Place.STATUS, "killed.*silent|silent.*killed")
    operator.hears("SyncWorkerSilent")
    operator.sees(Place.METRICS, 'sync_worker_position{partition="2"', worker=other)
    operator.does("It is started again.")
    operator.workers.remove(killed)
    operator.starts(WORKER_NAME="killed")
    operator.hears_no_more("SyncWorkerSilent")
