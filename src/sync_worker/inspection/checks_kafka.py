"""The checks of the stream: can it be read, is it the one that was read, what does it have yet."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sync_worker.events import timestamps
from sync_worker.events.record import Partition
from sync_worker.inspection.doctor import Check, Finding, fail, ok, skip, warn
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
    lag,
)
from sync_worker.streams.protocol import StoredPositions, StreamError, StreamUnavailable

_COORDINATOR_SECONDS = 5.0
_BREATH_SECONDS = 0.2
_NO_GROUP = "Dead"
_STABLE = "Stable"


@dataclass(frozen=True)
class KafkaChecks:
    """What is looked at in one cluster, which is asked by the first check."""

    admin: Callable[[], KafkaAdmin | None]
    """None where Kafka is not configured."""
    registry: Callable[[], Registry]
    topics: Sequence[str]
    group_id: str

    def all(self) -> list[Check]:
        """The checks, in the order in which they are told."""
        read = ("topics", "revision")
        return [
            Check("kafka", self._kafka),
            Check("topics", self._topics, ("kafka",)),
            Check("partitions", self._partitions, ("topics",)),
            Check("topic_configuration", self._configuration, ("topics",)),
            Check("topic_ids", self._topic_ids, read),
            Check("positions", self._positions, read, follows=("topic_ids",)),
            Check("group", self._group, read),
        ]

    def _kafka(self) -> Finding:
        if self.admin() is None:
            return skip("Kafka is not configured.")
        brokers = len(self._asked.broker_hosts())
        return ok(f"The cluster {self._asked.cluster_id()} answers, with {brokers} brokers.")

    def _topics(self) -> Finding:
        checks.check_topics_exist(self.topics, self._found, self._asked.cluster_id())
        return ok(
            ", ".join(f"{name}: {len(topic.partitions)} partitions" for name, topic in self._sorted)
            + "."
        )

    def _partitions(self) -> Finding:
        """Equal numbers stay with one worker, and with them a clinic's events of both topics."""
        counts = {name: len(topic.partitions) for name, topic in self._sorted}
        if len(set(counts.values())) == 1:
            return ok(f"{max(counts.values())} in each topic.")
        fewest = min(counts, key=lambda name: counts[name])
        return warn(
            "The topics have different numbers of partitions, so that two workers write the same "
            "clinics and wait for each other: "
            + ", ".join(f"{name} {count}" for name, count in counts.items()),
            Remedy.ADD_PARTITIONS(
                bootstrap_servers=self._asked.bootstrap_servers,
                topic=fewest,
                partitions=max(counts.values()),
            ),
        )

    def _configuration(self) -> Finding:
        found = {name: self._asked.topic_config(name) for name in sorted(self._found)}
        known = {name: has for name, has in found.items() if has is not None}
        reach = self._reach()
        wrong = [
            f"{sentence} {_told(known, wanted)}."
            for sentence, wanted in _NEEDED
            if _told(known, wanted)
        ]
        if wrong:
            return fail(f"{' '.join(wrong)} {reach}", self._alteration(known))
        hidden = ", ".join(name for name, has in found.items() if has is None)
        if hidden:
            return warn(
                "Whether every record is kept for ever, with its producer's timestamp, is not "
                f"known: this user may not read the configuration of {hidden}. {reach}",
                f"Have the right DESCRIBE_CONFIGS on {hidden} given to it; where brokers do not "
                "offer that at all, look with the tools of whoever runs them.",
            )
        return ok(f"Every record is kept for ever, with its producer's timestamp. {reach}")

    def _alteration(self, found: Mapping[str, Mapping[str, str]]) -> Advice:
        """How to have the first of the topics as it should be."""
        name, options = next(
            (name, options) for name, has in found.items() if (options := _needed(has))
        )
        return Remedy.CONFIGURE_TOPIC(
            bootstrap_servers=self._asked.bootstrap_servers,
            topic=name,
            options=",".join(f"{option}={value}" for option, value in options.items()),
        )

    def _reach(self) -> str:
        """How far back a replay reaches."""
        begins = self._asked.beginning_offsets(self._present)
        cut = {at: begin for at, begin in begins.items() if begin > 0}
        if not cut:
            return "A replay reaches back to the first record."
        stamps = self._asked.first_timestamps(cut)
        listed = ", ".join(
            f"{at.topic}/{at.partition} from offset {cut[at]} ({_instant(stamps[at])})"
            for at in sorted(cut)
        )
        return f"A replay reaches back no further than {listed}."

    def _topic_ids(self) -> Finding:
        known, stored = self._bookmarks()
        checks.check_cluster(self._stream_id, stored)
        ids = {name: topic.topic_id for name, topic in self._found.items()}
        checks.check_topic_ids(ids, stored.topic_ids, stored.positions)
        nameless = sorted(name for name, topic_id in ids.items() if not topic_id)
        if nameless:
            return warn(
                f"The brokers tell no ids of {', '.join(nameless)}: that a topic was created again "
                "cannot be told.",
                Remedy.ADOPT_NEW_TOPICS(),
            )
        if not known:
            return skip("No position was stored yet.")
        return ok("The topics are those that the positions are of.")

    def _positions(self) -> Finding:
        known, stored = self._bookmarks()
        bounds = self._asked.bounds(self._present)
        told = [said for at in known if (said := _misfit(at, bounds)) is not None]
        if told:
            return fail(" ".join(f"{said.what} {said.why}" for said in told), told[0].hint)
        behind = lag(stored.positions, {at: of.end for at, of in bounds.items()})
        if not known and behind:
            return warn(f"Nothing was read yet; {behind} offsets are to go.", Remedy.RUN_WORKER())
        return ok(f"All are within their logs; {behind} offsets are to go.")

    def _group(self) -> Finding:
        group = self._group_found()
        if not group.members:
            state = "is not there" if group.state == _NO_GROUP else "has no members"
            return warn(f"The group {self.group_id} {state}: no worker runs.", Remedy.RUN_WORKER())
        if group.state != _STABLE:
            return warn(
                f"The group {self.group_id} is sharing out its partitions: {group.state}.",
                "Nothing for a minute; if it stays, look for workers that come and go",
            )
        _, stored = self._bookmarks()
        ahead = [at for at, to in group.offsets.items() if to > stored.positions.get(at, 0)]
        members = f"The group {self.group_id} is stable, with {group.members} members"
        if ahead:
            listed = ", ".join(f"{at.topic}/{at.partition}" for at in sorted(ahead))
            return warn(
                f"{members}; its offsets are ahead of the registry's positions in {listed}, so "
                "that lag exporters say too little.",
                Remedy.SEE_TRUE_LAG(),
            )
        return ok(f"{members}.")

    def _group_found(self) -> ConsumerGroup:
        """A cluster that never had a group has no coordinator for the first seconds."""
        deadline = time.monotonic() + _COORDINATOR_SECONDS
        while True:
            try:
                return self._asked.consumer_group(self.group_id)
            except StreamUnavailable:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(_BREATH_SECONDS)

    def _bookmarks(self) -> tuple[list[Position], StoredPositions]:
        with self.registry().snapshot() as connection:
            everywhere = positions.listed(connection)
        here = [known for known in everywhere if known.stream == self._stream_id]
        return here, of_stream(everywhere, self._stream_id)

    @property
    def _asked(self) -> KafkaAdmin:
        admin = self.admin()
        if admin is None:
            raise LookupError("Kafka is not configured")
        return admin

    @cached_property
    def _found(self) -> Mapping[str, Topic]:
        return self._asked.topics(self.topics)

    @cached_property
    def _stream_id(self) -> str:
        return f"kafka:{self._asked.cluster_id()}"

    @property
    def _sorted(self) -> list[tuple[str, Topic]]:
        return sorted(self._found.items())

    @property
    def _present(self) -> list[Partition]:
        return [partition for _, topic in self._sorted for partition in topic.partitions]


