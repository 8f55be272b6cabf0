"""The command line in this process, in a folder and an environment of its own."""

import io
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import click
import pytest

from sync_worker.cli import main, options


class Ended(NamedTuple):
    """What a command ended with."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def error(self) -> Any:
        """The one object on stderr."""
        return json.loads(self.stderr)["error"]


class Terminal(io.TextIOWrapper):
    """Somebody at a terminal, who types this."""

    def __init__(self, typed: str) -> None:
        super().__init__(io.BytesIO(typed.encode()))

    def isatty(self) -> bool:
        return True


class CommandLine:
    """Runs commands; `folder` is where they run."""

    def __init__(self, monkeypatch: Any, capsys: Any, folder: Path) -> None:
        self._monkeypatch, self._capsys, self.folder = monkeypatch, capsys, folder

    def __call__(self, *arguments: str, stdin: bytes = b"", **environment: str) -> Ended:
        with self._monkeypatch.context() as patched:
            for name, value in environment.items():
                patched.setenv(name, value)
            patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            code = main.run(arguments)
        captured = self._capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    def add(self, command: click.Command) -> None:
        """Put a command among the others, until the test is over."""
        module: Any = ModuleType("a command of a test")
        module.command = command
        name = str(command.name)
        self._monkeypatch.setitem(sys.modules, f"sync_worker.cli.commands.{name}", module)
        self._monkeypatch.setitem(main.COMMANDS, name, "A command of a test.")

    def add_raising(self, error: BaseException) -> None:
        """Put a command called `broken` among the others, which raises."""

        @click.command("broken", cls=options.Command)
        def broken() -> None:
            raise error

        self.add(broken)


@pytest.fixture
def sync_worker(monkeypatch: Any, capsys: Any, tmp_path: Path) -> CommandLine:
    for name in [name for name in os.environ if name.startswith("SYNC_WORKER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return CommandLine(monkeypatch, capsys, tmp_path)
