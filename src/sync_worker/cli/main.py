"""`sync-worker`: finds the command, and turns whatever goes wrong into a message and an exit code.

A command is imported when it is called, and what it needs when it is used: help is instant.
"""

import difflib
import os
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

import click

from sync_worker.cli import daemon_log, options, output, standard_streams
from sync_worker.cli.errors import as_command_error, as_json, as_text, output_failed
from sync_worker.cli.lazy_imports import lazy_imports
from sync_worker.config.secrets import secrets_in
from sync_worker.config.sources import SECRETS_DIR, read_settings, variable
from sync_worker.errors import Exit
from sync_worker.language import Language, of_locale
from sync_worker.printable import printable_text
from sync_worker.telemetry.redaction import Redaction

NAME = "sync-worker"
COMMANDS: Mapping[str, str] = {
    "db": "Upgrade the database's schema, show its revision, or create its roles.",
    "topics": "Create the topics in Kafka.",
    "run": "Apply the events of Kafka, or of archives, to the registry.",
    "status": "Show how far the worker has read, and what needs attention.",
    "doctor": "Check everything that can be wrong, and say what to type.",
    "positions": "Show where the next record of each partition is read, or set it by hand.",
    "replay": "Read a range of the stream again, beside the running worker.",
    "deadletters": "Inspect dead letters, and redrive, discard or purge them.",
    "reconcile": "Compare the registry with what the e-services said, fact by fact; repair it on "
    "request.",
    "holds": "Inspect mass changes that wait for approval, and decide on them.",
    "events": "Validate events before they are published; export the stream, and publish a file.",
    "clinics": "List, show, add, import and remove clinics in the complaints registry.",
    "regions": "Show each region's patient board, and whether its service is on.",
    "boards": "Set or clear a region's patient board.",
    "log": "Show the change log: what was changed, when, by whom, and why.",
    "tak": "Replace or show the list of clinics with their own system.",
    "web": "Serve the page where administrators add and remove clinics in a browser.",
    "config": "Show the settings, and where each came from.",
    "schemas": "Export the JSON Schemas of the events.",
}
"""Each command with the first sentence of its own help."""

_EXAMPLES = options.examples(
    "sync-worker db upgrade",
    "sync-worker run --archive stream.jsonl",
    "sync-worker status",
    "sync-worker clinics list --region 01 -o csv",
)
_EXIT_CODES = (
    "Exit codes: 0 done, 1 unexpected error, 2 usage or configuration, 3 done but something needs "
    "attention (drift, refused rows, a failed check), 4 refused, 5 database or Kafka unreachable, "
    "6 not found, 130 interrupted. status always ends with 0; scripts ask doctor."
)
_COMPLETION = "_SYNC_WORKER_COMPLETE"
_LANGUAGE = variable("lang")
_FORM_ASKED_FOR = re.compile(r"-[vq]*o=?(?P<short>.*)|--output(?:=(?P<long>.*))?", re.DOTALL)


