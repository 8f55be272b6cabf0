"""The entry point: finds the command, runs it, and ends with the contract's exit code."""

import os
import sys
import traceback
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from sync_worker import __version__
from sync_worker.cli import options
from sync_worker.cli.errors import CommandError, Exit, as_command_error
from sync_worker.cli.output import report

COMMANDS = {
    "run": "Apply the events of archives to the registry, from where it last stopped.",
    "status": "Show how far the worker has read, and what needs attention.",
    "clinics": "List and show clinics, add them to the complaints registry, remove them.",
    "regions": "Show each region's patient board, and whether its service is on.",
    "boards": "Set or clear a region's patient board.",
    "deadletters": "Look at records that were set aside.",
    "positions": "Show where the next record of each partition is read, or set it by hand.",
    "events": "Judge events before they are published.",
    "schemas": "Export the JSON Schemas of the events.",
    "db": "Bring the database's schema to this version, or show which one it has.",
    "config": "Show the settings.",
}
"""Each command with the first sentence of its help. Its module is imported when it is used."""


class _Commands(options.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"sync_worker.cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    "sync-worker",
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=options.examples(
        "sync-worker db upgrade",
        "sync-worker run --archive stream.jsonl",
        "sync-worker status",
    ),
)
@click.version_option(__version__, prog_name="sync-worker")
def cli() -> None:
    """Keep 1177's complaints registry true to the events of the e-services.

    Settings are environment variables that begin with SYNC_WORKER_: sync-worker config show. Data
    goes to stdout, messages and errors to stderr.

    \b
    Exit codes: 0 done, 1 unexpected error, 2 usage or configuration, 3 done and something needs
    attention, 4 refused by a rule, 5 Kafka or the database cannot be reached, 6 not found,
    130 interrupted.
    """  # noqa: D301 - \b keeps the lines


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process."""
    given = sys.argv[1:] if arguments is None else arguments
    sys.exit(_run(given))


def _run(arguments: list[str]) -> int:
    try:
        result: Any = cli.main(arguments, prog_name="sync-worker", standalone_mode=False)
    except click.ClickException as error:
        return _failed(_of_usage(error), arguments)
    except (click.Abort, KeyboardInterrupt):
        return _failed(CommandError(Exit.INTERRUPTED, "Interrupted."), arguments)
    except BrokenPipeError:
        # Whoever read stdout has seen enough (| head); Python must not complain while it ends.
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
        return Exit.DONE
    except Exception as error:  # noqa: BLE001 - the outermost layer: nothing above it can tell
        return _failed(as_command_error(error) or _unexpected(error), arguments, error)
    return result if isinstance(result, int) else Exit.DONE


def _failed(error: CommandError, arguments: list[str], cause: Exception | None = None) -> int:
    if "--debug" in arguments and cause is not None:
        traceback.print_exception(cause)
    report(error, _output_format(arguments))
    return error.exit_code


def _of_usage(error: click.ClickException) -> CommandError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "sync-worker"
    return CommandError(Exit.USAGE, error.format_message(), hint=f"{path} --help")


def _unexpected(error: Exception) -> CommandError:
    return CommandError(
        Exit.UNEXPECTED,
        f"Unexpected error: {type(error).__name__}: {error}",
        why="This is a fault of the program; nothing is half done.",
        hint="Run again with --debug, and report what it prints.",
    )


def _output_format(arguments: list[str]) -> str:
    """The format asked for, also where the arguments could not be parsed."""
    parts = [part for argument in arguments for part in argument.split("=", 1)]
    wanted = {("-o", "json"), ("--output", "json")} & set(pairwise(parts))
    return "json" if wanted or "-ojson" in parts else "table"
