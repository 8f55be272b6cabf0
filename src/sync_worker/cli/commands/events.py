"""`sync-worker events`: events validated as the worker would; the stream as a file, and back."""

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from sync_worker import bootstrap
from sync_worker.cli import options, standard_streams
from sync_worker.cli.errors import as_command_error
from sync_worker.cli.files import STREAM, PathToWrite, file_of, refuse_registry
from sync_worker.cli.interruption import Interruption
from sync_worker.cli.invocation import Invocation, end_with, pass_invocation
from sync_worker.cli.output import write
from sync_worker.cli.params import range_options, until_option
from sync_worker.cli.plan import Consent, plan_options, yes_option
from sync_worker.cli.remedies import in_words
from sync_worker.cli.table import Columns
from sync_worker.cli.warnings import ahead_of_clock
from sync_worker.errors import Exit, UserError
from sync_worker.events.record import Partition, Record
from sync_worker.files.atomic import require_regular
from sync_worker.language import Language, worded
from sync_worker.operations.export import Exported
from sync_worker.operations.export import export as export_records
from sync_worker.operations.validate import (
    EventVerdict,
    InputKind,
    InvalidEvent,
    Validation,
    events_in,
)
from sync_worker.printable import printable_json
from sync_worker.streams.archive.writer import line_of, writing
from sync_worker.streams.protocol import StreamError, StreamUnavailable
from sync_worker.streams.ranges import Range

if TYPE_CHECKING:
    from sync_worker.operations.publish import PublishPlan, PublishTarget
    from sync_worker.streams.kafka.publisher import Publisher

COLUMNS = Columns(
    "line",
    "topic",
    "partition",
    "offset",
    "key",
    "verdict",
    "reason",
    "detail",
    hidden_first=("offset", "partition", "topic", "key"),
)
EXPORT_COLUMNS = ("topic", "partition", "from", "until", "records")
PUBLISH_COLUMNS = ("topic", "partition", "records", "published")
_ACCEPT = "--accept-changed-timestamps"


@click.group(cls=options.Group)
def command() -> None:
    """Validate events before they are published; export the stream, and publish a file."""


@command.command(
    epilog=options.examples(
        "sync-worker events validate stream.jsonl",
        "sync-worker events validate --format events event.json",
        "kcat -C -J -e -b HOST -t eservices.clinic.activation | sync-worker events validate -",
    )
)
@click.argument("file", metavar="FILE|-", type=options.FILE)
@click.option(
    "--format",
    "kind",
    type=click.Choice([kind.value for kind in InputKind]),
    help="What the file contains: an archive, one record per line, as `kcat -J` prints it; "
    "or bare events as JSON, one after the other. Without it, what the beginning of "
    "the file looks like.",
)
@pass_invocation
def validate(run: Invocation, file: str, kind: str | None) -> None:
    """Validate the events in FILE, or on stdin where FILE is `-`, as the worker would.

    Lists those that would be ignored or dead-lettered, each with the reason. Needs neither a
    database nor Kafka. Ends with 3 if any would be dead-lettered, or if there is no event. An
    archive that cannot be read to its end is validated up to there, and the command ends with 2.
    """
    validation = Validation(bootstrap.operations.decoder(run.settings), bootstrap.now())
    with file_of(file) as path:
        placed = events_in(path, InputKind(kind) if kind else None)
        try:
            with run.output.progress("validating", placed.fraction_read, validation.counts.total):
                validation.check(placed.events)
        finally:
            _show_validation(run, validation)
    if validation.counts[EventVerdict.DEAD_LETTERED] or not validation.counts:
        end_with(Exit.ATTENTION)


def _show_validation(run: Invocation, validation: Validation) -> None:
    counts = {verdict.value: validation.counts[verdict] for verdict in EventVerdict}
    total = validation.counts.total()
    if total or not run.output.is_table:
        run.output.items(
            map(_item, validation.invalid),
            COLUMNS,
            empty="All are valid." if validation.is_complete else "What was read is valid.",
            extra={"summary": {"read": total, **counts}},
        )
    if not total:
        run.output.attention("There is no event to validate.")
        return
    tell = run.output.attention if counts["dead_lettered"] else run.output.message
    tell(
        f"{total} read: {counts['valid']} valid, {counts['ignored']} would be ignored, "
        f"{counts['dead_lettered']} would be dead-lettered."
    )
    ahead_of_clock(run.output, validation.ahead_of_clock)


