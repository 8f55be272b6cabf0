"""Waiting for something to become true: looked at until it is, never slept for in hope."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(
    condition: Callable[[], T], what: str, seconds: float = 30.0, pause_seconds: float = 0.05
) -> T:
    """The first true value of `condition`.

    Raises:
        AssertionError: it did not come true in time; the message says what was waited for.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what} (last seen: {value!r})")
        time.sleep(pause_seconds)
