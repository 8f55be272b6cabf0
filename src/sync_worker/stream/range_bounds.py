"""Where a range begins and ends in each partition of a Kafka cluster, settled before it is read."""

from collections.abc import Iterable, Mapping

from sync_worker.events.record import Partition
from sync_worker.stream import fitting
from sync_worker.stream.admin import KafkaAdmin, Topic
from sync_worker.stream.fitting import Bounds
from sync_worker.stream.ranges import AtOffset, AtTime, Earliest, End, Now, Range, Start
from sync_worker.stream.source import StreamError


def selected(wanted: Range, topics: Mapping[str, Topic], stream_id: str) -> list[Partition]:
    """The partitions of a range, in order.

    Raises:
        StreamError: a topic or a partition that it names is not there.
    """
    fitting.refuse_missing(wanted.topics, topics, stream_id)
    present = [partition for topic in topics.values() for partition in topic.partitions]
    absent = wanted.partitions - {partition.partition for partition in present}
    if absent:
        raise _no_partition(min(absent), topics)
    return sorted(partition for partition in present if wanted.has(partition))


def settled(
    admin: KafkaAdmin, wanted: Range, partitions: Iterable[Partition]
) -> dict[Partition, Bounds]:
    """The first offset to read of each partition, and the one to stop before.

    Ends are those of a reader that waits for transactions to be committed: what is in an open one
    is beyond them.

    Raises:
        StreamError: the range begins at an offset that the log does not have any more.
        StreamAway: the cluster is away.
    """
    listed = list(partitions)
    begins, ends = admin.begins(listed), admin.ends(listed)
    whole = {at: Bounds(begins[at], max(begins[at], ends[at])) for at in listed}
    starts = _places(admin, wanted.start, whole)
    stops = _places(admin, wanted.end, whole)
    return {at: _within(at, whole[at], starts[at], stops[at]) for at in listed}


def _places(
    admin: KafkaAdmin, bound: Start | End, whole: Mapping[Partition, Bounds]
) -> dict[Partition, int]:
    match bound:
        case Earliest():
            return {at: bounds.begin for at, bounds in whole.items()}
        case Now():
            return {at: bounds.end for at, bounds in whole.items()}
        case AtOffset(offset):
            return dict.fromkeys(whole, offset)
        case AtTime():
            found = admin.offsets_at(whole, bound.timestamp_ms)
            return {at: whole[at].end if place is None else place for at, place in found.items()}


def _within(partition: Partition, whole: Bounds, start: int, stop: int) -> Bounds:
    if start < whole.begin:
        raise StreamError(
            f"{partition.topic}/{partition.partition}: the log begins at offset {whole.begin}, "
            f"after offset {start}.",
            f"Retention took the {whole.begin - start} offsets between.",
            f"Begin at what there is: --from offset:{whole.begin}, or --from earliest",
        )
    begin = min(start, whole.end)
    return Bounds(begin, max(begin, min(stop, whole.end)))


def _no_partition(number: int, topics: Mapping[str, Topic]) -> StreamError:
    counts = ", ".join(f"{name} has {len(topics[name].partitions)}" for name in sorted(topics))
    return StreamError(
        f"There is no partition {number}.",
        f"Of partitions, which are numbered from 0, {counts}.",
        "Name one that there is with --partition.",
    )
