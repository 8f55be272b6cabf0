"""`sync-worker events`: events judged as the worker would, before they are published."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync_worker.cli import options
from sync_worker.cli.errors import Exit

if TYPE_CHECKING:
    from sync_worker.cli.commands._records import Numbered
    from sync_worker.events.verdicts import Verdict

COLUMNS = ("line", "topic", "partition", "offset", "key", "verdict", "reason", "detail")
VALID, IGNORED, DEAD_LETTERED = "valid", "ignored", "dead_lettered"


@click.group(cls=options.Group)
def command() -> None:
    """Judge events before they are published."""


@command.command(
    epilog=options.examples(
        "sync-worker events validate stream.jsonl",
        "sync-worker events validate --format events event.json",
        "kcat -J -e -t eservices.clinic.activation -b HOST | sync-worker events validate - -o csv",
    )
)
@click.argument("file", metavar="FILE|-", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--format",
    "kind",
    type=click.Choice(["archive", "events"]),
    default="archive",
    show_default=True,
    help="What the file holds: records, one a line, as `kcat -J` prints them; or bare events as "
    "JSON, one after the other, a line each or many.",
)
@click.pass_context
def validate(ctx: click.Context, file: Path, kind: str) -> None:
    """Judge the events in FILE, or on stdin where FILE is `-`, as the worker would.

    Lists the records that would be ignored or set aside, each with the reason. Needs neither a
    database nor Kafka. Ends with 3 where any would be set aside. An archive that cannot be read to
    its end is judged up to there, and ends with 2.
    """
    from sync_worker.cli import wiring
    from sync_worker.cli.commands import _records

    run = options.invocation(ctx)
    codec, now = wiring.codec(run.settings), wiring.now()
    verdicts: Counter[str] = Counter()
    rows = []
    with ExitStack() as open_files:
        given = _records.opened(file, kind, run.settings, open_files)
        try:
            with run.output.progress(str(file), given.fraction_read):
                for numbered in given.records:
                    row = _row(numbered, codec.decode(numbered.record, now))
                    verdicts[row["verdict"]] += 1
                    if row["verdict"] != VALID:
                        rows.append(row)
        finally:
            _report(run, rows, verdicts)
    if verdicts[DEAD_LETTERED]:
        ctx.exit(Exit.ATTENTION)
