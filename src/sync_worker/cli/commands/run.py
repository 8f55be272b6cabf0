"""`sync-worker run`: the worker."""

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync_worker.cli import options, signals
from sync_worker.cli.remedies import sentence_of
from sync_worker.errors import Exit, UserError

if TYPE_CHECKING:
    from sync_worker.pipeline.worker import Worker
    from sync_worker.registry.database import Registry
    from sync_worker.streams.archive.reader import ArchiveSource


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
@click.option(
    "--archive",
    "archives",
    multiple=True,
    type=click.Path(path_type=Path),
    help="An archive to apply, plain or .gz, instead of Kafka. May be given several times: they "
    "are read in turn, each to its end.",
)
@click.option(
    "--until-idle",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    callback=options.finite,
    help="End once everything there was at the start is applied and nothing more came for so long.",
)
@click.pass_context
def command(ctx: click.Context, archives: tuple[Path, ...], until_idle: float | None) -> None:
    """Apply the events of Kafka, or of archives, to the registry.

    Begins where it last stopped. From Kafka it is a daemon: what is away is waited for, and several
    workers share the partitions. A bad record is set aside and the others go on. Rows, log, dead
    letters and positions are kept in one transaction: ended at any moment, even by kill -9, it
    loses nothing and counts nothing twice.

    SIGTERM and Ctrl-C finish what is in hand and end with 0; from archives or with --until-idle,
    where that is not all, with 130. As it ends it prints what became of the records. Read to the
    end, these end with 3 while mass changes wait for a person.
    """
    is_daemon = not archives and until_idle is None
    end = signals.End(Exit.DONE if is_daemon else Exit.INTERRUPTED)
    from sync_worker import bootstrap
    from sync_worker.cli import daemon
    from sync_worker.inspection.status import counts_item
    from sync_worker.pipeline.retry import DAEMON, UNTIL_IDLE
    from sync_worker.telemetry.health import Health, Readiness
    from sync_worker.telemetry.listener import TelemetryListener
    from sync_worker.telemetry.metrics import Metrics

    run = options.invocation(ctx)
    stuck_after = run.settings.kafka_max_poll_interval_ms / 1000
    health, metrics = Health(stuck_after, run.options.redaction), Metrics()
    told = TelemetryListener(run.log(), metrics, health)
    with bootstrap.registry.worker_registry(run.settings, told.database_refused) as registry:
        health.database = registry.unanswered_seconds
        worker = bootstrap.worker.worker(
            run.settings, registry, told, DAEMON if is_daemon else UNTIL_IDLE
        )
        end.of(worker)
        tell = told.kafka_refused
        open_kafka = None if archives else daemon.opener(run.settings, health, run.log(), tell)
        try:
            if open_kafka is None:
                is_whole = _apply_archives(run, worker, archives)
            else:
                readiness = Readiness(run.log(), health)
                watched = daemon.watched(run.settings, health, metrics, readiness)
                with watched if is_daemon else nullcontext():
                    is_whole = worker.run(open_kafka, until_idle)
        finally:
            run.output.document(counts_item(worker.total), render=_sentence)
        if not is_daemon:
            _require_whole(is_whole)
            _point_out_holds(ctx, run, registry)


def _apply_archives(run: options.Invocation, worker: "Worker", archives: tuple[Path, ...]) -> bool:
    """Whether all of them were read to their ends."""
    from sync_worker import bootstrap

    sources = [bootstrap.streams.archive(run.settings, path) for path in archives]
    for source in sources:
        source.stream_id  # noqa: B018 - opens each file before the first one is applied
    for path, source in zip(archives, sources, strict=True):
        with run.output.progress(str(path), source.fraction_read):
            if not worker.run(partial(_opened, source), until_idle_seconds=0):
                return False
    return True


def _require_whole(is_whole: bool) -> None:
    if not is_whole:
        raise UserError(
            Exit.INTERRUPTED,
            "Told to stop before the end: not everything is applied.",
            why="What was in hand is finished, and stands.",
            hint="The same command goes on from there.",
        )


def _point_out_holds(ctx: click.Context, run: options.Invocation, registry: "Registry") -> None:
    from sync_worker.inspection.status import attention_to_holds
    from sync_worker.registry import guard_state

    with registry.snapshot() as connection:
        still_open = guard_state.count_open(connection)
        sentences = [sentence_of(*attention) for attention in attention_to_holds(connection)]
    for sentence in sentences:
        run.output.attention(sentence)
    if still_open:
        ctx.exit(Exit.ATTENTION)


def _opened(source: "ArchiveSource") -> "ArchiveSource":
    """A file is opened when it is sought; there is nothing to wait for."""
    return source


def _sentence(counts: dict[str, int]) -> str:
    parts = ", ".join(
        f"{counts[name]} {name.replace('_', ' ')}"
        for name in ("applied", "superseded", "ignored", "dead_lettered")
    )
    return f"{counts['read']} records read: {parts}"
