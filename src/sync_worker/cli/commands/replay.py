"""`sync-worker replay`: a range of the stream read again, beside the running worker."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import click

from sync_worker import bootstrap
from sync_worker.authorship import Authorship
from sync_worker.cli import moves, options, params, reading_again, text
from sync_worker.cli.interruption import Shielded
from sync_worker.cli.invocation import Invocation, end_with, pass_invocation
from sync_worker.cli.reading_again import Again
from sync_worker.errors import Exit
from sync_worker.operations.reapply import CommittingReapplier, DryRunReapplier
from sync_worker.operations.replay import Reapplier, ReapplyReport, RecordFilter, Replay
from sync_worker.pipeline.merge import Outcome
from sync_worker.pipeline.stored_positions import check_same_log
from sync_worker.registry.change_log import LogEntry
from sync_worker.registry.queries import meant
from sync_worker.streams.ranges import End, Range, RangeReader, Start

CHANGE_COLUMNS = ("hsa_id", "fact", "old", "new")
_COUNTS = ("applied", "superseded", "ignored", "dead_lettered", "held")


@click.command(
    cls=options.Command,
    changes=options.unless_dry_run,
    prints_document=True,
    epilog=options.examples(
        "sync-worker replay --dry-run",
        "sync-worker replay --from time:2026-11-23 --dry-run",
        "sync-worker replay --archive stream.jsonl --clinic SE2321000016-1HZ3 --yes",
        "sync-worker replay --topic eservices.clinic.region --partition 2 --from offset:100 --yes",
    ),
)
@params.archives_option("An archive to read, plain or .gz, instead of Kafka.")
@params.options
@click.option(
    "--clinic",
    "hsa_ids",
    multiple=True,
    metavar="HSA-ID",
    callback=lambda ctx, param, given: tuple(options.not_blank(ctx, param, one) for one in given),
    help="Only records of this clinic. May be given several times.",
)
@options.actor_and_reason
@options.plan_options
@pass_invocation
def command(
    run: Invocation,
    /,
    archives: tuple[Path, ...],
    topics: tuple[str, ...],
    partitions: tuple[int, ...],
    start: Start,
    end: End,
    hsa_ids: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    actor: str,
    reason: str | None,
) -> None:
    """Read a range of the stream again, beside the running worker.

    Records go through the worker's own path: what is known already changes nothing, what is newer
    is applied, and a mass change is held. Neither the workers' group nor any position is touched.

    A dry run keeps nothing, holds no lock, and reports exactly what the run would then do. Without
    --yes the dry run is shown first and asked about. `changes` are net: from before the first
    record to after the last.

    Ctrl-C finishes what is in hand and prints what was done so far; running it again is safe. Ends
    with 3 where something was held, or would be.
    """
    wanted = params.selected(topics, partitions, start, end)
    if not (dry_run or yes):
        run.output.require_terminal()

    with reading_again.opened(run) as again:
        replaying = _Replaying(run, again, archives or (None,), wanted, hsa_ids)
        if not (dry_run or yes):
            planned = replaying.rehearse("dry run", lambda _report: None)
            run.output.message(_text(run, _document(planned)))
            moves.tell(run.output, planned.moved_without_board(), is_done=False)
            run.output.confirm("Do it?", yes=False)
        show = partial(_show, run, is_done=not dry_run)
        report = (
            replaying.rehearse("dry run", show) if dry_run else replaying.do(show, actor, reason)
        )
    if report.held:
        end_with(Exit.ATTENTION)


class _Replaying:
    """One command's reading, for its plan and in earnest."""

    def __init__(
        self,
        run: Invocation,
        again: Again,
        archives: tuple[Path | None, ...],
        wanted: Range,
        hsa_ids: tuple[str, ...],
    ) -> None:
        self._run = run
        self._again = again
        self._archives = archives
        self._wanted = wanted
        self._only = _only(again, hsa_ids)

    def rehearse(self, label: str, show: Callable[[ReapplyReport], None]) -> ReapplyReport:
        """Keep nothing."""
        return self._read(DryRunReapplier(self._again.reapply_context), label, show)

    def do(
        self, show: Callable[[ReapplyReport], None], actor: str, reason: str | None
    ) -> ReapplyReport:
        """Keep what it comes to."""
        context = self._again.reapply_context
        entry = LogEntry.by(Authorship(actor, reason, context.clock()), "replayed")
        return self._read(CommittingReapplier(context, entry), "replay", show)

    def _read(
        self, hand: Reapplier, label: str, show: Callable[[ReapplyReport], None]
    ) -> ReapplyReport:
        """Have the hand take every range; what became of them is shown however it ends."""
        interruption = self._again.interruption
        replay = Replay(Shielded(hand, interruption), self._only, lambda: interruption.is_wanted)
        with ExitStack() as opened:
            readers = [self._opened(path, opened) for path in self._archives]
            try:
                with reading_again.ended_in_order(interruption):
                    for reader in readers:
                        self._read_one(replay, reader, label)
            finally:
                show(replay.report)
        return replay.report

    def _read_one(self, replay: Replay, reader: RangeReader, label: str) -> None:
        with self._run.output.progress(label, reader.fraction_read, lambda: reader.records_read):
            replay.read(reader.stream_id, reader.batches())

    def _opened(self, path: Path | None, opened: ExitStack) -> RangeReader:
        from sync_worker.streams.kafka.range_reader import KafkaRangeReader

        settings, retry = self._run.settings, self._again.reapply_context.retry
        reader = retry(
            lambda: bootstrap.streams.range_reader(
                settings, path, self._wanted, has_archive_option=True
            )
        )
        opened.callback(reader.close)
        if isinstance(reader, KafkaRangeReader):
            ids, registry = reader.topic_ids, self._again.registry
            retry(lambda: check_same_log(registry, reader.stream_id, ids))
        return reader


