"""When to try again after a refusal: ever more slowly, and at once with another secret.

What is away is tried as quickly as ever; who is refused and tries on as quickly gets locked out.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

MAX_WAIT_SECONDS = 60.0
_LOOK_SECONDS = 0.5

Tell = Callable[[str, datetime, float], None]
"""Hears of each refusal: why, since when, and how many seconds until the next try."""


class LoginBackoff:
    """Since when we are refused, and when to try again; usable from any thread."""

    def __init__(self, secrets: Callable[[], object] = tuple, tell: Tell = lambda *_: None) -> None:
        """`secrets` gives something that changes with what we log in with."""
        self._secrets = secrets
        self._tell = tell
        self._refused_at = self._looked_at = self._wait_seconds = 0.0
        self._used: object = None
        self.since: datetime | None = None

    def refused(self, why: str) -> None:
        """Wait twice as long as the last time, and tell."""
        self.since = self.since or datetime.now(UTC)
        self._used = self._secrets()
        self._refused_at = time.monotonic()
        self._wait_seconds = min(max(1.0, self._wait_seconds * 2), MAX_WAIT_SECONDS)
        self._tell(why, self.since, self._wait_seconds)

    def accepted(self) -> None:
        """We are let in."""
        self.since = None
        self._wait_seconds = 0.0

    def wait_seconds(self) -> float:
        """How long not to try yet; nothing once what we log in with has changed."""
        now = time.monotonic()
        left = self._refused_at + self._wait_seconds - now
        if left <= 0 or now - self._looked_at < _LOOK_SECONDS:
            return max(0.0, left)
        self._looked_at = now
        if self._secrets() != self._used:
            self._wait_seconds = 0.0
            return 0.0
        return left
