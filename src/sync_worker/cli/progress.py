"""How far a command is: how much is done, how fast, and how long it will still take."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from sync_worker.cli.table import width_of
from sync_worker.printable import printable_line

_CLEAR_LINE = "\r\x1b[K"
_MINUTE = 60
_HOUR = 3600


class Progress:
    """Says how far something is.

    `fraction` is how much is done, from 0 to 1, and `read` how many records that were, where they
    are counted. Both are called from another thread.
    """

    def __init__(
        self,
        label: str,
        fraction: Callable[[], float],
        read: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._label = label
        self._fraction = fraction
        self._read = read
        self._clock = clock
        self._began = clock()

    @property
    def counts_records(self) -> bool:
        """Whether it knows how many records were read: such work can take hours."""
        return self._read is not None

    def line(self) -> str:
        """One line; without a rate and an estimate while there is nothing to derive them from."""
        fraction = self._fraction()
        line = f"{self._label}: {fraction:.0%}"
        if self._read is not None:
            read, seconds = self._read(), self._clock() - self._began
            line += f", {read} records"
            if read and seconds > 0:
                line += f", {read / seconds:.0f} a second"
                if 0 < fraction < 1:
                    line += f", {_duration(seconds * (1 - fraction) / fraction)} left"
        return printable_line(line)


@contextmanager
def shown(
    progress: Progress,
    stream: TextIO,
    *,
    redraw_seconds: float = 0.2,
    line_seconds: float = 10.0,
) -> Iterator[None]:
    """Show on a stream how far the body is.

    On a terminal it is one line that is drawn again and again. Elsewhere it is a line now and then,
    of what counts records only: a log is not to be filled with what takes seconds.
    """
    is_terminal = stream.isatty()
    if not is_terminal and not progress.counts_records:
        yield
        return
    show, seconds = (_draw, redraw_seconds) if is_terminal else (_write, line_seconds)
    is_done = threading.Event()

    def repeat() -> None:
        # A thread of its own: the line is to be right also while one step of the body takes long.
        while not is_done.wait(seconds):
            # The file may be closed while its place is asked for; then there is nothing to show.
            with suppress(OSError, ValueError):
                show(stream, progress.line())

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()
        if is_terminal:
            with suppress(OSError, ValueError):
                _draw(stream, "")


def _draw(stream: TextIO, line: str) -> None:
    """Replace the line. It is cut at its beginning: a line that wraps could not be replaced."""
    room = shutil.get_terminal_size().columns - 1
    if width_of(line) > room:
        while width_of(line) >= room > 0:
            line = line[1:]
        line = f"…{line}"
    stream.write(f"{_CLEAR_LINE}{line}\r")
    stream.flush()


def _write(stream: TextIO, line: str) -> None:
    stream.write(f"{line}\n")
    stream.flush()


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
