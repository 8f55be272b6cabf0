"""`sync-worker replay`: a range of the stream read again, beside the running worker."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from sync_worker import bootstrap
from sync_worker.cli import options, params
from sync_worker.cli.invocation import Invocation, end_with, pass_invocation
from sync_worker.cli.plan import Author, Consent, author_options, plan_options
from sync_worker.cli.reapplying import reapplying, reporting_interruption
from sync_worker.cli.warnings import ahead_of_clock, moved_without_board
from sync_worker.errors import Exit
from sync_worker.events import outcome
from sync_worker.operations import reapply
from sync_worker.operations import replay as replaying
from sync_worker.streams.ranges import Range

CHANGE_COLUMNS = ("hsa_id", "fact", "old", "new")


@click.command(
    cls=options.Command,
    changes=options.unless_dry_run,
    prints_document=True,
    epilog=options.examples(
        "sync-worker replay --dry-run",
        "sync-worker replay --from time:2026-11-23 --dry-run",
        "sync-worker replay --archive stream.jsonl --clinic SE2321000016-1HZ3 --yes",
        "sync-worker replay --topic eservices.clinic.region --partition 2 --from offset:100 --yes",
    ),
)
@params.archives_option(
    "An archive to read, plain or .gz, instead of Kafka; several are read in turn."
)
@params.range_options
@click.option(
    "--clinic",
    "hsa_ids",
    multiple=True,
    metavar="HSA-ID",
    callback=lambda ctx, param, given: tuple(options.not_blank(ctx, param, one) for one in given),
    help="Only records of this clinic. May be given several times.",
)
@author_options
@plan_options
@pass_invocation
def command(
    run: Invocation,
    archives: tuple[Path, ...],
    wanted: Range,
    hsa_ids: tuple[str, ...],
    author: Author,
    consent: Consent,
) -> None:
    """Read a range of the stream again, beside the running worker.

    Records take the worker's own path: what is already known changes nothing, what is newer is
    applied, and a mass change is held. The workers' group and positions are not affected.

    A dry run stores nothing, holds no lock, and reports exactly what the run would then do. Without
    --yes the dry run is shown first and asked about. `changes` are net: from before the first
    record to after the last.

    Ctrl-C finishes the transaction in progress and prints what was done so far; running it again is
    safe. Ends with 3 if something was held, or would be.
    """
    if consent.is_asked_for:
        run.output.require_terminal()
    with reapplying(run) as (context, interruption):
        only = replaying.filter_for(context, hsa_ids)
        open_range = partial(
            bootstrap.streams.range_reader, run.settings, wanted=wanted, has_archive_option=True
        )
        ranges = [partial(open_range, path) for path in archives or (None,)]

        def read(
            reapplier: reapply.Reapplier, label: str, show: Callable[[reapply.ReapplyReport], None]
        ) -> reapply.ReapplyReport:
            """Have a range taken; what became of its records is shown however it ends."""
            replay = replaying.Replay(reapplier, only, interruption)
            with replaying.open_ranges(context, ranges) as readers:
                try:
                    with reporting_interruption(interruption):
                        replay.read_ranges(readers, run.output.reading(label))
                finally:
                    show(replay.report)
            return replay.report

        def commit() -> reapply.ReapplyReport:
            reapplier = replaying.committing(context, author.now())
            return read(reapplier, "replay", partial(_show, run, is_done=True))

        dry_run = replaying.dry_run(context)
        if consent.is_asked_for:
            planned = read(dry_run, "dry run", lambda _report: None)
            run.output.message(_text(run, _document(planned)))
            moved_without_board(run.output, planned.moved_without_board(), is_done=False)
        report = consent.carry_out(run.output, "Do it?", commit) or read(
            dry_run, "dry run", partial(_show, run, is_done=False)
        )
    if report.held:
        end_with(Exit.ATTENTION)


def _show(run: Invocation, report: reapply.ReapplyReport, *, is_done: bool) -> None:
    """The report on stdout, and on stderr what somebody should look at."""
    document = _document(report)
    run.output.document(document, render=lambda shown: _text(run, shown))
    if not report.read:
        run.output.message("There is no record in that range.")
    moved_without_board(run.output, report.moved_without_board(), is_done=is_done)
    ahead_of_clock(run.output, report.ahead_of_clock)
    if report.held:
        verb, way = ("are", ": sync-worker holds list") if is_done else ("would be", "")
        run.output.attention(f"Changes of {_records(report.held)} {verb} held back{way}")
    if dead_lettered := document["dead_lettered"] - report.already_dead_lettered:
        were = "was" if dead_lettered == 1 else "were"
        verb, way = (were, ": sync-worker deadletters list") if is_done else ("would be", "")
        run.output.message(f"{_records(dead_lettered)} {verb} dead-lettered{way}")
    if again := report.already_dead_lettered:
        were = "was already a dead letter" if again == 1 else "were already dead letters"
        run.output.message(
            f"{again} of the records read {were}: sync-worker deadletters list --status all"
        )


def _document(report: reapply.ReapplyReport) -> dict[str, Any]:
    return {
        "read": report.read,
        **{one.value: report.counts[one] for one in outcome.Outcome},
        "held": report.held,
        "changes": [
            {"hsa_id": hsa_id, "fact": change.fact.value, "old": change.old, "new": change.new}
            for hsa_id, change in report.changes()
        ],
    }


def _text(run: Invocation, document: dict[str, Any]) -> str:
    counts = ", ".join(
        f"{document[name]} {name.replace('_', '-')}" for name in [*outcome.Outcome, "held"]
    )
    changes = document["changes"]
    lines = [f"{_records(document['read'])} read: {counts}; changes: {len(changes)}"]
    if changes:
        lines += ["", run.output.table(changes, CHANGE_COLUMNS)]
    return "\n".join(lines)


def _records(number: int) -> str:
    return f"{number} record" if number == 1 else f"{number} records"
