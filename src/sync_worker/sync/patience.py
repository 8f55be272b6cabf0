"""Tries again what fails in passing: for the worker, and for commands that somebody waits for."""

import time
from collections.abc import Callable
from typing import TypeVar

from sync_worker.registry.unit import Registry
from sync_worker.sync.retry import UNTIL_IDLE, RetryPolicy, retrying

Result = TypeVar("Result")


class Patience:
    """Waits for a database or Kafka that is away, as long as the policy says.

    `tell` hears of each failure, with the seconds until the next try.
    """

    def __init__(
        self,
        registry: Registry,
        is_stopping: Callable[[], bool],
        tell: Callable[[BaseException, float], None],
        policy: RetryPolicy = UNTIL_IDLE,
    ) -> None:
        self._registry = registry
        self._is_stopping = is_stopping
        self._tell = tell
        self._policy = policy

    def __call__(
        self, attempt: Callable[[], Result], sleep: Callable[[float], None] = time.sleep
    ) -> Result:
        """Try until it works; raises the last failure when it gives up."""
        return retrying(
            self._policy,
            sleep=sleep,
            is_stopping=self._is_stopping,
            before_sleep=self._wait,
        )(attempt)

    def _wait(self, error: BaseException, seconds: float) -> None:
        self._registry.renew()
        self._tell(error, seconds)