def _item(event: InvalidEvent) -> dict[str, Any]:
    return {
        **event.place._asdict(),
        "key": None if event.key is None else event.key.decode("utf-8", "backslashreplace"),
        "verdict": event.verdict.value,
        "reason": event.reason,
        "detail": event.detail,
    }


@command.command(
    changes=lambda given: given["out"] != STREAM,
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
    help="The archive to write, compressed if it ends in .gz; - is standard output, with "
    "nothing else on it.",
)
@range_options
@yes_option
@pass_invocation
def export(run: Invocation, out: str, wanted: Range, consent: Consent) -> None:
    """Write the records of Kafka's topics to an archive, unchanged.

    `events publish` is the inverse, and `run --archive` reads it. Without --topic, exports the
    topics of the settings. Partitions follow one another, so the same range gives the same file.
    The file appears only once it is complete; an existing one is replaced after a question (or with
    --yes). The workers' group and positions are not affected.
    """
    if out != STREAM:
        _ask_before_replacing(run, Path(out), consent)
    with (
        Interruption().installed(),
        closing(bootstrap.streams.export_reader(run.settings, wanted)) as reader,
        _sink(out) as sink,
    ):
        exported = export_records(reader, sink, run.output.reading("exporting"))
    if exported.excerpts:
        run.output.attention(
            f"{exported.excerpts} of them are too large to be exported whole: of each only the "
            "beginning is in the archive, and such an archive cannot be published again as it is."
        )
    if out == STREAM:
        run.output.message(f"{exported.total} records exported.")
    else:
        _show_exported(run, out, exported)


def _ask_before_replacing(run: Invocation, path: Path, consent: Consent) -> None:
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
        run.output.confirm("Replace it?", yes=consent.yes)


@contextmanager
def _sink(out: str) -> Iterator[Callable[[Iterable[Record]], None]]:
    """Where records are written to."""
    if out == STREAM:
        yield _write_to_stdout
        return
    with writing(Path(out)) as writer:
        yield writer.write


def _write_to_stdout(records: Iterable[Record]) -> None:
    lines = b"".join(map(line_of, records)).decode()
    # A file keeps each line as it is: an archive is known by its first one.
    write(printable_json(lines) if sys.stdout.isatty() else lines)
    if not standard_streams.has_reader(sys.stdout):
        end_with(Exit.DONE)


def _show_exported(run: Invocation, out: str, exported: Exported) -> None:
    partitions = [
        {**at._asdict(), "from": bounds.begin, "until": bounds.end, "records": exported.counts[at]}
        for at, bounds in sorted(exported.bounds.items())
    ]
    document = {"exported": exported.total, "out": out, "partitions": partitions}
    table = run.output.table(partitions, EXPORT_COLUMNS)
    text = f"{exported.total} records exported to {out}\n\n{table}"
    run.output.document(document, render=lambda _shown: text)


