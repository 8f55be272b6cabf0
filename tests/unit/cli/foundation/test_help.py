"""Help teaches, is true, and is instant."""

import shlex
import subprocess
import sys
from importlib import import_module

import click
import pytest

from sync_worker import __version__
from sync_worker.cli import options
from sync_worker.cli.main import COMMANDS, root
from sync_worker.cli.output import Form, Globals

HEAVY = ("pydantic", "pydantic_settings", "sqlalchemy", "alembic", "structlog", "tenacity")
TREE_HELP = """
import importlib, sys
from sync_worker.cli import main
for name in main.COMMANDS:
    command = importlib.import_module("sync_worker.cli.commands." + name).command
    for path in [[name], *([name, leaf] for leaf in getattr(command, "commands", ()))]:
        assert main.run([*path, "--help"]) == 0, path
assert main.run(["--help"]) == 0
print(*sys.modules, sep="\\n", file=sys.stderr)
"""


def command_of(name):
    return import_module(f"sync_worker.cli.commands.{name}").command


def leaves():
    for name in COMMANDS:
        command = command_of(name)
        if isinstance(command, click.Group):
            yield from (((name, leaf), command.commands[leaf]) for leaf in command.commands)
        else:
            yield (name,), command


def examples_of(command):
    lines = [line.strip() for line in (command.epilog or "").splitlines()]
    return [line for line in lines if "sync-worker " in line]


LEAVES = [pytest.param(path, command, id=" ".join(path)) for path, command in leaves()]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_command_says_of_itself(name):
    assert command_of(name).get_short_help_str(limit=200) == COMMANDS[name]


@pytest.mark.parametrize(("path", "command"), LEAVES)
def test_every_command_has_examples_of_itself_that_parse(path, command):
    examples = examples_of(command)
    assert examples
    for example in examples:
        typed = example[example.index("sync-worker ") :].partition(" | ")[0]
        words = shlex.split(typed)[1:]
        assert tuple(words[: len(path)]) == path
        command.make_context(" ".join(path), words[len(path) :])


@pytest.mark.parametrize(("path", "command"), LEAVES)
def test_every_command_takes_the_options_of_every_command(path, command):
    ctx = command.make_context(path[-1], ["-o", "json", "-v", "--debug"], resilient_parsing=True)
    assert options.globals_of(ctx) == Globals(Form.JSON, 1, debug=True)


def test_help_of_the_whole_tree_imports_nothing_slow():
    done = subprocess.run([sys.executable, "-c", TREE_HELP], capture_output=True, check=True)
    imported = {module.partition(".")[0] for module in done.stderr.decode().split()}
    assert "click" in imported
    assert imported.isdisjoint(HEAVY)


def test_help_goes_to_stdout_and_needs_no_settings(sync_worker):
    done = sync_worker("clinics", "list", "-h", SYNC_WORKER_NONSENSE="1")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Options of every command" in done.stdout


def test_the_group_alone_shows_its_help_on_stderr_and_is_a_usage_error(sync_worker):
    done = sync_worker()
    assert (done.exit_code, done.stdout) == (2, "")
    assert all(name in done.stderr for name in COMMANDS)


def test_the_version_is_shown(sync_worker):
    assert sync_worker("--version").stdout.strip().endswith(__version__)


def test_an_unknown_command_names_the_nearest_one(sync_worker):
    done = sync_worker("clinic", "list", "-o", "json")
    assert done.exit_code == 2
    assert "'clinics'" in done.error["message"]


def test_the_program_runs_as_a_module_too():
    done = subprocess.run(
        [sys.executable, "-m", "sync_worker", "--version"], capture_output=True, check=True
    )
    assert done.stdout.decode().strip().endswith(__version__)


def test_the_root_lists_its_commands_without_importing_them():
    ctx = click.Context(root)
    assert root.list_commands(ctx) == list(COMMANDS)
