"""What the clinics were at another time: `clinics list --as-of` and `clinics closures`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import click

from sync_worker.administration import closures
from sync_worker.administration.messages import history as says_of_history
from sync_worker.cli import lookup, options
from sync_worker.cli.invocation import Invocation, pass_invocation
from sync_worker.cli.params import Moment
from sync_worker.cli.table import Columns

CLOSURE_COLUMNS = Columns(
    *("hsa_id", "name", "region_code", "status", "from", "until", "change", "actor", "login"),
    *("reason", "event_id", "topic", "partition", "offset"),
    *("until_change", "until_actor", "until_event_id"),
    hidden_first=(
        *("offset", "partition", "topic", "login", "until_event_id", "until_actor", "event_id"),
        *("until_change", "reason", "region_code", "actor", "name", "change"),
    ),
)

_TIMES = ("from", "until")
as_of_option = click.option(
    "--as-of",
    type=Moment(),
    help="The clinics that were registered at this time, as they were; a date is midnight UTC.",
)


def telling_unknown(run: Invocation, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows; says behind them how many have a status that the log does not tell."""
    unknown = 0
    for row in rows:
        unknown += row["status"] is None
        yield row
    if unknown:
        run.output.attention(says_of_history.UNKNOWN(count=unknown))


@click.command(
    "closures",
    cls=options.Command,
    epilog=options.examples(
        "sync-worker clinics closures --since 2026-11-24 --until 2026-11-27",
        "sync-worker clinics closures --since 2026-11-24 --region 01 -o csv",
    ),
)
@click.option(
    "--since", type=Moment(), required=True, help="The period's beginning; a date is midnight UTC."
)
@click.option("--until", type=Moment(), help="The period's end; without it: now.")
@options.region_option("Only clinics of this region. May be given several times.")
@pass_invocation
def list_closures(
    run: Invocation, since: datetime, until: datetime | None, regions: tuple[str, ...]
) -> None:
    """List when registered clinics could not receive cases, and why.

    Each line is a time within the period in which a clinic had another status than receiving, with
    the change that began it and the one that ended it. Without `from` it had begun before the
    period, without `until` it was not over at its end. The status of a removed clinic is
    not_registered.
    """
    lookup.require_known_region(run, *regions, is_of_log=True)
    now = datetime.now(UTC)
    period = closures.Period(since, until or now)
    with run.snapshot() as connection:
        closures.require_logged(connection, period, now)
        rows = closures.closures(connection, period, regions)
    if run.output.fits_terminal:
        # To the second two times stand beside an HSA-id and a status in 80 columns.
        rows = [{**row, **{name: _to_the_second(row[name]) for name in _TIMES}} for row in rows]
    run.output.items(
        telling_unknown(run, rows), CLOSURE_COLUMNS, empty=says_of_history.NO_CLOSURES()
    )


def _to_the_second(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(microsecond=0)