@command.command(
    changes=options.unless_dry_run,
    prints_document=True,
    epilog=options.examples(
        "sync-worker events publish stream.jsonl",
        "sync-worker events publish stream.jsonl.gz --dry-run",
        "sync-worker events publish stream.jsonl --topic eservices.clinic.region --partition 2 "
        "--from offset:118",
    ),
)
@click.argument("file", metavar="FILE|-", type=options.FILE)
@range_options
@click.option(
    _ACCEPT,
    is_flag=True,
    help="Publish even if the topic would not keep the records' timestamps.",
)
@plan_options
@pass_invocation
def publish(
    run: Invocation, file: str, wanted: Range, accept_changed_timestamps: bool, consent: Consent
) -> None:
    """Publish the records of an archive unchanged: the inverse of `events export`.

    Topic, partition, key, value, headers and timestamp stay the same, and so does the order within
    a partition; Kafka assigns the offsets. The whole file is read, and compared with the existing
    topics, before the first record is sent: what the brokers would reject midway is refused, and so
    are topics that would change timestamps. Publishing something twice changes nothing in the
    registry.

    If Kafka is not on this machine, asks first, or requires --yes: records cannot be taken back.
    """
    if file != STREAM:
        Path(file).stat()  # A file that is missing is told before Kafka is asked for.
    bootstrap.streams.kafka_settings(
        run.settings
    )  # So are settings that are wrong, before stdin is read.
    with file_of(file) as path:
        publication = bootstrap.streams.publication(run.settings, path, wanted)
        plan = publication.plan(run.output.reading("reading"))
        target = publication.compare(plan, bootstrap.now())
        if not accept_changed_timestamps:
            _refuse_changes(target)
        _tell_target(run, plan, target)
        if consent.dry_run:
            _show_published(run, plan, {})
            return
        if not target.is_local:
            run.output.attention(
                "This is not a development cluster: it is not on this machine alone."
            )
            run.output.confirm(f"Publish {plan.total} records there for good?", yes=consent.yes)
        with closing(publication.open_publisher()) as publisher:
            try:
                publication.publish(publisher, run.output.reading("publishing"))
            except (StreamUnavailable, StreamError, KeyboardInterrupt) as error:
                publisher.close()
                _show_published(run, plan, publisher.published)
                accepted = f" {_ACCEPT}" if accept_changed_timestamps else ""
                typed = f"{shlex.quote(file)}{accepted}{until_option(wanted.end)}"
                _end_unfinished(error, plan, publisher, typed)
    _show_published(run, plan, publisher.published)


def _refuse_changes(target: "PublishTarget") -> None:
    if target.changes:
        raise UserError(
            Exit.REFUSED,
            f"Timestamps would not stay as they are: {'; '.join(target.changes)}.",
            why="A tombstone says that its clinic went at its timestamp. Nothing was published.",
            hint="Have the topic's message.timestamp.type set to CreateTime, leave the tombstone "
            f"out, or have the right given to this user, as it says; or accept it: {_ACCEPT}",
        )


def _tell_target(run: Invocation, plan: "PublishPlan", target: "PublishTarget") -> None:
    for sentence in target.changes:
        run.output.attention(f"Timestamps do not stay as they are: {sentence}.")
    for topic, mismatches in target.losses.items():
        run.output.attention(
            f"{topic} does not keep every record for ever ({', '.join(mismatches)}): what is "
            "published can be gone soon, old records first."
        )
    servers = run.settings.kafka_bootstrap_servers
    run.output.message(f"{plan.total} records for Kafka at {servers}.")
    if target.with_records:
        places = ", ".join(f"{at.topic}/{at.partition}" for at in target.with_records)
        run.output.message(f"There are records already in {places}: these come after.")


def _end_unfinished(
    error: BaseException, plan: "PublishPlan", publisher: "Publisher", typed: str
) -> NoReturn:
    """End with what was published, and the commands that continue from there."""
    told = as_command_error(error)
    done = publisher.published
    total = sum(done.values())
    remedy = worded(in_words(told.hint), Language.ENGLISH)
    rest = [
        f"sync-worker events publish {typed} --topic {at.topic} --partition {at.partition} "
        f"--from offset:{publisher.next_offset(at, plan.firsts[at])}"
        for at in sorted(plan.counts)
        if done[at] < plan.counts[at]
    ]
    raise UserError(
        told.exit_code,
        told.message,
        why=f"{told.why} {total} of {plan.total} records are published for certain; what was on "
        "its way may be there too, and does no harm twice.".lstrip(),
        hint="\n  ".join([*filter(None, [remedy]), "To continue:", *rest]),
        code=told.code,
    ) from None


def _show_published(
    run: Invocation, plan: "PublishPlan", published: Mapping[Partition, int]
) -> None:
    partitions = [
        {**at._asdict(), "records": count, "published": published.get(at, 0)}
        for at, count in sorted(plan.counts.items())
    ]
    total = sum(published.values())
    document = {"records": plan.total, "published": total, "partitions": partitions}
    table = run.output.table(partitions, PUBLISH_COLUMNS)
    text = f"{total} of {plan.total} records published\n\n{table}"
    run.output.document(document, render=lambda _shown: text)
