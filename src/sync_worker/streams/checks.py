"""Whether a stream still is the one that the registry's bookmarks are of.

Pure: compares numbers and ids, and says what is wrong in sentences with exact numbers. Nothing is
repaired here: the operator decides. Other reasons to stop are worded here
too.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sync_worker.events.record import Partition
from sync_worker.remedies import Remedy
from sync_worker.streams.protocol import StoredPositions, StreamError


@dataclass(frozen=True, slots=True)
class Bounds:
    """The offset of the first record that a log still has, and the one that comes next."""

    begin: int
    end: int


def other_clusters(stored: StoredPositions) -> list[str]:
    """The clusters that the registry was read from, where it knows this one not at all."""
    others = sorted(other for other in stored.other_streams if other.startswith("kafka:"))
    return [] if stored.positions else others


def check_cluster(stream_id: str, stored: StoredPositions) -> None:
    """Raise where the registry knows other clusters, and this one not at all."""
    others = other_clusters(stored)
    if not others:
        return
    raise StreamError(
        f"This is the cluster {_id(stream_id)}; the registry was read from {_ids(others)}.",
        "Offsets of one cluster mean nothing in another; reading it from the beginning would count "
        "every event again.",
        Remedy.ADOPT_CLUSTER(),
    )


def check_topics_exist(wanted: Iterable[str], present: Iterable[str], stream_id: str) -> None:
    """Raise where topics are not there."""
    missing = sorted(set(wanted) - set(present))
    if not missing:
        return
    raise StreamError(
        f"The cluster {_id(stream_id)} has no topic {' and no topic '.join(missing)}.",
        "Without it nothing can be read, and nothing is created by reading.",
        Remedy.CREATE_TOPICS(),
    )


def check_partitions_exist(wanted: Iterable[Partition], counts: Mapping[str, int]) -> None:
    """Raise where a topic has fewer partitions than are to be written to; `counts` by topic."""
    for partition in sorted(wanted):
        count = counts[partition.topic]
        if partition.partition >= count:
            raise StreamError(
                f"{partition.topic} has {count} partitions, numbered from 0; there are records for "
                f"partition {partition.partition}.",
                "Nothing was published: each record keeps its partition.",
                Remedy.CREATE_PARTITIONS(),
            )


def refuse_deleted(topic: str, positions: Mapping[Partition, int]) -> None:
    """Say that a topic went away while it was read."""
    raise StreamError(
        f"{topic} was deleted while it was read; {_positions(topic, positions)}.",
        "What it held beyond that is lost to the registry, and the client would wait for ever.",
        Remedy.FIND_WHO_DELETED(topic=topic),
    )


def check_topic_ids(
    ids: Mapping[str, str],
    known: Mapping[str, Collection[str]],
    positions: Mapping[Partition, int],
) -> None:
    """Raise where a topic has another id than one that any of its positions was read under.

    What has no id, as the brokers have it or as it was read, cannot be compared.
    """
    for topic in sorted(topic for topic in ids.keys() & known.keys() if ids[topic]):
        gone = sorted(set(known[topic]) - {ids[topic]})
        if gone:
            raise StreamError(
                f"{topic} was created anew: its id is {ids[topic]}, and was {' or '.join(gone)} "
                f"when it was read; {_positions(topic, positions)}.",
                "Those positions are of a log that is gone: what the new one holds before them "
                "would be passed over.",
                Remedy.ADOPT_TOPIC(topic=topic),
            )


def ids_differ(one: str, other: str) -> bool:
    """Whether two ids are of different topics; one that is empty is not known."""
    return bool(one and other) and one != other


def check_topics_unchanged(ids: Mapping[str, str], known: Mapping[str, str]) -> None:
    """Raise where a topic is gone, or another one of its name has come, while a range was read."""
    for topic, topic_id in sorted(known.items()):
        if topic not in ids or ids_differ(ids[topic], topic_id):
            became = f"created anew, with the id {ids[topic]}" if topic in ids else "deleted"
            raise StreamError(
                f"{topic} was {became} while it was read.",
                f"What was read is of the one with the id {topic_id}; the rest of it is gone.",
                "Find out who did it, and begin again.",
            )


def check_position(partition: Partition, position: int, bounds: Bounds) -> None:
    """Raise where a log does not reach a position; position 0 stands for its beginning."""
    name = f"{partition.topic}/{partition.partition}"
    if 0 < position < bounds.begin:
        raise StreamError(
            f"{name}: the log begins at offset {bounds.begin}, after our position {position}.",
            f"Retention took {bounds.begin - position} offsets that were never read.",
            Remedy.REPUBLISH_MISSING(topic=partition.topic, partition=partition.partition),
        )
    if position > bounds.end:
        raise StreamError(
            f"{name}: the log ends at offset {bounds.end}, before our position {position}.",
            "It is not the log that was read, or it lost its end.",
            Remedy.READ_CURRENT_LOG(topic=partition.topic, partition=partition.partition),
        )


def log_truncated(partition: Partition, position: int, bounds: Bounds) -> StreamError:
    """What to say of a log that lost records which were read, and got others in their place."""
    name = f"{partition.topic}/{partition.partition}"
    return StreamError(
        f"{name}: the log was cut back before our position {position} and written on; it now has "
        f"the offsets {bounds.begin} to {bounds.end}.",
        "A broker without all records became the leader: some that were read are gone, and others "
        "may stand where we take the old ones to be.",
        Remedy.REREAD_PARTITION(topic=partition.topic, partition=partition.partition),
    )


def undecodable_records(partition: Partition, position: int, error: BaseException) -> StreamError:
    """What to say of records that the client cannot take apart."""
    name = f"{partition.topic}/{partition.partition}"
    return StreamError(
        f"{name}: what stands at offset {position} cannot be decoded: "
        f"{type(error).__name__}: {error}.",
        "The client gives up the whole batch of records; reading it again does not help.",
        Remedy.SKIP_UNDECODABLE(
            topic=partition.topic, partition=partition.partition, offset=position
        ),
    )


def member_fenced(instance_id: str | None, group_id: str) -> StreamError:
    """What to say where another process has our place in the group."""
    return StreamError(
        f"Another process took over the place {instance_id} in the group {group_id}.",
        "Two processes with the same instance id cannot both be members.",
        "Give every process an instance id of its own, or none.",
    )


def error_message(error: BaseException) -> str:
    """What a client's error says itself, without the name and number of its kind."""
    return str(error.args[0] if error.args else error).rstrip(".")


def unauthorised(error: BaseException) -> StreamError:
    """What to say where the cluster does not let us read."""
    return StreamError(
        f"Kafka refuses: {error}.",
        "This user may not read the topics, or not as a member of this group.",
        "Have the rights READ and DESCRIBE on both topics and READ on the group given to it.",
    )


def _positions(topic: str, positions: Mapping[Partition, int]) -> str:
    of_topic = sorted((p.partition, at) for p, at in positions.items() if p.topic == topic)
    if not of_topic:
        return "we have no position in it"
    return "our positions: " + ", ".join(f"{at} in partition {number}" for number, at in of_topic)


def _id(stream_id: str) -> str:
    return stream_id.removeprefix("kafka:")


def _ids(stream_ids: Iterable[str]) -> str:
    return ", ".join(_id(stream_id) for stream_id in stream_ids)
