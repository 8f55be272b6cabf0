"""The installed command in a folder of its own, as an operator has it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine

COMMAND = Path(sys.executable).with_name("sync-worker")
DEADLINE_SECONDS = 60


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def error(self) -> Any:
        """The error object that `-o json` puts on stderr, the last line there."""
        return json.loads(self.stderr.strip().splitlines()[-1])["error"]


class Installed:
    """The installed command, on SQLite in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "registry.db"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("SYNC_WORKER_")}
        self.environment = inherited | {
            "SYNC_WORKER_DATABASE_URL": f"sqlite:///{self.database}",
            "SYNC_WORKER_HTTP_PORT": "0",
            # Random events are one mass change; the guard has tests of its own.
            "SYNC_WORKER_GUARD_MAX_PERCENT": "100",
            "NO_COLOR": "1",
            "LC_ALL": "C",
        }

    def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> Done:
        done = subprocess.run(
            [COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            input=stdin.encode(),
            capture_output=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def registry(self) -> Registry:
        return Registry(open_engine(self.environment["SYNC_WORKER_DATABASE_URL"]))


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that happens in another process; fail where it never does."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.002)


def ended(process: "subprocess.Popen[bytes]", number: signal.Signals | None = None) -> Done:
    """Wait for a process, after a signal where one is given."""
    if number is not None:
        process.send_signal(number)
    stdout, stderr = process.communicate(timeout=DEADLINE_SECONDS)
    return Done(process.returncode, stdout.decode(), stderr.decode())


@pytest.fixture
def installed(tmp_path: Path, upgraded: Path) -> Installed:
    command = Installed(tmp_path)
    shutil.copy(upgraded, command.database)
    return command
