"""The watchdog: logs each change of readiness, and ends a process whose loop is stuck for good."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread, Timer

from structlog.typing import FilteringBoundLogger

from sync_worker.errors import Exit
from sync_worker.printable import printable_line
from sync_worker.telemetry.health import Health

_WATCH_INTERVAL_SECONDS = 1.0
_LATE_SECONDS = 1.0
"""A thread that merely waits for its turn is less late than one that was halted."""
_MAX_LAST_WORDS_SECONDS = 1.0
"""For writing why the process ends: whoever reads its stderr may hang as well."""


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
            self._log.warning(
                "not_ready",
                codes=[reason.code.value for reason in reasons],
                reasons=[reason.sentence for reason in reasons],
            )


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


def _watch(health: Health, readiness: ReadinessLog, is_over: Event) -> None:
    """The last resort: a supervisor restarts a process that hangs in an unforeseen way."""
    standstill = Standstill()
    while not is_over.wait(_WATCH_INTERVAL_SECONDS):
        health.stood_still(standstill.seconds())
        readiness.update()
        for reason in health.alive():
            Timer(_MAX_LAST_WORDS_SECONDS, os._exit, [Exit.UNEXPECTED]).start()
            sys.stderr.write(
                f"{printable_line(reason.sentence)}: the process ends, to be restarted\n"
            )
            sys.stderr.flush()
            os._exit(Exit.UNEXPECTED)
