"""`sync-worker events`: judge events before they are published."""

import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync_worker.cli import options
from sync_worker.cli.errors import CommandError, Exit

if TYPE_CHECKING:
    from sync_worker.events.codec import Codec
    from sync_worker.events.record import Record

COLUMNS = ("number", "topic", "partition", "offset", "key", "verdict", "reason", "detail")
_RECORDS_AT_A_TIME = 1000


@click.group(cls=options.Group)
def command() -> None:
    """Judge events as the worker would. Needs neither a database nor Kafka."""


@command.command(
    epilog=options.examples(
        "sync-worker events validate stream.jsonl",
        "kcat -C -J -t eservices.clinic.region | sync-worker events validate -",
        "sync-worker events validate --format events my-event.json",
    )
)
@click.argument("file", metavar="FILE|-")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["archive", "events"]),
    default="archive",
    show_default=True,
    help="archive: one record a line, as kcat -J prints it. events: CloudEvents JSON documents.",
)
@click.pass_context
def validate(ctx: click.Context, file: str, file_format: str) -> None:
    """Say which records of FILE the worker would set aside or ignore, and why.

    Lists only those; the others are fine. Ends with 3 where any would be set aside.
    """
    from sync_worker.cli import wiring

    run = options.invocation(ctx)
    codec = wiring.codec(run.settings)
    summary: Counter[str] = Counter(read=0, valid=0, ignored=0, dead_lettered=0)
    rows: list[dict[str, Any]] = []
    with _file(file) as path:
        records = _of_events(path, run) if file_format == "events" else _of_archive(path, run)
        try:
            for number, record in enumerate(records, 1):
                row = _judged(codec, number, record)
                summary.update(["read", row["verdict"]])
                if row["verdict"] != "valid":
                    rows.append(row)
        finally:
            run.output.items(rows, COLUMNS, extra={"summary": dict(summary)})
            run.output.message(_sentence(summary))
    if summary["dead_lettered"]:
        run.output.attention(f"{summary['dead_lettered']} records would be set aside.")
        ctx.exit(Exit.ATTENTION)


def _judged(codec: "Codec", number: int, record: "Record") -> dict[str, Any]:
    from sync_worker.cli import wiring
    from sync_worker.events.verdicts import Event, Ignored, Rejection

    key = None if record.key is None else record.key.decode("utf-8", "backslashreplace")
    place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    row = {"number": number, **place, "key": key, "reason": None, "detail": None}
    match codec.decode(record, wiring.now()):
        case Event():
            return row | {"verdict": "valid"}
        case Ignored(detail):
            return row | {"verdict": "ignored", "detail": detail}
        case Rejection(reason, detail):
            return row | {"verdict": "dead_lettered", "reason": reason.value, "detail": detail}


def _of_archive(path: Path, run: options.Invocation) -> "Iterator[Record]":
    from sync_worker.stream.archive import ArchiveSource

    source = ArchiveSource(path, _RECORDS_AT_A_TIME)
    source.seek({})
    with run.output.progress(str(path), source.fraction_read) as advance:
        while not source.at_end():
            batch = source.poll(0)
            advance()
            yield from batch.records if batch is not None else ()


def _of_events(path: Path, run: options.Invocation) -> "Iterator[Record]":
    """Documents one after the other, pretty-printed or one a line, as records without a key."""
    from sync_worker.events.record import Record

    text = path.read_bytes().decode("utf-8", "surrogateescape")
    decoder, place, number = json.JSONDecoder(), 0, 0
    while (place := _next_document(text, place)) < len(text):
        try:
            _, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            end = len(text)
        value = text[place:end].encode("utf-8", "surrogateescape")
        yield Record(run.settings.kafka_activation_topic, 0, number, None, None, value)
        place, number = end, number + 1


def _next_document(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n":
        place += 1
    return place


@contextmanager
def _file(name: str) -> Iterator[Path]:
    """The file; what comes on stdin is put into one, since an archive is read more than once."""
    if name != "-":
        yield Path(name)
        return
    if sys.stdin.isatty():
        raise CommandError(
            Exit.USAGE, "Nothing comes on stdin.", hint="Pipe an archive into it, or name a file."
        )
    with tempfile.NamedTemporaryFile(prefix="sync-worker-", suffix=".jsonl") as spooled:
        shutil.copyfileobj(sys.stdin.buffer, spooled)
        spooled.flush()
        yield Path(spooled.name)


def _sentence(summary: Counter[str]) -> str:
    return (
        f"{summary['read']} records read: {summary['valid']} valid, {summary['ignored']} ignored, "
        f"{summary['dead_lettered']} to be set aside"
    )
