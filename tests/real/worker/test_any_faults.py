"""Every kind of fault in any order, under workers that share a stream as it comes."""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Event

import pytest

from tests.real.worker.proxy import Cut, Proxy
from tests.real.worker.stage import Running, Stage
from tests.real.worker.streams import REGISTERED, anything, meanwhile
from tests.services.broker import Broker
from tests.services.postgres import PostgresServer
from tests.services.waiting import until

_WORKERS = 3
_SESSION_SECONDS = 2


@dataclass
class _Faults:
    """What can happen to workers, and to what they work with; each is over when it returns."""

    rng: random.Random
    stage: Stage
    broker: Broker
    postgres: PostgresServer
    proxy: Proxy
    settings: dict[str, str]
    workers: list[Running] = field(default_factory=list)

    def in_any_order(self) -> list[Callable[[], None]]:
        kinds = [
            self.kill_a_worker,
            self.freeze_a_worker,
            self.stop_a_worker,
            self.cut_connections,
            self.cut_commits,
            self.hold_up_the_database,
            self.end_sessions,
            self.crash_the_database,
            self.kill_the_broker,
            self.freeze_the_broker,
            self.add_partitions,
        ]
        self.rng.shuffle(kinds)
        return kinds

    def start_a_worker(self) -> None:
        self.workers.append(self.stage.start(**self.settings))

    def kill_a_worker(self) -> None:
        self._any_worker().kill()
        self._replace_what_ended()

    def stop_a_worker(self) -> None:
        worker = self._any_worker()
        until(lambda: worker.probe("/livez")[0], "the worker to listen to signals")
        assert worker.stop() == 0, worker.output
        self._replace_what_ended()

    def freeze_a_worker(self) -> None:
        worker = self._any_worker()
        worker.process.send_signal(signal.SIGSTOP)
        self.last_for_up_to(2 * _SESSION_SECONDS)
        worker.process.send_signal(signal.SIGCONT)

    def cut_connections(self) -> None:
        for _ in range(3):
            self.proxy.cut_all()
            self.last_for_up_to(0.5)

    def cut_commits(self) -> None:
        self.proxy.cut_at_commits(*self.rng.choices([Cut.BEFORE, Cut.AFTER], k=4))

    def hold_up_the_database(self) -> None:
        self.proxy.flows.clear()
        self.last_for_up_to(2 * _SESSION_SECONDS)
        self.proxy.flows.set()

    def end_sessions(self) -> None:
        self.stage.end_sessions()

    def crash_the_database(self) -> None:
        self.postgres.stop("immediate")
        self.last_for_up_to(_SESSION_SECONDS)
        self.postgres.start()

    def kill_the_broker(self) -> None:
        self.broker.kill()
        self.broker.start()

    def freeze_the_broker(self) -> None:
        self.broker.freeze()
        self.last_for_up_to(2 * _SESSION_SECONDS)
        self.broker.thaw()

    def add_partitions(self) -> None:
        """Clinics go on where they were; what has no clinic fills the new ones."""
        number = self.stage.partitions
        topics = (self.stage.activation, self.stage.region)
        with self.stage.admin() as admin:
            admin.create_partitions(dict.fromkeys(topics, number + 1))
        self.stage.send(((topic, number), None, b"{") for topic in topics for _ in range(20))

    def last_for_up_to(self, seconds: float) -> None:
        time.sleep(self.rng.uniform(0, seconds))

    def _any_worker(self) -> Running:
        return self.rng.choice(self.workers)

    def _replace_what_ended(self) -> None:
        self.workers = [one for one in self.workers if one.process.poll() is None]
        self.start_a_worker()


def _send(stage: Stage, seed: int, is_over: Event) -> None:
    """Send until the end, whatever the broker goes through."""
    number = seed
    with stage.producer() as producer:
        while not is_over.wait(0.2):
            number += 1
            for (topic, partition), key, value in stage.placed(anything(number, 100)):
                producer.send(topic, key=key, value=value, partition=partition)


@pytest.mark.parametrize(("seed", "batch"), [(1, "50"), (2, "100000")])
def test_workers_under_any_faults_end_where_the_fold_does(
    opened: Stage,
    breakable_broker: Broker,
    breakable_postgres: PostgresServer,
    proxy: Proxy,
    seed: int,
    batch: str,
) -> None:
    settings = {
        "DATABASE_URL": opened.through(proxy.port),
        "KAFKA_SESSION_TIMEOUT_MS": str(_SESSION_SECONDS * 1000),
        "BATCH_MAX_RECORDS": batch,
    }
    rng = random.Random(seed)
    faults = _Faults(rng, opened, breakable_broker, breakable_postgres, proxy, settings)
    opened.send_events(anything(seed * 1000, 3000))
    with meanwhile(partial(_send, opened, seed * 1000)):
        for _ in range(_WORKERS):
            faults.start_a_worker()
        for fault in faults.in_any_order():
            fault()
            faults.last_for_up_to(2)
    opened.until_read(len(opened.records()), seconds=90)
    assert opened.contents() == opened.expected(REGISTERED)
    opened.until_ready(*faults.workers)
    for worker in faults.workers:
        assert worker.stop() == 0, worker.output
