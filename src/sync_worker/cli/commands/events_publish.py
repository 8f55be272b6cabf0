"""`sync-worker events publish`: an archive's records, into Kafka as they are."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from sync_worker import bootstrap
from sync_worker.cli import options, params, publishing
from sync_worker.cli.errors import as_command_error
from sync_worker.cli.event_files import file_of
from sync_worker.cli.files import STREAM
from sync_worker.cli.invocation import Invocation, pass_invocation
from sync_worker.config.loopback import is_local_cluster
from sync_worker.errors import Exit, UserError
from sync_worker.events.record import Excerpt, Partition, Record
from sync_worker.streams.checks import check_partitions_exist, check_topics_exist
from sync_worker.streams.protocol import StreamError, StreamUnavailable
from sync_worker.streams.ranges import End, Range, Start

if TYPE_CHECKING:
    from sync_worker.streams.kafka.publisher import Publisher
    from sync_worker.streams.kafka.topic_limits import RecordExtremes


COLUMNS = ("topic", "partition", "records", "published")


@dataclass(frozen=True, slots=True)
class _Plan:
    """How many records go where."""

    counts: Mapping[Partition, int]
    firsts: Mapping[Partition, int]
    """The offset, in the archive, of the first record of each."""
    contents: Mapping[str, "RecordExtremes"]
    """What is to be compared with the options of each topic."""

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@click.command(
    cls=options.Command,
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
@params.options
@click.option(
    "--accept-changed-timestamps",
    is_flag=True,
    help="Publish where the topic would not keep the records' timestamps, too.",
)
@options.plan_options
@pass_invocation
def publish(
    run: Invocation,
    file: str,
    topics: tuple[str, ...],
    partitions: tuple[int, ...],
    start: Start,
    end: End,
    accept_changed_timestamps: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Publish the records of an archive as they are: the inverse of `events export`.

    Topic, partition, key, value, headers and timestamp stay, and so does the order within a
    partition; offsets are those that Kafka gives. The whole file is read, and compared with the
    topics that there are, before the first record is sent: refused is what the brokers would refuse
    midway, and topics that would change timestamps. What is published twice changes nothing in the
    registry.

    Where Kafka is not on this machine it asks first, or wants --yes: records cannot be taken back.
    """
    wanted = params.selected(topics, partitions, start, end)
    if file != STREAM:
        Path(file).stat()  # A file that is missing is told before Kafka is asked for.
    bootstrap.streams.kafka(run.settings)
    with file_of(file) as path:
        plan = _planned(run, path, wanted)
        is_local_cluster = _compared(run, plan, accepts_changes=accept_changed_timestamps)
        if dry_run:
            _report(run, plan, {})
            return
        if not is_local_cluster:
            run.output.attention("This is no development cluster: it is not on this machine alone.")
            run.output.confirm(f"Publish {plan.total} records there for good?", yes=yes)
        with _publisher(run) as publisher:
            accepted = f" {publishing.ACCEPT}" if accept_changed_timestamps else ""
            _publish(run, publisher, plan, path, wanted, f"{shlex.quote(file)}{accepted}")
    _report(run, plan, publisher.published)


def _planned(run: Invocation, path: Path, wanted: Range) -> _Plan:
    """Read the whole file before anything is sent: a bad line is met here."""
    from sync_worker.streams.kafka.topic_limits import RecordExtremes

    counts: dict[Partition, int] = {}
    firsts: dict[Partition, int] = {}
    contents: dict[str, RecordExtremes] = {}
    with (
        closing(bootstrap.streams.range_reader(run.settings, path, wanted)) as reader,
        run.output.progress("reading", reader.fraction_read),
    ):
        for record in chain.from_iterable(batch.records for batch in reader.batches()):
            _refuse_excerpt(record)
            partition = Partition(record.topic, record.partition)
            counts[partition] = counts.get(partition, 0) + 1
            firsts.setdefault(partition, record.offset)
            contents.setdefault(record.topic, RecordExtremes()).add(record)
    return _Plan(counts, firsts, contents)


