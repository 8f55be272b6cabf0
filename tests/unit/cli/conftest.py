"""The command line called in this process, in a folder and an environment of its own."""

import shutil
from pathlib import Path

import pytest
from tests.builders import activated, deactivated, record, write_archive

from sync_worker.cli.main import run

A, B, C, D = (f"SE2321000016-T{letter}01" for letter in "ABCD")
BOARD = "SE2321000016-PN01"


@pytest.fixture(autouse=True)
def folder(folder):
    """Every test here has an empty working folder, and an environment without settings."""
    return folder


@pytest.fixture
def database(folder, upgraded, monkeypatch) -> Path:
    """An empty registry that the settings name."""
    path: Path = folder / "registry.db"
    shutil.copy(upgraded, path)
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", f"sqlite:///{path}")
    return path


def stream():
    """Clinics of two regions, one of them closed, and two bad records."""
    return [
        record(activated(A, 0.5, regionCode="01", name="Exempelkliniken"), offset=0),
        record(activated(B, 1, regionCode="01", name="Åmottagningen"), offset=1),
        record(activated(C, 2, regionCode="03", name="Änggården \x1b[2J"), offset=2),
        record(activated(D, 3, regionCode="01", name="100 % Hälsa_vård"), offset=3),
        record(deactivated(D, 4), offset=4),
        record(activated(A, 5, regionCode="11"), offset=5, headers=(("h", b"v"), ("n", None))),
        record(b"\xff", offset=6, key=b"\xfe", headers=(("h", b"\xff"),)),
    ]


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
def reads(typed, folder):
    """Has further records of one archive applied."""
    documents: list[dict] = []

    def call(*more):
        documents.extend(more)
        records = [record(d, offset=offset) for offset, d in enumerate(documents)]
        archive = write_archive(folder / "more.jsonl", records)
        return typed("run", "--archive", str(archive), "-o", "json")

    return call
