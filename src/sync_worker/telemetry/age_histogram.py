"""A histogram of ages that takes those of a whole transaction at once.

The library's own takes one observation at a time, which costs as much as applying a record does.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from threading import Lock

from prometheus_client.metrics_core import HistogramMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.utils import floatToGoString


class AgeHistogram(Collector):
    """How old records were, in seconds: counted by the upper bounds of buckets."""

    def __init__(
        self,
        name: str,
        documentation: str,
        *,
        unit: str,
        buckets: Sequence[float],
        registry: CollectorRegistry,
    ) -> None:
        self._described = (name, documentation)
        self._unit = unit
        self._bounds = (*buckets, math.inf)
        self._lock = Lock()
        self._counts = [0] * len(self._bounds)
        self._sum = 0.0
        registry.register(self)

    def observe(self, timestamps_ms: Iterable[int], now_ms: float) -> None:
        """Count the ages of records that were written at these times; negative ones are none."""
        ordered = sorted(timestamps_ms)
        ordered = ordered[bisect_left(ordered, 0) :]
        # As old as a bound or younger: those of so long ago or later.
        younger = [
            len(ordered) - bisect_left(ordered, now_ms - bound * 1000) for bound in self._bounds
        ]
        counts = [later - earlier for earlier, later in pairwise((0, *younger))]
        past = ordered[: bisect_right(ordered, now_ms)]
        seconds = len(past) * now_ms / 1000 - sum(past) / 1000
        with self._lock:
            self._counts = [sum(pair) for pair in zip(self._counts, counts, strict=True)]
            self._sum += seconds

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """What was counted, in the form of the library."""
        with self._lock:
            counts, total = self._counts, self._sum
        bounds = map(floatToGoString, self._bounds)
        buckets = list(zip(bounds, accumulate(counts), strict=True))
        yield HistogramMetricFamily(*self._described, buckets, total, unit=self._unit)
