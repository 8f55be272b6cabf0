"""Logs attempts that failed: at the beginning of an outage, and now and then while it lasts.

The attempts in between are logged at the level debug. What an outage was as a whole is logged by
`readiness.py`.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from sync_worker.instants import to_the_second
from sync_worker.registry.errors import Fault, fault_of, first_line, is_lock_timeout
from sync_worker.streams.protocol import StreamRefused, StreamUnavailable
from sync_worker.telemetry.health import Health, NotReady
from sync_worker.telemetry.log_events import LogEvent
from sync_worker.telemetry.reminders import REMINDERS_AFTER_SECONDS, Reminders


def cause_of(error: BaseException) -> NotReady:
    """What an attempt failed by."""
    if isinstance(error, StreamUnavailable):
        is_refusal = isinstance(error, StreamRefused)
        return NotReady.KAFKA_REFUSED if is_refusal else NotReady.KAFKA_UNAVAILABLE
    fault = fault_of(error)
    if fault is Fault.LOGIN_REFUSED:
        return NotReady.DATABASE_REFUSED
    is_slow = fault is Fault.TIMEOUT or is_lock_timeout(error)
    return NotReady.DATABASE_SLOW if is_slow else NotReady.DATABASE_UNAVAILABLE


_BLOCKED = (
    "another session has locked what is to be written; the doctor's check `locks` names it, and "
    "the statement that ends it"
)

_EVENTS = {
    NotReady.KAFKA_UNAVAILABLE: LogEvent.KAFKA_UNAVAILABLE,
    NotReady.KAFKA_REFUSED: LogEvent.KAFKA_REFUSED,
    NotReady.DATABASE_UNAVAILABLE: LogEvent.DATABASE_UNAVAILABLE,
    NotReady.DATABASE_SLOW: LogEvent.DATABASE_UNAVAILABLE,
    NotReady.DATABASE_REFUSED: LogEvent.DATABASE_REFUSED,
}


def event_of(error: BaseException) -> LogEvent:
    """The log event of an attempt that failed."""
    return _EVENTS[cause_of(error)]


class RetryLog:
    """What failed, told to the log and to the health that the probes read."""

    def __init__(
        self,
        log: FilteringBoundLogger,
        health: Health,
        *,
        remind_after: Sequence[float] = REMINDERS_AFTER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._health = health
        self._remind_after = remind_after
        self._clock = clock
        self._database_refused_since: datetime | None = None
        self._reminders: dict[tuple[LogEvent, datetime | None], Reminders] = {}

    def database_refused(self, why: str, since: datetime, wait_seconds: float) -> None:
        """The database is reachable, and refused the login."""
        self._database_refused_since = since
        self._health.login_refused(wait_seconds)
        self._refused(LogEvent.DATABASE_REFUSED, why, since, wait_seconds)

    def kafka_refused(self, why: str, since: datetime, wait_seconds: float) -> None:
        """Kafka is reachable, and refused the login."""
        self._refused(LogEvent.KAFKA_REFUSED, why, since, wait_seconds)

    def database_answered(self) -> None:
        """The database can be used: the next failure is another outage."""
        self._health.database_used()
        self._reminders.pop((LogEvent.DATABASE_UNAVAILABLE, None), None)

    def kafka_opened(self) -> None:
        """Kafka is open as a source: the next failure is another outage."""
        self._reminders.pop((LogEvent.KAFKA_UNAVAILABLE, None), None)

    def failed(self, error: BaseException, wait_seconds: float) -> None:
        """An attempt failed, and the next one follows after so many seconds."""
        cause, why = cause_of(error), first_line(error)
        self._health.attempt_failed(why, wait_seconds)
        if isinstance(error, StreamUnavailable):
            self._health.kafka_failed()
        else:
            self._health.database_used(self._database_words(cause, why), cause)
        if cause is NotReady.KAFKA_REFUSED or self._is_told_refusal(cause):
            return  # logged when the refusal came
        blocked = {"detail": _BLOCKED} if is_lock_timeout(error) else {}
        wait = round(wait_seconds, 2)
        self._write(event_of(error), None, error=why, retry_in_seconds=wait, **blocked)

    def _is_told_refusal(self, cause: NotReady) -> bool:
        return cause is NotReady.DATABASE_REFUSED and self._database_refused_since is not None

    def _database_words(self, cause: NotReady, why: str) -> str:
        since = self._database_refused_since
        if cause is NotReady.DATABASE_REFUSED and since is not None:
            return f"login refused since {to_the_second(since)}: {why}"
        return why

    def _refused(self, event: LogEvent, why: str, since: datetime, wait_seconds: float) -> None:
        self._write(
            event,
            since,
            error=why.strip().partition("\n")[0],
            since=to_the_second(since),
            retry_in_seconds=round(wait_seconds, 2),
        )

    def _write(self, event: LogEvent, outage: datetime | None, **fields: object) -> None:
        """At the level warning where this is the first of its outage, or a reminder of it."""
        now, key = self._clock(), (event, outage)
        reminders = self._reminders.get(key)
        if reminders is None:
            self._forget_former(event)
            self._reminders[key] = Reminders(now, self._remind_after)
        is_due = reminders is None or reminders.is_due(now)
        write = self._log.warning if is_due else self._log.debug
        write(event, **fields)

    def _forget_former(self, event: LogEvent) -> None:
        for key in [key for key in self._reminders if key[0] is event]:
            del self._reminders[key]
