"""`sync-worker holds`: mass changes that wait for an operator."""

from __future__ import annotations

import sys
from typing import IO, Any

import click

from sync_worker.cli import options
from sync_worker.cli.invocation import Invocation, pass_invocation
from sync_worker.cli.plan import Author, Consent, author_options, author_with_reason, plan_options
from sync_worker.cli.table import Columns
from sync_worker.cli.warnings import moved_without_board
from sync_worker.operations import approve_holds as deciding
from sync_worker.pipeline import listener
from sync_worker.registry import holds

COLUMNS = Columns(
    "id",
    "opened_at",
    "kind",
    "region_code",
    "count",
    "revision",
    "status",
    "closed_at",
    "acknowledged_at",
    hidden_first=("acknowledged_at", "closed_at", "opened_at", "revision"),
)
ITEM_COLUMNS = ("hsa_id", "fact", "old", "new")
PASSED_COLUMNS = Columns(*ITEM_COLUMNS, "event_id", "stands", hidden_first=("event_id",))
CHANGE_COLUMNS = Columns("hsa_id", "state", *PASSED_COLUMNS[1:], hidden_first=("event_id",))

_number = click.argument("number", metavar="ID", type=options.FROM_ONE)


@click.group(cls=options.Group)
def command() -> None:
    """Inspect mass changes that wait for approval, and decide on them.

    If events would deactivate, or move away, more of a region's registered clinics than the
    SYNC_WORKER_GUARD_* settings allow, those changes are held beside the clinics; everything else
    is applied. A hold ends when somebody approves it, or when corrections from the e-services leave
    nothing of it. The changes that took effect before the limit was reached are listed with it: if
    a hold was withdrawn and they still stand, they are to be corrected too, or acknowledged.
    """


@command.command(
    "list",
    epilog=options.examples("sync-worker holds list", "sync-worker holds list --status all -o csv"),
)
@click.option(
    "--status",
    type=click.Choice(["open", "approved", "withdrawn", "all"]),
    default="open",
    show_default=True,
    help="Only those with this status.",
)
@pass_invocation
def list_holds(run: Invocation, status: str) -> None:
    """List holds, in the order in which they were opened; count is the number of clinics."""
    with run.snapshot() as connection:
        rows = holds.listed(connection, None if status == "all" else status)
    run.output.items(rows, COLUMNS, empty="There are no such holds.")


@command.command(
    epilog=options.examples("sync-worker holds show 1", "sync-worker holds show 1 -o csv")
)
@_number
@pass_invocation
def show(run: Invocation, number: int) -> None:
    """Show one hold: what it holds, and what had taken effect before it.

    `old` is the registry's value, or was, and `new` the one from the e-services. Of what had taken
    effect, `stands` says whether it still does: registered, and not changed since.

    As csv it is the list for the publisher: one change per line, `state` being held, approved or
    passed.
    """
    with run.snapshot() as connection:
        hold = holds.shown(connection, number)
        if hold is None:
            raise deciding.UnknownHold(number)
        rows = holds.changes_listed(connection, number)
    if run.output.is_csv:
        run.output.items(rows, CHANGE_COLUMNS)
    else:
        run.output.document(hold, render=lambda shown: _text(run, shown))


@command.command(
    changes=options.unless_dry_run,
    prints_document=True,
    epilog=options.examples(
        "sync-worker holds approve 1 --revision 30 --reason 'The closures are real'"
    ),
)
@_number
@click.option(
    "--revision",
    type=options.FROM_ONE,
    metavar="N",
    help="Only if the list is still the one that `show` printed with this revision.",
)
@author_options
@plan_options
@pass_invocation
def approve(
    run: Invocation, number: int, revision: int | None, author: Author, consent: Consent
) -> None:
    """Approve a hold: what it lists takes effect.

    Shows the list and asks first; if the list has changed by the time of the answer, nothing is
    changed and the command ends with 4. With --yes and without --revision, approves what is listed
    at that moment.
    """
    with run.registry() as registry:
        planned = deciding.plan(registry, number)
        if revision not in (None, planned["revision"]):
            raise deciding.HoldChanged(number, planned["revision"])
        would_move = deciding.would_move(registry, planned)
        if not consent.dry_run:
            run.output.message(_text(run, planned, sys.stderr))
            moved_without_board(run.output, would_move, is_done=False)
        seen = revision if consent.yes else planned["revision"]

        def approve_it() -> list[listener.MovedWithoutBoard]:
            with run.output.progress("approving"):
                return deciding.approve(registry, number, author.now(), seen)

        question = f"Approve hold {number}, {planned['count']} clinics?"
        moved = consent.carry_out(run.output, question, approve_it)
        if moved is None:
            run.output.document(planned, render=lambda shown: _text(run, shown))
            moved_without_board(run.output, would_move, is_done=False)
            return
        moved_without_board(run.output, moved, is_done=True)
        with registry.snapshot() as connection:
            hold = holds.shown(connection, number) or planned
    run.output.document(hold, render=_sentence)


@command.command(
    changes=options.always,
    prints_document=True,
    epilog=options.examples(
        "sync-worker holds acknowledge 1 --reason 'The five closures that passed are real'"
    ),
)
@_number
@author_with_reason
@pass_invocation
def acknowledge(run: Invocation, number: int, author: Author) -> None:
    """Acknowledge a withdrawn hold: what had taken effect before it has been dealt with.

    `status` and `doctor` no longer mention it. Nothing else changes: the e-services correct what is
    wrong there. A hold that is open or approved, or was already acknowledged, is refused (4).
    """
    with run.registry() as registry:
        deciding.acknowledge(registry, number, author.now())
        with registry.snapshot() as connection:
            hold = holds.shown(connection, number)
    run.output.document(hold or {}, render=lambda _shown: f"Hold {number} is acknowledged.")


def _sentence(hold: dict[str, Any]) -> str:
    return f"Hold {hold['id']} is {hold['status']}: clinics changed by it: {hold['count']}"


def _text(run: Invocation, hold: dict[str, Any], stream: IO[str] | None = None) -> str:
    lines = [run.output.fields({name: hold[name] for name in COLUMNS}, stream)]
    if hold["items"]:
        lines += ["", run.output.table(hold["items"], ITEM_COLUMNS, stream)]
    if hold["passed"]:
        had_passed = [
            {**change, "stands": change in hold["unchanged"]} for change in hold["passed"]
        ]
        lines += ["", "Took effect before the rest was held:"]
        lines += [run.output.table(had_passed, PASSED_COLUMNS, stream)]
    return "\n".join(lines)
