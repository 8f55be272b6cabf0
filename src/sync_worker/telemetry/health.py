"""Health: whether the loop is alive (`/livez`), and whether the worker is ready (`/readyz`).

It is plain values that any thread can read without a lock, so it answers while the loop is stuck.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread, Timer
from typing import TYPE_CHECKING

from structlog.typing import FilteringBoundLogger

from sync_worker.errors import Exit
from sync_worker.printable import printable_line

if TYPE_CHECKING:
    from sync_worker.streams.kafka.source_health import SourceHealth

Reasons = list[str]
"""Sentences that say what is wrong; empty if all is well."""

_MAX_OPENING_SECONDS = 60.0
"""Longer than all requests of opening a source together, each of which has a timeout."""
_MAX_UNANSWERED_SECONDS = 5.0
"""If the database takes longer for one statement, records wait, whatever the cause."""
_MAX_WAITING_SECONDS = 9.0
"""How long records may wait for Kafka before the worker is not ready; it notices within 15 s."""
_WATCH_INTERVAL_SECONDS = 1.0
_MAX_LAST_WORDS_SECONDS = 1.0
"""For writing why the process ends: whoever reads its stderr may hang as well."""


@dataclass(slots=True)
class Health:
    """What the loop last reported."""

    stuck_after_seconds: float
    """The longest that one iteration of the loop may take."""
    redacted: Callable[[str], str] = str
    """Applied to every reason: the text of a driver or a client may contain secrets."""
    is_opening: bool = False
    """Whether the source is being opened, which takes several requests."""
    source: Callable[[], Reasons] = list
    """What is wrong with the source; must not block."""
    source_threads: Callable[[], Reasons] = list
    """Which of the source's threads have ended; must not block."""
    threads: list[Thread] = field(default_factory=list)
    """Threads that must run as long as the worker does."""
    unanswered_seconds: Callable[[], float] = float
    """For how long the database has not answered; must not block."""
    _progress_at: float = field(default_factory=time.monotonic)
    _database_error: str | None = None
    _was_database_used: bool = False

    def made_progress(self) -> None:
        """The loop is making progress; a retry counts."""
        self._progress_at = time.monotonic()

    def database_used(self, error: str | None = None) -> None:
        """The database was used, or the attempt failed."""
        self._was_database_used = True
        self._database_error = error

    def follow(self, source: "Callable[[], SourceHealth]") -> None:
        """Include the health of a Kafka source from now on."""
        self.source = lambda: _source_reasons(source())
        self.source_threads = lambda: _ended_threads(source())

    def alive(self) -> Reasons:
        """Why a supervisor should restart the process; empty if it should not."""
        silent_seconds = time.monotonic() - self._progress_at
        is_stuck = silent_seconds > max(
            self.stuck_after_seconds, _MAX_OPENING_SECONDS * self.is_opening
        )
        loop = [f"the loop has made no progress for {silent_seconds:.0f} s"] if is_stuck else []
        ended = [f"the thread {t.name} has ended" for t in self.threads if not t.is_alive()]
        return [self.redacted(reason) for reason in (*loop, *ended, *self.source_threads())]

    def ready(self) -> Reasons:
        """Why the worker does not keep the registry up to date at the moment; empty if it does."""
        reasons = self.alive()
        if not self._was_database_used:
            reasons.append("the database was not reached yet")
        if self._database_error is not None:
            reasons.append(f"the database cannot be used: {self._database_error}")
        unanswered_seconds = self.unanswered_seconds()
        if unanswered_seconds > _MAX_UNANSWERED_SECONDS:
            reasons.append(f"the database has not answered for {unanswered_seconds:.0f} s")
        return [self.redacted(reason) for reason in reasons + self.source()]


def _source_reasons(source: "SourceHealth") -> Reasons:
    is_well = source.is_reachable and source.refusal is None
    reasons = [] if is_well else [source.refusal or "Kafka does not answer"]
    if not source.is_member:
        reasons.append("this worker is not, or not yet, a stable member of its group")
    elif source.waiting_seconds > _MAX_WAITING_SECONDS:
        reasons.append(
            f"records have waited for {source.waiting_seconds:.0f} s: Kafka returns none"
        )
    return reasons


def _ended_threads(source: "SourceHealth") -> Reasons:
    failure = source.failure
    return [] if failure is None else [f"the watch of the topics has ended: {failure!r}"]


class ReadinessLog:
    """Logs each change between ready and not ready, for operators who do not probe `/readyz`."""

    def __init__(self, log: FilteringBoundLogger, health: Health) -> None:
        self._log = log
        self._health = health
        self._was_ready: bool | None = None

    def update(self) -> None:
        """Log if readiness has changed since the last call."""
        reasons = self._health.ready()
        is_ready = not reasons
        if is_ready == self._was_ready:
            return
        self._was_ready = is_ready
        if is_ready:
            self._log.info("ready")
        else:
            self._log.warning("not_ready", reasons=reasons)


@contextmanager
def watched(health: Health, readiness: ReadinessLog) -> Iterator[None]:
    """Watch the loop while the body runs, and end the process if the loop is stuck."""
    is_over = Event()
    watch = Thread(target=_watch, args=(health, readiness, is_over), name="watchdog", daemon=True)
    watch.start()
    health.threads.append(watch)
    try:
        yield
    finally:
        health.threads.clear()
        is_over.set()
        watch.join(_WATCH_INTERVAL_SECONDS)  # so that its last log line comes before the result


def _watch(health: Health, readiness: ReadinessLog, is_over: Event) -> None:
    """The last resort: a supervisor restarts a process that hangs in an unforeseen way."""
    while not is_over.wait(_WATCH_INTERVAL_SECONDS):
        readiness.update()
        for reason in health.alive():
            Timer(_MAX_LAST_WORDS_SECONDS, os._exit, [Exit.UNEXPECTED]).start()
            sys.stderr.write(f"{printable_line(reason)}: the process ends, to be restarted\n")
            sys.stderr.flush()
            os._exit(Exit.UNEXPECTED)
