"""`sync-worker holds`: mass changes that wait for an operator."""

from typing import Any

import click

from sync_worker.cli import options

COLUMNS = (
    "id",
    "opened_at",
    "kind",
    "region_code",
    "count",
    "revision",
    "status",
    "closed_at",
)
ITEM_COLUMNS = ("hsa_id", "fact", "old", "new")

_number = click.argument("number", metavar="ID", type=click.IntRange(min=1))


@click.group(cls=options.Group)
def command() -> None:
    """Look at mass changes that wait for a person, and approve them.

    Where events would deactivate, or move away, more of a region's registered clinics than the
    SYNC_WORKER_GUARD_* settings allow, those changes are held beside the clinics; everything else
    goes on. A hold ends when somebody approves it, or when corrections from the e-services leave
    nothing of it.
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
@click.pass_context
def list_holds(ctx: click.Context, status: str) -> None:
    """List holds, in the order opened; count is of clinics."""
    from sync_worker.cli import wiring
    from sync_worker.registry import holds

    run = options.invocation(ctx)
    with wiring.registry(run.settings.database_url) as registry, registry.snapshot() as connection:
        rows = holds.listed(connection, None if status == "all" else status)
    run.output.items(rows, COLUMNS, empty="There are no such holds.")


@command.command(prints_document=True, epilog=options.examples("sync-worker holds show 1 -o json"))
@_number
@click.pass_context
def show(ctx: click.Context, number: int) -> None:
    """Show one hold: what the registry says of each clinic, and what it would say instead."""
    from sync_worker.cli import wiring
    from sync_worker.registry import holds
    from sync_worker.sync.holds import UnknownHold

    run = options.invocation(ctx)
    with wiring.registry(run.settings.database_url) as registry, registry.snapshot() as connection:
        hold = holds.shown(connection, number)
    if hold is None:
        raise UnknownHold(number)
    run.output.document(hold, render=lambda shown: _text(run, shown))


@command.command(
    prints_document=True,
    epilog=options.examples(
        "sync-worker holds approve 1 --revision 30 --reason 'The closures are real'"
    ),
)
@_number
@click.option(
    "--revision",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only if the list is still the one that `show` printed with this revision.",
)
@options.actor_and_reason
@options.plan_options
@click.pass_context
def approve(
    ctx: click.Context,
    /,
    number: int,
    revision: int | None,
    dry_run: bool,
    yes: bool,
    actor: str,
    reason: str | None,
) -> None:
    """Approve a hold: what it lists takes effect.

    The list is shown and asked about first; where it changes meanwhile nothing is done, and the
    command ends with 4. With --yes and without --revision, what is listed at that moment is
    approved.
    """
    from sync_worker.cli import wiring
    from sync_worker.registry import holds
    from sync_worker.sync import holds as deciding

    run = options.invocation(ctx)
    with wiring.registry(run.settings.database_url) as registry:
        planned = deciding.plan(registry, number)
        if revision not in (None, planned["revision"]):
            raise deciding.HoldChanged(number, planned["revision"])
        if dry_run:
            run.output.document(planned, render=lambda shown: _text(run, shown))
            return
        run.output.message(_text(run, planned))
        run.output.confirm(f"Approve hold {number}, {planned['count']} clinics?", yes=yes)
        seen = revision if yes else planned["revision"]
        approval = deciding.Approval(number, actor, reason, wiring.now(), seen)
        for moved in deciding.approve(registry, approval):
            run.output.attention(
                f"{moved.hsa_id} is in region {moved.region_code} now, which has no patient "
                "board: nobody can file."
            )
        with registry.snapshot() as connection:
            hold = holds.shown(connection, number) or planned
    run.output.document(hold, render=_sentence)


def _sentence(hold: dict[str, Any]) -> str:
    return f"Hold {hold['id']} is {hold['status']}: clinics changed by it: {hold['count']}"


def _text(run: options.Invocation, hold: dict[str, Any]) -> str:
    lines = [f"{name:<13}{run.output.text(hold[name])}" for name in COLUMNS]
    if hold["items"]:
        lines += ["", run.output.table(hold["items"], ITEM_COLUMNS)]
    return "\n".join(lines)
