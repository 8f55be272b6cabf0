"""When Python's garbage collector runs: between batches, not while a batch's objects are many.

The objects of a batch form no cycles and are freed when it is done. Scanning them again and again
would take a tenth of the worker's time. What does form cycles, such as responses of the Kafka
client, is garbage by then.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_MIN_INTERVAL_SECONDS = 0.5
"""Small batches in quick succession share one collection."""
_FULL_COLLECTIONS_SHARE = 0.005
"""How much of the time full collections may take, at most."""


@contextmanager
def paused() -> Iterator[None]:
    """Disable automatic collection; restore it afterwards."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def collect_young() -> None:
    """Collect what was created since the last collection, while more and more records are gathered.

    It leaves alone what survives, so its time does not grow with their number. What a poll of Kafka
    leaves behind holds the bytes that it fetched.
    """
    gc.collect(0)


def collect_failure() -> None:
    """Collect what a failed transaction, or a failed attempt to connect, leaves behind.

    Its error and the frames that it passed refer to each other, and those to all that was read,
    or to sockets: a process could run out of files to open before an automatic collection.
    """
    gc.collect()


@contextmanager
def between_batches(
    min_interval_seconds: float = _MIN_INTERVAL_SECONDS,
) -> Iterator[Callable[[], None]]:
    """Collect only when the yielded function is called, which is while no batch is in memory.

    Objects that exist already are taken to be permanent, and are not scanned again. Those that came
    since and survived two collections, such as compiled statements, are scanned seldom: at the head
    of the log that would take longer than all the batches of its time.
    """
    gc.collect()
    gc.freeze()
    collector = _Collector(min_interval_seconds)
    try:
        with paused():
            yield collector.collect_if_due
    finally:
        gc.unfreeze()


class _Collector:
    """Collects what is young now and then, and everything where that takes little of the time."""

    def __init__(self, min_interval_seconds: float) -> None:
        self._min_interval_seconds = min_interval_seconds
        self._collected_at = self._all_due_at = time.monotonic()

    def collect_if_due(self) -> None:
        now = time.monotonic()
        if now - self._collected_at < self._min_interval_seconds:
            return
        self._collected_at = now
        if now < self._all_due_at:
            gc.collect(1)
            return
        began_at = time.thread_time()
        gc.collect()
        seconds = time.thread_time() - began_at
        self._all_due_at = now + seconds / _FULL_COLLECTIONS_SHARE
