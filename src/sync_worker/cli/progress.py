"""How far a long reading is: how much of it, how fast, and how long it will take still."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from sync_worker.printable import printable_line

_REDRAW_SECONDS = 0.2
_LINE_SECONDS = 10.0
_CLEAR = "\r\x1b[K"
_MINUTE = 60
_HOUR = 3600


class Meter:
    """Says how far something is.

    `fraction` is how much is done, from 0 to 1, and `read` how many records that were; both are
    asked from another thread.
    """

    def __init__(
        self,
        label: str,
        fraction: Callable[[], float],
        read: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._label = label
        self._fraction = fraction
        self._read = read
        self._clock = clock
        self._began = clock()

    def text(self) -> str:
        """One line; without a rate and an estimate as long as there is nothing to go by."""
        seconds = self._clock() - self._began
        read, fraction = self._read(), self._fraction()
        line = f"{self._label}: {fraction:.0%}, {read} records"
        if seconds <= 0 or not read:
            return printable_line(line)
        line += f", {read / seconds:.0f} a second"
        if 0 < fraction < 1:
            line += f", {_duration(seconds * (1 - fraction) / fraction)} left"
        return printable_line(line)


@contextmanager
def shown(meter: Meter, stream: TextIO) -> Iterator[None]:
    """Show a meter on a stream while the body runs.

    On a terminal it is one line that is drawn anew; elsewhere a line about every 10 s.
    """
    is_terminal = stream.isatty()
    is_done = threading.Event()
    show = _drawn if is_terminal else _written
    showing = threading.Thread(target=show, args=(meter, stream, is_done), daemon=True)
    showing.start()
    try:
        yield
    finally:
        is_done.set()
        showing.join()


def _drawn(meter: Meter, stream: TextIO, is_done: threading.Event) -> None:
    while not is_done.wait(_REDRAW_SECONDS):
        _put(stream, meter, _CLEAR, "\r")
    with suppress(OSError, ValueError):
        stream.write(_CLEAR)
        stream.flush()


def _written(meter: Meter, stream: TextIO, is_done: threading.Event) -> None:
    while not is_done.wait(_LINE_SECONDS):
        _put(stream, meter, "", "\n")


def _put(stream: TextIO, meter: Meter, before: str, after: str) -> None:
    # The file may be closed while its place is asked for; then there is nothing to show.
    with suppress(OSError, ValueError):
        stream.write(f"{before}{meter.text()}{after}")
        stream.flush()


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
