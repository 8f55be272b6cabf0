"""The log as Kafka has it now, and what `run` would refuse of it.

A worker that runs moves on meanwhile: positions are read before the log's ends, or one of them
could lie beyond an end that has grown since.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Connection

from sync_worker.domain.regions import Regions
from sync_worker.errors import Hint
from sync_worker.events.record import Partition
from sync_worker.inspection import unknown_types
from sync_worker.inspection.ages import age, is_ahead
from sync_worker.pipeline.stored_positions import of_stream
from sync_worker.registry import guard_state, holds, positions, queries, registrations
from sync_worker.registry.database import Registry
from sync_worker.registry.holds import UncorrectedHold
from sync_worker.registry.positions import Counts, Position, latest
from sync_worker.registry.queries import Gauges
from sync_worker.remedies import Remedy
from sync_worker.streams import checks
from sync_worker.streams.checks import Bounds
from sync_worker.streams.kafka.admin import KafkaAdmin
from sync_worker.streams.protocol import (
    StoredPositions,
    StreamError,
    StreamRefused,
    StreamUnavailable,
)


@dataclass(frozen=True)
class Log:
    """A stream as it is now: where each of its partitions begins and ends."""

    stream: str
    topics: Collection[str]
    """Those that are to be read, whether they are there or not."""
    topic_ids: Mapping[str, str]
    """Those that are there."""
    bounds: Mapping[Partition, Bounds]
    stored: StoredPositions
    """Where the registry stood in it just before."""

    def lag(self, partition: Partition, position: int) -> int | None:
        """How many offsets there are to go; None where the position is not one in this log."""
        bounds = self.bounds.get(partition)
        if bounds is None or partition.topic in self._recreated or position > bounds.end:
            return None
        # Position 0 stands for the beginning of the log, wherever that is by now.
        return bounds.end - max(position, bounds.begin)

    def refusals(self) -> list[StreamError]:
        """All that `run` would refuse."""
        return [
            *_refusal(checks.check_cluster, self.stream, self.stored),
            *_refusal(checks.check_topics_exist, self.topics, self.topic_ids, self.stream),
            *self._recreated.values(),
            *self._out_of_bounds(),
        ]

    @cached_property
    def _recreated(self) -> Mapping[str, StreamError]:
        """The topics that are not those that were read, with what to say of each."""
        known = self.stored
        return {
            topic: refusal
            for topic, topic_id in sorted(self.topic_ids.items())
            for refusal in _refusal(
                checks.check_topic_ids, {topic: topic_id}, known.topic_ids, known.positions
            )
        }

    def _out_of_bounds(self) -> Iterator[StreamError]:
        """What does not fit the positions; they mean nothing in a re-created topic."""
        for at, position in sorted(self.stored.positions.items()):
            if at in self.bounds and at.topic not in self._recreated:
                yield from _refusal(checks.check_position, at, position, self.bounds[at])


def log(admin: KafkaAdmin, known: Iterable[Position], topics: Sequence[str]) -> Log:
    """Ask the cluster for the log, to be held against known positions.

    Raises:
        StreamUnavailable: it does not answer.
        StreamError: it refuses to.
    """
    stream = f"kafka:{admin.cluster_id()}"
    found = admin.topics(topics)
    partitions = [partition for topic in found.values() for partition in topic.partitions]
    ids = {name: topic.topic_id for name, topic in found.items()}
    return Log(stream, topics, ids, admin.bounds(partitions), of_stream(known, stream))


def _refusal(check: Callable[..., None], *arguments: object) -> Iterator[StreamError]:
    """What a check raises, if it does."""
    try:
        check(*arguments)
    except StreamError as refusal:
        yield refusal


# How the worker and the registry are: true also when no worker runs, since both are stored.


MASS_OF_DEAD_LETTERS = 100
"""So many open ones are no single bad record, but a fault of somebody's program."""


