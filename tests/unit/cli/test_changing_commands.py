"""Each command that does more than print says so: its exit code tells of what it did."""

from collections.abc import Iterator

import click
import pytest

from sync_worker.cli import options
from sync_worker.cli.main import root

ASKS = {"reason", "yes", "dry_run", "apply"}
"""What only those commands take that change something."""


def commands(group: click.Group = root, *names: str) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
        elif command is not None:
            yield " ".join([*names, name]), command


EVERY = dict(commands())
CHANGING = [name for name, command in EVERY.items() if ASKS & {p.name for p in command.params}]


@pytest.mark.parametrize("name", [*CHANGING, "run", "db upgrade", "topics create"])
def test_a_command_that_changes_something_says_so(name):
    command = EVERY[name]
    assert isinstance(command, options.Command)
    given = {"dry_run": False, "apply": True, "out": "a.jsonl"}
    assert command._changes(given)
    if "dry_run" in {param.name for param in command.params}:
        assert not command._changes({"dry_run": True})


@pytest.mark.parametrize("name", ["status", "clinics list", "doctor", "events validate"])
def test_a_command_that_only_prints_does_not(name):
    command = EVERY[name]
    assert isinstance(command, options.Command)
    assert not command._changes({})