_NEEDED = (
    ("Records go away, which replay and reconcile need:", KEEPS_RECORDS),
    ("The broker sets timestamps, so that tombstones become dead letters:", KEEPS_TIMESTAMPS),
)


def _told(found: Mapping[str, Mapping[str, str]], wanted: Mapping[str, str]) -> str:
    """The options of each topic that are not as wanted; empty where all are."""
    wrong = {name: config_mismatches(has, wanted) for name, has in found.items()}
    return "; ".join(f"{name}: {', '.join(options)}" for name, options in wrong.items() if options)


def _needed(found: Mapping[str, str]) -> dict[str, str]:
    """The options that a topic is to be given."""
    needed: dict[str, str] = {}
    for _, wanted in _NEEDED:
        needed |= wanted if config_mismatches(found, wanted) else {}
    return needed


def _misfit(known: Position, bounds: Mapping[Partition, Bounds]) -> StreamError | None:
    if known.partition not in bounds:
        name = f"{known.partition.topic}/{known.partition.partition}"
        return StreamError(
            f"{name} is not there, and our position in it is {known.next_offset}.",
            "The topic was re-created with fewer partitions, or is no longer read.",
            Remedy.CHECK_TOPICS(),
        )
    try:
        checks.check_position(known.partition, known.next_offset, bounds[known.partition])
    except StreamError as misfit:
        return misfit
    return None


def _instant(timestamp_ms: int | None) -> str:
    if timestamp_ms is None:
        return "without a time"
    return f"{timestamps.instant_of_timestamp(timestamp_ms):%Y-%m-%dT%H:%M:%SZ}"
