"""Is the loop alive, and is the worker ready?

Plain values that any thread reads without a lock, so that the answer comes while the loop is stuck.
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

_OPENING_SECONDS = 60.0
"""Longer than all questions together, each of which has an end of its own."""

Reasons = list[str]
"""Sentences on what is wrong; none where all is well."""

_UNANSWERED_SECONDS = 5.0
"""A database that takes longer for one statement keeps records waiting, whatever it is about."""

_LONGEST_STANDSTILL_SECONDS = 9.0
"""How long records may wait before a probe is told; it is told of any silence within 15."""
_LOOK_SECONDS = 1.0
_LAST_WORDS_SECONDS = 1.0


@dataclass(slots=True)
class Health:
    """What the loop last said of itself."""

    stuck_after_seconds: float
    """The longest that the loop may take for one round."""
    redacted: Callable[[str], str] = str
    """What every reason passes before anybody sees it: a driver or a client may have worded it."""
    is_opening: bool = False
    """Whether the source is being opened, in several questions that may each be answered slowly."""
    source: Callable[[], Reasons] = list
    """What is wrong with the source of records; must not block."""
    source_threads: Callable[[], Reasons] = list
    """Which of the source's threads have ended; must not block."""
    threads: list[Thread] = field(default_factory=list)
    """Those that have to run for as long as the worker does."""
    database: Callable[[], float] = float
    """For how many seconds the database has not answered; must not block."""
    _went_round_at: float = field(default_factory=time.monotonic)
    _database_error: str | None = None
    _has_begun: bool = False

    def went_round(self) -> None:
        """The loop goes on, be it only to try again."""
        self._went_round_at = time.monotonic()

    def database_is(self, error: str | None) -> None:
        """The database was used, or could not be."""
        self._has_begun = True
        self._database_error = error

    def follow(self, source: "Callable[[], SourceHealth]") -> None:
        """From now on tell what is wrong with a Kafka source, too."""
        self.source = lambda: _wrong_with(source())
        self.source_threads = lambda: _ended_in(source())

    def alive(self) -> Reasons:
        """Why a supervisor should start the process anew."""
        silent = time.monotonic() - self._went_round_at
        is_stuck = silent > max(self.stuck_after_seconds, _OPENING_SECONDS * self.is_opening)
        loop = [f"the loop has made no progress for {silent:.0f} s"] if is_stuck else []
        ended = [f"the thread {t.name} has ended" for t in self.threads if not t.is_alive()]
        return [self.redacted(reason) for reason in (*loop, *ended, *self.source_threads())]

    def ready(self) -> Reasons:
        """Why the worker does not keep the registry true just now."""
        reasons = self.alive()
        if not self._has_begun:
            reasons.append("the database was not reached yet")
        if self._database_error is not None:
            reasons.append(f"the database cannot be used: {self._database_error}")
        unanswered = self.database()
        if unanswered > _UNANSWERED_SECONDS:
            reasons.append(f"the database has not answered for {unanswered:.0f} s")
        return [self.redacted(reason) for reason in reasons + self.source()]


def _wrong_with(source: "SourceHealth") -> Reasons:
    is_well = source.is_reachable and source.refusal is None
    reasons = [] if is_well else [source.refusal or "Kafka does not answer"]
    if not source.is_member:
        reasons.append("this worker is not, or not yet, a stable member of its group")
    elif source.waiting_seconds > _LONGEST_STANDSTILL_SECONDS:
        reasons.append(f"records have waited for {source.waiting_seconds:.0f} s: Kafka gives none")
    return reasons


def _ended_in(source: "SourceHealth") -> Reasons:
    failure = source.failure
    return [] if failure is None else [f"the watch of the topics has ended: {failure!r}"]


# Tells in the log what a probe of `/readyz` would see, for whoever has no probe.


class ReadinessLog:
    """Logs that the worker is ready, or not any more, each time that this changes."""

    def __init__(self, log: FilteringBoundLogger, health: Health) -> None:
        self._log = log
        self._health = health
        self._was_ready: bool | None = None

    def look(self) -> None:
        """Look now, and tell what has changed since the last look."""
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
    """Watch the loop while the body runs, and end the process where it is stuck for good."""
    is_over = Event()
    watch = Thread(target=_watch, args=(health, readiness, is_over), name="watchdog", daemon=True)
    watch.start()
    health.threads.append(watch)
    try:
        yield
    finally:
        health.threads.clear()
        is_over.set()
        watch.join(_LOOK_SECONDS)  # what it tells comes before how the process ends


def _watch(health: Health, readiness: ReadinessLog, is_over: Event) -> None:
    """The last resort: a supervisor restarts what hangs in a way that nobody foresaw."""
    while not is_over.wait(_LOOK_SECONDS):
        readiness.look()
        for reason in health.alive():
            # Who reads the log may hang as well.
            Timer(_LAST_WORDS_SECONDS, os._exit, [Exit.UNEXPECTED]).start()
            sys.stderr.write(f"{printable_line(reason)}: the process ends, to be restarted\n")
            sys.stderr.flush()
            os._exit(Exit.UNEXPECTED)
