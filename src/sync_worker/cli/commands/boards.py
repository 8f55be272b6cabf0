"""`sync-worker boards`: patient boards, set and cleared by support."""

from typing import Any

import click

from sync_worker.cli import options
from sync_worker.cli.errors import CommandError, Exit


@click.group(cls=options.Group)
def command() -> None:
    """Set or clear a region's patient board. For support alone.

    Uses SYNC_WORKER_SUPPORT_DATABASE_URL, where it is set. A region's service is on exactly while
    it has a patient board.
    """


_ticket_option = click.option(
    "--ticket",
    required=True,
    metavar="ID",
    callback=options.not_blank,
    help="The order behind the change; kept in the log.",
)


@command.command(
    "set",
    prints_document=True,
    epilog=options.examples(
        "sync-worker boards set 01 SE2321000016-PN01 --name 'Patientnämnden' --ticket INC1"
    ),
)
@click.argument("region_code", metavar="NN")
@click.argument("hsa_id", metavar="HSA-ID")
@click.option("--name", required=True, callback=options.not_blank, help="The patient board's name.")
@_ticket_option
@options.actor_option
@options.plan_options
@click.pass_context
def set_board(ctx: click.Context, /, region_code: str, hsa_id: str, name: str, **how: Any) -> None:
    """Set or replace the patient board of region NN, which switches its service on."""
    from sync_worker.clinics import hsa_id as hsa_ids
    from sync_worker.registry.registrations import Board

    run = options.invocation(ctx)
    options.require_region(run.settings, region_code)
    board = Board(region_code, hsa_ids.normalised(hsa_id), name)
    if not hsa_ids.has_the_form(board.hsa_id):
        raise CommandError(
            Exit.USAGE,
            f"{hsa_id!r} is not an HSA-id.",
            why="An HSA-id is SE, ten or twelve digits, a hyphen, and letters or digits.",
            hint="Write it as in SE2321000016-PN01.",
        )
    options.warn_of_check_digit(run, board.hsa_id)
    _put(run, region_code, board, **how)


@command.command(
    prints_document=True, epilog=options.examples("sync-worker boards clear 01 --ticket INC2")
)
@click.argument("region_code", metavar="NN")
@_ticket_option
@options.actor_option
@options.plan_options
@click.pass_context
def clear(ctx: click.Context, /, region_code: str, **how: Any) -> None:
    """Clear the patient board of region NN, which switches its service off."""
    run = options.invocation(ctx)
    options.require_region(run.settings, region_code)
    _put(run, region_code, None, **how)


def _put(
    run: options.Invocation,
    region_code: str,
    board: Any,
    *,
    ticket: str,
    actor: str,
    dry_run: bool,
    yes: bool,
) -> None:
    from sync_worker.administration import boards
    from sync_worker.administration.act import Act
    from sync_worker.cli import wiring
    from sync_worker.inspection.regions import regions

    with wiring.registry(run.settings.support_url) as registry:
        plan = boards.plan(registry, region_code, board)
        for line in _plan_lines(plan):
            run.output.message(line)
        if not dry_run and not plan.changes_nothing:
            run.output.confirm("Do it?", yes=yes)
            boards.put(registry, plan, Act(actor, ticket, wiring.now()))
        rows = regions(registry, wiring.regions(run.settings))
    (region,) = (row for row in rows if row["region_code"] == region_code)
    run.output.document(region, render=_state_line)


def _plan_lines(plan: Any) -> list[str]:
    """What would change, in sentences; every clinic that it touches is named."""
    if plan.changes_nothing:
        return ["The region has exactly that already: nothing to do."]
    present = f"{plan.present.hsa_id} {plan.present.name}" if plan.present else "none"
    wanted = f"{plan.wanted.hsa_id} {plan.wanted.name}" if plan.wanted else "none"
    lines = [f"Patient board of region {plan.region_code}: {present} → {wanted}."]
    for verb, hsa_ids in (("start", plan.starts_receiving), ("stop", plan.stops_receiving)):
        if hsa_ids:
            lines.append(f"{len(hsa_ids)} registered clinics {verb} receiving cases:")
            lines += [f"  {hsa_id}" for hsa_id in hsa_ids]
    return lines


def _state_line(region: dict[str, Any]) -> str:
    service = "on" if region["service_on"] else "off"
    return f"{region['region_code']} {region['name']}: the service is {service}"
