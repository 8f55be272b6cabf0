"""Standard streams as they may be: closed, on a full disk, or with nobody who reads them.

What a command does is done whether somebody hears of it or not. So writing to them never fails;
what it failed with is kept, to be told at the end.
"""

import io
import os
import select
import sys
from typing import IO, Any

_STDOUT, _STDERR = 1, 2
_PATIENCE_SECONDS = 1.0
"""How long a daemon waits for whoever reads its output."""


class LenientFile(io.FileIO):
    """A descriptor whose write errors are kept, and stop nobody."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.failure: OSError | None = None
        """The first write error; a full disk may have room again after it."""
        self.dropped_lines = 0
        """The ends of lines that were not written."""

    def write(self, data: Any) -> int:
        """Write all of it, or drop what cannot be written."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        try:
            while rest:
                written = super().write(rest)
                if written is None:  # another program has set the terminal to not block
                    select.select([], [self], [])
                else:
                    rest = rest[written:]
        except OSError as error:
            self.failure = self.failure or error
            self._drop(rest)
        return size

    def _drop(self, content: bytes | memoryview) -> None:
        self.dropped_lines += bytes(content).count(b"\n")


class PromptFile(LenientFile):
    """One whose reader is not waited for: a daemon must not stop because its log is not read.

    What is not taken in time is dropped, and its lines are counted. What was taken in part is
    completed before anything follows, so that a line is there as a whole or not at all.
    """

    def __init__(self, descriptor: int, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        super().__init__(descriptor)
        self._patience_seconds = patience_seconds
        self._is_stalled = False
        self._rest = b""

    def write(self, data: Any) -> int:
        """Write all of it, or drop it where the reader takes nothing."""
        content = bytes(data)
        self._rest = self._untaken(self._rest)
        untaken = content if self._rest else self._untaken(content)
        if len(untaken) < len(content):
            self._rest = untaken
        else:
            self._drop(content)
        return len(content)

    def _untaken(self, content: bytes) -> bytes:
        """Write what the reader takes; what is left of it."""
        while content and self._is_taken():
            # No more than fits for certain: more would block.
            super().write(content[: select.PIPE_BUF])
            content = content[select.PIPE_BUF :]
        return content

    def _is_taken(self) -> bool:
        """Whether there is room; one that was waited for in vain is not waited for again."""
        poll = select.poll()
        poll.register(self, select.POLLOUT)
        seconds = 0.0 if self._is_stalled else self._patience_seconds
        self._is_stalled = not poll.poll(seconds * 1000)
        return not self._is_stalled


def prepare(*, of_daemon: bool = False) -> None:
    """Have both outputs be written as UTF-8, and leniently; those of a daemon promptly, too.

    The number of a closed stream is taken: the next file to be opened would get it, and what
    belongs on the stream would be written into that file.
    """
    if sys.stdin is None:
        os.open(os.devnull, os.O_RDONLY)
    kind = PromptFile if of_daemon else LenientFile
    stdout, stderr = _lenient(sys.stdout, _STDOUT, kind), _lenient(sys.stderr, _STDERR, kind)
    # On a terminal data comes before the question that is asked about it.
    sys.stdout = _as_text(io.BufferedWriter(stdout), by_lines=stdout.isatty())
    # Whole lines: several threads write there.
    sys.stderr = _as_text(stderr, by_lines=True)


def failure(stream: IO[str]) -> OSError | None:
    """What writing to a stream failed with; that its reader has left is not a failure."""
    found = _first_error(stream)
    return None if isinstance(found, BrokenPipeError) else found


def has_reader(stream: IO[str]) -> bool:
    """Whether what is written to a stream goes anywhere still."""
    return _first_error(stream) is None


def dropped_lines(stream: IO[str]) -> int:
    """How many of the lines that were written to a stream went nowhere."""
    file = _file(stream)
    return file.dropped_lines if isinstance(file, LenientFile) else 0


def _lenient(stream: IO[str] | None, descriptor: int, kind: type[LenientFile]) -> LenientFile:
    is_closed = stream is None
    return kind(os.open(os.devnull, os.O_WRONLY) if is_closed else descriptor)


def _as_text(binary: Any, *, by_lines: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        binary, encoding="utf-8", errors="backslashreplace", line_buffering=by_lines
    )


def _first_error(stream: IO[str]) -> OSError | None:
    stream.flush()
    file = _file(stream)
    return file.failure if isinstance(file, LenientFile) else None


def _file(stream: IO[str]) -> object:
    binary = getattr(stream, "buffer", None)
    return getattr(binary, "raw", binary)