class Attention(NamedTuple):
    """What a person should look at, and what to do about it."""

    text: str
    hint: Hint


Look = Callable[[Sequence[Position]], Log]
"""Looks at the log, to hold it against what is known of positions."""


def status(
    registry: Registry,
    in_use: Regions,
    look: Look | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, Any]:
    """The document of `sync-worker status`; the registry is read in one snapshot, then the log.

    `look` is None where Kafka is not configured. `end` and `lag` are null where the log does not
    tell: Kafka is away or not configured, or the position is one in an archive, or in a log that
    is gone.
    """
    with registry.snapshot() as connection:
        known = positions.listed(connection)
        gauges = queries.gauges(connection)
        attention = _attention(connection, gauges, in_use)
        services_on = len(registrations.boards(connection).keys() & set(in_use))
    newest = latest(*(position.newest_event_at for position in known))
    log, refused = _looked(look, known)
    partitions = [_partition(position, log) for position in _with_unread(known, log)]
    return {
        "partitions": partitions,
        "lag": _lag(partitions, log),
        "clinics": {
            "known": gauges.known,
            "registered": gauges.registered,
            "receiving": gauges.receiving,
            "deactivated": gauges.deactivated,
        },
        "regions": {"service_on": services_on},
        "dead_letters": {
            "open": gauges.open_dead_letters,
            "oldest_at": gauges.oldest_dead_letter_at,
        },
        "holds": {"open": gauges.open_holds},
        "last_applied_at": latest(*(position.last_applied_at for position in known)),
        "newest_event_at": newest,
        "attention": [*refused, *attention, *_ahead(newest, clock())],
    }


def counts_item(counts: Counts) -> dict[str, int]:
    """Counts in the form that every command prints them in."""
    return {"read": counts.read, **asdict(counts)}


def _looked(look: Look | None, known: Sequence[Position]) -> tuple[Log | None, list[Attention]]:
    """The log, if it can be had, and what a person should know of it."""
    if look is None:
        return None, []
    try:
        log = look(known)
    except StreamUnavailable as away:
        does = "refuses us" if isinstance(away, StreamRefused) else "does not answer"
        text = f"Kafka {does}, so that end and lag are not known: {away}."
        return None, [Attention(text, Remedy.CHECK_BROKERS())]
    except StreamError as refusal:
        return None, [_refused(refusal)]
    return log, [_refused(refusal) for refusal in log.refusals()]


def _ahead(newest: datetime | None, now: datetime) -> list[Attention]:
    if newest is None or not is_ahead(newest, now):
        return []
    text = f"the newest event is {age(newest, now)}, which is not a true time"
    return [Attention(text, Remedy.SEE_DOCTOR())]


def _refused(refusal: StreamError) -> Attention:
    return Attention(refusal.what, refusal.hint)


def _with_unread(known: Sequence[Position], log: Log | None) -> list[Position]:
    """The positions, and one at 0 for each partition of the log that was never read."""
    if log is None:
        return list(known)
    read = {position.partition for position in known if position.stream == log.stream}
    unread = [
        Position(log.stream, partition, 0, Counts(), None, None)
        for partition in sorted(log.bounds.keys() - read)
    ]
    return [*known, *unread]


def _partition(known: Position, log: Log | None) -> dict[str, Any]:
    its_log = log if log is not None and known.stream == log.stream else None
    bounds = its_log.bounds.get(known.partition) if its_log else None
    return {
        "stream": known.stream,
        **known.partition._asdict(),
        "position": known.next_offset,
        "end": bounds.end if bounds else None,
        "lag": its_log.lag(known.partition, known.next_offset) if its_log else None,
        **counts_item(known.counts),
    }


def _lag(partitions: Sequence[Mapping[str, Any]], log: Log | None) -> int | None:
    """The lag in the topics that are read; None where that of one of them is not known."""
    if log is None:
        return None
    lags = [
        partition["lag"]
        for partition in partitions
        if partition["stream"] == log.stream and partition["topic"] in log.topics
    ]
    return None if None in lags else sum(lags)


