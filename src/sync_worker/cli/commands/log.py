"""`sync-worker log`: the change log."""

from __future__ import annotations

from datetime import datetime

import click

from sync_worker.cli import lookup, options
from sync_worker.cli.invocation import Invocation, pass_invocation
from sync_worker.cli.params import Moment
from sync_worker.cli.table import Columns
from sync_worker.errors import Exit, UserError
from sync_worker.registry import change_log, queries
from sync_worker.remedies import Remedy

COLUMNS = Columns(
    "at",
    "change",
    "hsa_id",
    "region_code",
    "old",
    "new",
    "actor",
    "login",
    "reason",
    "event_id",
    "topic",
    "partition",
    "offset",
    hidden_first=(
        "offset",
        "partition",
        "topic",
        "login",
        "event_id",
        "region_code",
        "reason",
        "actor",
    ),
)


@click.group(cls=options.Group)
def command() -> None:
    """Show the change log: what was changed, when, by whom, and why.

    It contains every change of a registered clinic, every registration and removal, patient boards,
    TAK, and what operators did. Entries are added and never changed.
    """


@command.command(
    "list",
    epilog=options.examples(
        "sync-worker log list --region 01 --since 2026-01-31",
        "sync-worker log list --change deactivated --since 2026-01-27 --until 2026-01-30",
        "sync-worker log list --clinic SE2321000016-TA01 -o json",
        "sync-worker log list --actor admin-01 -o csv",
    ),
)
@options.region_option(
    "Only what concerns this region: its clinics, those that moved in or out, its patient board. "
    "May be given several times."
)
@click.option(
    "--clinic",
    "clinics",
    multiple=True,
    metavar="HSA-ID",
    help="Only this clinic. May be given several times.",
)
@click.option(
    "--actor",
    metavar="ID",
    callback=options.not_blank,
    help="Only what this person did; a database user, if it was done by plain SQL.",
)
@click.option("--since", type=Moment(), help="Only from this time on; a date is midnight UTC.")
@click.option("--until", type=Moment(), help="Only before this time; a date is midnight UTC.")
@click.option(
    "--change",
    "changes",
    multiple=True,
    metavar="CHANGE",
    callback=options.split_at_commas,
    help="Only this kind of change, as the list shows it, or several separated by commas, such as "
    "deactivated,removed. May be given several times.",
)
@pass_invocation
def list_entries(
    run: Invocation,
    regions: tuple[str, ...],
    clinics: tuple[str, ...],
    actor: str | None,
    since: datetime | None,
    until: datetime | None,
    changes: tuple[str, ...],
) -> None:
    """List changes in the order in which they were made, the newest last."""
    lookup.require_known_region(run, *regions, is_of_log=True)
    _require_known(changes)
    with run.snapshot() as connection:
        named = tuple(queries.meant(connection, clinics))
        wanted = change_log.LogFilter(regions, named, actor, since, until, changes)
        for hsa_id in change_log.unknown_ids(connection, named):
            raise UserError(
                Exit.NOT_FOUND,
                f"There is no clinic {hsa_id}, and the log has nothing about it.",
                hint=Remedy.FIND_CLINICS(),
            )
        rows = change_log.listed(connection, wanted)
        run.output.items(rows, COLUMNS, empty="There are no such entries.")


def _require_known(changes: tuple[str, ...]) -> None:
    """Raise UserError for a word that the log never has: nothing found would say too much."""
    for change in changes:
        if change not in change_log.CHANGES:
            raise UserError(
                Exit.USAGE,
                f"There are no changes called {change!r}.",
                hint=f"There are: {', '.join(change_log.CHANGES)}.",
            )
