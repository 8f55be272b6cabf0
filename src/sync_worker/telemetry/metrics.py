"""Counts what the worker reports, in the metrics of the catalogue.

Each instance has a registry of its own, so importing creates none.
"""

import platform
import time
from collections.abc import Callable, Collection
from itertools import product
from typing import TYPE_CHECKING

from prometheus_client import ProcessCollector, disable_created_metrics

import sync_worker
from sync_worker.events.likely_causes import similar_known_type
from sync_worker.events.models import MODELS
from sync_worker.events.outcome import Outcome
from sync_worker.pipeline.listener import (
    AheadOfClock,
    DeadLettered,
    MassChangeHeld,
    MovedWithoutBoard,
    PatientBoardNamed,
    PipelineWarning,
    TransactionCommitted,
    UnknownType,
)
from sync_worker.telemetry.catalogue import CATALOGUE, of_records, of_worker
from sync_worker.telemetry.health import NotReady
from sync_worker.telemetry.series import Series

if TYPE_CHECKING:
    from sync_worker.events.record import Partition

_MAX_TYPES_COMPARED = 20
"""To compare a type with the known ones takes time, and every record may have another."""


class Metrics:
    """What the worker counts and measures. No label contains an HSA-id or other free text."""

    def __init__(
        self, topics: Collection[str] = (), clock: Callable[[], float] = time.time
    ) -> None:
        """The series of these topics are there from the start, too."""
        # When each series began: that would double the number of series, and nobody asks.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.series = Series(CATALOGUE)
        self.registry = self.series.registry
        ProcessCollector(registry=self.registry)
        self._clock = clock
        self._compared_types: dict[str, str] = {}
        self.assigned: Collection[Partition] | None = None
        """The partitions to show a position of; None where nobody says which are ours."""
        self.series.info(of_worker.BUILD_INFO).info(
            {"version": sync_worker.__version__, "python": platform.python_version()}
        )
        for topic, looks_like in product(topics, of_records.UNKNOWN_TYPES.labels["looks_like"]):
            self.series.counter(of_records.UNKNOWN_TYPES).labels(topic, looks_like)

    def committed(self, transaction: TransactionCommitted) -> None:
        """Count a transaction."""
        series, now, total = self.series, self._clock(), transaction.total
        series.counter(of_records.BATCHES).inc()
        series.histogram(of_records.TRANSACTION_RECORDS).observe(total.read)
        series.ages(of_records.EVENT_AGE).observe(transaction.timestamps_ms, now * 1000)
        series.gauge(of_worker.LAST_COMMIT).set(now)
        for phase, seconds in transaction.seconds.items():
            series.histogram(of_records.TRANSACTION_SECONDS).labels(phase).observe(seconds)
        for outcome, count in zip(Outcome, total, strict=True):
            if count:
                series.counter(of_records.RECORDS).labels(outcome).inc(count)
        for partition, offset in transaction.next_offsets.items():
            if self.assigned is None or partition in self.assigned:
                series.gauge(of_worker.POSITION).labels(*partition).set(offset)
        for warning in transaction.warnings:
            self._count(warning)

    def _count(self, warning: PipelineWarning) -> None:
        counter = self.series.counter
        match warning:
            case DeadLettered(_, rejection):
                counter(of_records.DEAD_LETTERS).labels(rejection.reason).inc()
            case MovedWithoutBoard():
                counter(of_records.MOVED_WITHOUT_BOARD).inc()
            case PatientBoardNamed():
                counter(of_records.PATIENT_BOARD_NAMED).inc()
            case AheadOfClock():
                counter(of_records.AHEAD_OF_CLOCK).inc()
            case MassChangeHeld():
                counter(of_records.HELD_FACTS).inc(warning.newly_held)
            case UnknownType(topic, name, records):
                looks_like = self._looks_like(name)
                counter(of_records.UNKNOWN_TYPES).labels(topic, looks_like).inc(records)

    def _looks_like(self, name: str) -> str:
        """The known type that an unknown one resembles; the type itself is text from outside."""
        if name not in self._compared_types:
            if len(self._compared_types) >= _MAX_TYPES_COMPARED:
                return of_records.OTHER_TYPES
            similar = similar_known_type(name, MODELS)
            self._compared_types[name] = similar or of_records.OTHER_TYPES
        return self._compared_types[name]

    def outpaced(self) -> None:
        """Count a transaction that another worker was faster with."""
        self.series.counter(of_records.OUTPACED).inc()

    def registry_went_back(self) -> None:
        """Count that committed records were found missing."""
        self.series.counter(of_records.REGISTRY_WENT_BACK).inc()

    def retried(self, cause: NotReady, times: int = 1) -> None:
        """Count attempts that are made again; the cause is one of the database or Kafka."""
        self.series.counter(of_records.WAITS).inc(times)
        self.series.counter(of_records.RETRIES).labels(cause).inc(times)
