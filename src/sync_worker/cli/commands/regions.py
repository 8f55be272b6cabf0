"""`sync-worker regions`: the regions, their patient boards and their clinics."""

from __future__ import annotations

from typing import Any

import click

from sync_worker import bootstrap
from sync_worker.administration import boards
from sync_worker.administration.messages import boards as says
from sync_worker.cli import lookup, messages, options
from sync_worker.cli.invocation import Invocation, pass_invocation
from sync_worker.cli.table import Columns
from sync_worker.language import FilledMessage

COLUMNS = Columns(
    "region_code",
    "name",
    "service_on",
    "patient_board",
    "registered",
    "receiving",
    "deactivated",
    "own_system",
    "attention",
    hidden_first=(
        "attention",
        "own_system",
        "deactivated",
        "receiving",
        "registered",
        "patient_board",
    ),
)
_SENTENCES = {
    "no_patient_board": messages.NO_BOARD_HERE,
    "not_in_use": messages.NOT_IN_USE_HERE,
}
_COUNTS = ("registered", "receiving", "deactivated", "own_system")


@click.group(cls=options.Group)
def command() -> None:
    """Show each region's patient board, and whether its service is on.

    A region's service is on exactly while it has a patient board. Support sets it, as the last step
    of connecting the region.
    """


@command.command("list", epilog=options.examples("sync-worker regions list"))
@pass_invocation
def list_regions(run: Invocation) -> None:
    """List all regions, with the number of their registered clinics in each state.

    own_system counts clinics that are registered here and in TAK. A region with registered clinics
    and no patient board is pointed out: nobody there can file.
    """
    rows = _regions(run)
    if run.output.is_table:
        run.output.items([{**row, "patient_board": _board_text(row)} for row in rows], COLUMNS)
        _point_out(run, rows)
    else:
        run.output.items(rows, COLUMNS)


@command.command(
    prints_document=True, epilog=options.examples("sync-worker regions show 01 -o json")
)
@click.argument("region_code", metavar="NN")
@pass_invocation
def show(run: Invocation, region_code: str) -> None:
    """Show one region, by its two-character code."""
    lookup.require_known_region(run, region_code)
    (region,) = (row for row in _regions(run) if row["region_code"] == region_code)
    run.output.document(region, render=lambda shown: _text(run, shown))
    if run.output.is_table:
        _point_out(run, [region])


def _regions(run: Invocation) -> list[dict[str, Any]]:
    with run.registry() as registry:
        return boards.regions(registry, bootstrap.registry.regions(run.settings))


def _point_out(run: Invocation, regions: list[dict[str, Any]]) -> None:
    for region in regions:
        if region["attention"]:
            code, count = region["region_code"], region["registered"]
            sentence = _SENTENCES[region["attention"]]
            run.output.attention(sentence(region_code=code, count=count))


def _text(run: Invocation, region: dict[str, Any]) -> str:
    counts = {name: region[name] for name in _COUNTS}
    lines = (
        says.REGION_BOARD(board=_board_text(region) or says.NO_BOARD()),
        _service(region),
        says.REGION_CLINICS(**counts),
    )
    name = region["name"] or run.output.words(says.REGION_NOT_IN_USE())
    return "\n".join([f"{region['region_code']} {name}", *map(run.output.words, lines)])


def _service(region: dict[str, Any]) -> FilledMessage:
    """Whether the service is on; a board is not missing where there is one."""
    if region["service_on"]:
        return says.REGION_SERVICE_ON()
    has_board = region["patient_board"] is not None
    return says.REGION_SERVICE_NOT_IN_USE() if has_board else says.REGION_SERVICE_OFF()


def _board_text(region: dict[str, Any]) -> str | None:
    board = region["patient_board"]
    return f"{board['hsa_id']} {board['name']}" if board else None
