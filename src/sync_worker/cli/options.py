"""What the commands share: the options that every one takes, those that many take, and their start.

An option of the group is accepted at every level; the innermost one that is given counts.
"""

import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import click

from sync_worker.cli.errors import say_command
from sync_worker.cli.lazy_imports import execute_pending
from sync_worker.cli.output import Form, Globals, csv_is_for_lists
from sync_worker.cli.params import refuse_unclear
from sync_worker.domain.characters import cleaned

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_CHANGES = "sync_worker.changes"
_LONGEST_EXAMPLE = 76
"""A line of help has 80 columns, and four of them are before an example."""


class _FormType(click.Choice[str]):
    """A form, also as `-o=json`: people write a short option like a long one."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return super().convert(value.removeprefix("="), param, ctx)


class _Everywhere(click.Option):
    """An option of every command."""


class _FromOne(click.IntRange):
    """A whole number from 1 on; `name` is what click calls it where it is none."""

    name = "whole number"


FROM_ONE = _FromOne(min=1)
FILE = click.UNPROCESSED
"""A file's name, of any bytes; the command says what is wrong with the file."""


def _everywhere() -> list[click.Parameter]:
    return [
        _Everywhere(
            ["-o", "--output"],
            type=_FormType([form.value for form in Form]),
            help="Format of the data on stdout: table (the default), json, or csv for lists.",
        ),
        _Everywhere(["-v", "--verbose"], is_flag=True, help="Show more on stderr."),
        _Everywhere(["-q", "--quiet"], is_flag=True, help="Show warnings and errors only."),
        _Everywhere(["--no-color"], is_flag=True, help="No colours; the same as NO_COLOR."),
        _Everywhere(["--debug"], is_flag=True, help="Show where an unexpected error came from."),
    ]


class _TakesGlobals(click.Command):
    """A command that takes the options of every command, and keeps them in `ctx.obj`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.context_settings = {"help_option_names": ["-h", "--help"], **self.context_settings}
        self.params += _everywhere()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        refuse_unclear(ctx, self, args)
        rest = super().parse_args(ctx, args)
        names = [str(param.name) for param in self.params if isinstance(param, _Everywhere)]
        given = {name: ctx.params.pop(name, None) for name in names}
        ctx.obj = _overridden(ctx, globals_of(ctx), given)
        return rest

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        params = self.get_params(ctx)
        _write_options(ctx, formatter, "Options", params, are_everywhere=False)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)
        _write_options(ctx, formatter, "Options of every command", params, are_everywhere=True)


Given = Mapping[str, Any]
"""The parameters that a command was given, by name."""


def always(_given: Given) -> bool:
    """A command that changes something whenever it is called."""
    return True


def unless_dry_run(given: Given) -> bool:
    """One that changes something without `--dry-run`."""
    return not given["dry_run"]


def if_applied(given: Given) -> bool:
    """One that changes something with `--apply`."""
    return bool(given["apply"])


def if_applied_or_recorded(given: Given) -> bool:
    """One that changes something with `--apply`, and keeps a result with `--record`."""
    return bool(given["apply"] or given["is_recorded"])


def _never(_given: Given) -> bool:
    return False


class Command(_TakesGlobals):
    """A command; one that prints a document, and no list, refuses csv before it does anything.

    `changes` tells by what it was given whether it does more than print: then it ends as what it
    did has ended, also where nothing can be printed any more.
    """

    def __init__(
        self,
        *args: Any,
        prints_document: bool = False,
        changes: Callable[[Given], bool] = _never,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._prints_document = prints_document
        self._changes = changes

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        if self._prints_document and globals_of(ctx).output is Form.CSV:
            raise csv_is_for_lists()
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        ctx.meta[_CHANGES] = self._changes(ctx.params)
        execute_pending()
        try:
            return super().invoke(ctx)
        except Exception as error:
            say_command(error, ctx.command_path.partition(" ")[2])
            raise


def changes_something(meta: Mapping[str, Any]) -> bool:
    """Whether the command whose context has this `meta` did more than print."""
    return bool(meta.get(_CHANGES))


class Group(_TakesGlobals, click.Group):
    """A group whose commands are of the kind above."""

    command_class = Command
    group_class = type


def globals_of(ctx: click.Context) -> Globals:
    """The options of every command, as given so far."""
    return ctx.obj if isinstance(ctx.obj, Globals) else Globals()


def examples(*lines: str) -> str:
    """The end of a command's help: lines to be typed as they stand."""
    return "\n".join(["\b", "Examples:", *(f"  {_folded(line)}" for line in lines)])


def _folded(line: str) -> str:
    """A line as a shell takes it over several, each of which fits into help."""
    if len(line) <= _LONGEST_EXAMPLE:
        return line
    head, *parts = re.split(r" (?=--|\| |sync-worker )", line)
    folded = []
    for part in parts:
        if len(f"{head} {part} \\") > _LONGEST_EXAMPLE:
            folded.append(head)
            head = f"    {part}"
        else:
            head = f"{head} {part}"
    return " \\\n  ".join([*folded, head])


def region_option(help_text: str) -> Callable[[Decorated], Decorated]:
    """`--region NN`, repeatable, as `regions`."""
    return click.option("--region", "regions", multiple=True, metavar="NN", help=help_text)


def limit_option(command: Decorated) -> Decorated:
    """`--limit N`, as `limit`: no more than there can be, which says the same."""
    return click.option(
        "--limit",
        type=FROM_ONE,
        metavar="N",
        callback=lambda _ctx, _param, value: None if value is None else min(value, sys.maxsize),
        help="List at most this many.",
    )(command)


def dry_run_option(command: Decorated) -> Decorated:
    """`--dry-run`, as `dry_run`."""
    return click.option("--dry-run", is_flag=True, help="Show what would be done, and stop.")(
        command
    )


def _overridden(ctx: click.Context, outer: Globals, given: Mapping[str, Any]) -> Globals:
    if given["verbose"] and given["quiet"]:
        ctx.fail("-v asks for more and -q for less: give one of them.")
    verbosity = outer.verbosity
    if given["verbose"] or given["quiet"]:
        verbosity = 1 if given["verbose"] else -1
    return replace(
        outer,
        output=Form(given["output"]) if given["output"] else outer.output,
        verbosity=verbosity,
        color=outer.color and not given["no_color"],
        debug=outer.debug or bool(given["debug"]),
    )


def _write_options(
    ctx: click.Context,
    formatter: click.HelpFormatter,
    title: str,
    params: Sequence[click.Parameter],
    *,
    are_everywhere: bool,
) -> None:
    every_option = [param for param in params if isinstance(param, click.Option)]
    chosen = [param for param in every_option if isinstance(param, _Everywhere) is are_everywhere]
    records = [record for param in chosen if (record := param.get_help_record(ctx))]
    if records:
        with formatter.section(title):
            formatter.write_dl(records)


def not_blank(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """An option's value without blanks around it; a blank one says nothing, and is refused."""
    if value is not None and not cleaned(value):
        raise click.BadParameter("it is blank.")
    return None if value is None else value.strip()


def split_at_commas(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    """The words of a repeatable option, each of which may have several between commas."""
    words = (word.strip() for value in values for word in value.split(","))
    return tuple(dict.fromkeys(word for word in words if word))


def finite(_ctx: click.Context, _param: click.Parameter, value: float | None) -> float | None:
    """An option's value that is a number, and not without end."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter("must be a finite number.")
    return value
