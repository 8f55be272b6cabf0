"""The series of the catalogue's metrics, in a registry of their own.

Each series whose labels are known is there from the start: a counter with 0, since a rate needs the
value before the first error, and a gauge with NaN, since nobody has looked yet.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.registry import Collector

from sync_worker.telemetry.age_histogram import AgeHistogram
from sync_worker.telemetry.catalogue.metric import Kind, Metric

NOT_KNOWN = math.nan

_MAKERS: Mapping[Kind, Callable[..., Collector]] = {
    Kind.COUNTER: Counter,
    Kind.GAUGE: Gauge,
    Kind.HISTOGRAM: Histogram,
    Kind.AGES: AgeHistogram,
    Kind.INFO: Info,
}

Made = TypeVar("Made", bound=Collector)


class Series:
    """What was made of each metric, which is asked for by the metric and its kind."""

    def __init__(self, catalogue: Iterable[Metric]) -> None:
        self.registry = CollectorRegistry()
        self._made = {metric.name: self._make(metric) for metric in catalogue}

    def counter(self, metric: Metric) -> Counter:
        """To be increased."""
        return self._of(metric, Counter)

    def gauge(self, metric: Metric) -> Gauge:
        """To be set."""
        return self._of(metric, Gauge)

    def histogram(self, metric: Metric) -> Histogram:
        """To observe values, one by one."""
        return self._of(metric, Histogram)

    def ages(self, metric: Metric) -> AgeHistogram:
        """To observe ages, many at once."""
        return self._of(metric, AgeHistogram)

    def info(self, metric: Metric) -> Info:
        """To be told once."""
        return self._of(metric, Info)

    def _of(self, metric: Metric, kind: type[Made]) -> Made:
        made = self._made[metric.name]
        if not isinstance(made, kind):
            raise TypeError(f"{metric.name} is a {metric.kind}")
        return made

    def _make(self, metric: Metric) -> Collector:
        name = metric.name.removesuffix("_total").removesuffix("_info")
        options: dict[str, Any] = {"registry": self.registry}
        if metric.labels and metric.kind is not Kind.INFO:
            options["labelnames"] = tuple(metric.labels)
        if metric.buckets:
            options["buckets"] = metric.buckets
        if name.endswith(f"_{metric.unit}"):  # else the library would append it to the name
            options["unit"] = metric.unit
        made = _MAKERS[metric.kind](name, metric.help, **options)
        _initialise(metric, made)
        return made


def _initialise(metric: Metric, made: Collector) -> None:
    if isinstance(made, AgeHistogram | Info) or not metric.is_known_at_start:
        return
    for values in product(*metric.labels.values()):
        series: Any = made
        if values:
            series = series.labels(*values)
        if metric.kind is Kind.GAUGE:
            series.set(NOT_KNOWN)
