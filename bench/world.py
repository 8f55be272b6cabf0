"""The real parts of a bench: topics full of events, a prepared database, and processes to measure.

Every run of the worker begins with a copy of the same database: each clinic's first activation is
applied, a third of the clinics is registered, and every region but one has a board.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
import pytest
from kafka import KafkaProducer
from tests import builders
from tests.services import finding, postgres

from bench import stream
from bench.publishing import PARTITIONS, Topics, send
from sync_worker.streams.kafka.admin import KafkaAdmin
from sync_worker.streams.kafka.settings import KafkaSettings

_WORKER = Path(sys.executable).with_name("sync-worker")
_PREPARED = "prepared"
_UNTIL_IDLE = ("-o", "json", "run", "--until-idle", "0")
_DEADLINE_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is of everything."""

    events: int = 300_000
    clinics: int = 10_000
    repeats: int = 3
    singles: int = 3000
    """How many of the events are applied one by one."""
    batch: int | None = None
    """The most records of a transaction; None for the worker's default."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took, from its start to its exit."""

    read: int
    """How many records; 0 where it does not say."""
    wall_seconds: float
    cpu_seconds: float
    peak_megabytes: float


class World:
    """A broker, a server, and a folder."""

    def __init__(self, bootstrap: str, server_url: str, folder: Path) -> None:
        self.bootstrap = bootstrap
        self._server_url = server_url
        self._folder = folder
        self._mark = f"bench_{uuid4().hex[:8]}"
        self._databases: list[str] = []
        self._topics: list[str] = []

    def prepare(self, sizes: Sizes) -> None:
        """Make the database that every run begins with a copy of."""
        url = self._create(_PREPARED, "template0")
        self._command(url, "db", "upgrade")
        archive = self._folder / "first.jsonl"
        first = stream.first_activations(sizes.clinics)
        builders.write_archive(archive, builders.numbered(first))
        self._command(url, "run", "--archive", str(archive))
        registered = stream.registered(sizes.clinics)
        self._command(url, "clinics", "add", "--actor", "bench", *registered)
        with psycopg.connect(url, autocommit=True) as connection:
            insert = "INSERT INTO patient_board (region_code, hsa_id, name) VALUES (%s, %s, %s)"
            for code in stream.REGIONS_WITH_BOARD:
                board = (code, f"SE2321000016-PN{code}", f"Patientnämnden {code}")
                connection.execute(insert, board)
            # Which a server does by itself within a minute of such a change.
            connection.execute("VACUUM ANALYZE")

    def publish(self, purpose: str, events: Iterable[stream.Event]) -> Topics:
        """Put the events into topics of their own, each clinic in one partition number of both."""
        topics = Topics.named(purpose)
        self._topics.extend(topics.names)
        with self._admin(topics) as admin:
            admin.create_topics(topics.names, PARTITIONS, -1)
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

    def database(self) -> str:
        """The address of a new copy of the prepared database."""
        return self._create(f"run_{len(self._databases)}", self._name(_PREPARED))

    def worker(self, topics: Topics, database_url: str, batch: int | None = None) -> Run:
        """The worker with everything on, as a process of its own, until it has read it all."""
        environment = self._environment(database_url, topics)
        if batch is not None:
            environment["SYNC_WORKER_BATCH_MAX_RECORDS"] = str(batch)
        command = [str(_WORKER), *_UNTIL_IDLE]
        return self._measured(command, environment)

    def reconcile(self, topics: Topics, database_url: str) -> Run:
        """A reconcile against the whole topics, which must find the registry true."""
        command = [str(_WORKER), "-o", "json", "reconcile", "--against", "topics"]
        return self._measured(command, self._environment(database_url, topics))

    @contextmanager
    def replaying(self, topics: Topics, database_url: str, until: str) -> Iterator[None]:
        """A replay of all that was published before `until`; it is to outlast what is inside."""
        command = [str(_WORKER), "replay", "--until", f"time:{until}", "--yes"]
        with self._beside(command, self._environment(database_url, topics)):
            yield

    @contextmanager
    def busy(self) -> Iterator[None]:
        """A process that wants as much of a processor as it gets, and nothing else."""
        with self._beside([sys.executable, "-c", "while True: pass"], dict(os.environ)):
            yield

    @contextmanager
    def working(self, topics: Topics, database_url: str, **settings: str) -> Iterator[int]:
        """The worker as a daemon, beside what is inside; the id of its process."""
        environment = self._environment(database_url, topics) | settings
        with self._beside([str(_WORKER), "run"], environment) as process_id:
            yield process_id

    def round_trips(self, topics: Topics, database_url: str, **settings: str) -> int:
        """How often the worker waits for the database to answer while it reads all there is."""
        counted = self._folder / "round_trips"
        command = [sys.executable, "-m", "bench.round_trips", str(counted), *_UNTIL_IDLE]
        self._run(command, self._environment(database_url, topics) | settings)
        return int(counted.read_text())

    @contextmanager
    def _beside(self, command: list[str], environment: dict[str, str]) -> Iterator[int]:
        """The process beside what is inside, which it is to outlast; its id."""
        with (self._folder / "beside").open("wb") as said:
            process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)  # noqa: S603 - as below
            try:
                yield process.pid
                if process.poll() is not None:
                    text = (self._folder / "beside").read_text()[-3000:]
                    raise RuntimeError(f"{command} ended too early:\n{text}")
            finally:
                process.terminate()
                process.wait(timeout=60)

    def drain(self, topics: Topics) -> Run:
        """The same client reading the same records and doing nothing, as a process of its own."""
        group = f"bench-{uuid4().hex[:8]}"
        arguments = [self.bootstrap, group, *topics.names]
        command = [sys.executable, "-m", "bench.drain", *arguments]
        return self._measured(command, _inherited())

    def clear(self) -> None:
        """Delete what was made."""
        for name in reversed(self._databases):
            postgres.drop_database(self._server_url, name)

    def _measured(self, command: list[str], environment: dict[str, str]) -> Run:
        text = self._run([sys.executable, "-m", "bench.measured", *command], environment)
        measured = json.loads(text)
        if measured["exit_code"] != 0:
            raise RuntimeError(f"{command} ended with {measured['exit_code']}:\n{self._said()}")
        figures = ("wall_seconds", "cpu_seconds", "peak_megabytes")
        read = json.loads(measured["output"]).get("read", 0)
        return Run(read, *(measured[figure] for figure in figures))

    def _command(self, database_url: str, *arguments: str) -> None:
        self._run([str(_WORKER), *arguments], self._environment(database_url))

    def _run(self, command: list[str], environment: dict[str, str]) -> str:
        with (self._folder / "messages").open("wb") as messages:
            done = subprocess.run(  # noqa: S603 - what is run is written here
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=messages,
                timeout=_DEADLINE_SECONDS,
                check=False,
                text=True,
            )
        if done.returncode != 0:
            name = " ".join(command[:3])
            raise RuntimeError(f"{name} ended with {done.returncode}:\n{self._said()}")
        return done.stdout

    def _said(self) -> str:
        return (self._folder / "messages").read_text()[-3000:]

    def _environment(self, database_url: str, topics: Topics | None = None) -> dict[str, str]:
        environment = _inherited() | {
            "SYNC_WORKER_DATABASE_URL": database_url,
            "SYNC_WORKER_HTTP_PORT": "0",
            # A third of the clinics leaves its regions all the time: to the guard, a mass change.
            "SYNC_WORKER_GUARD_MAX_PERCENT": "100",
        }
        if topics is not None:
            environment |= {
                "SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
                "SYNC_WORKER_KAFKA_ACTIVATION_TOPIC": topics.activation,
                "SYNC_WORKER_KAFKA_REGION_TOPIC": topics.region,
                "SYNC_WORKER_KAFKA_GROUP_ID": f"bench-{uuid4().hex[:8]}",
            }
        return environment

    def _create(self, purpose: str, template: str) -> str:
        name = self._name(purpose)
        with psycopg.connect(self._server_url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        self._databases.append(name)
        return self._server_url.rpartition("/")[0] + "/" + name

    def _name(self, purpose: str) -> str:
        return f"{self._mark}_{purpose}"

    @contextmanager
    def _admin(self, topics: Topics) -> Iterator[KafkaAdmin]:
        admin = KafkaAdmin(KafkaSettings(self.bootstrap, topics.names, "bench"))
        try:
            yield admin
        finally:
            admin.close()


def _inherited() -> dict[str, str]:
    """Our own environment, without settings, and with bytecode kept as an installation has it."""
    left_out = ("SYNC_WORKER_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


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
            server = finding.postgres()
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
                world.clear()
    finally:
        server.remove()
        broker.remove()
