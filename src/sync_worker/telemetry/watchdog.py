"""The watchdog: looks at the worker each second, and ends a process that is stuck for good."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread, Timer

from structlog.typing import FilteringBoundLogger

from sync_worker.errors import Exit
from sync_worker.telemetry.health import Health, HealthReason
from sync_worker.telemetry.log_events import LogEvent

_WATCH_INTERVAL_SECONDS = 1.0
_LATE_SECONDS = 1.0
"""A thread that merely waits for its turn is less late than one that was halted."""
_MAX_LAST_WORDS_SECONDS = 1.0
"""For writing why the process ends: whoever reads its stderr may hang as well."""


@contextmanager
def watched(
    health: Health, update: Callable[[], None], log: FilteringBoundLogger
) -> Iterator[None]:
    """Watch the loop while the body runs, and end the process if the loop is stuck.

    `update` is called each second, from the watchdog's thread.
    """
    is_over = Event()
    arguments = (health, update, log, is_over)
    watch = Thread(target=_watch, args=arguments, name="watchdog", daemon=True)
    watch.start()
    health.threads.append(watch)
    try:
        yield
    finally:
        health.threads.clear()
        is_over.set()
        watch.join(_WATCH_INTERVAL_SECONDS)  # so that its last log line comes before the result


class Standstill:
    """How long this process is halted, by a signal or with its machine, as a late watchdog tells.

    A process that was frozen for minutes would else be ended the moment it continues.
    """

    def __init__(self) -> None:
        self._looked_at = time.monotonic()

    def seconds(self) -> float:
        """The time that is missing since the last call, which came an interval ago."""
        now = time.monotonic()
        late = now - self._looked_at - _WATCH_INTERVAL_SECONDS
        self._looked_at = now
        return late if late > _LATE_SECONDS else 0.0


def _watch(
    health: Health, update: Callable[[], None], log: FilteringBoundLogger, is_over: Event
) -> None:
    """The last resort: a supervisor restarts a process that hangs in an unforeseen way."""
    update()  # also of a worker that is told to stop at once
    standstill = Standstill()
    while not is_over.wait(_WATCH_INTERVAL_SECONDS):
        health.stood_still(standstill.seconds())
        update()
        for reason in health.alive():
            Timer(_MAX_LAST_WORDS_SECONDS, os._exit, [Exit.UNEXPECTED]).start()
            _say_last_words(log, health, reason)
            os._exit(Exit.UNEXPECTED)


def _say_last_words(log: FilteringBoundLogger, health: Health, reason: HealthReason) -> None:
    log.error(
        LogEvent.STOPPED,
        why=reason.code.value,
        detail=f"{reason.sentence}: the process ends, to be restarted",
        uptime_seconds=round(time.time() - health.started_at, 1),
        **health.progress.outcomes(),
    )
