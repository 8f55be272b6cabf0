"""Estimates when a worker will have applied all there is, from how its lag has changed lately."""

import math
from collections import deque
from collections.abc import Collection
from typing import NamedTuple

from sync_worker.events.record import Partition
from sync_worker.streams.kafka.backlog import PartitionBacklog

_WINDOW_SECONDS = 15.0
"""So soon the end of an outage shows in full; of a shorter time, single transactions would."""
_MIN_SECONDS = 2.0
"""From two looks that are closer together, no rate follows."""
_IN_FLIGHT_SECONDS = 2.0
"""What is applied within so long is not a backlog: more arrives all the time, and is applied."""


class _Look(NamedTuple):
    at: float
    lag: int
    positions: int
    """The sum over the partitions."""


class CatchUp:
    """What was seen of the lag in the last seconds, since there was none."""

    def __init__(self) -> None:
        self._looks: deque[_Look] = deque()
        self._partitions = frozenset[Partition]()

    def seconds(self, backlog: Collection[PartitionBacklog], now: float) -> float:
        """How long it will take; infinite where the lag does not shrink, NaN where unknown.

        `now` is in seconds of any clock that does not jump.
        """
        look = _look(backlog, now)
        partitions = frozenset(part.partition for part in backlog)
        if look is None or not look.lag or partitions != self._partitions:
            self._looks.clear()
        self._partitions = partitions
        if look is None:
            return math.nan
        self._looks.append(look)
        while now - self._looks[0].at > _WINDOW_SECONDS:
            self._looks.popleft()
        return _estimate(self._looks[0], look)


def _look(backlog: Collection[PartitionBacklog], now: float) -> _Look | None:
    lags = [part.lag for part in backlog if part.lag is not None]
    positions = [part.position for part in backlog if part.position is not None]
    if not backlog or len(lags) < len(backlog) or len(positions) < len(backlog):
        return None
    return _Look(now, sum(lags), sum(positions))


def _estimate(first: _Look, last: _Look) -> float:
    if not last.lag:
        return 0.0
    seconds = last.at - first.at
    if seconds < _MIN_SECONDS:
        return math.nan
    applied = (last.positions - first.positions) / seconds
    if applied and last.lag <= applied * _IN_FLIGHT_SECONDS:
        return last.lag / applied
    shrinking = (first.lag - last.lag) / seconds
    return last.lag / shrinking if shrinking > 0 else math.inf
