"""The checks of Kafka: can it be read, is it the log that was read, and how far back does it go."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sync_worker.events import timestamps
from sync_worker.events.record import Partition
from sync_worker.inspection.doctor import Check, Finding, fail, ok, skip, warn
from sync_worker.inspection.log_state import uncommitted_in_words
from sync_worker.instants import to_the_second
from sync_worker.language import counted
from sync_worker.pipeline.stored_positions import of_stream
from sync_worker.registry import positions
from sync_worker.registry.database import Registry
from sync_worker.registry.positions import Position
from sync_worker.remedies import Advice, Remedy
from sync_worker.streams import checks
from sync_worker.streams.checks import Bounds
from sync_worker.streams.kafka.admin import (
    KEEPS_RECORDS,
    KEEPS_TIMESTAMPS,
    ConsumerGroup,
    KafkaAdmin,
    Topic,
    config_mismatches,
)
from sync_worker.streams.protocol import StoredPositions, StreamError, StreamUnavailable

_COORDINATOR_SECONDS = 5.0
_RETRY_SECONDS = 0.2
_NO_GROUP = "Dead"
_STABLE = "Stable"
_EXPECTED_CONFIGS = (
    ("Records that replay and reconcile need are deleted:", KEEPS_RECORDS),
    ("The broker sets the timestamps, so tombstones are dead-lettered:", KEEPS_TIMESTAMPS),
)


@dataclass(frozen=True)
class KafkaChecks:
    """What is checked in one cluster, which is asked by the first check."""

    admin: Callable[[], KafkaAdmin | None]
    """None where Kafka is not configured."""
    registry: Callable[[], Registry]
    topics: Sequence[str]
    group_id: str

    def all(self) -> list[Check]:
        """The checks, in the order in which they are shown."""
        usable = ("topics", "revision")
        return [
            Check("kafka", self._kafka),
            Check("topics", self._topics, ("kafka",)),
            Check("partitions", self._partitions, ("topics",)),
            Check("topic_configuration", self._topic_configuration, ("topics",)),
            Check("topic_ids", self._topic_ids, usable),
            Check("positions", self._positions, usable, follows=("topic_ids",)),
            Check("group", self._group, usable),
        ]

    def _kafka(self) -> Finding:
        if self.admin() is None:
            return skip("Kafka is not configured.")
        brokers = counted(len(self._cluster.broker_hosts()), "broker", "brokers")
        return ok(f"The cluster {self._cluster.cluster_id()} answers, with {brokers}.")

    def _topics(self) -> Finding:
        checks.check_topics_exist(self.topics, self._existing, self._cluster.cluster_id())
        listed = ", ".join(
            f"{name}: {counted(len(topic.partitions), 'partition', 'partitions')}"
            for name, topic in self._existing.items()
        )
        return ok(f"{listed}.")

    def _partitions(self) -> Finding:
        """Equal numbers stay with one worker, and with them a clinic's events of both topics."""
        counts = {name: len(topic.partitions) for name, topic in self._existing.items()}
        most = max(counts.values())
        if len(set(counts.values())) == 1:
            return ok(f"{most} in each topic.")
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        return warn(
            "The topics have different numbers of partitions, so two workers write the same "
            f"clinics and wait for each other: {listed}",
            Remedy.ADD_PARTITIONS(
                bootstrap_servers=self._cluster.bootstrap_servers,
                topic=min(counts, key=lambda name: counts[name]),
                partitions=most,
            ),
        )

    def _topic_configuration(self) -> Finding:
        configs = {name: self._cluster.topic_config(name) for name in self._existing}
        readable = {name: config for name, config in configs.items() if config is not None}
        reach = self._replay_reach()
        wrong = [
            f"{sentence} {mismatches}."
            for sentence, expected in _EXPECTED_CONFIGS
            if (mismatches := _mismatches(readable, expected))
        ]
        if wrong:
            return fail(f"{' '.join(wrong)} {reach}", self._configure_first(readable))
        hidden = " and the topic ".join(name for name, config in configs.items() if config is None)
        if hidden:
            return warn(
                "It is unknown whether every record is kept for ever, with its producer's time: "
                f"{self._cluster.user} may not read the configuration of {hidden}. {reach}",
                f"Grant the right DESCRIBE_CONFIGS on the topic {hidden}; where the brokers do not "
                "offer that, ask whoever runs them.",
            )
        return ok(f"Every record is kept for ever, with its producer's timestamp. {reach}")

    def _configure_first(self, configs: Mapping[str, Mapping[str, str]]) -> Advice:
        """How to correct the first of the topics that is configured otherwise."""
        corrections = {
            name: [wanted for _, wanted in _EXPECTED_CONFIGS if config_mismatches(config, wanted)]
            for name, config in configs.items()
        }
        topic = next(name for name, wanted in corrections.items() if wanted)
        options = [option for wanted in corrections[topic] for option in wanted.items()]
        return Remedy.CONFIGURE_TOPIC(
            bootstrap_servers=self._cluster.bootstrap_servers,
            topic=topic,
            options=",".join(f"{name}={value}" for name, value in options),
        )

    def _replay_reach(self) -> str:
        """How far back a replay reaches."""
        beginnings = self._cluster.beginning_offsets(self._partitions_present)
        cut = {partition: offset for partition, offset in beginnings.items() if offset > 0}
        if not cut:
            return "A replay reaches back to the first record."
        times = self._cluster.first_timestamps(cut)
        listed = ", ".join(
            f"{partition.topic}/{partition.partition} from offset {cut[partition]} "
            f"({_instant(times[partition])})"
            for partition in sorted(cut)
        )
        return f"A replay reaches back no further than {listed}."

    def _topic_ids(self) -> Finding:
        here, stored = self._read_positions()
        checks.check_cluster(self._stream_id, stored)
        ids = {name: topic.topic_id for name, topic in self._existing.items()}
        checks.check_topic_ids(ids, stored.topic_ids, stored.positions)
        without_id = [name for name, topic_id in ids.items() if not topic_id]
        if without_id:
            return warn(
                f"The brokers give no ids for {', '.join(without_id)}, so it goes unnoticed when "
                "a topic is re-created.",
                Remedy.ADOPT_NEW_TOPICS(),
            )
        if not here:
            return skip("No position has been stored yet.")
        return ok("The stored positions are of these topics.")

    def _positions(self) -> Finding:
        here, stored = self._read_positions()
        written = self._cluster.written_ends(self._partitions_present)
        bounds = self._cluster.bounds(self._partitions_present)
        misfits = [misfit for position in here if (misfit := _misfit(position, bounds)) is not None]
        if misfits:
            detail = " ".join(f"{misfit.message} {misfit.why}" for misfit in misfits)
            return fail(detail, misfits[0].hint)
        behind = sum(
            of_log.lag(stored.positions.get(partition, 0)) for partition, of_log in bounds.items()
        )
        remain = counted(behind, "offset remains", "offsets remain")
        if not here and behind:
            return warn(f"Nothing has been read yet; {remain} to be read.", Remedy.RUN_WORKER())
        uncommitted = {p: max(0, written[p] - of_log.end) for p, of_log in bounds.items()}
        beyond = uncommitted_in_words(uncommitted)
        more = f" {beyond}." if beyond else ""
        return ok(f"All are within their logs; {remain} to be read.{more}")

    def _group(self) -> Finding:
        group = self._consumer_group()
        if not group.members:
            state = "does not exist" if group.state == _NO_GROUP else "has no members"
            text = f"The group {self.group_id} {state}: no worker is running."
            return warn(text, Remedy.RUN_WORKER())
        if group.state != _STABLE:
            return warn(
                f"The group {self.group_id} is rebalancing: {group.state}.",
                "Wait a minute; if it stays so, look for workers that keep joining and leaving",
            )
        _, stored = self._read_positions()
        ahead = ", ".join(
            f"{partition.topic}/{partition.partition}"
            for partition, offset in sorted(group.offsets.items())
            if offset > stored.positions.get(partition, 0)
        )
        members = counted(group.members, "member", "members")
        stable = f"The group {self.group_id} is stable, with {members}"
        if ahead:
            return warn(
                f"{stable}; its offsets are ahead of the registry's positions in {ahead}, so lag "
                "exporters report too little.",
                Remedy.SEE_TRUE_LAG(),
            )
        return ok(f"{stable}.")

    def _consumer_group(self) -> ConsumerGroup:
        # A cluster that never had a group has no coordinator for the first seconds.
        deadline = time.monotonic() + _COORDINATOR_SECONDS
        while True:
            try:
                return self._cluster.consumer_group(self.group_id)
            except StreamUnavailable:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(_RETRY_SECONDS)

    def _read_positions(self) -> tuple[list[Position], StoredPositions]:
        """The positions in this cluster, and the same as the checks of a stream take them."""
        with self.registry().snapshot() as connection:
            everywhere = positions.listed(connection)
        here = [position for position in everywhere if position.stream == self._stream_id]
        return here, of_stream(everywhere, self._stream_id)

    @property
    def _cluster(self) -> KafkaAdmin:
        admin = self.admin()
        if admin is None:
            raise LookupError("Kafka is not configured")
        return admin

    @cached_property
    def _existing(self) -> Mapping[str, Topic]:
        """The topics that exist, by their names in order."""
        return dict(sorted(self._cluster.topics(self.topics).items()))

    @cached_property
    def _stream_id(self) -> str:
        return f"kafka:{self._cluster.cluster_id()}"

    @property
    def _partitions_present(self) -> list[Partition]:
        return [partition for topic in self._existing.values() for partition in topic.partitions]


def _mismatches(configs: Mapping[str, Mapping[str, str]], expected: Mapping[str, str]) -> str:
    """The options of each topic that are not as expected; empty where all are."""
    options = {name: config_mismatches(config, expected) for name, config in configs.items()}
    return "; ".join(f"{name}: {', '.join(wrong)}" for name, wrong in options.items() if wrong)


def _misfit(position: Position, bounds: Mapping[Partition, Bounds]) -> StreamError | None:
    partition = position.partition
    if partition not in bounds:
        return StreamError(
            f"{partition.topic}/{partition.partition} does not exist, and the registry's position "
            f"in it is {position.next_offset}.",
            "The topic was re-created with fewer partitions, or is no longer read.",
            Remedy.CHECK_TOPICS(),
        )
    try:
        checks.check_position(partition, position.next_offset, bounds[partition])
    except StreamError as misfit:
        return misfit
    return None


def _instant(timestamp_ms: int | None) -> str:
    if timestamp_ms is None:
        return "without a time"
    return to_the_second(timestamps.instant_of_timestamp(timestamp_ms))
