"""The disk of the database fills up under the worker: it waits, says so, and loses nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.builders import Event, activated
from tests.real.worker.stage import Running, Stage
from tests.real.worker.streams import REGISTERED, opening
from tests.services import finding
from tests.services.broker import Broker
from tests.services.filesystem import SmallFileSystem
from tests.services.postgres import NativePostgres, create_database
from tests.services.waiting import until

_POSTGRES_MEGABYTES = 160
_LEFT_BYTES = 300_000


def plenty(count: int) -> Iterator[Event]:
    """New clinics, each with a long name: they take more room than was left."""
    for number in range(count):
        yield activated(f"SE2321000016-D{number:05}", 1, name=f"{number} ".ljust(190, "å"))


def full(worker: Running) -> bool:
    """Whether the worker is not ready, and says that a disk is full."""
    reasons = worker.reasons()
    return "disk is full" in reasons or "No space left on device" in reasons


@pytest.fixture
def small_server(
    disk: Callable[[int], SmallFileSystem],
) -> Iterator[tuple[SmallFileSystem, NativePostgres]]:
    made = disk(_POSTGRES_MEGABYTES)
    server = finding.postgres_in(made.folder)
    yield made, server
    server.remove()


def test_a_full_server_is_waited_for_without_a_dead_letter(
    small_server: tuple[SmallFileSystem, NativePostgres], broker: Broker, tmp_path: Path
) -> None:
    disk, server = small_server
    stage = Stage(tmp_path, broker.bootstrap, create_database(server.url, "registry"))
    stage.create_topics()
    assert stage("db", "upgrade").exit_code == 0
    stage.register(REGISTERED)
    stage.send_events(opening())
    try:
        worker = stage.caught_up(BATCH_MAX_RECORDS="500")
        disk.fill(_LEFT_BYTES)
        stage.send_events(plenty(3000))
        until(lambda: full(worker), "the worker to say that the disk is full", 60)
        disk.make_room()
        server.restore()  # a server ends itself where it cannot write its log
        stage.until_read(len(stage.records()), seconds=60)
        assert stage.contents() == stage.expected(REGISTERED)
        assert stage.contents().dead_letters == []
        stage.until_ready(worker)
        assert worker.stop() == 0, worker.output
    finally:
        stage.end_all()


def test_a_full_file_is_waited_for_without_a_dead_letter(
    stage: Stage, disk: Callable[[int], SmallFileSystem]
) -> None:
    small = disk(4)
    stage.settings["DATABASE_URL"] = f"sqlite:///{small.folder / 'registry.db'}"
    assert stage("db", "upgrade").exit_code == 0
    stage.send_events(opening())
    worker = stage.start(BATCH_MAX_RECORDS="500")
    until(lambda: not worker.reasons(), "the worker to be ready")
    small.fill(_LEFT_BYTES)
    stage.send_events(plenty(3000))
    until(lambda: full(worker), "the worker to say that the disk is full", 60)
    small.make_room()
    until(lambda: stage("status").json["lag"] == 0, "everything to be read", 60)
    assert worker.stop() == 0, worker.output
    status = stage("status").json
    assert sum(partition["read"] for partition in status["partitions"]) == len(stage.records())
    assert status["dead_letters"]["open"] == 0
    assert stage("reconcile", "--against", "topics").exit_code == 0
