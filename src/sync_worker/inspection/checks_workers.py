"""The check of the workers: does one report, is it well, and does somebody read what waits."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sync_worker.inspection.doctor import Check, Finding, fail, ok, skip, warn
from sync_worker.inspection.log_state import LogState
from sync_worker.inspection.workers import Backlog, Workers, named
from sync_worker.registry import positions, workers
from sync_worker.registry.database import Registry
from sync_worker.registry.positions import Position
from sync_worker.remedies import Remedy
from sync_worker.streams.protocol import StreamError, StreamUnavailable


@dataclass(frozen=True, slots=True)
class WorkerChecks:
    """What is checked of the workers of one registry."""

    registry: Callable[[], Registry]
    read_log: Callable[[Sequence[Position]], LogState] | None
    """None where Kafka is not configured."""
    clock: Callable[[], datetime]

    def all(self) -> list[Check]:
        """The checks, in the order in which they are shown."""
        return [Check("workers", self._workers, ("database", "revision"))]

    def _workers(self) -> Finding:
        with self.registry().snapshot() as connection:
            stored = positions.listed(connection)
            seen = Workers(workers.listed(connection), workers.now(connection))
        if self.read_log is None and not seen.reports:
            return skip("Kafka is not configured.")
        backlog, unknown = self._backlog(stored)
        wrong = seen.attention(backlog)
        if wrong:
            finding = fail if list(seen.attention_to_absence(backlog)) else warn
            sentences = (f"{each.text[:1].upper()}{each.text[1:]}." for each in wrong)
            return finding(" ".join([*sentences, *unknown]), wrong[0].hint)
        if not seen.reporting:
            return _nobody(unknown)
        return ok(" ".join(_who_reads_what(seen)))

    def _backlog(self, stored: Sequence[Position]) -> tuple[Backlog, list[str]]:
        """What waits, and a sentence where that is unknown: the checks of Kafka say why."""
        with suppress(StreamError, StreamUnavailable):
            if self.read_log is not None:
                return self.read_log(stored).backlog(self.clock()), []
        return Backlog(), ["Whether records wait is unknown."]


def _nobody(unknown: list[str]) -> Finding:
    if unknown:
        return warn(f"No worker is running. {' '.join(unknown)}", Remedy.RUN_WORKER())
    return ok("No worker is running, and no record waits.")


def _who_reads_what(seen: Workers) -> list[str]:
    return [
        f"Worker {report.process.name} is ready, and reads "
        f"{named(report.condition.partitions) or 'no partition'}."
        for report in seen.reporting
    ]
