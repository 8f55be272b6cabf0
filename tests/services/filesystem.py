"""A small file system of its own, to be filled to the last byte, or to allow no writing."""

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CHUNKS = (2**20, 4096, 1)


class NoFileSystem(Exception):
    """This machine mounts none; the message says why."""


class SmallFileSystem:
    """In memory, and mounted at a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, leave_bytes: int = 0) -> None:
        """Take all the room that there is, and give back so much of it."""
        with self._ballast.open("ab", buffering=0) as file:
            for chunk in _CHUNKS:
                _write_until_full(file.fileno(), bytes(chunk))
        if leave_bytes:
            os.truncate(self._ballast, self._ballast.stat().st_size - leave_bytes)

    def make_room(self) -> None:
        """Give back all that `fill` took."""
        self._ballast.unlink()

    def allow_writing(self, *, allowed: bool) -> None:
        """Mount it read-only, or for writing again."""
        how = "rw" if allowed else "ro"
        subprocess.run(["mount", "-o", f"remount,{how}", self.folder], check=True)


@contextmanager
def mounted(megabytes: int) -> Iterator[SmallFileSystem]:
    """Mount one for as long as the block lasts.

    Raises:
        NoFileSystem: that takes root, and a container that lets it.
    """
    folder = Path(tempfile.mkdtemp(prefix="sync-worker-disk-"))
    folder.chmod(0o755)  # servers run as somebody else
    options = f"size={megabytes}m,mode=755"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        folder.rmdir()
        raise NoFileSystem(done.stderr.strip())
    try:
        yield SmallFileSystem(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


def _write_until_full(descriptor: int, chunk: bytes) -> None:
    try:
        while os.write(descriptor, chunk) == len(chunk):
            pass
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
