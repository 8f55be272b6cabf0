"""`sync-worker reconcile`: is the registry true?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync_worker import bootstrap
from sync_worker.cli import lookup, options
from sync_worker.cli import messages as says
from sync_worker.cli.invocation import Invocation, end_with, pass_invocation
from sync_worker.cli.params import Moment
from sync_worker.cli.plan import Author, Consent, author_options, yes_option
from sync_worker.cli.table import Columns
from sync_worker.cli.warnings import moved_without_board
from sync_worker.errors import Exit, UserError
from sync_worker.events.timestamps import CLOCKS_DIFFER
from sync_worker.language import counted
from sync_worker.operations import reconcile, reconcile_records, repair
from sync_worker.pipeline import listener

if TYPE_CHECKING:
    from sync_worker.registry.database import Registry

COLUMNS = Columns(
    "hsa_id",
    "fact",
    "registry",
    "expected",
    "cause",
    "registered",
    "registered_by",
    "registered_at",
    "time",
    "event_id",
    "topic",
    "partition",
    "offset",
    hidden_first=(
        "offset",
        "partition",
        "topic",
        "event_id",
        "time",
        "registered_at",
        "registered_by",
        "registered",
    ),
)


class Kind(StrEnum):
    """What the registry is compared with."""

    TOPICS = "topics"
    ARCHIVE = "archive"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class Against:
    """What the registry is compared with; topics have no path."""

    kind: Kind
    path: Path | None = None

    @property
    def text(self) -> str:
        """As it is typed."""
        return self.kind.value if self.path is None else f"{self.kind.value}:{self.path}"


class _AgainstType(click.ParamType[Against]):
    name = "topics|archive:PATH|snapshot:PATH"

    def convert(
        self, value: str | Against, param: click.Parameter | None, ctx: click.Context | None
    ) -> Against:
        if isinstance(value, Against):
            return value
        if value == Kind.TOPICS:
            return Against(Kind.TOPICS)
        kind, _, path = value.partition(":")
        if kind not in {Kind.ARCHIVE, Kind.SNAPSHOT} or not path:
            self.fail(
                f"{value!r} is none of 'topics', 'archive:PATH', 'snapshot:PATH'.", param, ctx
            )
        return Against(Kind(kind), Path(path))


@click.command(
    cls=options.Command,
    changes=options.if_applied_or_recorded,
    epilog=options.examples(
        "sync-worker reconcile --against topics",
        "sync-worker reconcile --against archive:stream.jsonl -o json",
        "sync-worker reconcile --against snapshot:extract.csv --as-of 2026-11-23T06:00:00Z",
        "sync-worker reconcile --against topics --apply --reason 'Case 4711'",
        "sync-worker reconcile --against topics --record",
    ),
)
@click.option(
    "--against",
    type=_AgainstType(),
    required=True,
    help="What to compare the registry with: the worker's topics in Kafka, an archive, or an "
    "extract of the e-services, a csv file: hsa_id,active,region_code[,name].",
)
@click.option(
    "--as-of",
    type=Moment(dates=False),
    help="When the extract was taken: ISO 8601 with Z or an offset. Required with "
    "snapshot:, and only there.",
)
@options.region_option(
    "Only clinics that the registry or the other side has in this region. May be repeated."
)
@click.option("--apply", is_flag=True, help="Repair what differs, after a question.")
@click.option(
    "--accept-short",
    is_flag=True,
    help="Accept an extract that names fewer than 80 % of the registry's active clinics.",
)
@click.option(
    "--record",
    "is_recorded",
    is_flag=True,
    help="Keep the result and the time in the registry, for status, doctor and the metrics.",
)
@author_options
@yes_option
@pass_invocation
def command(
    run: Invocation,
    against: Against,
    as_of: datetime | None,
    regions: tuple[str, ...],
    apply: bool,
    accept_short: bool,
    is_recorded: bool,
    author: Author,
    consent: Consent,
) -> None:
    """Compare the registry with what the e-services said, fact by fact; repair it on request.

    Reads the full stream, or an extract, beside the running worker, whose group and positions are
    not affected. What the worker has not read yet is `pending`, what the registry has from
    elsewhere and newer is `ahead`, what waits for approval is `held`: all three are counted, but
    are not drift.

    missing: the clinic has no row. stale: the registry holds an older version, although the worker
    has passed the event. edited: another value with the same version. absent: active here, but not
    in the extract. registration: the clinic's registration differs from the change log.

    --apply sets exactly what was reported, unless the clinic has changed since, and never a
    registration: the regions add and remove clinics. Ends with 3 if drift was found and is not
    repaired.

    --record keeps a result when the comparison, and the repair, are done: one that fails leaves
    none. A result that is limited to a region is kept, and proves nothing of the others.
    """
    lookup.require_known_region(run, *regions)
    _require_as_of(against, as_of, accept_short=accept_short)
    question = reconcile_records.Question(against.text, as_of, regions)
    began = author.now()
    with run.registry() as registry:
        found = _compare(run, registry, against, question, accept_short=accept_short)
        moved = repair.would_move(registry, found.comparison.differences)
        repaired = None
        if apply:
            repaired = _repair(run, registry, found, moved, author, consent)
        else:
            moved_without_board(run.output, moved, is_done=False)
        if is_recorded:
            reconcile_records.record(registry, question, found, repaired, began)
    _report(run, found.comparison, repaired, is_recorded=is_recorded)


def _compare(
    run: Invocation,
    registry: Registry,
    against: Against,
    question: reconcile_records.Question,
    *,
    accept_short: bool,
) -> reconcile.Reconciliation:
    if question.as_of is not None:
        content = (against.path or Path()).read_bytes()
        given = reconcile.GivenExtract(content, question.as_of, accept_short)
        in_use = bootstrap.registry.regions(run.settings)
        return reconcile.reconcile_with_extract(
            registry, given, in_use, question.regions, run.output.progress
        )
    stream = bootstrap.operations.stream_to_fold(run.settings, against.path)
    progress = run.output.reading(str(against.path or "topics"))
    found = reconcile.reconcile_with_stream(
        registry, stream, question.regions, progress, run.output.progress
    )
    _tell_gaps(run, found)
    return found


def _repair(
    run: Invocation,
    registry: Registry,
    found: reconcile.Reconciliation,
    moved: Sequence[listener.MovedWithoutBoard],
    author: Author,
    consent: Consent,
) -> repair.RepairResult:
    def repair_it() -> repair.RepairResult:
        with run.output.counting("repairing", says.FACTS_DONE) as tally:
            return repair.repair_and_verify(registry, found, author.now(), tally)

    asked = _plan(run, found.comparison.differences, moved)
    return consent.carry_out(run.output, asked, repair_it) or repair.RepairResult()


def _require_as_of(against: Against, as_of: datetime | None, *, accept_short: bool) -> None:
    if against.kind is Kind.SNAPSHOT:
        if as_of is None:
            raise UserError(
                Exit.USAGE,
                "--as-of is required with snapshot:.",
                why="It says when the extract was taken: what happened after that is newer.",
                hint="For example: --as-of 2026-11-23T06:00:00Z",
            )
        if as_of > bootstrap.now() + CLOCKS_DIFFER:
            raise UserError(
                Exit.USAGE,
                "--as-of lies in the future.",
                why="What an extract says would then be newer than every event until that time.",
                hint="Give the time at which the extract was taken.",
            )
        return
    if as_of is not None or accept_short:
        raise UserError(
            Exit.USAGE,
            "--as-of and --accept-short are for an extract alone.",
            why="A stream says itself when things happened.",
            hint="Leave them out, or give --against snapshot:PATH",
        )


def _tell_gaps(run: Invocation, found: reconcile.Reconciliation) -> None:
    """What the stream does not tell."""
    if not found.has_positions:
        run.output.attention(
            "The worker has no positions in this stream: all of it counts as passed."
        )
    if late := found.late_beginnings:
        places = ", ".join(f"{at.topic}/{at.partition} at {late[at]}" for at in sorted(late))
        run.output.attention(
            f"The stream is not there from its beginning: {places}. What only the records before "
            "that said is not compared, and counts as ahead."
        )


def _plan(
    run: Invocation,
    differences: Sequence[reconcile.Difference],
    moved: Sequence[listener.MovedWithoutBoard],
) -> str | None:
    """Show what a repair would set; the question to ask about it."""
    if not differences:
        return None
    run.output.message("To be set, from registry to expected:")
    run.output.message(
        run.output.table(
            [reconcile.difference_item(one) for one in differences], COLUMNS, sys.stderr
        )
    )
    moved_without_board(run.output, moved, is_done=False)
    clinics = len({one.hsa_id for one in differences})
    return f"Set {len(differences)} facts of {clinics} clinics?"


def _items(
    comparison: reconcile.Comparison, repaired: repair.RepairResult | None
) -> list[dict[str, Any]]:
    left = None if repaired is None else repaired.left
    facts = [reconcile.difference_item(one, left=left) for one in comparison.differences]
    is_repair = repaired is not None
    lost = [
        reconcile.registration_item(one, is_repair=is_repair) for one in comparison.registrations
    ]
    return sorted([*facts, *lost], key=lambda shown: str(shown["hsa_id"]))


def _report(
    run: Invocation,
    comparison: reconcile.Comparison,
    repaired: repair.RepairResult | None,
    *,
    is_recorded: bool,
) -> None:
    counts = {name: getattr(comparison, name) for name in ("compared", "pending", "ahead", "held")}
    recorded = {"recorded": True} if is_recorded else {}
    run.output.items(
        _items(comparison, repaired),
        COLUMNS
        if repaired is None
        else Columns(*COLUMNS, "repaired", hidden_first=COLUMNS.hidden_first),
        empty="No drift.",
        extra={**counts, "applied": repaired is not None, **recorded},
    )
    run.output.message(
        f"{counts['compared']} clinics compared: {comparison.found} facts differ; "
        f"{counts['pending']} "
        f"pending, {counts['ahead']} ahead, {counts['held']} held."
    )
    if is_recorded:
        run.output.message("The result is recorded.")
    if repaired is not None:
        _tell_repair(run, repaired)
    elif comparison.differences:
        run.output.attention("The registry has drifted. The same command with --apply repairs it.")
    if comparison.registrations:
        count = len(comparison.registrations)
        run.output.attention(
            f"{counted(count, 'registration differs', 'registrations differ')} from the change "
            "log. No repair sets them: sync-worker clinics add, or sync-worker clinics remove."
        )
    is_left = bool(comparison.differences) if repaired is None else bool(repaired.left)
    if is_left or comparison.registrations:
        end_with(Exit.ATTENTION)


def _tell_repair(run: Invocation, repaired: repair.RepairResult) -> None:
    if repaired.done:
        run.output.message(f"{len(repaired.done)} facts were repaired and verified.")
    moved_without_board(run.output, repaired.moved, is_done=True)
    if repaired.left:
        names = ", ".join(sorted({one.hsa_id for one in repaired.left}))
        run.output.attention(
            f"{len(repaired.left)} facts were left, because their clinics have changed since: "
            f"{names}. Run the command again."
        )
