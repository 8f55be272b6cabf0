"""Tells the log of the lines that are missing in it: where nobody read it, or its disk was full."""

from collections.abc import Callable

from prometheus_client import Counter
from structlog.typing import FilteringBoundLogger

from sync_worker.telemetry.log_events import LogEvent


class DroppedLines:
    """For one thread, which updates it about once a second.

    `dropped` is how many lines of the log have been dropped so far.
    """

    def __init__(
        self, log: FilteringBoundLogger, dropped: Callable[[], int], counter: Counter
    ) -> None:
        self._log = log
        self._dropped = dropped
        self._counter = counter
        self._counted = 0
        self._told = 0
        self._own = 0
        """Lines that were to tell of the others, and were dropped like them."""

    def update(self) -> None:
        """Count what is missing, and say so in the log as soon as it takes a line."""
        before = self._dropped()
        missing = before - self._own
        self._counter.inc(missing - self._counted)
        self._counted = missing
        if missing > self._told:
            self._log.warning(LogEvent.LINES_DROPPED, lines=missing - self._told)
            if self._dropped() > before:
                self._own += 1
            else:
                self._told = missing
