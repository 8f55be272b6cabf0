"""The retry policy: what is retried, how often, and for how long, when the database or Kafka fails.

A transient failure is retried and never costs a record; every other failure is raised at once.
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
from sync_worker.registry.errors import Fault, fault_of, may_pass
from sync_worker.streams.protocol import StreamRefused, StreamUnavailable

_FIRST_WAIT_SECONDS = 0.05

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a transient failure is retried, and the longest pause between two attempts.

    A transaction that failed is applied again as a whole, since it was rolled back.
    """

    give_up_after: timedelta | None
    """None: never, which is right for a daemon that has a supervisor and an alarm."""
    longest_wait: timedelta = timedelta(seconds=1)
    """Short, so that the worker is back within 2 s of the database's return."""
    waits_for_login: bool = True
    """Whether a login that is refused is retried: somebody may be replacing the password."""

    def retries(self, error: BaseException) -> bool:
        """Whether it tries again after this."""
        return is_transient(error) and (self.waits_for_login or not is_refused(error))


INTERACTIVE = RetryPolicy(give_up_after=timedelta(seconds=15), waits_for_login=False)
"""For a run that somebody waits for: long enough for another process's transaction to end."""


DAEMON = RetryPolicy(give_up_after=None)
"""For the daemon, which waits for the database and Kafka, also at the start."""


def is_transient(error: BaseException) -> bool:
    """Whether a retry can help: the database or Kafka is unavailable, busy or failing over."""
    return isinstance(error, StreamUnavailable) or may_pass(error)


def is_refused(error: BaseException) -> bool:
    """Whether the database or Kafka answers, and a login is refused on either side."""
    return isinstance(error, StreamRefused) or fault_of(error) is Fault.LOGIN_REFUSED


def retrying(
    policy: RetryPolicy,
    *,
    sleep: Callable[[float], None],
    is_stopping: Callable[[], bool],
    before_sleep: Callable[[BaseException, float], None],
) -> Retrying:
    """A caller that retries what fails transiently, and raises the failure when it gives up.

    `before_sleep` is given each failure, and the seconds until the next attempt.
    """
    deadline = (
        stop_never
        if policy.give_up_after is None
        else stop_after_delay(policy.give_up_after.total_seconds())
    )

    def report(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if error is not None:
            before_sleep(error, state.upcoming_sleep)

    return Retrying(
        retry=retry_if_exception(policy.retries),
        wait=wait_random_exponential(
            multiplier=_FIRST_WAIT_SECONDS, max=policy.longest_wait.total_seconds()
        ),
        stop=lambda state: is_stopping() or deadline(state),
        sleep=sleep,
        before_sleep=report,
        reraise=True,
    )


class Retrier:
    """Retries calls to a registry or a stream, as the policy says.

    `on_retry` is given each failure, and the seconds until the next attempt.
    """

    def __init__(
        self,
        registry: Registry,
        is_stopping: Callable[[], bool],
        on_retry: Callable[[BaseException, float], None],
        policy: RetryPolicy,
    ) -> None:
        self._registry = registry
        self._is_stopping = is_stopping
        self._on_retry = on_retry
        self._policy = policy

    def __call__(
        self, attempt: Callable[[], Result], sleep: Callable[[float], None] = time.sleep
    ) -> Result:
        """Call `attempt` until it succeeds; raise its last failure when the policy gives up."""
        return retrying(
            self._policy,
            sleep=sleep,
            is_stopping=self._is_stopping,
            before_sleep=self._before_sleep,
        )(attempt)

    def _before_sleep(self, error: BaseException, seconds: float) -> None:
        self._registry.renew()
        self._on_retry(error, seconds)
