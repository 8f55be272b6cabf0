"""`sync-worker config`: the settings."""

import os

import click

from sync_worker.cli import options

COLUMNS = ("name", "value", "source", "description")


@click.group(cls=options.Group)
def command() -> None:
    """Show the settings.

    A setting is an environment variable, or a file in the folder SYNC_WORKER_SECRETS_DIR, named as
    the variable in lower case. The environment wins.
    """


@command.command(
    epilog=options.examples("sync-worker config show", "sync-worker config show -o json")
)
@click.pass_context
def show(ctx: click.Context) -> None:
    """Show every setting: its value, where it comes from, what it does. Secrets are not shown."""
    from sync_worker.cli.settings import Settings, shown, source_of, variable

    run = options.invocation(ctx)
    rows = [
        {
            "name": variable(name),
            "value": shown(getattr(run.settings, name)),
            "source": source_of(name, os.environ),
            "description": field.description,
        }
        for name, field in Settings.model_fields.items()
    ]
    run.output.items(rows, COLUMNS)
