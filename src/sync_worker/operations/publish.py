"""An archive's records, published into Kafka as they are.

The whole archive is read and compared with the topics before the first record is sent: what a
broker would refuse in the middle, and what it would change, shows before anything is published.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from sync_worker.config.loopback import is_local_cluster
from sync_worker.errors import Exit, UserError
from sync_worker.events.record import Excerpt, Partition, Record
from sync_worker.remedies import Remedy
from sync_worker.streams.checks import check_partitions_exist, check_topics_exist
from sync_worker.streams.kafka.admin import KEEPS_RECORDS, KafkaAdmin, config_mismatches
from sync_worker.streams.kafka.publisher import Publisher
from sync_worker.streams.kafka.topic_limits import RecordExtremes, changes, refusals
from sync_worker.streams.ranges import RangeReader, ShowProgress


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """How many records go where."""

    counts: Mapping[Partition, int]
    firsts: Mapping[Partition, int]
    """The offset, in the archive, of the first record of each."""
    extremes: Mapping[str, RecordExtremes]
    """By topic, what is to be compared with its options."""

    @property
    def total(self) -> int:
        """How many records there are."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class PublishTarget:
    """The cluster that records are to be published into."""

    is_local: bool
    """Whether it is on this machine alone, for development."""
    with_records: list[Partition]
    """The partitions that have records already."""
    changes: list[str]
    """What would not stay as it is: the timestamps of which records, and why."""
    losses: Mapping[str, list[str]]
    """The topics that do not keep every record for ever, each with the options that say so."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A range of an archive, and the cluster; both are opened when they are needed."""

    bootstrap_servers: str
    open_archive: Callable[[], RangeReader]
    open_admin: Callable[[], AbstractContextManager[KafkaAdmin]]
    open_publisher: Callable[[], Publisher]

    def plan(self, show_progress: ShowProgress) -> PublishPlan:
        """Read the whole range: a bad line is met here.

        Raises:
            StreamError: the archive cannot be read.
            UserError: a record is not whole.
        """
        counts: dict[Partition, int] = {}
        firsts: dict[Partition, int] = {}
        extremes: dict[str, RecordExtremes] = {}
        with closing(self.open_archive()) as reader, show_progress(reader):
            for record in chain.from_iterable(batch.records for batch in reader.batches()):
                _require_whole(record)
                partition = Partition(record.topic, record.partition)
                counts[partition] = counts.get(partition, 0) + 1
                firsts.setdefault(partition, record.offset)
                extremes.setdefault(record.topic, RecordExtremes()).add(record)
        return PublishPlan(counts, firsts, extremes)

    def compare(self, plan: PublishPlan, now: datetime) -> PublishTarget:
        """Compare the plan with the cluster.

        Raises:
            StreamError: a topic or a partition does not exist.
            UserError: a broker would refuse a record.
        """
        with self.open_admin() as admin:
            names = {partition.topic for partition in plan.counts}
            topics = admin.topics(names)
            check_topics_exist(names, topics, admin.cluster_id())
            partitions = {name: len(topic.partitions) for name, topic in topics.items()}
            check_partitions_exist(plan.counts, partitions)
            written = admin.written_ends(plan.counts)
            hosts = admin.broker_hosts()
            configs = {name: admin.topic_config(name) for name in names}
            user = admin.user
        _check_refusals(plan, configs, now)
        losses = {
            topic: config_mismatches(configs[topic] or {}, KEEPS_RECORDS) for topic in plan.extremes
        }
        return PublishTarget(
            is_local_cluster(self.bootstrap_servers, hosts),
            [partition for partition in sorted(written) if written[partition]],
            [
                said
                for topic in plan.extremes
                for said in _changes(topic, plan, configs[topic], user)
            ],
            {topic: mismatches for topic, mismatches in losses.items() if mismatches},
        )

    def publish(self, publisher: Publisher, show_progress: ShowProgress) -> None:
        """Publish the range; `publisher` knows what is published for certain, however it ends.

        Raises:
            StreamError, StreamUnavailable: a record was refused, or the cluster is unavailable.
        """
        with closing(self.open_archive()) as reader, show_progress(reader):
            for batch in reader.batches():
                publisher.publish(batch.records)
            publisher.finish()


def _require_whole(record: Record) -> None:
    if isinstance(record.value, Excerpt):
        raise UserError(
            Exit.REFUSED,
            f"{record.topic}/{record.partition} offset {record.offset} is not whole: it was too "
            f"large, and of its {record.value.size} bytes only the beginning was exported.",
            why="What is published is byte for byte what was exported. Nothing was published.",
            hint=Remedy.LEAVE_EXCERPTS_OUT(),
            code="excerpt",
        )


def _check_refusals(
    plan: PublishPlan, configs: Mapping[str, Mapping[str, str] | None], now: datetime
) -> None:
    refused = [
        f"{topic}: {sentence}"
        for topic, extremes in plan.extremes.items()
        for sentence in refusals(configs[topic] or {}, extremes, now)
    ]
    if refused:
        raise UserError(
            Exit.USAGE,
            f"Kafka would refuse records of the archive: {'; '.join(refused)}.",
            why="Nothing was published.",
            hint="Change the topic's options with Kafka's own tool, or the archive.",
            code="stream",
        )


def _changes(
    topic: str, plan: PublishPlan, config: Mapping[str, str] | None, user: str
) -> Iterator[str]:
    if config is None:
        yield (
            f"{topic}: whether it keeps them is not known, since {user} lacks the right "
            f"DESCRIBE_CONFIGS on the topic {topic}"
        )
    yield from (f"{topic}: {sentence}" for sentence in changes(config or {}, plan.extremes[topic]))