def _attention(connection: Connection, gauges: Gauges, in_use: Regions) -> list[Attention]:
    texts = attention_to_holds(connection)
    if gauges.open_dead_letters:
        are_dead_lettered = _number(gauges.open_dead_letters, "record is", "records are")
        is_mass = gauges.open_dead_letters >= MASS_OF_DEAD_LETTERS
        more = ", a mass of them; see why" if is_mass else ""
        text = f"{are_dead_lettered} dead-lettered{more}"
        texts.append(Attention(text, Remedy.LIST_DEAD_LETTERS()))
    texts += _of_registrations(connection)
    registered = queries.regions(connection)
    in_both = sum(counts["own_system"] for counts in registered.values())
    if in_both:
        are_registered = _number(in_both, "registered clinic is", "registered clinics are")
        text = f"{are_registered} in TAK as well, so not served here"
        texts.append(Attention(text, Remedy.LIST_TAK()))
    service_on = registrations.boards(connection).keys()
    for region_code, counts in sorted(registered.items(), key=str):
        clinics = _number(counts["registered"], "registered clinic", "registered clinics")
        if region_code is None:
            texts.append(Attention(f"{clinics} of no region", Remedy.SEE_CLINICS()))
        elif region_code not in in_use:
            text = f"{clinics} of region {region_code}, which is not in use"
            texts.append(Attention(text, Remedy.SEE_CLINICS_OF_REGION(region_code=region_code)))
        elif region_code not in service_on:
            text = f"{clinics} of region {region_code}, which has no patient board"
            texts.append(Attention(text, Remedy.SHOW_REGION(region_code=region_code)))
    suspects = unknown_types.suspects(connection)
    return [*texts, *(Attention(suspect.text, Remedy.SEE_DOCTOR()) for suspect in suspects)]


def _of_registrations(connection: Connection) -> list[Attention]:
    drifted = registrations.drifted(connection)
    if not drifted:
        return []
    differ = _number(len(drifted), "registration is", "registrations are")
    first = next(iter(drifted.values()))
    text = f"{differ} not as the change log has it, for example {first}"
    return [Attention(text, Remedy.SEE_DOCTOR())]


def attention_to_holds(connection: Connection) -> list[Attention]:
    """What a person should know of holds: those that are open first.

    One that was withdrawn is told of while changes that had taken effect before it stand.
    """
    uncorrected = {one.number: one for one in holds.uncorrected(connection, guard_state.OPEN)}
    return [
        *(
            _keeps_back(hold, uncorrected.get(hold["id"]))
            for hold in holds.listed(connection, guard_state.OPEN)
        ),
        *map(_left_behind, holds.uncorrected(connection, guard_state.WITHDRAWN)),
    ]


def _keeps_back(hold: Mapping[str, Any], uncorrected: UncorrectedHold | None) -> Attention:
    clinics = _number(hold["count"], "clinic", "clinics")
    before = ""
    if uncorrected is not None:
        others = _number(uncorrected.clinics, "clinic", "clinics")
        before = f", after changes of {others} there had taken effect"
    return Attention(
        f"hold {hold['id']} keeps back changes of {clinics} in region {hold['region_code']}"
        f"{before}",
        Remedy.SEE_HOLD(number=hold["id"]),
    )


def _left_behind(uncorrected: UncorrectedHold) -> Attention:
    return Attention(left_behind(uncorrected), Remedy.ACKNOWLEDGE_HOLD(number=uncorrected.number))


def left_behind(uncorrected: UncorrectedHold) -> str:
    """That a hold was withdrawn, and what had taken effect before it stands."""
    clinics = _number(uncorrected.clinics, "clinic", "clinics")
    return (
        f"Hold {uncorrected.number} was withdrawn, and changes of {clinics} in region "
        f"{uncorrected.region_code} that had taken effect before it stand"
    )


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
