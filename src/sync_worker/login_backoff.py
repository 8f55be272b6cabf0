"""The backoff after a login was refused: delays that grow, and none once the secret changes.

A user who is refused and retries as quickly as after an outage gets locked out.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

MAX_WAIT_SECONDS = 60.0
_SECRET_CHECK_INTERVAL_SECONDS = 0.5

OnRefusal = Callable[[str, datetime, float], None]
"""Called for each refusal: why, since when, and how many seconds until the next attempt."""


class LoginBackoff:
    """Since when we are refused, and when to retry; usable from any thread."""

    def __init__(
        self, secrets: Callable[[], object] = tuple, on_refusal: OnRefusal = lambda *_: None
    ) -> None:
        """`secrets` returns something that changes with the credentials."""
        self._secrets = secrets
        self._on_refusal = on_refusal
        self._refused_at = self._checked_at = self._wait_seconds = 0.0
        self._refused_secrets: object = None
        self.since: datetime | None = None

    def refused(self, why: str) -> None:
        """Double the delay, from one second, and report the refusal."""
        self.since = self.since or datetime.now(UTC)
        self._refused_secrets = self._secrets()
        self._refused_at = time.monotonic()
        self._wait_seconds = min(max(1.0, self._wait_seconds * 2), MAX_WAIT_SECONDS)
        self._on_refusal(why, self.since, self._wait_seconds)

    def accepted(self) -> None:
        """The login was accepted: forget the refusals."""
        self.since = None
        self._wait_seconds = 0.0

    def wait_seconds(self) -> float:
        """How long not to retry yet; 0 once the credentials have changed."""
        now = time.monotonic()
        left = self._refused_at + self._wait_seconds - now
        if left <= 0 or now - self._checked_at < _SECRET_CHECK_INTERVAL_SECONDS:
            return max(0.0, left)
        self._checked_at = now
        if self._secrets() != self._refused_secrets:
            self._wait_seconds = 0.0
            return 0.0
        return left
