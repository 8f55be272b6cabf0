"""The command line called in this process, in a folder and an environment of its own."""

import shutil
from pathlib import Path

import pytest
from tests.builders import record, write_archive
from tests.worlds.command_line import BOARD, A, C, stream

from sync_worker.cli.main import run


@pytest.fixture(autouse=True)
def folder(folder):
    """Every test here has an empty working folder, and an environment without settings."""
    return folder


@pytest.fixture(autouse=True)
def no_waiting_for_kafka(monkeypatch):
    """A Kafka that is not there is given up soon: no command says how long it is looked for."""
    monkeypatch.setattr("sync_worker.streams.kafka.settings.BOOTSTRAP_TIMEOUT_SECONDS", 0.2)


@pytest.fixture
def database(folder, upgraded, monkeypatch) -> Path:
    """An empty registry that the settings name."""
    path: Path = folder / "registry.db"
    shutil.copy(upgraded, path)
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def filled(upgraded, tmp_path_factory) -> Path:
    """A registry with clinics, a patient board and dead letters; to be copied."""
    path: Path = tmp_path_factory.mktemp("filled") / "registry.db"
    shutil.copy(upgraded, path)
    archive = write_archive(path.with_name("stream.jsonl"), stream())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNC_WORKER_DATABASE_URL", f"sqlite:///{path}")
        for line in (
            ("run", "--archive", str(archive)),
            ("boards", "set", "01", BOARD, "--name", "Nämnden", "--ticket", "T-1", "--yes"),
            ("clinics", "add", A, C, "--actor", "anna", "--reason", "Order 17"),
        ):
            assert run(line) == 0
    return path


@pytest.fixture
def populated(database, filled) -> Path:
    """The registry that the settings name, filled, with its archive beside it."""
    shutil.copy(filled, database)
    shutil.copy(filled.with_name("stream.jsonl"), database.parent)
    path: Path = database
    return path


@pytest.fixture
def reads(sync_worker, folder):
    """Has further records of one archive applied."""
    documents: list[dict] = []

    def call(*more):
        documents.extend(more)
        records = [record(d, offset=offset) for offset, d in enumerate(documents)]
        archive = write_archive(folder / "more.jsonl", records)
        return sync_worker("run", "--archive", str(archive), "-o", "json")

    return call
