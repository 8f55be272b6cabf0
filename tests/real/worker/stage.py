"""The installed worker between topics and a database of its own, as an operator runs it."""

import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError
from psycopg.rows import dict_row

from tests.builders import Event
from tests.harness.command import INSTALLED, Done, without_settings
from tests.real.worker.expected import Contents, Place, folded
from tests.services import processes
from tests.services.administering import administering
from tests.services.waiting import until

OUTCOMES = ("applied", "superseded", "ignored", "dead_lettered")
CHANGES = ("activated", "deactivated", "moved", "renamed")
_STOP_SECONDS = 10


class Running:
    """A worker as a process; what it prints goes to a file, and it dies with the test run."""

    def __init__(self, command: Sequence[str | Path], log: Path, port: int) -> None:
        self._log = log
        self.port = port
        self.process = processes.start(command, log)

    @property
    def output(self) -> str:
        return self._log.read_text()

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The entries of its log with this event."""
        entries = [json.loads(line) for line in self.output.splitlines() if line.startswith('{"')]
        return [entry for entry in entries if entry.get("event") == event]

    def lost_records(self) -> int:
        """How many records it found missing from a registry that went back."""
        return sum(entry["lost_records"] for entry in self.logged("registry_went_back"))

    def kill(self) -> None:
        processes.end(self.process, signal.SIGKILL)

    def stop(self) -> int:
        """End it in order; the exit code. Fails where that takes longer than is promised."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_STOP_SECONDS)

    def ended(self, seconds: float = 60) -> Done:
        """Wait for it to end by itself."""
        exit_code = self.process.wait(seconds)
        found = re.search(r"^\{\n.*?^\}\n", self.output, re.DOTALL | re.MULTILINE)
        document = found[0] if found else ""
        return Done(exit_code, document, self.output.replace(document, ""))

    def probe(self, path: str) -> tuple[int, str]:
        """What the HTTP port answers; 0 where it does not listen."""
        address = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.read().decode()
        except OSError as error:
            return 0, str(error)

    def reasons(self) -> str:
        """Why it is not ready; empty where it is."""
        code, body = self.probe("/readyz?verbose")
        return "" if code == 200 else f"{code} {body}"


