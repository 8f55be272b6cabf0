"""When the garbage collector looks: between batches, not while their objects are many.

A batch's objects form no cycles and are gone when it is done; looking through them over and over
takes a tenth of the worker's time. What does form cycles, such as the client's answers, is waste by
then.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SHORTEST_SECONDS = 0.5


@contextmanager
def paused() -> Iterator[None]:
    """No collection inside; afterwards as before."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def between_batches() -> Iterator[Callable[[], None]]:
    """Inside, nothing is collected but by what it gives: to be called where no batch is in hand.

    What there is already is taken to stay for good, and not looked through again.
    """
    gc.collect()
    gc.freeze()
    collected_at = time.monotonic()

    def collect() -> None:
        nonlocal collected_at
        if time.monotonic() - collected_at >= _SHORTEST_SECONDS:
            gc.collect()
            collected_at = time.monotonic()

    try:
        with paused():
            yield collect
    finally:
        gc.unfreeze()