def _only(again: Again, hsa_ids: tuple[str, ...]) -> RecordFilter | None:
    if not hsa_ids:
        return None

    def wanted() -> set[str]:
        with again.registry.snapshot() as connection:
            return set(meant(connection, hsa_ids))

    return RecordFilter(
        again.reapply_context.retry(wanted),
        again.reapply_context.decoder,
        again.reapply_context.clock,
    )


def _show(run: Invocation, report: ReapplyReport, *, is_done: bool) -> None:
    """The report on stdout, and on stderr what somebody should look at."""
    document = _document(report)
    run.output.document(document, render=lambda shown: _text(run, shown))
    if not report.read:
        run.output.message("No record is in that range.")
    moves.tell(run.output, report.moved_without_board(), is_done=is_done)
    if report.ahead_of_clock:
        run.output.attention(text.ahead_of_clock(report.ahead_of_clock))
    if report.held:
        verb, way = ("are", ": sync-worker holds list") if is_done else ("would be", "")
        run.output.attention(f"Changes of {_records(report.held)} {verb} held back{way}")
    if set_aside := document["dead_lettered"] - report.already_dead_lettered:
        verb, way = ("are", ": sync-worker deadletters list") if is_done else ("would be", "")
        run.output.message(f"Set aside as bad {verb} {_records(set_aside)}{way}")
    if again := report.already_dead_lettered:
        run.output.message(
            f"Of what was read, {_bad_records(again)} been set aside before: "
            "sync-worker deadletters list --status all"
        )


def _document(report: ReapplyReport) -> dict[str, Any]:
    return {
        "read": report.read,
        **{outcome.value: report.counts[outcome] for outcome in Outcome},
        "held": report.held,
        "changes": [
            {"hsa_id": hsa_id, "fact": change.fact.value, "old": change.old, "new": change.new}
            for hsa_id, change in report.changes()
        ],
    }


def _text(run: Invocation, document: dict[str, Any]) -> str:
    counts = ", ".join(f"{document[name]} {name.replace('_', ' ')}" for name in _COUNTS)
    changes = document["changes"]
    lines = [f"{_records(document['read'])} read: {counts}; changes: {len(changes)}"]
    if changes:
        lines += ["", run.output.table(changes, CHANGE_COLUMNS)]
    return "\n".join(lines)


def _bad_records(number: int) -> str:
    return "1 bad record had" if number == 1 else f"{number} bad records had"


def _records(number: int) -> str:
    return f"{number} record" if number == 1 else f"{number} records"
