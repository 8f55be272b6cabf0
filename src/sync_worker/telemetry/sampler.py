"""Samples what the gauges show, from threads of its own and never at a scrape.

What is known from memory is sampled every second, also while the loop is stuck or the database
silent. The registry is asked more rarely, and by another thread, so that a database which takes its
time holds up nothing else. Whatever fails here is counted, and disturbs nobody.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from structlog.typing import FilteringBoundLogger

from sync_worker.domain.regions import Regions
from sync_worker.registry import sample
from sync_worker.registry.database import Registry
from sync_worker.registry.errors import first_line
from sync_worker.streams.kafka.source_health import Rebuilds, SourceHealth
from sync_worker.telemetry.catalogue import of_registry
from sync_worker.telemetry.gauges import ReadinessGauges, RegistryGauges, StreamGauges
from sync_worker.telemetry.health import Health, NotReady
from sync_worker.telemetry.log_events import LogEvent
from sync_worker.telemetry.metrics import Metrics

_INTERVAL_SECONDS = 1.0
_REGISTRY_INTERVAL_SECONDS = 15.0
_LARGEST_SHARE = 50
"""A large registry is sampled more rarely: at most this part of the time, a fiftieth."""
_STOP_SECONDS = 1.0
_DATABASE_IS_AWAY = {
    NotReady.STARTING,
    NotReady.DATABASE_UNAVAILABLE,
    NotReady.DATABASE_REFUSED,
    NotReady.DATABASE_SLOW,
}
"""Then nobody adds to its troubles by counting clinics."""


class Sampler:
    """Looks at the worker, its source and its registry, and sets the gauges."""

    def __init__(
        self,
        metrics: Metrics,
        health: Health,
        registry: Registry,
        in_use: Regions,
        log: FilteringBoundLogger,
    ) -> None:
        self._metrics = metrics
        self._health = health
        self._registry = registry
        self._log = log
        self._readiness = ReadinessGauges(metrics)
        self._stream = StreamGauges(metrics)
        self._of_registry = RegistryGauges(metrics, in_use)
        self._source: Callable[[], SourceHealth] | None = None
        self._registry_due_at = 0.0
        self._last_failure = ""
        self._logged_rebuilds = 0

    def follow(self, source: Callable[[], SourceHealth]) -> None:
        """Look at this source from now on; what it returns must not block."""
        self._metrics.assigned = frozenset()
        self._source = source

    @contextmanager
    def running(self) -> Iterator[None]:
        """Sample while the body runs, and once before."""
        is_over = Event()
        self._attempt("worker", self._sample_worker)
        threads = [
            Thread(target=self._repeat, args=(is_over, what, attempt), name=what, daemon=True)
            for what, attempt in (
                ("worker", self._sample_worker),
                ("registry", self._sample_registry_if_due),
            )
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            is_over.set()
            for thread in threads:
                thread.join(_STOP_SECONDS)

    def _repeat(self, is_over: Event, what: str, attempt: Callable[[], None]) -> None:
        while not is_over.wait(_INTERVAL_SECONDS):
            self._attempt(what, attempt)

    def _attempt(self, what: str, attempt: Callable[[], None]) -> None:
        try:
            attempt()
        except Exception as error:  # noqa: BLE001 - the worker does not end for want of a number
            self._metrics.series.counter(of_registry.SAMPLING_FAILURES).inc()
            failure = first_line(error)
            if failure != self._last_failure:
                self._log.warning(LogEvent.SAMPLING_FAILED, what=what, error=failure)
            self._last_failure = failure

    def _sample_worker(self) -> None:
        self._readiness.set(self._health.ready())
        if self._source is not None:
            source = self._source()
            self._stream.set(source)
            self._log_rebuilds(source.rebuilds)

    def _log_rebuilds(self, rebuilds: Rebuilds) -> None:
        if rebuilds.count > self._logged_rebuilds:
            self._log.warning(LogEvent.CLIENT_REBUILT, cause=rebuilds.cause, count=rebuilds.count)
        self._logged_rebuilds = rebuilds.count

    def _sample_registry_if_due(self) -> None:
        codes = {reason.code for reason in self._health.ready()}
        if time.monotonic() < self._registry_due_at or codes & _DATABASE_IS_AWAY:
            return
        began, clock = time.monotonic(), time.time()
        try:
            with self._registry.snapshot() as connection:
                taken = sample.take(connection)
        finally:
            seconds = time.monotonic() - began
            pause = max(_REGISTRY_INTERVAL_SECONDS, seconds * _LARGEST_SHARE)
            self._registry_due_at = time.monotonic() + pause
        self._of_registry.set(taken, clock)
        self._health.progress.open_dead_letters = sum(taken.open_dead_letters.values())
