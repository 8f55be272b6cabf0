"""`sync-worker deadletters`: records set aside, with their reasons."""

from typing import Any

import click

from sync_worker.cli import options
from sync_worker.cli.errors import CommandError, Exit
from sync_worker.events.verdicts import Reason

COLUMNS = (
    "id",
    "received_at",
    "stream",
    "topic",
    "partition",
    "offset",
    "key",
    "reason",
    "detail",
    "status",
)


@click.group(cls=options.Group)
def command() -> None:
    """Look at records that were set aside.

    A bad record never stops the others: it is kept byte for byte, with the reason.
    """


@command.command(
    "list",
    epilog=options.examples(
        "sync-worker deadletters list",
        "sync-worker deadletters list --code unknown_region --status all -o csv",
    ),
)
@click.option(
    "--status",
    type=click.Choice(["open", "redriven", "discarded", "all"]),
    default="open",
    show_default=True,
    help="Only those with this status.",
)
@click.option(
    "--code",
    "reason",
    type=click.Choice([reason.value for reason in Reason]),
    help="Only those with this reason.",
)
@click.pass_context
def list_letters(ctx: click.Context, status: str, reason: str | None) -> None:
    """List dead letters, in the order set aside."""
    from sync_worker.cli import wiring
    from sync_worker.registry import dead_letters

    run = options.invocation(ctx)
    wanted_status = None if status == "all" else status
    wanted_reason = None if reason is None else Reason(reason)
    with wiring.registry(run.settings.database_url) as registry, registry.snapshot() as connection:
        rows = dead_letters.listed(connection, wanted_status, wanted_reason)
        run.output.items(rows, COLUMNS, empty="There are no such dead letters.")


@command.command(
    prints_document=True, epilog=options.examples("sync-worker deadletters show 1 -o json")
)
@click.argument("number", metavar="ID", type=click.IntRange(min=1))
@click.pass_context
def show(ctx: click.Context, number: int) -> None:
    """Show one dead letter with its record: timestamp, key, headers and value."""
    from sync_worker.cli import wiring
    from sync_worker.registry import dead_letters

    run = options.invocation(ctx)
    with wiring.registry(run.settings.database_url) as registry, registry.snapshot() as connection:
        letter = dead_letters.shown(connection, number)
    if letter is None:
        raise CommandError(
            Exit.NOT_FOUND,
            f"There is no dead letter {number}.",
            hint="sync-worker deadletters list --status all",
        )
    run.output.document(letter, render=lambda shown: _text(run, shown))


def _text(run: options.Invocation, letter: dict[str, Any]) -> str:
    return "\n".join(f"{name:<13}{run.output.text(value)}" for name, value in letter.items())
