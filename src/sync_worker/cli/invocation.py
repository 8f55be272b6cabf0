"""What a command is called with: its settings, its output, and the registry that these name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, NoReturn, ParamSpec

import click

from sync_worker import bootstrap
from sync_worker.cli.options import globals_of
from sync_worker.cli.output import Globals, Output
from sync_worker.config import settings as configuration
from sync_worker.errors import Exit
from sync_worker.language import of_locale
from sync_worker.telemetry.redaction import redact_library_logs

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from sync_worker.registry.database import Registry

Parameters = ParamSpec("Parameters")


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call of a command."""

    options: Globals
    settings: configuration.Settings
    output: Output
    application: str
    """What PostgreSQL calls us: the program and the command."""

    @contextmanager
    def registry(self, url: str | None = None) -> Iterator[Registry]:
        """The registry of the settings, or the one at `url`, while the body runs."""
        address = url or self.settings.database_url
        with bootstrap.registry.open_registry(address, self.application) as registry:
            yield registry

    @contextmanager
    def snapshot(self, url: str | None = None) -> Iterator[Connection]:
        """The same, to be read: all that the body reads is of one moment."""
        with self.registry(url) as registry, registry.snapshot() as connection:
            yield connection


def pass_invocation(
    command: Callable[Concatenate[Invocation, Parameters], None],
) -> Callable[Parameters, None]:
    """Read the settings, and hand the command its invocation; UserError where they are wrong."""

    @wraps(command)
    def called(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        command(invocation(click.get_current_context()), *args, **kwargs)

    return called


def invocation(ctx: click.Context) -> Invocation:
    """The invocation of a command that may also be called without settings."""
    options = globals_of(ctx)
    redact_library_logs(options.redaction)
    settings = configuration.load_settings(os.environ)
    output = Output(options, settings.lang or of_locale(os.environ))
    application = f"{bootstrap.PROGRAM} {ctx.command_path.partition(' ')[2]}"
    return Invocation(options, settings, output, application)


def output_of(ctx: click.Context) -> Output:
    """The output of a command that starts without settings."""
    return Output(globals_of(ctx))


def end_with(code: Exit) -> NoReturn:
    """End the command, which is done, with an exit code of its own."""
    raise click.exceptions.Exit(code)
