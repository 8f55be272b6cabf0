"""`sync-worker events export`: a range of Kafka's topics as an archive."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from sync_worker import bootstrap
from sync_worker.cli import options, params, standard_streams
from sync_worker.cli.files import PathToWrite, refuse_registry
from sync_worker.cli.interruption import Interruption
from sync_worker.cli.invocation import Invocation, pass_invocation
from sync_worker.cli.output import write
from sync_worker.errors import Exit, UserError
from sync_worker.events.record import Excerpt, Partition, Record
from sync_worker.files.atomic import require_regular
from sync_worker.printable import printable_json
from sync_worker.streams.archive.writer import line_of, writing
from sync_worker.streams.ranges import End, Start

if TYPE_CHECKING:
    from sync_worker.streams.kafka.range_reader import KafkaRangeReader


STDOUT = "-"
COLUMNS = ("topic", "partition", "from", "until", "records")


class Sink(Protocol):
    """Where records are written to."""

    def write(self, records: Iterable[Record]) -> None:
        """Add records, in the order given."""


@click.command(
    cls=options.Command,
    changes=lambda given: given["out"] != STDOUT,
    prints_document=True,
    epilog=options.examples(
        "sync-worker events export --out stream.jsonl.gz",
        "sync-worker events export --out monday.jsonl --from time:2026-11-23 --until "
        "time:2026-11-24",
        "sync-worker events export --out - --topic eservices.clinic.region | head -1",
    ),
)
@click.option(
    "--out",
    required=True,
    metavar="FILE|-",
    type=PathToWrite(may_be_stream=True),
    help="The archive to write, packed where it ends in .gz; - is standard output, with nothing "
    "else on it.",
)
@params.options
@options.yes_option
@pass_invocation
def export(
    run: Invocation,
    out: str,
    topics: tuple[str, ...],
    partitions: tuple[int, ...],
    start: Start,
    end: End,
    yes: bool,
) -> None:
    """Write the records of Kafka's topics into an archive, as they are.

    `events publish` is its inverse, and `run --archive` reads it. Without --topic, the topics of
    the settings. One partition comes after the other, so that the same range gives the same file.
    The file is there only once it is whole; one that is there already is replaced after a question
    (or with --yes). The workers' group and positions play no part.
    """
    wanted = params.selected(topics, partitions, start, end)
    if out != STDOUT:
        _ask_before_replacing(run, Path(out), yes=yes)
    with (
        Interruption().installed(),
        closing(bootstrap.streams.export_reader(run.settings, wanted)) as reader,
        _sink(out) as sink,
    ):
        counts = _copy(run, reader, sink)
    if out == STDOUT:
        run.output.message(f"{reader.records_read} records exported.")
    else:
        document = {
            "exported": reader.records_read,
            "out": out,
            "partitions": _rows(reader, counts),
        }
        run.output.document(document, render=lambda shown: _text(run, shown))


def _ask_before_replacing(run: Invocation, path: Path, *, yes: bool) -> None:
    refuse_registry(run.settings, path)
    if not path.parent.is_dir():
        raise UserError(
            Exit.USAGE,
            f"No file {path} can be written.",
            why="The folder that it should be in is not there.",
            hint="Make the folder, or name a file in another one.",
            code="file",
        )
    require_regular(path)
    if path.exists():
        run.output.attention(f"{path} is there already.")
        run.output.confirm("Replace it?", yes=yes)


@contextmanager
def _sink(out: str) -> Iterator[Sink]:
    if out == STDOUT:
        yield _Stdout()
        return
    with writing(Path(out)) as writer:
        yield writer


class _Stdout:
    """Standard output, as an archive."""

    def write(self, records: Iterable[Record]) -> None:
        lines = b"".join(map(line_of, records)).decode()
        # A file keeps each line as it is: an archive is known by its first one.
        write(printable_json(lines) if sys.stdout.isatty() else lines)
        if not standard_streams.has_reader(sys.stdout):
            raise click.exceptions.Exit(Exit.DONE)


def _copy(run: Invocation, reader: "KafkaRangeReader", sink: Sink) -> Counter[Partition]:
    """Copy all of it; how many records each partition had."""
    counts: Counter[Partition] = Counter()
    excerpts = 0
    with run.output.progress("exporting", reader.fraction_read):
        for batch in reader.batches():
            sink.write(batch.records)
            counts.update(Partition(r.topic, r.partition) for r in batch.records)
            excerpts += sum(isinstance(record.value, Excerpt) for record in batch.records)
    if excerpts:
        run.output.attention(
            f"{excerpts} of them are too large to be exported whole: of each only the beginning is "
            "in the archive, and such an archive cannot be published again as it is."
        )
    return counts


def _rows(reader: "KafkaRangeReader", counts: Counter[Partition]) -> list[dict[str, Any]]:
    return [
        {**at._asdict(), "from": bounds.begin, "until": bounds.end, "records": counts[at]}
        for at, bounds in sorted(reader.bounds.items())
    ]


def _text(run: Invocation, shown: dict[str, Any]) -> str:
    table = run.output.table(shown["partitions"], COLUMNS)
    return f"{shown['exported']} records exported to {shown['out']}\n\n{table}"
