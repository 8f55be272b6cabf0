"""Reads small files that others put in place for this program: secrets, certificates, keys.

There may be a pipe or a device instead of a file, which would block, or never end.
"""

import os
import stat
from errno import EFBIG, EINVAL, EISDIR
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 2**20


def open_regular(path: Path) -> BinaryIO:
    """Open a file, or the one that a link points to, for reading.

    Raises:
        OSError: it does not exist, cannot be opened, or is not a regular file. Never blocks.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _require_regular(descriptor, path)
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def read(path: Path) -> bytes:
    """The whole content of a file.

    Raises:
        OSError: as `open_regular`, or it is larger than `MAX_BYTES`.
    """
    with open_regular(path) as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError(EFBIG, "it is larger than 1 MiB", str(path))
    return content


def _require_regular(descriptor: int, path: Path) -> None:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(EINVAL, "it is not a regular file", str(path))
