"""Tells in the log what a probe of `/readyz` would see, for whoever has no probe."""

from structlog.typing import FilteringBoundLogger

from sync_worker.telemetry.health import Health


class Readiness:
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
