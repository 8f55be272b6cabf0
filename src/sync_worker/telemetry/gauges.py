"""Sets the gauges: how the worker, its partitions and the registry are at the moment."""

import math
import time
from collections.abc import Callable, Collection
from datetime import datetime

from sync_worker.domain.regions import Regions
from sync_worker.events.record import Partition
from sync_worker.registry.sample import RegistrySample
from sync_worker.streams.kafka.backlog import PartitionBacklog
from sync_worker.streams.kafka.source_health import SourceHealth
from sync_worker.telemetry.catalogue import of_registry, of_worker
from sync_worker.telemetry.catalogue.metric import Metric
from sync_worker.telemetry.catch_up import CatchUp
from sync_worker.telemetry.health import NotReady, Reasons
from sync_worker.telemetry.metrics import Metrics
from sync_worker.telemetry.series import NOT_KNOWN

_OF_PARTITION = (of_worker.POSITION, of_worker.END, of_worker.LAG, of_worker.LAG_SECONDS)


class ReadinessGauges:
    """Whether the worker is ready, why not, and since when."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float] = time.time) -> None:
        self._series = metrics.series
        self._clock = clock
        self._since = 0.0

    def set(self, reasons: Reasons) -> None:
        """Show these reasons why it is not ready; it is where there are none."""
        codes = {reason.code for reason in reasons}
        self._since = (self._since or self._beginning(reasons)) if codes else 0.0
        self._series.gauge(of_worker.READY).set(not codes)
        self._series.gauge(of_worker.NOT_READY_SINCE).set(self._since)
        for code in NotReady:
            self._series.gauge(of_worker.NOT_READY).labels(code).set(code in codes)

    def _beginning(self, reasons: Reasons) -> float:
        """Since when the first of these applies: an outage began before it was noticed."""
        known = (reason.since for reason in reasons if reason.since is not None)
        return min(known, default=self._clock())


class StreamGauges:
    """How far each partition is applied, as long as it is assigned to this worker."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._series = metrics.series
        self._catch_up = CatchUp()
        self._ever_shown: set[Partition] = set()
        self._counted = {"rebuilds": 0, "rebalances": 0, "failed requests": 0}

    def set(self, source: SourceHealth) -> None:
        """Show how the source is."""
        is_heard = source.is_reachable and source.refusal is None
        backlog = source.backlog if is_heard else [_unheard(part) for part in source.backlog]
        self._remove_all_but({part.partition for part in backlog})
        for part in backlog:
            self._set_partition(part)
        seconds = self._catch_up.seconds(backlog, time.monotonic())
        self._series.gauge(of_worker.CATCH_UP).set(seconds)
        self._count(source)

    def _set_partition(self, part: PartitionBacklog) -> None:
        for metric, value in zip(_OF_PARTITION, part[1:], strict=True):
            self._series.gauge(metric).labels(*part.partition).set(_known(value))

    def _remove_all_but(self, partitions: Collection[Partition]) -> None:
        """Those of before are removed each time: the loop may just have set a position again."""
        self._metrics.assigned = frozenset(partitions)
        for partition in self._ever_shown.difference(partitions):
            for metric in _OF_PARTITION:
                self._series.gauge(metric).remove(*partition)
        self._ever_shown.update(partitions)

    def _count(self, source: SourceHealth) -> None:
        self._series.counter(of_worker.REBUILDS).inc(self._new("rebuilds", source.rebuilds.count))
        self._series.counter(of_worker.REBALANCES).inc(self._new("rebalances", source.rebalances))
        is_refused = source.refusal is not None
        cause = NotReady.KAFKA_REFUSED if is_refused else NotReady.KAFKA_UNAVAILABLE
        self._metrics.retried(cause, self._new("failed requests", source.requests.failed))

    def _new(self, what: str, count: int) -> int:
        """How many there are since the last time."""
        before, self._counted[what] = self._counted[what], count
        return max(0, count - before)


class RegistryGauges:
    """What there is in the registry, as of its last sample."""

    def __init__(self, metrics: Metrics, in_use: Regions) -> None:
        self._series = metrics.series
        self._in_use = in_use

    def set(self, sample: RegistrySample, sampled_at: float) -> None:
        """Show a sample of the registry."""
        gauge = self._series.gauge
        gauge(of_registry.OPEN_HOLDS).set(sample.open_holds)
        gauge(of_registry.HELD_CLINICS).set(sample.held_clinics)
        gauge(of_registry.REGIONS).set(len(sample.board_regions.intersection(self._in_use)))
        gauge(of_registry.NEWEST_EVENT).set(_seconds(sample.newest_event_at))
        if sample.last_reconcile is not None:
            gauge(of_registry.LAST_RECONCILE).set(_seconds(sample.last_reconcile.at))
            gauge(of_registry.LAST_RECONCILE_DRIFT).set(sample.last_reconcile.not_repaired)
        for metric, counts in (
            (of_registry.CLINICS, sample.clinics),
            (of_registry.OPEN_DEAD_LETTERS, sample.open_dead_letters),
            (of_registry.WORKERS, sample.workers),
        ):
            for value in _listed_values(metric):
                gauge(metric).labels(value).set(counts.get(value, 0))
        gauge(of_registry.SAMPLED).set(sampled_at)


def _unheard(part: PartitionBacklog) -> PartitionBacklog:
    """What can be said of a partition while Kafka does not answer.

    Nobody knows where its log ends. A record that was there waits on, and grows older.
    """
    seconds = part.lag_seconds or None
    return part._replace(end=None, lag=None, lag_seconds=seconds)


def _known(value: float | None) -> float:
    return NOT_KNOWN if value is None else value


def _seconds(moment: datetime | None) -> float:
    return math.nan if moment is None else moment.timestamp()


def _listed_values(metric: Metric) -> tuple[str, ...]:
    """The values of its only label."""
    (values,) = metric.labels.values()
    assert isinstance(values, tuple)
    return values
