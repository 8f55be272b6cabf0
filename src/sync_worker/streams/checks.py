"""Whether a stream is still the one that the stored positions are of.

Pure: compares numbers and ids, and raises errors with exact numbers. Nothing is repaired here: the
operator decides. Errors of the Kafka client that stop a stream are worded here, too.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sync_worker.events.record import Partition
from sync_worker.remedies import Remedy
from sync_worker.streams.protocol import StoredPositions, StreamError

_CLUSTER = "kafka:"
"""How the id of a stream begins that is a Kafka cluster."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The offset of the first record that a log still has, and that of the next one to come."""

    begin: int
    end: int

    def lag(self, position: int) -> int:
        """How many offsets remain to be read from a position that does not lie beyond the end.

        Position 0 stands for the beginning of the log, wherever that is now.
        """
        return self.end - max(position, self.begin)


def other_clusters(stored: StoredPositions) -> list[str]:
    """The clusters that the registry has positions in, where it has none in this one."""
    others = sorted(other for other in stored.other_streams if other.startswith(_CLUSTER))
    return [] if stored.positions else others


def is_cluster(stream_id: str) -> bool:
    """Whether a stream is a Kafka cluster, and not an archive."""
    return stream_id.startswith(_CLUSTER)


def check_cluster(stream_id: str, stored: StoredPositions) -> None:
    """Raise where the registry has positions in other clusters, and none in this one."""
    others = other_clusters(stored)
    if not others:
        return
    names = ", ".join(other.removeprefix(_CLUSTER) for other in others)
    raise StreamError(
        f"This is the cluster {stream_id.removeprefix(_CLUSTER)}; the registry was read from "
        f"{names}.",
        "Offsets of one cluster mean nothing in another; reading it from the beginning would count "
        "every event again.",
        Remedy.ADOPT_CLUSTER(),
    )


def check_topics_exist(names: Iterable[str], existing: Iterable[str], stream_id: str) -> None:
    """Raise where topics do not exist."""
    missing = sorted(set(names) - set(existing))
    if not missing:
        return
    raise StreamError(
        f"The cluster {stream_id.removeprefix(_CLUSTER)} has no topic "
        f"{' and no topic '.join(missing)}.",
        "Without it nothing can be read, and reading creates no topics.",
        Remedy.CREATE_TOPICS(),
    )


def check_partitions_exist(partitions: Iterable[Partition], counts: Mapping[str, int]) -> None:
    """Raise where a partition to write to does not exist; `counts` are those of the topics."""
    for partition in sorted(partitions):
        count = counts[partition.topic]
        if partition.partition >= count:
            raise StreamError(
                f"{partition.topic} has {count} partitions, numbered from 0; there are records for "
                f"partition {partition.partition}.",
                "Nothing was published: each record keeps its partition.",
                Remedy.CREATE_PARTITIONS(),
            )


def check_topic_ids(
    ids: Mapping[str, str],
    stored_ids: Mapping[str, Collection[str]],
    positions: Mapping[Partition, int],
) -> None:
    """Raise where a topic has another id than the one that a position in it was stored with.

    A topic whose id is empty, now or then, cannot be compared: its brokers give none.
    """
    for topic in sorted(topic for topic in ids.keys() & stored_ids.keys() if ids[topic]):
        old_ids = sorted(set(stored_ids[topic]) - {ids[topic]})
        if old_ids:
            raise StreamError(
                f"{topic} was re-created: its id is {ids[topic]}, and was {' or '.join(old_ids)} "
                f"when it was read; {_positions_in(topic, positions)}.",
                "Those positions are of a log that no longer exists: records of the new one before "
                "them would be skipped.",
                Remedy.ADOPT_TOPIC(topic=topic),
            )


def ids_differ(topic_id: str, other_id: str) -> bool:
    """Whether two ids are of different topics; an empty one is not known."""
    return bool(topic_id and other_id) and topic_id != other_id


def check_topics_unchanged(current_ids: Mapping[str, str], ids: Mapping[str, str]) -> None:
    """Raise where a topic was deleted or re-created while a range of it was read."""
    for topic, topic_id in sorted(ids.items()):
        if topic not in current_ids or ids_differ(current_ids[topic], topic_id):
            change = (
                f"re-created, with the id {current_ids[topic]}"
                if topic in current_ids
                else "deleted"
            )
            raise StreamError(
                f"{topic} was {change} while it was read.",
                f"What was read is of the topic with the id {topic_id}; the rest of it is lost.",
                "Find out who did it, and start again.",
            )


def check_position(partition: Partition, position: int, bounds: Bounds) -> None:
    """Raise where a log does not have a position; position 0 stands for its beginning."""
    name = f"{partition.topic}/{partition.partition}"
    if 0 < position < bounds.begin:
        raise StreamError(
            f"{name}: the log begins at offset {bounds.begin}, after our position {position}.",
            f"Retention deleted {bounds.begin - position} offsets that were never read.",
            Remedy.REPUBLISH_MISSING(topic=partition.topic, partition=partition.partition),
        )
    if position > bounds.end:
        raise StreamError(
            f"{name}: the log ends at offset {bounds.end}, before our position {position}.",
            "It is not the log that was read, or it lost its end.",
            Remedy.READ_CURRENT_LOG(topic=partition.topic, partition=partition.partition),
        )


def topic_deleted(topic: str, positions: Mapping[Partition, int]) -> StreamError:
    """A topic does not exist any more."""
    return StreamError(
        f"{topic} was deleted while it was read; {_positions_in(topic, positions)}.",
        "Records beyond that are lost to the registry, and the client would wait for ever.",
        Remedy.FIND_WHO_DELETED(topic=topic),
    )


def log_truncated(partition: Partition, position: int, bounds: Bounds) -> StreamError:
    """A log lost records that were read, and has others in their place."""
    return StreamError(
        f"{partition.topic}/{partition.partition}: the log was truncated before our position "
        f"{position} and written to since; it now has the offsets {bounds.begin} to {bounds.end}.",
        "A broker without all records became the leader: some that were read are gone, and others "
        "may have their offsets.",
        Remedy.REREAD_PARTITION(topic=partition.topic, partition=partition.partition),
    )


def corrupt_batch(partition: Partition, position: int, error: BaseException) -> StreamError:
    """The client cannot unpack the batch of records at a position."""
    return StreamError(
        f"{partition.topic}/{partition.partition}: the batch of records at offset {position} "
        f"cannot be unpacked: {type(error).__name__}: {error}.",
        "The client can read none of its records; reading it again does not help.",
        Remedy.SKIP_CORRUPT_BATCH(
            topic=partition.topic, partition=partition.partition, offset=position
        ),
    )


def member_fenced(instance_id: str | None, group_id: str) -> StreamError:
    """Another process has our place in the group."""
    return StreamError(
        f"Another process took over the place {instance_id} in the group {group_id}.",
        "Two processes with the same instance id cannot both be members.",
        "Give every process an instance id of its own, or none.",
    )


def error_message(error: BaseException) -> str:
    """The message of a client's error, without the name and number of its class."""
    return str(error.args[0] if error.args else error).rstrip(".")


def _positions_in(topic: str, positions: Mapping[Partition, int]) -> str:
    offsets = sorted((p.partition, offset) for p, offset in positions.items() if p.topic == topic)
    if not offsets:
        return "we have no position in it"
    return "our positions: " + ", ".join(f"{at} in partition {number}" for number, at in offsets)