class _Root(options.Group):
    """The group of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            nearest = difflib.get_close_matches(cmd_name, COMMANDS, 1)
            meant = f" Did you mean {nearest[0]!r}?" if nearest else ""
            ctx.fail(f"There is no command {cmd_name!r}.{meant}")
        with lazy_imports():
            module = import_module(f"sync_worker.cli.commands.{cmd_name}")
        found: click.Command = module.command
        found.name = cmd_name
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Root,
    context_settings={"max_content_width": 100},
    epilog=f"{_EXAMPLES}\n\n{_EXIT_CODES}",
)
@click.version_option(package_name=NAME, prog_name=NAME)
def root() -> None:
    """Keep 1177's complaints registry in sync with the events of the e-services.

    Data goes to stdout, everything else to stderr. Settings are environment variables: see
    sync-worker config show. COMMAND --help explains each command.
    """


def main() -> NoReturn:
    """Run the command that the process was started with, and end the process."""
    arguments = sys.argv[1:]
    standard_streams.prepare(of_daemon=daemon_log.is_daemon(arguments))
    redaction = _redaction()
    daemon = daemon_log.of_process(arguments, redaction)
    if daemon is not None:
        daemon.take_stderr()  # for good: something may be written as the interpreter ends
    sys.exit(_run(arguments, redaction, daemon))


def run(arguments: Sequence[str]) -> int:
    """Run a command; its exit code. Nothing is raised: errors are told on stderr."""
    redaction = _redaction()
    daemon = daemon_log.of_process(arguments, redaction)
    former = sys.stderr
    if daemon is not None:
        daemon.take_stderr()
    try:
        return _run(arguments, redaction, daemon)
    finally:
        sys.stderr = former


def _redaction() -> Redaction:
    return Redaction(lambda: secrets_in(os.environ))


def _run(
    arguments: Sequence[str], redaction: Redaction, daemon: daemon_log.DaemonLog | None
) -> int:
    try:
        end = _invoke(arguments, redaction)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the outermost layer
        return _told(error, arguments, redaction, daemon)
    failure = standard_streams.failure(sys.stdout)
    if failure is None:
        return end.code
    code = _told(output_failed(failure), arguments, redaction, daemon)
    return end.code if end.has_changed_something else code


class _End(NamedTuple):
    """How a command ended, and whether it did more than print."""

    code: int
    has_changed_something: bool


def _invoke(arguments: Sequence[str], redaction: Redaction) -> _End:
    if _COMPLETION in os.environ:
        import_module("sync_worker.cli.completion").register()
        root.main(list(arguments), prog_name=NAME)
    meta: Mapping[str, Any] = {}
    code: int = Exit.DONE
    try:
        start = output.Globals(redaction=redaction)
        with root.make_context(NAME, list(arguments), obj=start) as ctx:
            meta = ctx.meta
            root.invoke(ctx)
    except click.exceptions.Exit as end:
        code = end.exit_code
    return _End(code, options.changes_something(meta))


def _told(
    error: BaseException,
    arguments: Sequence[str],
    redaction: Redaction,
    daemon: daemon_log.DaemonLog | None,
) -> int:
    """Tell an error on stderr; its exit code.

    The log of a daemon has it as an event. With `-o json` the error of the contract follows.
    """
    told = as_command_error(error)
    sys.stdout.flush()  # in a log that has both, the result comes before what ended the command
    language, is_debug = _language_of(os.environ), "--debug" in _options(arguments)
    if daemon is not None:
        daemon.tell_end(told, error, language, has_traceback=is_debug)
        if _wants_json(arguments):
            click.echo(as_json(told, language, redaction), daemon_log.log_stream())
        return told.exit_code
    if told.exit_code is Exit.UNEXPECTED and is_debug:
        shown = "".join(traceback.format_exception(error))
        click.echo(printable_text(redaction(shown)), err=True, nl=False)
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and not _wants_json(arguments):
        click.echo(error.ctx.get_help() + "\n", err=True)
    tell = as_json if _wants_json(arguments) else as_text
    click.echo(tell(told, language, redaction), err=True)
    return told.exit_code


def _options(arguments: Sequence[str]) -> Iterator[str]:
    """The arguments before `--`: nothing after that is an option."""
    for argument in arguments:
        if argument == "--":
            return
        yield argument


def _wants_json(arguments: Sequence[str]) -> bool:
    """Whether errors are to be told as JSON; decided without parsing, which may be what failed."""
    given = list(_options(arguments))
    wanted = ""
    for argument, following in zip(given, [*given, ""][1:], strict=True):
        asked = _FORM_ASKED_FOR.fullmatch(argument)
        if asked:
            wanted = asked["short"] or asked["long"] or following
    return wanted == output.Form.JSON


def _language_of(environ: Mapping[str, str]) -> Language:
    """The language of errors, found also where the settings are what is wrong.

    That of SYNC_WORKER_LANG where it names one, wherever it is set; else that of the locale.
    """
    places = {name: environ[name] for name in (_LANGUAGE, SECRETS_DIR) if name in environ}
    given = read_settings(places, [_LANGUAGE]).values.get(_LANGUAGE)
    if given is not None and given.text in list(Language):
        return Language(given.text)
    return of_locale(environ)
