"""`sync-worker run`: the worker."""

from contextlib import nullcontext
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync_worker import bootstrap
from sync_worker.cli import options, params, signals
from sync_worker.cli.invocation import Invocation, end_with, invocation
from sync_worker.cli.process_log import dropped_lines, opened_log
from sync_worker.cli.remedies import sentence_of
from sync_worker.errors import Exit, UserError
from sync_worker.events import outcome
from sync_worker.telemetry import log_events, process_log

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from structlog.typing import FilteringBoundLogger

    from sync_worker.bootstrap.worker import WorkerProcess
    from sync_worker.pipeline.worker import Worker
    from sync_worker.streams.archive.reader import ArchiveSource
    from sync_worker.streams.kafka.source import KafkaSource


@click.command(
    cls=options.Command,
    changes=options.always,
    prints_document=True,
    epilog=options.examples(
        "sync-worker run",
        "sync-worker run --until-idle 5",
        "sync-worker run --archive stream.jsonl",
        "sync-worker run --archive monday.jsonl.gz --archive tuesday.jsonl.gz -o json",
    ),
)
@params.archives_option(
    "An archive to apply, plain or .gz, instead of Kafka; several are read in turn."
)
@click.option(
    "--until-idle",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    callback=options.finite,
    help="End once everything that was there at the start is applied and nothing more has "
    "come for this long.",
)
@click.pass_context
def command(ctx: click.Context, archives: tuple[Path, ...], until_idle: float | None) -> None:
    """Apply the events of Kafka, or of archives, to the registry.

    Starts where it last stopped. From Kafka it is a daemon: it waits for what is unavailable, and
    several workers share the partitions. A bad record is dead-lettered and does not stop the
    others. Rows, change log, dead letters and positions are written in one transaction: ended at
    any moment, even by kill -9, it loses nothing and counts nothing twice.

    SIGTERM and Ctrl-C finish the transaction in progress and end with 0; from archives or with
    --until-idle, if records remain, with 130. At the end it prints the outcomes of the records. If
    it has read to the end, it ends with 3 while mass changes wait for approval.
    """
    is_daemon = not archives and until_idle is None
    shutdown = signals.ShutdownHandler(Exit.DONE if is_daemon else Exit.INTERRUPTED)
    # Heavy parts are imported from here on, so that a signal that comes early counts.
    run = invocation(ctx)
    redaction, log = run.options.redaction, opened_log(run)
    if not archives:
        log = log.bind(**bootstrap.identity(bootstrap.worker_name(run.settings)))
    with (
        process_log.captured(log) if is_daemon else nullcontext(),
        bootstrap.worker.running(run.settings, log, redaction, is_daemon=is_daemon) as parts,
    ):
        shutdown.attach(parts.worker)
        open_kafka = None if archives else parts.kafka_opener()
        sources = _opened_archives(run, archives)
        try:
            if open_kafka is None:
                is_whole = _apply_archives(run, parts.worker, sources, log)
            else:
                is_whole = _follow(run, parts, shutdown, open_kafka, until_idle, log)
        finally:
            run.output.document(parts.counts(), render=_sentence)
        if is_daemon:
            return
        _require_whole(is_whole)
        open_holds, attention = parts.holds()
    for about, remedy in attention:
        run.output.attention(sentence_of(about, remedy))
    if open_holds:
        end_with(Exit.ATTENTION)


def _follow(
    run: Invocation,
    parts: "WorkerProcess",
    shutdown: signals.ShutdownHandler,
    open_kafka: "Callable[[], KafkaSource]",
    until_idle: float | None,
    log: "FilteringBoundLogger",
) -> bool:
    """Whether Kafka was read to its end, which a daemon never does."""
    shutdown.last_words = lambda: parts.say_stopped(shutdown.received, is_finished=False)
    with parts.lifetime(lambda: shutdown.received), parts.reported():
        if until_idle is not None:
            source = _OpenedKafka(open_kafka)
            with _progress(run, "Kafka", source, log):
                return parts.worker.run(source, until_idle)
        with parts.probed(dropped_lines):
            return parts.worker.run(open_kafka, None)


class _OpenedKafka:
    """Opens Kafka for the worker, and says from another thread how far that has come."""

    def __init__(self, open_source: "Callable[[], KafkaSource]") -> None:
        self._open_source = open_source
        self._source: KafkaSource | None = None

    def __call__(self) -> "KafkaSource":
        self._source = self._open_source()
        return self._source

    @property
    def records_read(self) -> int:
        return 0 if self._source is None else self._source.records_read

    def fraction_applied(self) -> float:
        return 0.0 if self._source is None else self._source.fraction_applied()


def _opened_archives(
    run: Invocation, archives: tuple[Path, ...]
) -> "list[tuple[Path, ArchiveSource]]":
    sources = [(path, bootstrap.streams.archive_source(run.settings, path)) for path in archives]
    for _, source in sources:
        source.stream_id  # noqa: B018 - opens each file before the first one is applied
    return sources


def _apply_archives(
    run: Invocation,
    worker: "Worker",
    sources: "list[tuple[Path, ArchiveSource]]",
    log: "FilteringBoundLogger",
) -> bool:
    """Whether all of them were read to their ends."""

    def apply(path: Path, source: "ArchiveSource") -> bool:
        with _progress(run, str(path), source, log):
            return worker.run(lambda: source, until_idle_seconds=0)

    return all(starmap(apply, sources))


def _progress(
    run: Invocation,
    label: str,
    source: "ArchiveSource | _OpenedKafka",
    log: "FilteringBoundLogger",
) -> "AbstractContextManager[None]":
    """Show how far a source is applied."""

    def tell(line: str) -> None:
        # Where the log is one, each line on stderr is an entry of it.
        log.info(log_events.LogEvent.PROGRESS, detail=line)

    return run.output.progress(
        label, source.fraction_applied, lambda: source.records_read, tell=tell
    )


def _require_whole(is_whole: bool) -> None:
    if not is_whole:
        raise UserError(
            Exit.INTERRUPTED,
            "Stopped before the end.",
            why="The transaction in progress was committed.",
            hint="Run the same command to continue.",
        )


def _sentence(counts: dict[str, int]) -> str:
    parts = ", ".join(f"{counts[name]} {name.replace('_', '-')}" for name in outcome.Outcome)
    return f"{counts['read']} records read: {parts}"
