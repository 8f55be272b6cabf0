"""The file of an archive, as lines of bytes; knows nothing of what a line holds."""

import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

from sync_worker.events.record import MOST_BYTES
from sync_worker.stream.source import StreamError

_GZIP_MAGIC = b"\x1f\x8b"
_MAX_LINE_BYTES = 6 * MOST_BYTES + 2**20
"""Of the largest record that is exported whole: each of its bytes may take six, as in \\u001b."""


class ArchiveFile:
    """The lines of a file, one of them in memory at a time; unpacked where it is packed.

    Its suffix says so, or its content.

    One that cannot be opened raises OSError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        _refuse_a_pipe(path)
        self._stored = path.open("rb")
        self._stored_bytes = os.fstat(self._stored.fileno()).st_size
        packed = path.suffix.lower() == ".gz" or self._stored.peek(2).startswith(_GZIP_MAGIC)
        self._content = gzip.GzipFile(fileobj=self._stored) if packed else self._stored
        self._fraction_read = 0.0

    def lines(self) -> Iterator[bytes]:
        """Each line with its ending; StreamError where one cannot be read."""
        number = 1
        while line := self._line(number):
            yield line
            number += 1

    def fraction_read(self) -> float:
        """How much of the stored bytes was read, from 0 to 1; after `close`, how much had been."""
        if not self._stored.closed and self._stored_bytes:
            self._fraction_read = min(1.0, self._stored.tell() / self._stored_bytes)
        return self._fraction_read

    def close(self) -> None:
        """Let go of the file."""
        self.fraction_read()
        self._content.close()
        self._stored.close()

    def _line(self, number: int) -> bytes:
        place = f"{self._path}, line {number}"
        try:
            line = self._content.readline(_MAX_LINE_BYTES + 1)
        except gzip.BadGzipFile as error:
            raise StreamError(
                f"{place}: not gzip, though its name ends so: {error}.",
                "Every line before this one was read.",
                "Name a plain archive without .gz, or fetch the packed one again.",
            ) from error
        except (EOFError, OSError, zlib.error) as error:
            raise StreamError(
                f"{place}: the file cannot be read on: {error}.",
                "It is truncated or damaged; every line before this one was read.",
                "Fetch or export the archive again, and run again: reading goes on from here.",
            ) from error
        if len(line) > _MAX_LINE_BYTES:
            raise StreamError(
                f"{place}: the line is longer than {_MAX_LINE_BYTES} bytes.",
                "A record that long is not read; every line before this one was.",
                "Check that the file is an archive: one JSON object a line, as `kcat -J` prints. "
                "sync-worker events export writes the beginning of a record that is too large.",
            )
        return line


def _refuse_a_pipe(path: Path) -> None:
    """What can be read only once would be emptied by finding out which archive it is."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise StreamError(
            f"{path} is no file but a pipe or a device.",
            "An archive is opened more than once: first to see which one it is.",
            "Write it to a file, and name that.",
        )
