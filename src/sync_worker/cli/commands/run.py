"""`sync-worker run`: the worker."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync_worker.cli import options

if TYPE_CHECKING:
    from sync_worker.sync.worker import Worker


@click.command(
    cls=options.Command,
    prints_document=True,
    epilog=options.examples(
        "sync-worker run --archive stream.jsonl",
        "sync-worker run --archive monday.jsonl.gz --archive tuesday.jsonl.gz -o json",
    ),
)
@click.option(
    "--archive",
    "archives",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="An archive to apply, plain or .gz. May be given several times: they are read in turn.",
)
@click.option(
    "--until-idle",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Archives are always read to their ends; accepted so that one call serves both ends.",
)
@click.pass_context
def command(ctx: click.Context, archives: tuple[Path, ...], until_idle: float | None) -> None:
    """Apply the events of archives to the registry, from where it last stopped.

    An archive is known by its content, so running again reads only what has come since. A bad
    record is set aside and the others go on. Rows, log, dead letters and positions are kept in one
    transaction: ended at any moment, even by kill -9, it loses nothing and counts nothing twice.

    Ends with 0 when everything is applied, and prints what became of the records. SIGTERM and
    Ctrl-C finish the batch in hand and end with 0.
    """
    from sync_worker.cli import wiring
    from sync_worker.inspection.status import counts_item
    from sync_worker.telemetry.progress import LoggedProgress

    del until_idle
    run = options.invocation(ctx)
    sources = [wiring.archive(run.settings, path) for path in archives]
    with wiring.registry(run.settings.database_url) as registry:
        worker = wiring.worker(run.settings, registry, LoggedProgress(run.log()))
        _end_in_order(worker)
        for source in sources:
            source.stream_id  # noqa: B018 - opens each file before the first one is applied
        try:
            for path, source in zip(archives, sources, strict=True):
                with run.output.progress(str(path), source.fraction_read):
                    worker.run_to_end(source)
                source.close()
        finally:
            run.output.document(counts_item(worker.total), render=_sentence)


def _end_in_order(worker: "Worker") -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: worker.stop())


def _sentence(counts: dict[str, int]) -> str:
    parts = ", ".join(
        f"{counts[name]} {name.replace('_', ' ')}"
        for name in ("applied", "superseded", "ignored", "dead_lettered")
    )
    return f"{counts['read']} records read: {parts}"
