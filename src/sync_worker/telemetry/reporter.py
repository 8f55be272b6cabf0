"""Reports to the database every few seconds how this worker is, from a thread of its own.

So it also tells of a loop that is stuck, and of an unavailable Kafka. Nothing that fails here
reaches the worker: the thread has a connection of its own, whose limits are short, and what could
not be reported is reported by the next attempt.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import NamedTuple

from structlog.typing import FilteringBoundLogger

from sync_worker.events.record import Partition
from sync_worker.registry import dialect, schema, workers
from sync_worker.registry.database import Registry
from sync_worker.registry.errors import first_line, may_pass
from sync_worker.registry.workers import Condition, Process, Reason
from sync_worker.telemetry.health import Health
from sync_worker.telemetry.log_events import LogEvent

_LOOK_SECONDS = 1.0
"""How soon a change is reported: two workers never seem to read a partition for longer."""
_TIDY_SECONDS = 3600.0
_MAX_CLOSING_SECONDS = 2.0
"""For the last words: a database that does not answer must not delay the end."""


class Identity(NamedTuple):
    """Which worker this is."""

    name: str
    host: str
    pid: int
    version: str


class Reporter:
    """What this worker reports; for one thread."""

    def __init__(
        self, registry: Registry, identity: Identity, health: Health, log: FilteringBoundLogger
    ) -> None:
        self._registry = registry
        self._identity = identity
        self._health = health
        self._log = log
        self._started_at = time.monotonic()
        self._failing_since: float | None = None
        self._process: Process | None = None
        self._reported: object = None
        self._reported_at = self._tidied_at = -math.inf
        self._problem: str | None = None

    def report_if_due(self) -> None:
        """Report where something has changed, or the last report is so many seconds old."""
        self._try(self._report_if_due)

    def remove(self) -> None:
        """Say that this worker has ended."""
        if self._process is not None:
            self._try(self._remove)

    def _report_if_due(self) -> None:
        reasons = [Reason(each.code.value, each.sentence) for each in self._health.ready()]
        partitions = [backlog.partition for backlog in self._health.backlog()]
        now = time.monotonic()
        if not reasons:
            self._failing_since = None
        elif self._failing_since is None:
            self._failing_since = now
        # Not the sentences: they count the seconds.
        condition = frozenset(reason.code for reason in reasons), frozenset(partitions)
        is_due = now - self._reported_at >= workers.INTERVAL_SECONDS
        if is_due or condition != self._reported:
            # Noted before it succeeds: an attempt that fails is not repeated until it is due.
            self._reported, self._reported_at = condition, now
            self._write(tuple(reasons), tuple(partitions))

    def _write(self, reasons: tuple[Reason, ...], partitions: tuple[Partition, ...]) -> None:
        with self._registry.transaction() as transaction:
            connection = transaction.connection
            schema.require_still_compatible(connection)
            dialect.forgo_durability(connection)
            now = workers.now(connection)
            # Kept also where this fails: whether the database has committed may never be known.
            self._process = process = self._process or self._begun(now)
            condition = Condition(reasons, self._not_ready_since(process), partitions)
            workers.report(connection, process, condition, now)
            is_tidy = time.monotonic() - self._tidied_at < _TIDY_SECONDS
            if not is_tidy:
                workers.remove_forgotten(connection, now)
            transaction.commit()
        self._problem = None
        if not is_tidy:
            self._tidied_at = time.monotonic()

    def _begun(self, now: datetime) -> Process:
        """This process, by the database's clock, which we see for the first time."""
        running = timedelta(seconds=time.monotonic() - self._started_at)
        return Process(*self._identity, now - running)

    def _not_ready_since(self, process: Process) -> datetime | None:
        if self._failing_since is None:
            return None
        return process.since + timedelta(seconds=self._failing_since - self._started_at)

    def _remove(self) -> None:
        with self._registry.transaction() as transaction:
            if self._process is not None:
                workers.remove(transaction.connection, self._process)
            transaction.commit()

    def _try(self, act: Callable[[], None]) -> None:
        """Do it, and continue whatever fails; what only a person can remedy is logged once."""
        try:
            act()
        except Exception as error:  # noqa: BLE001 - a report that fails disturbs nobody
            problem = first_line(error)
            # The worker's own connection meets what may pass, and logs it.
            if not may_pass(error) and problem != self._problem:
                self._log.warning(LogEvent.NOT_REPORTED, error=problem)
            self._problem = problem


@contextmanager
def reported(reporter: Reporter) -> Iterator[None]:
    """Report how the worker is while the body runs, and at its end that it has ended."""
    is_over = Event()
    thread = Thread(target=_report, args=(reporter, is_over), name="reporter", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(_MAX_CLOSING_SECONDS)


def _report(reporter: Reporter, is_over: Event) -> None:
    reporter.report_if_due()
    while not is_over.wait(_LOOK_SECONDS):
        reporter.report_if_due()
    reporter.remove()
