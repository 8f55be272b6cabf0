"""The backlog: what the registry has not applied yet of the partitions that this worker reads.

In records it is known from the ends of the logs. In time it is the age of the oldest record that is
not applied: of the record at the position, or, where only an earlier one was seen, at most as old.
Written by the loop; other threads read it, also while the loop is stuck.
"""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sync_worker.events.record import Partition, Record
from sync_worker.streams.checks import Bounds


class PartitionBacklog(NamedTuple):
    """How far a partition is applied, and what is left; None is not known."""

    partition: Partition
    position: int | None
    """The offset of the next record to apply."""
    end: int | None
    """The offset of the next record to be written to the log, when that was last asked."""
    lag: int | None
    """How many offsets are left."""
    lag_seconds: float | None
    """The age of the oldest record that is left; 0 where none is."""


class _Seen(NamedTuple):
    offset: int
    at: float
    """When the record was written, in seconds of the clock."""


@dataclass(slots=True)
class _Log:
    bounds: Bounds
    begin: int
    """Where it was first read from, by this worker."""
    position: int
    seen: deque[_Seen] = field(default_factory=deque)
    """Records that were fetched, a few of each fetch; the first is at the position or before it."""
    applied_until: float | None = None
    """Everything that was written before this time is applied."""


class Backlog:
    """The positions of the assigned partitions, and when the records there were written."""

    def __init__(self) -> None:
        self._logs: dict[Partition, _Log] = {}

    def start_at(
        self, offsets: Mapping[Partition, int], bounds: Mapping[Partition, Bounds]
    ) -> None:
        """Partitions are read from these offsets; 0 stands for the beginning of the log."""
        for partition, offset in offsets.items():
            limits, known = bounds[partition], self._logs.get(partition)
            begin = max(limits.begin, offset) if known is None else known.begin
            self._logs[partition] = _Log(limits, begin, offset)

    def fetched(self, partition: Partition, records: Sequence[Record]) -> None:
        """Records were fetched, in the order of their offsets."""
        log = self._logs.get(partition)
        if log is not None:
            log.seen.extend(
                _Seen(record.offset, record.timestamp_ms / 1000)
                for record in (records[0], records[-1])
                if record.timestamp_ms is not None
            )

    def committed(self, offsets: Mapping[Partition, int]) -> None:
        """Everything below these offsets is applied."""
        for partition, offset in offsets.items():
            log = self._logs.get(partition)
            if log is not None:
                log.position = offset
                while len(log.seen) > 1 and log.seen[1].offset <= offset:
                    log.seen.popleft()

    def fraction_applied(
        self, read: Mapping[Partition, int], ends: Mapping[Partition, int]
    ) -> float:
        """How much is applied of what lay before these ends, where to read it is half of the work.

        `read` are the offsets to read next. From 0 to 1; 1 also where there was nothing.
        """
        total = done = 0
        for partition, end in ends.items():
            log = self._logs.get(partition)
            if log is not None and end > log.begin:
                total += 2 * (end - log.begin)
                for offset in (log.position, read.get(partition, log.position)):
                    done += min(max(offset, log.begin), end) - log.begin
        return done / total if total else 1.0

    def of(
        self, positioned: Mapping[Partition, bool], ends: Mapping[Partition, int], asked_at: float
    ) -> tuple[PartitionBacklog, ...]:
        """The backlog of the assigned partitions, of which some may have no position yet.

        The logs ended there at `asked_at`, in seconds of the clock.
        """
        return tuple(
            _backlog(
                partition,
                self._logs.get(partition) if positioned[partition] else None,
                ends.get(partition),
                asked_at,
            )
            for partition in sorted(positioned)
        )


def _backlog(
    partition: Partition, log: _Log | None, asked_end: int | None, asked_at: float
) -> PartitionBacklog:
    if log is None:
        return PartitionBacklog(partition, None, asked_end, None, None)
    position = log.position
    if asked_end is not None and asked_end <= position:
        log.applied_until = asked_at
    # What was applied was there, though the log was last asked for its end before it was written.
    end = max(log.bounds.end if asked_end is None else asked_end, position)
    lag = Bounds(log.bounds.begin, end).lag(position)
    if not lag:
        return PartitionBacklog(partition, position, end, 0, 0.0)
    oldest_at = _oldest_at(log, position)
    seconds = None if oldest_at is None else max(0.0, time.time() - oldest_at)
    return PartitionBacklog(partition, position, end, lag, seconds)


def _oldest_at(log: _Log, position: int) -> float | None:
    """When the record at the position was written, or the nearest time before that is known."""
    # The copy is made in one step, since the loop may append at the same time.
    seen = [each.at for each in log.seen.copy() if each.offset <= max(position, log.bounds.begin)]
    latest = seen[-1:] if log.applied_until is None else [*seen[-1:], log.applied_until]
    return max(latest, default=None)
