"""`sync-worker config`: the settings."""

import os
from typing import Any

import click
from pydantic import SecretStr

from sync_worker.cli import options
from sync_worker.cli.invocation import output_of
from sync_worker.cli.table import Columns
from sync_worker.config import validators
from sync_worker.config.settings import Settings, sourced_settings
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
    settings, sources = sourced_settings(os.environ)
    unset = "(not set)" if output.is_table else None
    rows = []
    for field, info in Settings.model_fields.items():
        value = _shown(settings, field)
        rows.append(
            {
                "name": variable(field),
                "value": unset if value is None else value,
                "source": sources[field].value,
                "description": info.description,
            }
        )
    output.items(rows, COLUMNS)


def _shown(settings: Settings, field: str) -> Any:
    """A setting's value without what is secret in it."""
    value = getattr(settings, field)
    if isinstance(value, SecretStr):
        return validators.MASK
    return validators.without_password(value) if value and field.endswith("_url") else value
