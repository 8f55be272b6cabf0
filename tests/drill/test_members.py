"""Workers that restart again and again, or that their group or their versions disturb."""

from contextlib import closing
from functools import partial

import pytest
from kafka import KafkaConsumer

from tests.drill.hastened import RULES, hastened
from tests.drill.operator import Operator, Place
from tests.harness.command import INSTALLED
from tests.services import finding, processes
from tests.services.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.drill]

ANOTHER_VERSION = "0.0.9"


@pytest.fixture
def unhurried(operator, report):
    """An operator whose Prometheus counts over half a minute or one, not over ten seconds."""
    prometheus = finding.prometheus(hastened(RULES.read_text(), times=30, max_seconds=60))
    yield Operator(operator.stage, prometheus, report)
    prometheus.remove()


@pytest.fixture
def another_version(tmp_path):
    """A folder that has Python take the program for another version."""
    described = tmp_path / "other" / f"sync_worker-{ANOTHER_VERSION}.dist-info" / "METADATA"
    described.parent.mkdir(parents=True)
    described.write_text(f"Metadata-Version: 2.1\nName: sync-worker\nVersion: {ANOTHER_VERSION}\n")
    return described.parents[1]


def started_after(operator, port, moment):
    """When the process at a port started, as Prometheus knows it; 0 where that is not later."""
    found = operator.queries(f'process_start_time_seconds{{instance="127.0.0.1:{port}"}}')
    times = [float(sample["value"][1]) for sample in found]
    return max((time for time in times if time > moment), default=0.0)


def three_workers(operator, **settings):
    return [operator.starts(WORKER_NAME=f"worker-{n}", **settings) for n in range(3)]


def foreign_member(stage):
    """A client that has joined the workers' group, and polls no more.

    The next rebalance waits for it until its `max_poll_interval_ms` is over.
    """
    consumer = KafkaConsumer(
        stage.activation,
        bootstrap_servers=stage.bootstrap,
        group_id=stage.group,
        enable_auto_commit=False,
        max_poll_interval_ms=300_000,
    )
    until(lambda: consumer.poll(200) is not None and consumer.assignment(), "it to join")
    return closing(consumer)


def test_a_worker_that_restarts_again_and_again_is_told(unhurried):
    unhurried.reads("A worker restarts again and again", "no-worker-runs")
    unhurried.does("A worker is killed again and again, and its supervisor starts it.")
    port = processes.free_port()
    began_at = 0.0
    for _ in range(4):
        worker = unhurried.starts(HTTP_PORT=str(port))
        began_at = until(partial(started_after, unhurried, port, began_at), "it to be scraped")
        worker.kill()
        unhurried.workers.remove(worker)
    unhurried.hears("SyncWorkerRestarts")
    unhurried.does("It is left to run.")
    unhurried.stage.until_ready(unhurried.starts(HTTP_PORT=str(port)))
    unhurried.hears_no_more("SyncWorkerRestarts")


def test_members_that_come_and_go_are_told(unhurried):
    unhurried.stage.until_ready(*three_workers(unhurried))
    unhurried.reads("Workers come and go in the consumer group", "several-workers")
    unhurried.does("A member joins the group and leaves it, again and again.")
    while "SyncWorkerRebalances" not in unhurried.firing():
        with foreign_member(unhurried.stage):
            pass
    unhurried.hears("SyncWorkerRebalances")
    unhurried.sees(Place.LOG, '"event": "assigned"')
    unhurried.does("It stays away.")
    unhurried.hears_no_more("SyncWorkerRebalances")
    unhurried.sees(Place.STATUS, "workers +3 ready")


def test_a_member_that_hangs_has_clients_rebuilt(unhurried):
    workers = three_workers(unhurried, KAFKA_MAX_POLL_INTERVAL_MS="6000")
    unhurried.stage.until_ready(*workers)
    unhurried.reads("The Kafka client is built again and again", "health")
    unhurried.does("Another program joins the workers' group, and takes no part in it.")
    with foreign_member(unhurried.stage):
        unhurried.starts(WORKER_NAME="worker-3", KAFKA_MAX_POLL_INTERVAL_MS="6000")
        unhurried.hears("SyncWorkerClientRebuilt")
        unhurried.sees(Place.METRICS, 'sync_worker_not_ready{reason="not_a_member"} 1.0')
        unhurried.does("It is stopped.")
    unhurried.hears_no_more("SyncWorkerClientRebuilt")
    unhurried.sees(Place.STATUS, "workers +4 ready")


def test_an_upgrade_that_was_not_finished_is_told(operator, another_version):
    operator.reads("Workers of two versions run side by side", "upgrading")
    operator.does("One of two workers is upgraded.")
    path = f"PYTHONPATH={another_version}"
    old = operator.watches(operator.stage.program("env", path, INSTALLED, "run"))
    operator.stage.until_ready(old, operator.starts())
    operator.hears("SyncWorkerVersionsDiffer")
    operator.sees(Place.METRICS, f'version="{ANOTHER_VERSION}"', worker=old)
    operator.does("The other one is upgraded, too.")
    assert old.stop() == 0
    operator.workers.remove(old)
    operator.stage.until_ready(operator.starts())
    operator.hears_no_more("SyncWorkerVersionsDiffer")
