"""Tells the log that the process can open nothing more, whatever that keeps it from."""

import time

from structlog.typing import FilteringBoundLogger

from sync_worker.files import descriptors
from sync_worker.telemetry.log_events import LogEvent
from sync_worker.telemetry.reminders import Reminders


class DescriptorLog:
    """For one thread, which updates it about once a second."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self._log = log
        self._reminders: Reminders | None = None

    def update(self) -> None:
        """Say so as it begins, and now and then while it lasts."""
        short, now = descriptors.shortage(), time.monotonic()
        if short is None:
            self._reminders = None
            return
        reminders = self._reminders
        if reminders is None:
            self._reminders = Reminders(now)
        if reminders is None or reminders.is_due(now):
            self._log.warning(LogEvent.OPEN_FILES_USED_UP, detail=short)
