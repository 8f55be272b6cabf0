"""`sync-worker topics`: the topics in Kafka."""

import click

from sync_worker import bootstrap
from sync_worker.cli import options
from sync_worker.cli.invocation import Invocation, pass_invocation

COLUMNS = ("topic", "outcome")


@click.group(cls=options.Group)
def command() -> None:
    """Create the topics in Kafka.

    They keep every record for ever: the registry is repaired by reading them again.
    """


@command.command(
    changes=options.always,
    epilog=options.examples(
        "sync-worker topics create",
        "sync-worker topics create --partitions 6 --replication-factor 3",
    ),
)
@click.option(
    "--partitions",
    type=click.IntRange(min=1),
    default=6,
    show_default=True,
    help="Partitions of each topic.",
)
@click.option(
    "--replication-factor",
    type=click.IntRange(min=1),
    help="Copies of each partition.  [default: the cluster's]",
)
@pass_invocation
def create(run: Invocation, partitions: int, replication_factor: int | None) -> None:
    """Create the missing topics; leave existing ones as they are.

    With cleanup.policy=delete and unlimited retention: compaction would keep the last record of a
    key, not its newest facts. And with message.timestamp.type=CreateTime: a timestamp set by the
    broker does not say when a clinic was removed. Points out existing topics with other options.
    """
    wanted = bootstrap.streams.topics(run.settings)
    with bootstrap.streams.kafka_admin(run.settings) as admin:
        created = admin.create_topics(wanted, partitions, replication_factor or -1)
        others = [topic for topic in wanted if topic not in created]
        mismatches = {topic: admin.topic_mismatches(topic) for topic in others}
    outcomes = {True: "created", False: "already there"}
    rows = [{"topic": topic, "outcome": outcomes[topic in created]} for topic in wanted]
    run.output.items(rows, COLUMNS)
    for topic, wrong in mismatches.items():
        if wrong:
            run.output.attention(
                f"{topic} is there with {', '.join(wrong)}: sync-worker doctor says what to change."
            )
