"""Whether a source hands out what there is: that it is a member, and hears answers, is not enough.

A broker can answer every question and still give no record.
"""

import time


class Flow:
    """Since when records wait that were not handed out. Written by the loop, read by any thread."""

    def __init__(self) -> None:
        self._waits_since: float | None = None

    def look(self, *, is_waiting: bool) -> None:
        """Say how it is now, after each time that something could have been handed out."""
        if not is_waiting:
            self._waits_since = None
        elif self._waits_since is None:
            self._waits_since = time.monotonic()

    def waited_seconds(self, asked_at: float) -> float:
        """How long they had waited when they were last asked for; 0 where none did."""
        since = self._waits_since
        return 0.0 if since is None else max(0.0, asked_at - since)
