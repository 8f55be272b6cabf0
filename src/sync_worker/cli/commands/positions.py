"""`sync-worker positions`: where the next record of each partition is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from sync_worker import bootstrap
from sync_worker.cli import options
from sync_worker.cli.invocation import Invocation, pass_invocation
from sync_worker.cli.params import archives_option
from sync_worker.cli.plan import Author, Consent, author_options, yes_option
from sync_worker.cli.remedies import sentence_of
from sync_worker.cli.table import Columns
from sync_worker.errors import Exit, UserError
from sync_worker.inspection import status
from sync_worker.operations import reset_positions as resetting

COLUMNS = Columns(
    "stream",
    "topic",
    "partition",
    "position",
    "end",
    "lag",
    "lag_seconds",
    "read",
    "applied",
    "superseded",
    "ignored",
    "dead_lettered",
    "last_applied_at",
    "newest_event_at",
    hidden_first=(
        "newest_event_at",
        "lag_seconds",
        "superseded",
        "ignored",
        "stream",
        "read",
        "applied",
        "last_applied_at",
        "dead_lettered",
    ),
)
PLAN_COLUMNS = Columns(
    "stream", "topic", "partition", "before", "position", hidden_first=("stream",)
)


class Target(click.ParamType[int]):
    """`earliest` or `offset:N`, as the next offset to read."""

    name = "earliest|offset:N"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        if isinstance(value, int):
            return value
        if value == "earliest":
            return 0
        offset = re.fullmatch(r"offset:([0-9]{1,18})", value)
        if offset is None:
            self.fail(f"{value!r} is neither 'earliest' nor 'offset:' and a number.", param, ctx)
        return int(offset[1])


@click.group(cls=options.Group)
def command() -> None:
    """Show where the next record of each partition is read, or set it by hand.

    A position is valid in its own stream only: a Kafka cluster, or an archive, which is identified
    by its first line.
    """


@command.command("list", epilog=options.examples("sync-worker positions list -o json"))
@pass_invocation
def list_positions(run: Invocation) -> None:
    """List every position, with the outcomes of the records before it, and what waits behind it.

    end, lag and lag_seconds are empty for archives, and if Kafka is not configured or cannot be
    read.
    """
    look = bootstrap.streams.log_reader(run.settings)
    with run.registry() as registry:
        items, attention = status.listed_positions(registry, look)
    run.output.items(items, COLUMNS, empty="No record was read yet: sync-worker run")
    for about, remedy in attention:
        run.output.attention(sentence_of(about, remedy))


@command.command(
    changes=options.always,
    epilog=options.examples(
        "sync-worker positions reset --archive stream.jsonl --to earliest",
        "sync-worker positions reset --topic eservices.clinic.region --partition 2 --to offset:100",
    ),
)
@archives_option("Only positions in this archive.")
@click.option("--topic", help="Only positions of this topic.")
@click.option("--partition", type=click.IntRange(min=0), help="Only positions of this partition.")
@click.option("--to", "target", type=Target(), required=True, help="Where to continue reading.")
@author_options
@yes_option
@pass_invocation
def reset(
    run: Invocation,
    archives: tuple[Path, ...],
    topic: str | None,
    partition: int | None,
    target: int,
    author: Author,
    consent: Consent,
) -> None:
    """Set positions by hand: the remedy where `run` refuses to continue.

    With Kafka configured, adopts its present log: cluster, topics and partitions as they are now.
    With --archive, or without Kafka, sets the stored positions. earliest is the beginning of the
    log, wherever that is.

    Records that are read again change no rows, since nothing in them is new. The counts continue:
    what is read again counts again.
    """
    selection = resetting.Selection(topic, partition)
    with run.registry() as registry:
        if archives or run.settings.kafka_bootstrap_servers is None:
            streams = [
                bootstrap.streams.archive_source(run.settings, path).stream_id for path in archives
            ]
            planned = resetting.plan(registry, selection, target, streams)
        else:
            topics = bootstrap.streams.topics(run.settings)
            with bootstrap.streams.kafka_admin(run.settings) as admin:
                log = resetting.present_log(admin, topics, selection, target)
            if resetting.is_another_cluster(registry, selection, log.stream):
                run.output.attention("This is another cluster than the registry was read from.")
            planned = resetting.plan_adoption(registry, selection, target, log)
        if not planned:
            raise UserError(
                Exit.NOT_FOUND,
                "There is no such position.",
                why="Nothing was read there, and the log has no such partition.",
                hint="sync-worker positions list shows those that are stored.",
            )
        run.output.items(map(_plan_item, planned), PLAN_COLUMNS)
        question = f"Set {len(planned)} positions?"
        consent.carry_out(
            run.output, question, lambda: resetting.do(registry, planned, author.now())
        )
    run.output.message("Done. What is read again counts again.")


def _plan_item(reset: resetting.Reset) -> dict[str, Any]:
    return {
        "stream": reset.stream,
        **reset.partition._asdict(),
        "before": reset.before,
        "position": reset.to_offset,
    }
