"""`sync-worker config`: the settings."""

from __future__ import annotations

import os

import click

from sync_worker.cli import options
from sync_worker.cli.invocation import output_of
from sync_worker.cli.table import Columns
from sync_worker.config import settings as configuration
from sync_worker.config.sources import variable

COLUMNS = Columns("name", "value", "source", "description", hidden_first=("description", "source"))


@click.group(cls=options.Group)
def command() -> None:
    """Show the settings, and where each came from.

    A setting is an environment variable, or a file with that name in lower case in the folder that
    SYNC_WORKER_SECRETS_DIR names. The variable takes precedence over the file; an empty one counts
    as not set.
    """


@command.command(
    epilog=options.examples("sync-worker config show", "sync-worker config show -o json")
)
@click.pass_context
def show(ctx: click.Context) -> None:
    """Show every setting, or its default. Secrets are masked.

    Needs neither a database nor Kafka. Ends with 2, and says what is wrong, if a setting is not
    valid or its name is unknown.
    """
    output = output_of(ctx)
    settings, sources = configuration.sourced_settings(os.environ)
    unset = "(not set)" if output.is_table else None
    rows = []
    for field, info in configuration.Settings.model_fields.items():
        value = configuration.masked_value(settings, field)
        rows.append(
            {
                "name": variable(field),
                "value": unset if value is None else value,
                "source": sources[field].value,
                "description": info.description,
            }
        )
    output.items(rows, COLUMNS)