@dataclass
class Stage:
    """Two topics, a group, a database, and the processes in between."""

    folder: Path
    bootstrap: str
    database_url: str
    partitions: int = 3
    replicas: int = 1
    name: str = field(default_factory=lambda: uuid4().hex[:8])
    running: list[Running] = field(default_factory=list)
    settings: dict[str, str | None] = field(default_factory=dict)
    """What goes before the stage's own; None where it is set nowhere."""

    @property
    def activation(self) -> str:
        return f"activation-{self.name}"

    @property
    def region(self) -> str:
        return f"region-{self.name}"

    @property
    def group(self) -> str:
        return f"group-{self.name}"

    def environment(self, **settings: str) -> dict[str, str]:
        stated: dict[str, str | None] = {
            "DATABASE_URL": self.database_url,
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "KAFKA_ACTIVATION_TOPIC": self.activation,
            "KAFKA_REGION_TOPIC": self.region,
            "KAFKA_GROUP_ID": self.group,
            "KAFKA_SESSION_TIMEOUT_MS": "6000",
            "KAFKA_MAX_POLL_INTERVAL_MS": "6000",
            "HTTP_PORT": "0",
            "LOG_FORMAT": "json",
            "BATCH_MAX_RECORDS": "50",
            # Random events are one mass change; the guard has tests of its own.
            "GUARD_MAX_PERCENT": "100",
            **self.settings,
            **settings,
        }
        given = {name: value for name, value in stated.items() if value is not None}
        return {f"SYNC_WORKER_{name}": value for name, value in given.items()}

    def __call__(self, *arguments: str, **settings: str) -> Done:
        done = subprocess.run(
            [INSTALLED, "-o", "json", *arguments],
            env=without_settings(os.environ) | self.environment(**settings),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, **settings: str) -> Running:
        """Start a worker, a daemon without arguments, and go on at once."""
        return self.command("run", *arguments, **settings)

    def command(self, *arguments: str, **settings: str) -> Running:
        """Start a command, and go on at once."""
        return self.program(INSTALLED, "-o", "json", *arguments, **settings)

    def program(self, *words: str | Path, **settings: str) -> Running:
        """Start a program with the settings of the stage, and go on at once."""
        port = int(settings.pop("HTTP_PORT", 0) or processes.free_port())
        stated = self.environment(HTTP_PORT=str(port), **settings)
        pairs = [f"{name}={value}" for name, value in stated.items()]
        unset = [f"--unset={name}" for name in os.environ if name.startswith("SYNC_WORKER_")]
        command: list[str | Path] = [
            "env",
            *unset,
            *pairs,
            *words,
        ]
        log = self.folder / f"worker-{len(self.running)}.log"
        self.running.append(Running(command, log, port))
        return self.running[-1]

    def started(self, **settings: str) -> Running:
        """Start a daemon, and wait until it has a place in the group.

        Members are told apart by id: the count stays where a killed one leaves as this one joins.
        """
        before = set(self.members())
        worker = self.start(**settings)
        until(lambda: set(self.members()) - before, "the worker to join its group")
        return worker

    def caught_up(self, **settings: str) -> Running:
        """Start a daemon, and wait until it has read everything."""
        worker = self.started(**settings)
        self.until_read(len(self.records()))
        return worker

    def finish(self, *arguments: str, **settings: str) -> Done:
        """Apply everything that there is."""
        worker = self.start("--until-idle", "0", *arguments, **settings)
        return worker.ended()

    def through(self, port: int) -> str:
        """The database's address by way of another port."""
        before, _, name = self.database_url.rpartition("/")
        return f"{before.rpartition(':')[0]}:{port}/{name}"

    def until_ready(self, *workers: Running, seconds: float = 30) -> None:
        until(lambda: not any(w.reasons() for w in workers), "the workers to be ready", seconds)

    def end_all(self) -> None:
        for worker in self.running:
            worker.kill()

    # The topics.

    def admin(self) -> AbstractContextManager[KafkaAdminClient]:
        return administering(self.bootstrap)

    def create_topics(self, *names: str, partitions: int = 0) -> None:
        """Create topics, both of the stage where none is named."""
        wanted = {
            name: {
                "num_partitions": partitions or self.partitions,
                "replication_factor": self.replicas,
            }
            for name in names or (self.activation, self.region)
        }
        with self.admin() as client:
            client.create_topics(wanted)
            client.wait_for_topics(list(wanted), timeout_ms=10_000)

    def alter(self, topic: str, options: dict[str, str]) -> None:
        """Set a topic's options."""
        with self.admin() as client:
            client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=options)])

    @contextmanager
    def producer(self) -> Iterator[KafkaProducer]:
        # A broker that comes back is found again within a second, not within 30.
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, reconnect_backoff_max_ms=1000)
        try:
            yield producer
            producer.flush(timeout=60)
        finally:
            producer.close(timeout=5)

    def send(self, contents: Iterable[tuple[Place, bytes | None, bytes | None]]) -> None:
        """Send keys and values, each to its place."""
        with self.producer() as producer:
            for (topic, partition), key, value in contents:
                producer.send(topic, key=key, value=value, partition=partition)

    def send_events_of(self, timestamp_ms: int, events: Iterable[Event]) -> None:
        """Send events in records that claim to have been written at a time."""
        with self.producer() as producer:
            for (topic, partition), key, value in self.placed(events):
                producer.send(
                    topic, key=key, value=value, partition=partition, timestamp_ms=timestamp_ms
                )

    def send_events(self, events: Iterable[Event | bytes]) -> None:
        """Send events; bytes that are none go where the event before them went."""
        self.send(self.placed(events))

    def placed(
        self, events: Iterable[Event | bytes]
    ) -> Iterator[tuple[Place, bytes | None, bytes | None]]:
        """Each clinic keeps to one partition of each topic, another one in each."""
        place: Place = (self.activation, 0)
        for event in events:
            if isinstance(event, bytes):
                yield place, None, event
                continue
            hsa_id = event["data"]["hsaId"]
            moved = "region-changed" in event["type"]
            number = int(hsa_id[-3:]) + moved
            place = (self.region if moved else self.activation, number % self.partitions)
            yield place, hsa_id.encode(), json.dumps(event).encode()

    def records(self) -> list[Any]:
        """All that is in the topics, read by a plain client without a group."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap, enable_auto_commit=False, auto_offset_reset="none"
        )
        try:
            return list(_to_the_end(consumer, (self.activation, self.region)))
        finally:
            consumer.close()

    # The group.

    def members(self) -> list[str]:
        """The ids of the group's members, as its coordinator knows them."""
        with self.admin() as client:
            group = until(lambda: _answer(client.describe_groups, [self.group]), "the coordinator")
        return sorted(member["member_id"] for member in group[self.group]["members"])

    def generation(self) -> int:
        """The group's generation, as the coordinator wrote it down last."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap, enable_auto_commit=False, auto_offset_reset="none"
        )
        try:
            found = [
                int.from_bytes(_generation(record.value), "big", signed=True)
                for record in _to_the_end(consumer, ("__consumer_offsets",))
                if record.value and record.key == _group_key(self.group)
            ]
            return found[-1]
        finally:
            consumer.close()

    def group_offsets(self) -> dict[Place, int]:
        with self.admin() as client:
            found = until(lambda: _answer(client.list_group_offsets, [self.group]), "the offsets")
        return {tuple(place): kept.offset for place, kept in found[self.group].items()}

    # The database.

    def query(self, statement: str, *values: object) -> list[dict[str, Any]]:
        with psycopg.connect(self.database_url, row_factory=dict_row, connect_timeout=5) as db:
            return db.execute(statement.encode(), values).fetchall()

    def execute(self, statement: str, *values: object) -> None:
        with psycopg.connect(self.database_url, autocommit=True) as db:
            db.execute(statement.encode(), values)

    def end_sessions(self) -> None:
        """Have the server end every session but the one that asks."""
        self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    def read(self) -> int:
        """How many records the registry has counted."""
        counted = " + ".join(OUTCOMES)
        found = self.query(f"SELECT coalesce(sum({counted}), 0)::int AS read FROM position")
        return int(found[0]["read"])

    def until_read(self, count: int, seconds: float = 30) -> None:
        until(lambda: self.read() >= count, f"{count} records to be read", seconds)

    def register(self, hsa_ids: Collection[str]) -> None:
        """Register clinics of which nothing else is known yet."""
        self.execute(
            "INSERT INTO clinic (hsa_id, registered_at, registered_by) "
            "SELECT value, now(), 'anna' FROM unnest(%s::text[]) AS value",
            list(hsa_ids),
        )

    def positions(self) -> dict[Place, int]:
        rows = self.query("SELECT topic, partition, next_offset FROM position")
        return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    def contents(self) -> Contents:
        """The registry as it is."""
        rows = self.query("SELECT hsa_id, active, region_code, name FROM clinic")
        positions = self.query("SELECT * FROM position")
        letters = self.query("SELECT * FROM dead_letter")
        changes = self.query("SELECT * FROM change_log WHERE change = ANY(%s)", list(CHANGES))
        place = ("topic", "partition", "record_offset")
        described = ("hsa_id", "change", "old_value", "new_value", *place)
        return Contents(
            {row["hsa_id"]: (row["active"], row["region_code"], row["name"]) for row in rows},
            {
                (row["topic"], row["partition"]): {o: row[o] for o in OUTCOMES if row[o]}
                for row in positions
                if any(row[outcome] for outcome in OUTCOMES)
            },
            sorted(
                (tuple(row[c] for c in (*place, "reason", "value")) for row in letters), key=repr
            ),
            sorted((tuple(row[c] for c in described) for row in changes), key=repr),
        )

    def expected(self, registered: Collection[str] = ()) -> Contents:
        """What the logs come to."""
        return folded(self.records(), self.activation, registered)


def _answer(ask: Callable[..., Any], *questions: object) -> Any:
    """What the cluster says; None where it says "later", as it does while it starts."""
    try:
        return ask(*questions)
    except KafkaError as error:
        if not error.retriable:
            raise
        return None


def _to_the_end(consumer: KafkaConsumer, topics: Iterable[str]) -> Iterator[Any]:
    partitions = [
        TopicPartition(topic, number)
        for topic in topics
        for number in sorted(consumer.partitions_for_topic(topic) or ())
    ]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions, timeout_ms=10_000)
    while any(consumer.position(tp, timeout_ms=10_000) < ends[tp] for tp in partitions):
        for records in consumer.poll(timeout_ms=500).values():
            yield from records


def _group_key(group: str) -> bytes:
    """The key of a group's own record among the offsets: version 2, and its name."""
    return (2).to_bytes(2, "big") + len(group).to_bytes(2, "big") + group.encode()


def _generation(value: bytes) -> bytes:
    """The third field of such a record, after its version and the kind of group."""
    after = 4 + int.from_bytes(value[2:4], "big")
    return value[after : after + 4]


@contextmanager
def locked(stage, statement):
    with psycopg.connect(stage.database_url) as other:
        other.execute(statement)
        yield
        other.rollback()
