"""Ctrl-C and its like, for commands that do long work in parts.

What is in hand is finished and counted; what only waits or reads is ended at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sync_worker.cli import signals


class Interruption:
    """Whether somebody wants the command to end, by a signal; a `StopRequest`."""

    def __init__(self) -> None:
        self.is_wanted = False
        self._is_shielded = False

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Take the signals while the body runs."""
        with signals.handled(self._interrupt):
            yield

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """The first signal only sets `is_wanted`; a second one ends the body all the same."""
        self._is_shielded = True
        try:
            yield
        finally:
            self._is_shielded = False

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        is_first, self.is_wanted = not self.is_wanted, True
        if not (self._is_shielded and is_first):
            raise KeyboardInterrupt
