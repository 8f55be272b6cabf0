"""A file that takes its place once it is written whole; until then it has a random name beside it.

Nothing is written through a link, nor into what is no regular file: in a folder that others may
write to, somebody else may have put it there.
"""

import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from errno import EEXIST
from pathlib import Path
from types import TracebackType

PRIVATE = 0o600
"""The mode of what nobody else is to read."""
PUBLIC = 0o666
"""The mode of what the umask says."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FileKind(StrEnum):
    """What stands in a file's place."""

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
    """No file is written at the path: what stands there is of another kind."""

    def __init__(self, path: Path, kind: FileKind) -> None:
        super().__init__(EEXIST, f"it is {kind}", str(path))
        self.kind = kind


def require_place(path: Path) -> None:
    """Raise NotAFile where something else than a regular file stands at `path`."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise NotARegularFile(
            path, next((kind for is_it, kind in _KINDS if is_it(mode)), FileKind.DEVICE)
        )


def create(path: Path, mode: int = PRIVATE) -> int:
    """Make an empty file that was not there, and open it to be written; its descriptor."""
    return os.open(path, _NEW, mode)


class AtomicFile:
    """A file on its way to `path`; without `put` nothing is left of it, and what was there stays.

    What cannot be done raises OSError that names `path`.
    """

    def __init__(self, path: Path, mode: int = PRIVATE) -> None:
        self.path = path
        with self.naming():
            require_place(path)
            self._unfinished = path.with_name(f".sync-worker-{secrets.token_hex(8)}.part")
            self.content = os.fdopen(create(self._unfinished, mode), "wb")

    def __enter__(self) -> "AtomicFile":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        # What could not be written cannot be closed either, and is thrown away.
        with suppress(OSError):
            self.content.close()
        with suppress(OSError):
            self._unfinished.unlink(missing_ok=True)

    def put(self) -> None:
        """Have all of it on the disk, and in its place."""
        with self.naming():
            self.content.flush()
            os.fsync(self.content.fileno())
            self.content.close()
            require_place(self.path)
            self._unfinished.replace(self.path)
        _keep_name(self.path.parent)

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Tell of the file that was meant, not of the one beside it."""
        try:
            yield
        except NotARegularFile:
            raise
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error


def _keep_name(folder: Path) -> None:
    """Have the file's name on the disk too, where the folder can be asked for that."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
