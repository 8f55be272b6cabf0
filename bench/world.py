"""The real parts of a bench: topics full of events, prepared databases, and what runs on them."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from kafka import KafkaProducer
from tests.services import finding

from bench import stream
from bench.databases import Databases
from bench.publishing import PARTITIONS, Topics, send
from bench.running import WORKER, Run, Runner, inherited
from sync_worker.streams.kafka.admin import KafkaAdmin
from sync_worker.streams.kafka.settings import KafkaSettings

_BUFFERS_MEGABYTES = 512
"""A quarter of a small server's memory: a million clinics do not fit into less."""
_UNTIL_IDLE = ("-o", "json", "run", "--until-idle", "0")

GUARDED = {
    "SYNC_WORKER_GUARD_MAX_PERCENT": "99",
    "SYNC_WORKER_GUARD_MAX_CHANGES": "1000000",
}
"""The guard decides about every registered clinic that leaves its region, and none has to wait."""


class World:
    """A broker, a server, and a folder."""

    def __init__(self, bootstrap: str, server_url: str, folder: Path) -> None:
        self.bootstrap = bootstrap
        self.folder = folder
        self.runner = Runner(folder)
        self.databases = Databases(server_url, self.runner, folder)

    def publish(self, purpose: str, events: Iterable[stream.Event]) -> Topics:
        """Put the events into topics of their own, each clinic in one partition number of both."""
        topics = Topics.named(purpose)
        admin = KafkaAdmin(KafkaSettings(self.bootstrap, topics.names, "bench"))
        admin.create_topics(topics.names, PARTITIONS, -1)
        admin.close()
        self.publish_more(topics, events)
        return topics

    def publish_more(self, topics: Topics, events: Iterable[stream.Event]) -> None:
        """Put events behind those that are there."""
        producer = KafkaProducer(
            bootstrap_servers=self.bootstrap, linger_ms=50, batch_size=128 * 1024
        )
        for event in events:
            send(producer, topics, event)
        producer.flush()
        producer.close()

    def worker(
        self,
        topics: Topics,
        database_url: str,
        settings: Mapping[str, str] | None = None,
        *,
        workers: int = 1,
        on_one_processor: bool = False,
    ) -> Run:
        """So many workers at once, each a process of its own, until they have read it all."""
        command = [str(WORKER), *_UNTIL_IDLE]
        environment = self._environment(topics, database_url) | dict(settings or {})
        return self.runner.measured(
            command, environment, times=workers, on_one_processor=on_one_processor
        )

    def sampled(self, topics: Topics, database_url: str, settings: Mapping[str, str]) -> list[str]:
        """The stacks of a worker that reads it all, as py-spy samples the holder of the GIL."""
        samples = self.folder / "samples"
        how = ["--gil", "--rate", "100", "--format", "raw", "--output", str(samples)]
        worker = [sys.executable, str(WORKER), *_UNTIL_IDLE]
        environment = self._environment(topics, database_url) | dict(settings)
        self.runner.run(["py-spy", "record", *how, "--", *worker], environment)
        return samples.read_text().splitlines()

    def reconcile(self, topics: Topics, database_url: str) -> Run:
        """A reconcile against the whole topics, which must find the registry true."""
        command = [str(WORKER), "-o", "json", "reconcile", "--against", "topics"]
        return self.runner.measured(command, self._environment(topics, database_url))

    def replaying(
        self, topics: Topics, database_url: str, until: str
    ) -> AbstractContextManager[int]:
        """A replay of all that was published before `until`; it is to outlast what is inside."""
        command = [str(WORKER), "replay", "--until", f"time:{until}", "--yes"]
        return self.runner.beside(command, self._environment(topics, database_url))

    def busy(self) -> AbstractContextManager[int]:
        """A process that wants as much of a processor as it gets, and nothing else."""
        return self.runner.beside([sys.executable, "-c", "while True: pass"], inherited())

    def working(
        self, topics: Topics, database_url: str, **settings: str
    ) -> AbstractContextManager[int]:
        """The worker as a daemon, beside what is inside; the id of its process."""
        environment = self._environment(topics, database_url) | settings
        return self.runner.beside([str(WORKER), "run"], environment)

    def round_trips(self, topics: Topics, database_url: str, **settings: str) -> int:
        """How often the worker waits for the database to answer while it reads all there is."""
        counted = self.folder / "round_trips"
        command = [sys.executable, "-m", "bench.round_trips", str(counted), *_UNTIL_IDLE]
        self.runner.run(command, self._environment(topics, database_url) | settings)
        return int(counted.read_text())

    def drain(self, topics: Topics, *, on_one_processor: bool = False) -> Run:
        """The same client reading the same records and doing nothing, as a process of its own."""
        arguments = [self.bootstrap, _group(), *topics.names]
        command = [sys.executable, "-m", "bench.drain", *arguments]
        return self.runner.measured(command, inherited(), on_one_processor=on_one_processor)

    def _environment(self, topics: Topics, database_url: str) -> dict[str, str]:
        return inherited() | {
            "SYNC_WORKER_DATABASE_URL": database_url,
            "SYNC_WORKER_HTTP_PORT": "0",
            # A third of the clinics leaves its regions all the time: to the guard, a mass change.
            "SYNC_WORKER_GUARD_MAX_PERCENT": "100",
            "SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "SYNC_WORKER_KAFKA_ACTIVATION_TOPIC": topics.activation,
            "SYNC_WORKER_KAFKA_REGION_TOPIC": topics.region,
            "SYNC_WORKER_KAFKA_GROUP_ID": _group(),
        }


def _group() -> str:
    return f"bench-{uuid4().hex[:8]}"


@contextmanager
def found() -> Iterator[World]:
    """On services as the tests find them: given, in Docker or native; they are required.

    Raises:
        SystemExit: there is no Kafka or no PostgreSQL.
    """
    os.environ["TEST_SYNC_WORKER_REQUIRE_SERVICES"] = "1"
    try:
        broker = finding.broker()
        try:
            server = finding.postgres(buffers_megabytes=_BUFFERS_MEGABYTES)
        except BaseException:
            broker.remove()
            raise
    except pytest.fail.Exception as missing:
        raise SystemExit(str(missing)) from None
    try:
        with TemporaryDirectory(prefix="sync-worker-bench-") as folder:
            world = World(broker.bootstrap, server.url, Path(folder))
            try:
                yield world
            finally:
                world.databases.clear()
    finally:
        server.remove()
        broker.remove()
