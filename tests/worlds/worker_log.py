"""A worker's telemetry without its loop: what the loop would report is reported by the test."""

import io
import json
from collections.abc import Sequence
from typing import Any

from sync_worker.events.record import Partition
from sync_worker.pipeline.decoded_records import NO_TIMESTAMP
from sync_worker.pipeline.listener import PipelineWarning, TransactionCommitted
from sync_worker.registry.positions import Counts
from sync_worker.streams.kafka.backlog import PartitionBacklog
from sync_worker.streams.kafka.source_health import Requests, SourceHealth
from sync_worker.telemetry.health import Health
from sync_worker.telemetry.listener import TelemetryListener
from sync_worker.telemetry.logging import configure
from sync_worker.telemetry.metrics import Metrics
from sync_worker.telemetry.readiness import ReadinessLog
from sync_worker.telemetry.redaction import Redaction
from tests.worlds.source_health import source_health

P = Partition("activation", 0)
START = 1_800_000_000.0
SECRET = "hemligt-losenord"


class World:
    """A clock, a log that closes lines as JSON, one partition, and a source that is well."""

    def __init__(self, remind_after: tuple[float, ...] = (60.0, 300.0, 900.0)) -> None:
        self.now = START
        self.stream = io.StringIO()
        redaction = Redaction(lambda: [SECRET])
        log = configure("debug", "json", self.stream, redaction=redaction)
        self.health = Health(1e9, redaction, clock=lambda: self.now, started_at=START)
        self.listener = TelemetryListener(log, Metrics(), self.health)
        self.readiness = ReadinessLog(
            log, self.health, remind_after=remind_after, clock=lambda: self.now
        )
        self.position, self.end = 0, 0
        self.source: dict[str, Any] = {}
        """What is amiss with the source; nothing at first."""
        self.age: float | None = 7.0
        self.requests = Requests(answered_at=START, next_at=START + 5)

    def follow(self) -> None:
        self.health.follow(self.source_health)

    def source_health(self) -> SourceHealth:
        lag = self.end - self.position
        backlog = PartitionBacklog(P, self.position, self.end, lag, self.age if lag else 0.0)
        return source_health(**self.source, requests=self.requests, backlog=(backlog,))

    def tick(self, seconds: float = 1.0) -> None:
        self.now += seconds
        self.readiness.update()

    def commit(
        self,
        counts: Counts,
        offsets: int,
        written_at: float | None = None,
        warnings: Sequence[PipelineWarning] = (),
    ) -> None:
        """Apply a transaction of so many offsets, at the position."""
        first, self.position = self.position, self.position + offsets
        self.end = max(self.end, self.position)
        timestamps = () if written_at is None else (int(written_at * 1000), NO_TIMESTAMP)
        self.listener.committed(
            TransactionCommitted(
                {P: counts},
                {P: self.position},
                1,
                warnings,
                timestamps,
                first_offsets={P: first},
            )
        )

    def forget(self) -> None:
        """Drop what was logged so far."""
        self.stream.seek(0)
        self.stream.truncate()

    def lines(self, *events: str) -> list[dict[str, Any]]:
        """What was logged, of some events only or of all; each line must parse."""
        told = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        return [line for line in told if not events or line["event"] in events]
