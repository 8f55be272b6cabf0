"""Fixtures: the command line, and a registry whose schema is migrated once for all tests."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_worker.registry import schema
from sync_worker.registry.dialect import open_engine
from tests.harness.command import CommandLine, Installed, without_settings


@pytest.fixture(scope="session")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with an empty registry; to be copied."""
    path = tmp_path_factory.mktemp("upgraded") / "registry.db"
    engine = open_engine(f"sqlite:///{path}", create=True)
    schema.upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and an environment without settings."""
    for name in os.environ.keys() - without_settings(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def sync_worker(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Calls a command as it is typed after `sync-worker`, in this process."""
    return CommandLine(capsys)


@pytest.fixture
def installed(tmp_path: Path, upgraded: Path) -> Installed:
    """The installed command, with an empty registry."""
    command = Installed(tmp_path)
    shutil.copy(upgraded, command.database)
    return command


@pytest.fixture
def terminal() -> Iterator[None]:
    """SIGHUP is not ignored, as it is where tests run under `nohup`, and passed on."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)
