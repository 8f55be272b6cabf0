"""`sync-worker clinics`: list and show clinics, add them to the registry, remove them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from sync_worker.administration import clinics, history
from sync_worker.administration.messages import clinics as says
from sync_worker.administration.messages.refusals import REFUSALS
from sync_worker.cli import explaining, importing, lookup, messages, options, past
from sync_worker.cli.files import PathToWrite
from sync_worker.cli.invocation import Invocation, end_with, pass_invocation
from sync_worker.cli.plan import Author, Consent, author_options, plan_options
from sync_worker.cli.table import Columns
from sync_worker.domain.admission import AdmissionOutcome
from sync_worker.domain.clinic_status import Status
from sync_worker.errors import Exit, UserError
from sync_worker.language import FilledMessage
from sync_worker.registry import change_log, queries
from sync_worker.remedies import Remedy

COLUMNS = Columns(
    "hsa_id",
    "name",
    "region_code",
    "active",
    "registered",
    "status",
    "updated_at",
    hidden_first=("updated_at", "active", "registered", "region_code"),
)
ITEM_COLUMNS = ("hsa_id", "outcome", "reason")
HISTORY_COLUMNS = Columns(
    "at",
    "change",
    "old",
    "new",
    "actor",
    "login",
    "reason",
    "event_id",
    "topic",
    "partition",
    "offset",
    hidden_first=("offset", "partition", "topic", "login", "event_id", "reason", "actor"),
)


@click.group(cls=options.Group)
def command() -> None:
    """List, show, add, import and remove clinics in the complaints registry.

    Every clinic that the e-services ever named is listed; most are not registered, and that is
    normal. A clinic receives cases while it is registered, active in the e-services, and its
    region's service is on.
    """


@command.command(
    "list",
    epilog=options.examples(
        "sync-worker clinics list --region 01 --status receiving",
        "sync-worker clinics list --search lunden -o csv",
        "sync-worker clinics list --region 01 --as-of 2026-11-24T08:00:00Z",
    ),
)
@options.region_option("Only clinics of this region. May be given several times.")
@click.option(
    "--status",
    type=click.Choice([status.value for status in Status]),
    help="Only clinics with this status.",
)
@click.option("--search", metavar="TEXT", help="Only clinics whose HSA-id or name contains this.")
@options.limit_option
@past.as_of_option
@pass_invocation
def list_clinics(
    run: Invocation,
    regions: tuple[str, ...],
    status: str | None,
    search: str | None,
    limit: int | None,
    as_of: datetime | None,
) -> None:
    """List clinics, by HSA-id.

    With --as-of, as the change log tells: every change of a registered clinic is in it, and those
    of boards and TAK. Clinics that were not registered then are not listed.
    """
    lookup.require_known_region(run, *regions, is_of_log=as_of is not None)
    wanted = queries.ClinicFilter(regions, Status(status) if status else None, search, limit)
    with run.snapshot() as connection:
        if as_of is None:
            rows = queries.list_clinics(connection, wanted)
        else:
            history.require_logged(connection, as_of, datetime.now(UTC))
            rows = past.telling_unknown(run, history.list_clinics(connection, wanted, as_of))
        run.output.items(rows, COLUMNS, empty=says.NO_SUCH_CLINICS())


@command.command(
    prints_document=True,
    epilog=options.examples("sync-worker clinics show SE2321000016-TA01 --history"),
)
@click.argument("hsa_id", metavar="HSA-ID")
@click.option("--history", "with_history", is_flag=True, help="Also show what happened to it.")
@pass_invocation
def show(run: Invocation, hsa_id: str, with_history: bool) -> None:
    """Show one clinic: its facts with the events that stated them, and its status."""
    with run.snapshot() as connection:
        (wanted,) = queries.meant(connection, [hsa_id])
        clinic = queries.clinic_shown(connection, wanted)
        if clinic is None:
            raise UserError(
                Exit.NOT_FOUND,
                says.NOT_FOUND(hsa_id=wanted),
                why=says.NEVER_NAMED(),
                hint=Remedy.FIND_CLINICS(),
            )
        if with_history:
            clinic["history"] = change_log.of_clinic(connection, wanted)
    run.output.document(clinic, render=lambda shown: _text(run, shown))


@command.command(
    changes=options.unless_dry_run,
    epilog=options.examples(
        "sync-worker clinics add SE2321000016-TA01 --region 01 --reason 'Order 17'",
    ),
)
@click.argument("wanted", metavar="HSA-ID...", nargs=-1, required=True)
@options.region_option("The region you act for; without it: nationally. May be repeated.")
@author_options
@options.dry_run_option
@pass_invocation
def add(
    run: Invocation,
    wanted: tuple[str, ...],
    regions: tuple[str, ...],
    author: Author,
    dry_run: bool,
) -> None:
    """Add clinics to the complaints registry.

    Only a clinic that is active in the e-services can be added, by its own region, and not if it
    handles cases in its own system. Each clinic is checked separately: those that can be added are,
    and if any is refused the command ends with 4.
    """
    acting_for = _acting_for(run, regions)
    with run.registry() as registry:
        items = (
            clinics.plan(registry, clinics.ADD, wanted, acting_for)
            if dry_run
            else clinics.do(registry, clinics.ADD, wanted, acting_for, author.now())
        )
    added = (item.hsa_id for item in items if item.outcome is AdmissionOutcome.ADDED)
    lookup.warn_of_check_digits(run, added)
    _report(run, items)


@command.command(
    "import",
    changes=options.unless_dry_run,
    epilog=options.examples(
        "sync-worker clinics import clinics.csv --region 01 --reason 'Order 17'",
        "sync-worker clinics import clinics.csv --report refused.csv",
    ),
)
@click.argument("file", metavar="FILE|-", type=options.FILE)
@options.region_option("The region you act for; without it: nationally. May be repeated.")
@click.option("--all-or-nothing", is_flag=True, help="Change nothing if any row is refused.")
@click.option(
    "--report",
    type=PathToWrite(),
    help="Write the refused rows to this csv file, to be corrected and imported again.",
)
@author_options
@plan_options
@pass_invocation
def import_clinics(
    run: Invocation,
    file: str,
    regions: tuple[str, ...],
    all_or_nothing: bool,
    report: Path | None,
    author: Author,
    consent: Consent,
) -> None:
    """Add the clinics in FILE, or on stdin where FILE is `-`, to the complaints registry.

    A text file has one HSA-id per line. A csv file has them in the column called HSA-id, or else in
    the first one, separated by comma, semicolon or tab; UTF-8, UTF-16 and Windows-1252 are
    understood. Save an Excel workbook as csv first.

    Shows what would be added, and what is refused and why, and asks. Each row is checked again when
    it is added. If rows were refused, the others are added and the command ends with 3.
    """
    order = importing.Order(clinics.ADD, file, consent, all_or_nothing, report)
    end_with(importing.carry_out(run, order, _acting_for(run, regions), author))


@command.command(
    changes=options.unless_dry_run,
    epilog=options.examples(
        "sync-worker clinics remove SE2321000016-TA01 --reason 'Order 18'",
        "sync-worker clinics remove --file closed.txt --region 01",
    ),
)
@click.argument("wanted", metavar="HSA-ID...", nargs=-1)
@click.option(
    "--file",
    metavar="FILE|-",
    type=options.FILE,
    help="The clinics in this file, which is read as by `import`.",
)
@options.region_option("The region you act for; without it: nationally. May be repeated.")
@author_options
@plan_options
@pass_invocation
def remove(
    run: Invocation,
    wanted: tuple[str, ...],
    file: str | None,
    regions: tuple[str, ...],
    author: Author,
    consent: Consent,
) -> None:
    """Remove clinics from the complaints registry, by HSA-id or from a file.

    A removed clinic receives no new cases, and no event brings it back. Its facts are kept.
    """
    if (file is None) == (not wanted):
        raise UserError(
            Exit.USAGE, messages.IDS_OR_FILE(), hint="sync-worker clinics remove --help"
        )
    acting_for = _acting_for(run, regions)
    if file is not None:
        order = importing.Order(clinics.REMOVE, file, consent)
        end_with(importing.carry_out(run, order, acting_for, author))
    with run.registry() as registry:
        items = clinics.plan(registry, clinics.REMOVE, wanted, acting_for)
        removable = [item.hsa_id for item in items if item.outcome is AdmissionOutcome.REMOVED]
        if removable and not consent.dry_run:
            run.output.message(says.TO_BE_REMOVED(hsa_ids=", ".join(removable)))
        done = consent.carry_out(
            run.output,
            says.REMOVING.question(count=len(removable)) if removable else None,
            lambda: clinics.do(registry, clinics.REMOVE, wanted, acting_for, author.now()),
        )
        if done is None and not consent.dry_run:
            clinics.confirm(registry, clinics.REMOVE, items, acting_for, author.now())
    _report(run, done or items)


command.add_command(explaining.explain)
command.add_command(past.list_closures)


def _acting_for(run: Invocation, regions: tuple[str, ...]) -> clinics.ActingFor:
    lookup.require_known_region(run, *regions)
    return regions or None


def _report(run: Invocation, items: Sequence[clinics.Item]) -> None:
    run.output.items([item._asdict() for item in items], ITEM_COLUMNS)
    refused = [item for item in items if item.outcome is AdmissionOutcome.REFUSED]
    for item in refused:
        run.output.message(_in_words(item))
    if refused:
        run.output.attention(says.REFUSED_BY_HAND(refused=len(refused), count=len(items)))
        end_with(Exit.REFUSED)


def _in_words(item: clinics.Item) -> FilledMessage:
    assert item.reason is not None  # a refusal has one
    why, remedy = REFUSALS[item.reason]
    return says.REFUSED_ID(hsa_id=item.hsa_id, why=why, remedy=remedy)


def _text(run: Invocation, clinic: dict[str, Any]) -> str:
    text = run.output.text
    lines = [run.output.fields({name: clinic[name] for name in (*COLUMNS, "registered_by")})]
    for kind in ("facts", "held"):
        for fact, register in clinic[kind].items():
            if register is not None:
                stated = f"{text(register['value'])}, from {text(register['time'])}"
                by = f"by event {register['event_id'] or '(none)'}"
                lines.append(run.output.folded(f"{kind} {fact}: {stated} {by}"))
    if "history" in clinic:
        lines += ["", run.output.table(clinic["history"], HISTORY_COLUMNS)]
    return "\n".join(lines)
