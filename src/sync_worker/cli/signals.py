"""The signals that ask for an end; needs nothing, so that it can be the first thing to be imported.

A process without a handler of its own dies of them, except as the first process of a container: the
kernel then drops a signal that nobody handles.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Timer
from typing import Any, Protocol

Handler = Callable[[int, Any], None]

INTERRUPTED = 130
"""The exit code of what was told to end before it was done (contract 4)."""

_LONGEST_END_SECONDS = 8.0
"""A supervisor is promised an end within ten."""
_MAX_LAST_WORDS_SECONDS = 1.0
"""For saying so: whoever reads stderr may hang as well."""
_ALWAYS = (signal.SIGTERM, signal.SIGINT)


class Stoppable(Protocol):
    """What can be told to finish what is in hand: the worker."""

    def stop(self) -> None:
        """Only sets a flag: it is called from a handler of signals."""


def on_signals(handler: Handler) -> list[tuple[signal.Signals, Any]]:
    """Have the handler called from now on; what was called before, to be set again.

    A terminal that goes away asks for an end as well, unless it was said that it does not (nohup).
    """
    wanted = [*_ALWAYS]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        wanted.append(signal.SIGHUP)
    return [(number, signal.signal(number, handler)) for number in wanted]


@contextmanager
def handled(handler: Handler) -> Iterator[None]:
    """Have the handler called while the body runs."""
    before = on_signals(handler)
    try:
        yield
    finally:
        for number, previous in before:
            signal.signal(number, previous)


def interrupt(_number: int, _frame: Any) -> None:
    """What Ctrl-C does: nothing is kept of what is in hand."""
    raise KeyboardInterrupt


class ShutdownHandler:
    """What SIGTERM, Ctrl-C, or a terminal that goes away brings about, once there is a worker.

    Installed before the heavy parts are imported: a signal that comes early counts.
    """

    def __init__(self, exit_code: int) -> None:
        """`exit_code` is that of a worker that could not finish what was in hand."""
        self._exit_code = exit_code
        self._worker: Stoppable | None = None
        self._is_wanted = False
        self.received: str | None = None
        """The name of the first signal that came."""
        self.last_words: Callable[[], None] = lambda: None
        """Called where the worker cannot finish, before the process ends all the same."""
        on_signals(self._stop)

    def attach(self, worker: Stoppable) -> None:
        """From now on a signal has this worker finish what is in hand."""
        self._worker = worker
        if self._is_wanted:
            worker.stop()

    def _stop(self, number: int, _frame: object) -> None:
        """End in order, and after a while all the same.

        What is in hand can wait for a database that answers nothing at all, for ever. Nothing is
        half done then, and nothing is lost.
        """
        self._is_wanted = True
        self.received = self.received or signal.Signals(number).name
        if self._worker is not None:
            self._worker.stop()
        _after(_LONGEST_END_SECONDS, self._end)

    def _end(self) -> None:
        _after(_MAX_LAST_WORDS_SECONDS, partial(os._exit, self._exit_code))
        self.last_words()
        os._exit(self._exit_code)


def _after(seconds: float, act: Callable[[], object]) -> None:
    timer = Timer(seconds, act)
    timer.daemon = True
    timer.start()
