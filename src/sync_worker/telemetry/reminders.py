"""When something that lasts is worth another line in the log: now and then, ever more seldom."""

from collections.abc import Sequence

REMINDERS_AFTER_SECONDS = (60.0, 300.0, 900.0)
"""After these, then each time that the last of them has passed again."""


class Reminders:
    """The moments for one thing that lasts; all times are in seconds of the same clock."""

    def __init__(self, began_at: float, after: Sequence[float] = REMINDERS_AFTER_SECONDS) -> None:
        self._began_at = began_at
        self._after = after
        self._count = 0

    def is_due(self, now: float) -> bool:
        """Whether a moment has come that was not asked about before; one however many have."""
        count = self._moments_until(now - self._began_at)
        is_due, self._count = count > self._count, max(count, self._count)
        return is_due

    def _moments_until(self, seconds: float) -> int:
        listed = sum(seconds >= after for after in self._after)
        interval = self._after[-1]
        beyond = max(0.0, seconds - interval)
        return listed + int(beyond // interval)