def _refuse_excerpt(record: Record) -> None:
    if isinstance(record.value, Excerpt):
        raise UserError(
            Exit.REFUSED,
            f"{record.topic}/{record.partition} offset {record.offset} is not whole: it was too "
            f"large, and of its {record.value.size} bytes only the beginning was exported.",
            why="What is published is byte for byte what was exported. Nothing was published.",
            hint="Leave such records out: grep -v '\"payload_size\"' FILE",
            code="excerpt",
        )


def _compared(run: Invocation, plan: _Plan, *, accepts_changes: bool) -> bool:
    """Refuse what the cluster has no place for; whether it is a development one."""
    servers = str(run.settings.kafka_bootstrap_servers)
    with bootstrap.streams.kafka_admin(run.settings) as admin:
        names = {partition.topic for partition in plan.counts}
        present = admin.topics(names)
        check_topics_exist(names, present, admin.cluster_id())
        check_partitions_exist(plan.counts, {n: len(t.partitions) for n, t in present.items()})
        bounds = admin.bounds(plan.counts)
        brokers = admin.broker_hosts()
        found = {name: admin.topic_config(name) for name in names}
    publishing.compare(run, plan.contents, found, accepts_changes=accepts_changes)
    filled = [f"{at.topic}/{at.partition}" for at in sorted(bounds) if bounds[at].end]
    run.output.message(f"{plan.total} records for Kafka at {servers}.")
    if filled:
        run.output.message(f"There are records already in {', '.join(filled)}: these come after.")
    return is_local_cluster(servers, brokers)


@contextmanager
def _publisher(run: Invocation) -> Iterator["Publisher"]:
    from sync_worker.streams.kafka.publisher import Publisher

    with closing(Publisher(bootstrap.streams.kafka(run.settings))) as publisher:
        yield publisher


def _publish(
    run: Invocation,
    publisher: "Publisher",
    plan: _Plan,
    path: Path,
    wanted: Range,
    given: str,
) -> None:
    """Publish all of it; `given` is what was typed to say so, for whoever has to go on."""
    try:
        with (
            closing(bootstrap.streams.range_reader(run.settings, path, wanted)) as reader,
            run.output.progress("publishing", reader.fraction_read),
        ):
            for batch in reader.batches():
                publisher.publish(batch.records)
            publisher.finish()
    except (StreamUnavailable, StreamError, KeyboardInterrupt) as error:
        publisher.close()
        _report(run, plan, publisher.published)
        until = params.until_option(wanted.end)
        _stopped(error, plan, publisher, f"{given}{until}")


def _stopped(error: BaseException, plan: _Plan, publisher: "Publisher", what: str) -> NoReturn:
    """End with what was published, and the commands that go on from there."""
    told = as_command_error(error)
    done = publisher.published
    total = sum(done.values())
    rest = [
        f"sync-worker events publish {what} --topic {at.topic} --partition {at.partition} "
        f"--from offset:{publisher.next_offset(at, plan.firsts[at])}"
        for at in sorted(plan.counts)
        if done[at] < plan.counts[at]
    ]
    raise UserError(
        told.exit_code,
        told.message,
        why=f"{told.why} {total} of {plan.total} records are published for certain; what was on "
        "its way may be there too, and does no harm twice.".lstrip(),
        hint="\n  ".join([f"{told.hint} To go on:".lstrip(), *rest]),
        code=told.code,
    ) from None


def _report(run: Invocation, plan: _Plan, published: Mapping[Partition, int]) -> None:
    rows: Sequence[dict[str, Any]] = [
        {**at._asdict(), "records": count, "published": published.get(at, 0)}
        for at, count in sorted(plan.counts.items())
    ]
    document = {
        "records": plan.total,
        "published": sum(published.values()),
        "partitions": rows,
    }
    run.output.document(document, render=lambda shown: _text(run, shown))


def _text(run: Invocation, shown: dict[str, Any]) -> str:
    first = f"{shown['published']} of {shown['records']} records published"
    return f"{first}\n\n{run.output.table(shown['partitions'], COLUMNS)}"
