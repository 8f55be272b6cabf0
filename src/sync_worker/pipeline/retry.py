"""How long to go on trying when the database fails: a policy as data, built in one place.

A failure that may pass by itself is tried again and never costs a record; every other one is raised
at once.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_delay,
    stop_never,
    wait_random_exponential,
)

from sync_worker.registry.database import Registry
from sync_worker.registry.errors import Fault, fault_of
from sync_worker.streams.protocol import StreamUnavailable


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """For how long a passing failure is waited out, and how long at most between two tries.

    A batch that fails is applied again as a whole: nothing of it was kept.
    """

    give_up_after: timedelta | None
    """None: never, which is right for a daemon that has a supervisor and an alarm."""
    longest_wait: timedelta = timedelta(seconds=1)
    """Short, so that the worker is back within 2 s of the database's return."""


UNTIL_IDLE = RetryPolicy(give_up_after=timedelta(seconds=15))
"""For a run that somebody waits for: long enough for another process's transaction to end."""


DAEMON = RetryPolicy(give_up_after=None)
"""For the daemon: the database and Kafka are waited for, at the start too."""


_PASSING = {Fault.TRANSIENT, Fault.TIMEOUT, Fault.REFUSED}


def is_transient(error: BaseException) -> bool:
    """Whether trying again can help: the database or Kafka is away, busy or failing over."""
    return isinstance(error, StreamUnavailable) or fault_of(error) in _PASSING


def retrying(
    policy: RetryPolicy,
    *,
    sleep: Callable[[float], None],
    is_stopping: Callable[[], bool],
    before_sleep: Callable[[BaseException, float], None],
) -> Retrying:
    """Tries again what fails in passing, and raises the failure itself when it gives up."""
    deadline = (
        stop_never
        if policy.give_up_after is None
        else stop_after_delay(policy.give_up_after.total_seconds())
    )
    return Retrying(
        retry=retry_if_exception(is_transient),
        wait=wait_random_exponential(multiplier=0.05, max=policy.longest_wait.total_seconds()),
        stop=lambda state: is_stopping() or deadline(state),
        sleep=sleep,
        before_sleep=lambda state: _tell(state, before_sleep),
        reraise=True,
    )


def _tell(state: RetryCallState, before_sleep: Callable[[BaseException, float], None]) -> None:
    error = state.outcome.exception() if state.outcome else None
    if error is not None:
        before_sleep(error, state.upcoming_sleep)


# Tries again what fails in passing: for the worker, and for commands that somebody waits for.


Result = TypeVar("Result")


class Retrier:
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
