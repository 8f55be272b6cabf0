"""`sync-worker tak`: the list of clinics with a system of their own, kept by support."""

from __future__ import annotations

from collections.abc import Sequence

import click

from sync_worker.administration import tak
from sync_worker.administration.csv_files.reader import FileContents
from sync_worker.administration.messages import tak as says
from sync_worker.cli import files, messages, options
from sync_worker.cli.invocation import Invocation, end_with, pass_invocation
from sync_worker.cli.plan import Author, Consent, author_with_ticket, plan_options
from sync_worker.cli.table import Columns
from sync_worker.domain.admission import AdmissionOutcome, Refusal
from sync_worker.errors import Exit, UserError
from sync_worker.language import Message
from sync_worker.registry import queries

COLUMNS = ("hsa_id", "name", "region_code", "active", "registered")
ITEM_COLUMNS = Columns(
    "line",
    "hsa_id",
    "outcome",
    "reason",
    "registered",
    "effect",
    hidden_first=("line", "registered"),
)


@click.group(cls=options.Group)
def command() -> None:
    """Replace or show the list of clinics with their own system.

    Such a clinic is administered in TAK, and cannot be added here: one clinic, one handling system.
    Support keeps the list; `import` uses SYNC_WORKER_SUPPORT_DATABASE_URL if it is set.
    """


@command.command("list", epilog=options.examples("sync-worker tak list -o csv"))
@pass_invocation
def list_own_systems(run: Invocation) -> None:
    """List the clinics with their own system, by HSA-id.

    Name, region and activity are empty if the e-services never stated them. A clinic that is also
    registered here should be removed from one of the two.
    """
    with run.snapshot() as connection:
        run.output.items(queries.own_systems(connection), COLUMNS, empty=says.EMPTY())


@command.command(
    "import",
    changes=options.unless_dry_run,
    epilog=options.examples("sync-worker tak import tak.csv --ticket INC7"),
)
@click.argument("file", metavar="FILE|-", type=options.FILE)
@click.option(
    "--accept-short",
    is_flag=True,
    help="Accept a list with fewer than 80 % of the present entries.",
)
@author_with_ticket(is_required=False)
@plan_options
@pass_invocation
def import_list(
    run: Invocation,
    file: str,
    accept_short: bool,
    author: Author,
    consent: Consent,
) -> None:
    """Replace the list with the one in FILE, or on stdin where FILE is `-`.

    The file is as for `clinics import`: text with one HSA-id per line, or csv. It must contain the
    whole list, since a clinic that is missing from it counts as using 1177 from now on; a file with
    a row that is not a valid HSA-id is refused. Shows what is added, removed and unchanged, and
    which registered clinics stop receiving cases, and asks.
    """
    given = files.contents(file)
    with run.registry(run.settings.support_url) as registry:
        listed = tak.listed_clinics(registry, given.entries)
        files.tell_remarks(run.output, given)
        if listed.malformed:
            _refuse(run, given, listed)
        planned = tak.plan(registry, list(listed.lines))
        _tell(run, planned)
        if planned.is_short and not accept_short:
            raise _short(planned)
        if consent.dry_run:
            run.output.message(messages.DRY_RUN())

        def replace_it() -> tak.TakPlan:
            with run.output.counting(says.PROGRESS(), messages.CLINICS_DONE) as tally:
                return tak.put(registry, planned, author.now(), tally)

        question = None if planned.changes_nothing else says.QUESTION()
        done = consent.carry_out(run.output, question, replace_it)
    if done is None:
        done = planned
    else:
        run.output.message(says.REPLACED(count=len(done.added) + len(done.kept)))
    run.output.items(
        done.items(listed.lines), ITEM_COLUMNS, empty=says.EMPTY(), extra=done.summary()
    )
    if done.in_both:
        _name(run, says.IN_BOTH, done.in_both, is_serious=True)


def _tell(run: Invocation, plan: tak.TakPlan) -> None:
    if plan.changes_nothing:
        run.output.message(says.NOTHING_TO_DO())
        return
    _name(run, says.ADDED, plan.added)
    _name(run, says.REMOVED, plan.removed)
    run.output.message(says.KEPT(count=len(plan.kept)))
    _name(run, says.STOPS, plan.stops_receiving, is_serious=True)
    _name(run, says.STARTS, plan.starts_receiving, is_serious=True)


def _name(
    run: Invocation,
    message: Message,
    hsa_ids: Sequence[str],
    *,
    is_serious: bool = False,
) -> None:
    """Say how many they are, and name every one."""
    if not hsa_ids:
        return
    tell = run.output.attention if is_serious else run.output.message
    tell(message(count=len(hsa_ids)))
    for hsa_id in hsa_ids:
        tell(f"  {hsa_id}")


def _refuse(run: Invocation, given: FileContents, listed: tak.ListedClinics) -> None:
    """End the command: a list that lacks what its malformed rows mean is not to be used."""
    malformed = sorted({entry.line for entry in listed.malformed})
    refused, count = len(malformed), len(given.entries)
    summary = {Refusal.MALFORMED_HSA_ID.value: refused}
    if count > refused:
        summary[AdmissionOutcome.NOT_DONE.value] = count - refused
    run.output.items(listed.refused_items(given.entries), ITEM_COLUMNS, extra={"summary": summary})
    lines = ", ".join(map(str, malformed))
    run.output.attention(says.MALFORMED(refused=refused, count=count, lines=lines))
    end_with(Exit.REFUSED)


def _short(plan: tak.TakPlan) -> UserError:
    sizes = {"new": len(plan.added) + len(plan.kept), "present": len(plan.present)}
    return UserError(
        Exit.REFUSED,
        says.SHORT(**sizes),
        why=says.SHORT_WHY(),
        hint=messages.ACCEPT_SHORT_LIST(),
        code="short_list",
    )
