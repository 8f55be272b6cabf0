"""Help teaches: every command explains itself, and its examples can be typed as they stand."""

import shlex
import subprocess
import sys

import click
import pytest
from tests.harness.commands import ALL, LEAVES

from sync_worker.cli.main import COMMANDS, root

SLOW = (
    *("pydantic", "sqlalchemy", "alembic", "structlog", "tenacity"),
    *("kafka", "prometheus_client", "psycopg"),
    *("starlette", "uvicorn", "jinja2", "authlib", "httpx2"),
)


def examples(command):
    """The calls under Examples, as words; what pipes into them or out of them is left out."""
    for line in (command.epilog or "").replace("\\\n", " ").splitlines():
        for part in line.split(" | "):
            if part.strip().startswith("sync-worker "):
                yield shlex.split(part)[1:]


def parsed(words):
    """The command that the words call, after their parsing; it is not run."""
    command: click.Command = root
    context = root.make_context("sync-worker", list(words))
    while isinstance(command, click.Group):
        name, found, rest = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        assert found is not None
        command, context = found, found.make_context(name, rest, parent=context)
    return command


@pytest.mark.parametrize("path", ALL, ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_explains_itself(sync_worker, path, option):
    told = sync_worker(*path, option)
    assert (told.exit_code, told.stderr) == (0, "")
    assert told.stdout.startswith(f"Usage: sync-worker {' '.join(path)} ")
    assert "Options of every command:" in told.stdout


@pytest.mark.parametrize("path", [(), *ALL], ids=" ".join)
def test_help_fits_a_terminal_of_80_columns(path):
    context = click.Context(ALL[path] if path else root, info_name="x", terminal_width=80)
    assert [line for line in context.get_help().splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_shows_an_example_of_itself(path):
    assert list(path) in [words[: len(path)] for words in examples(LEAVES[path])]


@pytest.mark.parametrize("path", [(), *ALL], ids=" ".join)
def test_every_example_can_be_typed_as_it_stands(path):
    for words in examples(ALL[path] if path else root):
        assert parsed(words) in LEAVES.values()


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_option_says_what_it_does(path):
    asked = [param for param in LEAVES[path].params if isinstance(param, click.Option)]
    assert [param.name for param in asked if not param.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name):
    short_help = ALL[name,].get_short_help_str(limit=200)
    assert COMMANDS[name].rstrip(".") == short_help.rstrip(".")


def test_the_help_of_no_command_imports_anything_slow():
    calls = [[*path, "--help"] for path in [(), *ALL]]
    program = (
        "import sys\n"
        "from sync_worker.cli.main import run\n"
        f"codes = [run(call) for call in {calls!r}]\n"
        f"print(codes.count(0), [name for name in {SLOW!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == f"{len(calls)} []"


def test_a_group_without_a_command_shows_its_help(sync_worker):
    told = sync_worker("clinics")
    assert (told.exit_code, told.stdout) == (2, "")
    assert "Usage: sync-worker clinics" in told.stderr
    assert "error: Missing command." in told.stderr


@pytest.mark.parametrize(
    ("typo", "meant"), [("statsu", "status"), ("clinic", "clinics"), ("deadletter", "deadletters")]
)
def test_a_mistyped_command_is_met_with_the_one_meant(sync_worker, typo, meant):
    told = sync_worker(typo)
    assert told.exit_code == 2
    assert f"Did you mean '{meant}'?" in told.stderr


def test_a_command_that_runs_puts_no_import_off():
    program = (
        "import sys\n"
        "from importlib.util import _LazyModule\n"
        "from sync_worker.cli.main import run\n"
        "run(['doctor'])\n"
        "print([name for name, module in sys.modules.items() if type(module) is _LazyModule])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
