"""How far a command is: how much is done, how fast, and how long it will still take."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from sync_worker.cli import messages as says
from sync_worker.cli.table import width_of
from sync_worker.language import Language, Message
from sync_worker.printable import printable_line

_CLEAR_LINE = "\r\x1b[K"
_MINUTE = 60
_HOUR = 3600
_ENOUGH_SECONDS = 1.0
"""To tell from a fraction alone how long the rest will take."""


class Progress:
    """Says how far something is.

    `fraction` is how much is done, from 0 to 1, or None where nobody can tell; `done` is how many
    items that were, where they are counted, and `unit` what they are. Both are called from another
    thread.
    """

    def __init__(
        self,
        label: str,
        fraction: Callable[[], float] | None = None,
        done: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        unit: Message = says.RECORDS_DONE,
        language: Language = Language.ENGLISH,
    ) -> None:
        self._label = label
        self._fraction = fraction
        self._done = done
        self._clock = clock
        self._unit = unit
        self._language = language
        self._began = clock()

    @property
    def can_take_long(self) -> bool:
        """Whether it may take minutes: what is counted can be many, what cannot be told, too."""
        return self._done is not None or self._fraction is None

    def line(self) -> str:
        """One line; without a rate and an estimate while there is nothing to derive them from."""
        seconds = self._clock() - self._began
        fraction = None if self._fraction is None else self._fraction()
        parts = [] if fraction is None else [f"{fraction:.0%}"]
        is_known = seconds >= _ENOUGH_SECONDS
        if self._done is not None:
            done = self._done()
            parts.append(self._unit(count=done).text(self._language))
            is_known = bool(done) and seconds > 0
            if is_known:
                parts.append(says.RATE(rate=f"{done / seconds:.0f}").text(self._language))
        if fraction is None:
            parts.append(_duration(seconds))
        elif is_known and 0 < fraction < 1:
            left = _duration(seconds * (1 - fraction) / fraction)
            parts.append(says.TIME_LEFT(time=left).text(self._language))
        return printable_line(f"{self._label}: {', '.join(parts)}")


@contextmanager
def shown(
    progress: Progress,
    stream: TextIO,
    *,
    redraw_seconds: float = 0.2,
    line_seconds: float = 10.0,
    tell: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Show on a stream how far the body is.

    On a terminal it is one line that is drawn again and again. Elsewhere it is a line now and then,
    of what can take long only: a log is not to be filled with what takes seconds. `tell` is given
    those lines where they are not to be written as they are.
    """
    is_terminal = stream.isatty()
    if not is_terminal and not progress.can_take_long:
        yield
        return
    seconds = redraw_seconds if is_terminal else line_seconds
    is_done = threading.Event()

    def show() -> None:
        if is_terminal:
            _draw(stream, progress.line())
        elif tell is not None:
            tell(progress.line())
        else:
            _write(stream, progress.line())

    def repeat() -> None:
        # A thread of its own: the line is to be right also while one step of the body takes long.
        while not is_done.wait(seconds):
            # The file may be closed while its place is asked for; then there is nothing to show.
            with suppress(OSError, ValueError):
                show()

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
