"""Atomic writes: a file gets its name once it is complete, and a random one beside it until then.

Nothing is written through a link, or into anything but a regular file: in a folder that others may
write to, somebody else may have put it there.
"""

import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from errno import EDQUOT, EEXIST, ENOSPC
from pathlib import Path
from types import TracebackType

PRIVATE = 0o600
"""Only the owner may read the file."""
PUBLIC = 0o666
"""The umask decides who may."""
_CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FileKind(StrEnum):
    """What is in the place of a file, and is not one."""

    LINK = "a symbolic link"
    FOLDER = "a folder"
    DEVICE = "a device"
    PIPE = "a named pipe"
    SOCKET = "a socket"


_KINDS: tuple[tuple[Callable[[int], bool], FileKind], ...] = (
    (stat.S_ISLNK, FileKind.LINK),
    (stat.S_ISDIR, FileKind.FOLDER),
    (stat.S_ISFIFO, FileKind.PIPE),
    (stat.S_ISSOCK, FileKind.SOCKET),
)


class NotARegularFile(OSError):
    """There is something at the path that is not a regular file."""

    def __init__(self, path: Path, kind: FileKind) -> None:
        super().__init__(EEXIST, f"it is {kind}", str(path))
        self.kind = kind


def is_disk_full(error: OSError) -> bool:
    """Whether a file could not be written because there is no room for it."""
    return error.errno in {ENOSPC, EDQUOT}


def require_regular(path: Path) -> None:
    """Raise NotARegularFile where there is something at `path` that is not a regular file."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise NotARegularFile(
            path, next((kind for is_it, kind in _KINDS if is_it(mode)), FileKind.DEVICE)
        )


def create(path: Path, mode: int = PRIVATE) -> int:
    """Create a file that does not exist, and open it for writing; returns its descriptor."""
    return os.open(path, _CREATE_FLAGS, mode)


class AtomicFile:
    """A file that `put` moves to `path`; without `put` it is deleted, and what was there stays.

    Raises OSError with `path` as the name of the file.
    """

    def __init__(self, path: Path, mode: int = PRIVATE) -> None:
        self.path = path
        with self.errors_named():
            require_regular(path)
            self._temporary = path.with_name(f".sync-worker-{secrets.token_hex(8)}.part")
            self.content = os.fdopen(create(self._temporary, mode), "wb")

    def __enter__(self) -> "AtomicFile":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        # What could not be written cannot be closed either, and is deleted.
        with suppress(OSError):
            self.content.close()
        with suppress(OSError):
            self._temporary.unlink(missing_ok=True)

    def write(self, content: bytes) -> None:
        """Add to what is in it so far."""
        with self.errors_named():
            self.content.write(content)

    def put(self) -> None:
        """Write it to the disk, and move it into place."""
        with self.errors_named():
            self.content.flush()
            os.fsync(self.content.fileno())
            self.content.close()
            require_regular(self.path)
            self._temporary.replace(self.path)
        # Have the new name on the disk, too, where the folder's file system supports it.
        with suppress(OSError):
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    @contextmanager
    def errors_named(self) -> Iterator[None]:
        """Name the file that is to be written in errors, not the temporary one."""
        try:
            yield
        except NotARegularFile:
            raise
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error
