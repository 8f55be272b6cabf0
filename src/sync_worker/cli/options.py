"""What commands have in common: their classes, their shared options, and what they start from."""

import getpass
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sync_worker.cli.errors import CommandError, Exit
from sync_worker.cli.output import Output

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from sync_worker.cli.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Globals:
    """The options that every command takes, before its name or after it."""

    output: str = "table"
    verbosity: int = 0
    color: bool = True
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a command starts from."""

    globals: Globals
    settings: "Settings"
    output: Output

    def log(self) -> "FilteringBoundLogger":
        """The log, configured as the settings say."""
        from sync_worker.telemetry.logging import configured

        level = {-1: "warning", 0: self.settings.log_level}.get(self.globals.verbosity, "debug")
        return configured(level, self.settings.log_format, color=self.globals.color)


def invocation(ctx: click.Context) -> Invocation:
    """Read the settings, and put together what a command starts from."""
    import os

    from sync_worker.cli.settings import load_settings

    chosen: Globals = ctx.find_object(Globals) or Globals()
    return Invocation(chosen, load_settings(os.environ), output(ctx))


def output(ctx: click.Context) -> Output:
    """Where a command prints, for those that need no settings."""
    chosen: Globals = ctx.find_object(Globals) or Globals()
    return Output(chosen.output, verbosity=chosen.verbosity, color=chosen.color)


class _TakesGlobals(click.Command):
    """A command that takes the common options; what is given last, nearest the end, counts."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += _common_options()

    def invoke(self, ctx: click.Context) -> Any:
        given = {name: ctx.params.pop(name, None) for name in ("output", "quiet", "verbose")}
        given |= {name: ctx.params.pop(name, None) for name in ("no_color", "debug")}
        ctx.obj = _merged(ctx.find_object(Globals) or Globals(), given)
        return super().invoke(ctx)


class Command(_TakesGlobals):
    """A command that takes the common options after its name too."""


class Group(_TakesGlobals, click.Group):
    """A group of such commands."""

    command_class = Command

    def invoke(self, ctx: click.Context) -> Any:
        return super().invoke(ctx)


def _common_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["-o", "--output"],
            type=click.Choice(["table", "json", "csv"]),
            help="How data is printed; csv is for lists.  [default: table]",
        ),
        click.Option(["-v", "--verbose"], is_flag=True, help="Log more."),
        click.Option(["-q", "--quiet"], is_flag=True, help="Only data, warnings and errors."),
        click.Option(["--no-color"], is_flag=True, help="No colours, as with NO_COLOR."),
        click.Option(["--debug"], is_flag=True, help="Show tracebacks."),
    ]


def _merged(outer: Globals, given: dict[str, Any]) -> Globals:
    verbosity = int(bool(given["verbose"])) - int(bool(given["quiet"]))
    return replace(
        outer,
        output=given["output"] or outer.output,
        verbosity=verbosity or outer.verbosity,
        color=outer.color and not given["no_color"],
        debug=outer.debug or bool(given["debug"]),
    )


def examples(*lines: str) -> str:
    """The end of a command's help: what to type."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def region_option(text: str) -> Callable[[Function], Function]:
    """`--region NN`, repeatable, as `regions`."""
    return click.option("--region", "regions", multiple=True, metavar="NN", help=text)


def actor_option(function: Function) -> Function:
    """`--actor`: who does it."""
    decorate = click.option(
        "--actor",
        default=_os_user,
        show_default="the OS user",
        help="Who does it; kept in the log.",
    )
    return decorate(function)


def actor_and_reason(function: Function) -> Function:
    """`--actor` and `--reason`: who does it and why."""
    reason = click.option("--reason", metavar="TEXT", help="Why; kept in the log.")
    return actor_option(reason(function))


def dry_run_option(function: Function) -> Function:
    """`--dry-run`: the plan alone."""
    return click.option("--dry-run", is_flag=True, help="Show what would be done; do nothing.")(
        function
    )


def yes_option(function: Function) -> Function:
    """`--yes`: do not ask."""
    return click.option("-y", "--yes", is_flag=True, help="Do it without asking.")(function)


def plan_options(function: Function) -> Function:
    """`--dry-run` and `--yes`."""
    return dry_run_option(yes_option(function))


def require_region(settings: "Settings", *codes: str) -> None:
    """Raise CommandError for a region code that is not in use."""
    from sync_worker.clinics.regions import Regions

    regions = Regions(settings.events_extra_regions)
    for code in codes:
        if code not in regions:
            raise CommandError(
                Exit.NOT_FOUND,
                f"There is no region {code!r}.",
                why="A region code has two characters, with its leading zero.",
                hint="sync-worker regions list shows them.",
            )


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
