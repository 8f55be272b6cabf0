"""`sync-worker deadletters`: list and show dead letters, redrive, discard and purge them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta

import click

from sync_worker import bootstrap
from sync_worker.cli import messages as says
from sync_worker.cli import options
from sync_worker.cli.dead_letter_options import Choice, choosing, searching
from sync_worker.cli.invocation import Invocation, end_with, pass_invocation
from sync_worker.cli.plan import Author, Consent, author_options, author_with_reason, plan_options
from sync_worker.cli.reapplying import reapplying, reporting_interruption
from sync_worker.cli.table import Columns
from sync_worker.cli.warnings import ahead_of_clock, moved_without_board
from sync_worker.errors import Exit
from sync_worker.events import outcome
from sync_worker.operations import redrive
from sync_worker.registry import dead_letter_lists, dead_letters, queries

COLUMNS = Columns(
    "id",
    "received_at",
    "stream",
    "topic_id",
    "topic",
    "partition",
    "offset",
    "key",
    "reason",
    "detail",
    "status",
    hidden_first=("topic_id", "stream", "offset", "partition", "topic", "status", "received_at"),
)

OUTCOME_COLUMNS = ("id", "outcome")
_WOULD = {
    "applied": "would be applied",
    "superseded": "superseded",
    "ignored": "ignored",
    "dead_lettered": "still bad",
}
_MOST_DAYS = 36_500


@click.group(cls=options.Group)
def command() -> None:
    """Inspect dead letters, and redrive, discard or purge them.

    A bad record never stops the others: it is kept byte for byte, with the reason. Once the cause
    is fixed it can be redriven; one that is of no use is discarded; closed ones are purged.
    """


@command.command(
    "list",
    epilog=options.examples(
        "sync-worker deadletters list",
        "sync-worker deadletters list --clinic SE2321000016-1HZ3",
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
@searching
@options.limit_option
@pass_invocation
def list_letters(
    run: Invocation, status: str, search: redrive.DeadLetterSearch, limit: int | None
) -> None:
    """List dead letters, in the order in which they were stored."""
    with run.snapshot() as connection:
        wanted = search.filter(connection, None if status == "all" else status)
        rows = dead_letter_lists.listed(connection, wanted, limit)
        run.output.items(rows, COLUMNS, empty="There are no such dead letters.")


@command.command(
    prints_document=True, epilog=options.examples("sync-worker deadletters show 1 -o json")
)
@click.argument("number", metavar="ID", type=options.FROM_ONE)
@pass_invocation
def show(run: Invocation, number: int) -> None:
    """Show one dead letter with its record, and the clinic that it names as it is now."""
    with run.snapshot() as connection:
        letter = dead_letter_lists.shown(connection, number)
        if letter is None:
            raise redrive.UnknownDeadLetters([number])
        names = dead_letter_lists.clinics_named_in(connection, number)
        letter["clinic"] = queries.clinic_listed(connection, names[0]) if names else None
    run.output.document(letter, render=run.output.fields)


@command.command(
    "redrive",
    changes=options.unless_dry_run,
    epilog=options.examples(
        "sync-worker deadletters redrive --all --code unknown_region --dry-run",
        "sync-worker deadletters redrive --all --yes --reason 'Region 11 is in use'",
        "sync-worker deadletters redrive 17 18 --yes",
    ),
)
@choosing("sync-worker deadletters redrive --all --code unknown_region --dry-run")
@author_options
@plan_options
@pass_invocation
def redrive_letters(run: Invocation, choice: Choice, author: Author, consent: Consent) -> None:
    """Process the records of open dead letters again, as the worker does, in their order.

    Those that are now understood are closed as redriven, and what they state is merged: a newer
    fact is never overwritten, and a mass change is held. Ends with 3 if one is still bad, which
    stays open, or if something is held.
    """
    if consent.is_asked_for:
        run.output.require_terminal()
    with reapplying(run) as (context, interruption):
        heads = context.retry(lambda: choice.letters(context.registry))
        most = run.settings.batch_max_records
        planned = redrive.Redrive(redrive.DryRunRedriver(context, most), interruption)
        if heads and consent.is_asked_for:
            with reporting_interruption(interruption), _counting(run, "planning", planned, heads):
                planned.run(heads)
            _tell_plan(run, planned)
            run.output.confirm("Redrive them?", yes=False)
        redriver = None if consent.dry_run else redrive.Redriver(context, author.now(), most)
        work = redrive.Redrive(redriver or redrive.DryRunRedriver(context, most), interruption)
        try:
            with reporting_interruption(interruption), _counting(run, "redriving", work, heads):
                work.run(heads)
        finally:
            items = [{"id": number, "outcome": outcome.value} for number, outcome in work.outcomes]
            run.output.items(items, OUTCOME_COLUMNS, empty="There is nothing to redrive.")
            moved = work.report.moved_without_board()
            moved_without_board(run.output, moved, is_done=not consent.dry_run)
    _tell_closed(run, len(heads) - len(work.outcomes))
    _point_out(run, work)


def _counting(
    run: Invocation,
    label: str,
    work: redrive.Redrive,
    heads: Sequence[dead_letters.DeadLetterSummary],
) -> AbstractContextManager[None]:
    """Show how many of the dead letters were gone through."""
    return run.output.progress(
        label,
        lambda: work.report.read / max(1, len(heads)),
        lambda: work.report.read,
        unit=says.DEAD_LETTERS_DONE,
    )


def _tell_plan(run: Invocation, planned: redrive.Redrive) -> None:
    report = planned.report
    would = ", ".join(f"{report.counts[one]} {_WOULD[one]}" for one in outcome.Outcome)
    run.output.message(f"{report.read} dead letters: {would}.")
    moved_without_board(run.output, report.moved_without_board(), is_done=False)


def _point_out(run: Invocation, work: redrive.Redrive) -> None:
    bad, held = work.report.counts[outcome.Outcome.DEAD_LETTERED], work.report.held
    if bad:
        run.output.attention(f"{bad} are still bad: sync-worker deadletters list")
    if work.excerpts:
        run.output.attention(
            f"{work.excerpts} of them were too large, and only the beginning was kept: they "
            "cannot be redriven. Have what they say published in smaller records, and discard "
            "them."
        )
    ahead_of_clock(run.output, work.report.ahead_of_clock)
    if held:
        run.output.attention(f"{held} are held back: sync-worker holds list")
    if bad or held:
        end_with(Exit.ATTENTION)


@command.command(
    changes=options.unless_dry_run,
    epilog=options.examples(
        "sync-worker deadletters discard 17 18 --reason 'Published again: case 4711'",
        "sync-worker deadletters discard --all --code invalid_json --dry-run --reason 'Case 4711'",
    ),
)
@choosing("sync-worker deadletters discard --all --code invalid_json --reason TEXT")
@author_with_reason
@plan_options
@pass_invocation
def discard(run: Invocation, choice: Choice, author: Author, consent: Consent) -> None:
    """Close dead letters for good, without applying them.

    Either all that are named are closed, or none. --all closes those that are open when it begins:
    records that are dead-lettered after that stay open. Discarded ones can be inspected until they
    are purged.
    """
    with run.registry() as registry:
        heads = choice.letters(registry)
        numbers = [head.number for head in heads]
        if heads and not consent.dry_run:
            run.output.message(_plan(heads, choice))

        def discard_them() -> list[dead_letters.DeadLetterSummary]:
            is_named = bool(choice.numbers)
            with run.output.counting("discarding", says.DEAD_LETTERS_DONE) as tally:
                return redrive.discard(
                    registry, numbers, author.now(), all_or_none=is_named, tally=tally
                )

        question = f"Discard {len(heads)} dead letters?" if heads else None
        discarded = consent.carry_out(run.output, question, discard_them)
    if discarded is not None:
        _tell_closed(run, len(heads) - len(discarded))
        heads = discarded
    items = [{"id": head.number, "outcome": "discarded"} for head in heads]
    run.output.items(items, OUTCOME_COLUMNS, empty="There is nothing to discard.")


@command.command(
    changes=options.unless_dry_run,
    prints_document=True,
    epilog=options.examples("sync-worker deadletters purge --older-than 90 --yes"),
)
@click.option(
    "--older-than",
    "days",
    metavar="DAYS",
    required=True,
    type=click.IntRange(0, _MOST_DAYS),
    help="Only those that were closed longer ago than this.",
)
@author_options
@plan_options
@pass_invocation
def purge(run: Invocation, days: int, author: Author, consent: Consent) -> None:
    """Delete dead letters that were closed more than so many days ago, with their records.

    Open ones stay. If the record of a purged one is read again and is still bad, it is
    dead-lettered again.
    """
    before = bootstrap.now() - timedelta(days=days)
    with run.registry() as registry:
        with registry.snapshot() as connection:
            planned = dead_letters.count_closed(connection, before)

        def purge_them() -> int:
            with run.output.counting("deleting", says.DEAD_LETTERS_DONE) as tally:
                return redrive.purge(registry, before, author.now(), tally)

        question = f"Delete {planned} closed dead letters?" if planned else None
        purged = consent.carry_out(run.output, question, purge_them)
    verb = "would be deleted" if consent.dry_run else "deleted"
    document = {"purged": planned if purged is None else purged, "closed_before": before}
    run.output.document(document, render=lambda shown: f"{shown['purged']} dead letters {verb}")


def _tell_closed(run: Invocation, number: int) -> None:
    """Say of how many nothing became, since they are not open any more."""
    if number:
        run.output.attention(
            f"{number} were closed by somebody else in the meantime, and are unchanged."
        )


def _plan(heads: Sequence[dead_letters.DeadLetterSummary], choice: Choice) -> str:
    """Each that was named, with its reason; of all, how many have which."""
    if choice.numbers:
        return "\n".join(f"{head.number}  {head.reason}" for head in heads)
    reasons = Counter(head.reason for head in heads)
    return "\n".join(f"{count}  {reason}" for reason, count in sorted(reasons.items()))
