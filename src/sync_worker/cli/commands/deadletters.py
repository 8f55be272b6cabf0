"""`sync-worker deadletters`: records set aside, with their reasons."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import click

from sync_worker import bootstrap
from sync_worker.authorship import Authorship
from sync_worker.cli import choosing_letters, options, reading_again, redriving
from sync_worker.cli.choosing_letters import Choice, Narrowed
from sync_worker.cli.invocation import Invocation, end_with, pass_invocation
from sync_worker.cli.table import Columns
from sync_worker.errors import Exit
from sync_worker.operations import redrive
from sync_worker.operations.redrive import UnknownDeadLetters
from sync_worker.registry import dead_letter_lists, queries
from sync_worker.registry.dead_letters import DeadLetterSummary, count_closed

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


@click.group(cls=options.Group)
def command() -> None:
    """Look at records that were set aside, and deal with them.

    A bad record never stops the others: it is kept byte for byte, with the reason. Once the cause
    is gone it can be redriven; one that is of no use is discarded; closed ones are purged.
    """


_MOST_DAYS = 36_500


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
@choosing_letters.narrowing
@options.limit_option
@pass_invocation
def list_letters(run: Invocation, status: str, narrowed: Narrowed, limit: int | None) -> None:
    """List dead letters, in the order set aside."""
    with run.snapshot() as connection:
        wanted = narrowed.filter(connection, None if status == "all" else status)
        rows = dead_letter_lists.listed(connection, wanted, limit)
        run.output.items(rows, COLUMNS, empty="There are no such dead letters.")


@command.command(
    prints_document=True, epilog=options.examples("sync-worker deadletters show 1 -o json")
)
@click.argument("number", metavar="ID", type=options.FROM_ONE)
@pass_invocation
def show(run: Invocation, number: int) -> None:
    """Show one dead letter with its record, and the clinic that it names as that is now."""
    with run.snapshot() as connection:
        letter = dead_letter_lists.shown(connection, number)
        if letter is None:
            raise UnknownDeadLetters([number])
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
@choosing_letters.choosing
@options.actor_and_reason
@options.plan_options
@pass_invocation
def redrive_letters(
    run: Invocation,
    /,
    choice: Choice,
    actor: str,
    reason: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Judge open dead letters anew, in the order set aside, through the worker's own path.

    Those that are understood by now are closed as redriven, and what they state is merged: a newer
    fact is never overwritten, and a mass change is held. Ends with 3 where one is still bad, which
    stays open, or something is held.
    """
    choice.require_clear("sync-worker deadletters redrive --all --code unknown_region --dry-run")
    if not (dry_run or yes):
        run.output.require_terminal()
    with reading_again.opened(run) as again:
        wanted = again.reapply_context.retry(lambda: choice.heads(again.registry))
        work = redriving.Redrive(run, again, wanted)
        if wanted and not (dry_run or yes):
            work.tell_plan()
            run.output.confirm("Redrive them?", yes=False)
        needs_attention = work.rehearse() if dry_run else work.do(actor, reason)
    if needs_attention:
        end_with(Exit.ATTENTION)


@command.command(
    changes=options.unless_dry_run,
    epilog=options.examples(
        "sync-worker deadletters discard 17 18 --reason 'Published anew: case 4711'",
        "sync-worker deadletters discard --all --code invalid_json --dry-run --reason 'Case 4711'",
    ),
)
@choosing_letters.choosing
@options.required_reason
@options.actor_option
@options.plan_options
@pass_invocation
def discard(
    run: Invocation,
    /,
    choice: Choice,
    reason: str,
    actor: str,
    dry_run: bool,
    yes: bool,
) -> None:
    """Close dead letters for good: what they say is not to be applied.

    Of those that are named all, or none. With --all those that are open as it begins: what is set
    aside meanwhile stays open. They stay to be looked at until they are purged.
    """
    choice.require_clear("sync-worker deadletters discard --all --code invalid_json --reason TEXT")
    with run.registry() as registry:
        heads = choice.heads(registry)
        if heads and not dry_run:
            run.output.message(_plan(heads, choice))
            run.output.confirm(f"Discard {len(heads)} dead letters?", yes=yes)
            numbers = [head.number for head in heads]
            authorship = Authorship(actor, reason, bootstrap.now())
            heads = redrive.discard(registry, numbers, authorship, all_or_none=not choice.every)
            choosing_letters.tell_gone(run.output, len(numbers) - len(heads))
    rows = [{"id": head.number, "outcome": "discarded"} for head in heads]
    run.output.items(rows, ("id", "outcome"), empty="There is nothing to discard.")


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
    help="Those that were closed longer ago.",
)
@options.actor_and_reason
@options.plan_options
@pass_invocation
def purge(
    run: Invocation, /, days: int, actor: str, reason: str | None, dry_run: bool, yes: bool
) -> None:
    """Delete dead letters that were closed more than so many days ago, with their records.

    Open ones stay. What is purged is gone: where its record is read again and is still bad, it is
    set aside anew.
    """
    before = bootstrap.now() - timedelta(days=days)
    with run.registry() as registry:
        with registry.snapshot() as connection:
            purged = count_closed(connection, before)
        if purged and not dry_run:
            run.output.confirm(f"Delete {purged} closed dead letters?", yes=yes)
            authorship = Authorship(actor, reason, bootstrap.now())
            purged = redrive.purge(registry, before, authorship)
    verb = "would be deleted" if dry_run else "deleted"
    document = {"purged": purged, "closed_before": before}
    run.output.document(document, render=lambda shown: f"{shown['purged']} dead letters {verb}")


def _plan(heads: Sequence[DeadLetterSummary], choice: Choice) -> str:
    """Each that was named, with its reason; of all, how many have which."""
    if choice.numbers:
        return "\n".join(f"{head.number}  {head.reason}" for head in heads)
    reasons = Counter(head.reason for head in heads)
    return "\n".join(f"{count}  {reason}" for reason, count in sorted(reasons.items()))
