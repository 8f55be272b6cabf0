"""`sync-worker boards`: patient boards, set and cleared by support."""

from __future__ import annotations

from typing import Any

import click

from sync_worker import bootstrap
from sync_worker.administration import boards
from sync_worker.administration.messages import boards as says
from sync_worker.cli import lookup, options
from sync_worker.cli.invocation import Invocation, pass_invocation
from sync_worker.cli.plan import Author, Consent, author_with_ticket, plan_options
from sync_worker.domain import hsa_id as hsa_ids
from sync_worker.errors import Exit, UserError, Words
from sync_worker.registry import registrations


@click.group(cls=options.Group)
def command() -> None:
    """Set or clear a region's patient board. For support only.

    Uses SYNC_WORKER_SUPPORT_DATABASE_URL if it is set. A region's service is on exactly while it
    has a patient board.
    """


@command.command(
    "set",
    changes=options.unless_dry_run,
    prints_document=True,
    epilog=options.examples(
        "sync-worker boards set 01 SE2321000016-PN01 --name 'Patientnämnden' --ticket INC1"
    ),
)
@click.argument("region_code", metavar="NN")
@click.argument("hsa_id", metavar="HSA-ID")
@click.option("--name", required=True, callback=options.not_blank, help="The patient board's name.")
@author_with_ticket(is_required=True)
@plan_options
@pass_invocation
def set_board(
    run: Invocation,
    region_code: str,
    hsa_id: str,
    name: str,
    author: Author,
    consent: Consent,
) -> None:
    """Set or replace the patient board of region NN, which switches its service on."""
    lookup.require_region(bootstrap.registry.regions(run.settings), region_code)
    board = registrations.Board(region_code, hsa_ids.cleaned(hsa_id), name)
    if not hsa_ids.has_the_form(board.hsa_id):
        raise UserError(
            Exit.USAGE,
            says.INVALID_HSA_ID(hsa_id=hsa_id),
            why=says.HSA_ID_FORM(),
            hint=says.HSA_ID_EXAMPLE(),
        )
    lookup.warn_of_check_digits(run, [board.hsa_id])
    _put(run, region_code, board, author, consent)


@command.command(
    changes=options.unless_dry_run,
    prints_document=True,
    epilog=options.examples("sync-worker boards clear 01 --ticket INC2"),
)
@click.argument("region_code", metavar="NN")
@author_with_ticket(is_required=True)
@plan_options
@pass_invocation
def clear(run: Invocation, region_code: str, author: Author, consent: Consent) -> None:
    """Clear the patient board of region NN, which switches its service off."""
    lookup.require_known_region(run, region_code, url=run.settings.support_url)
    _put(run, region_code, None, author, consent)


def _put(
    run: Invocation,
    region_code: str,
    board: registrations.Board | None,
    author: Author,
    consent: Consent,
) -> None:
    with run.registry(run.settings.support_url) as registry:
        plan = boards.plan(registry, region_code, board)
        for line in _plan_lines(plan):
            run.output.message(line)
        question = None if plan.changes_nothing else says.QUESTION()
        consent.carry_out(run.output, question, lambda: boards.put(registry, plan, author.now()))
        rows = boards.regions(registry, bootstrap.registry.regions(run.settings), [region_code])
    (region,) = (row for row in rows if row["region_code"] == region_code)
    run.output.document(region, render=lambda shown: _state_line(run, shown))


def _plan_lines(plan: boards.BoardPlan) -> list[Words]:
    """What would change, in sentences; every clinic that it touches is named."""
    if plan.changes_nothing:
        return [says.NOTHING_TO_DO()]
    present, wanted = map(_board_text, (plan.present, plan.wanted))
    lines: list[Words] = [says.CHANGE(region_code=plan.region_code, present=present, wanted=wanted)]
    for message, named in (
        (says.STARTS, plan.starts_receiving),
        (says.STOPS, plan.stops_receiving),
    ):
        if named:
            lines += [message(count=len(named)), *(f"  {hsa_id}" for hsa_id in named)]
    return lines


def _board_text(board: registrations.Board | None) -> Words:
    return f"{board.hsa_id} {board.name}" if board else says.NO_BOARD()


def _state_line(run: Invocation, region: dict[str, Any]) -> str:
    state = says.SERVICE_ON if region["service_on"] else says.SERVICE_OFF
    name = region["name"] or run.output.words(says.REGION_NOT_IN_USE())
    return run.output.words(state(region_code=region["region_code"], name=name))
