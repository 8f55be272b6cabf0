"""The command line with further commands, which tests make up."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from tests.harness.command import CommandLine

from sync_worker.cli import main, options


class Extended(CommandLine):
    """Runs commands, also those that a test adds until it is over."""

    def __init__(self, capsys: Any, monkeypatch: Any) -> None:
        super().__init__(capsys)
        self._monkeypatch = monkeypatch

    def add(self, command: click.Command) -> None:
        """Put a command among the others."""
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
def sync_worker(folder: Path, capsys: Any, monkeypatch: Any) -> Extended:
    return Extended(capsys, monkeypatch)
