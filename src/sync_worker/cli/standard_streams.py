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


class LenientFile(io.FileIO):
    """A descriptor whose write errors are kept, and stop nobody."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.failure: OSError | None = None
        """The first write error; a full disk may have room again after it."""

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
        return size


def prepare() -> None:
    """Have both outputs be written as UTF-8, and leniently.

    The number of a closed stream is taken: the next file to be opened would get it, and what
    belongs on the stream would be written into that file.
    """
    if sys.stdin is None:
        os.open(os.devnull, os.O_RDONLY)
    stdout, stderr = _lenient(sys.stdout, _STDOUT), _lenient(sys.stderr, _STDERR)
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


def _lenient(stream: IO[str] | None, descriptor: int) -> LenientFile:
    is_closed = stream is None
    return LenientFile(os.open(os.devnull, os.O_WRONLY) if is_closed else descriptor)


def _as_text(binary: Any, *, by_lines: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        binary, encoding="utf-8", errors="backslashreplace", line_buffering=by_lines
    )


def _first_error(stream: IO[str]) -> OSError | None:
    stream.flush()
    binary = getattr(stream, "buffer", None)
    file = getattr(binary, "raw", binary)
    return file.failure if isinstance(file, LenientFile) else None
