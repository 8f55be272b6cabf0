"""Small files that others put in place for this program to read, such as secrets.

Where one should be there can be a pipe or a device, which would give nothing, or never an end.
"""

import os
import stat
from errno import EFBIG, EINVAL, EISDIR
from pathlib import Path
from typing import BinaryIO

MOST_BYTES = 2**20


def open_regular(path: Path) -> BinaryIO:
    """The file, or the one that a link leads to, open to be read.

    Raises:
        OSError: it is not there or cannot be opened, or it is no regular file; never waits.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _require_regular(descriptor, path)
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def read(path: Path) -> bytes:
    """All that stands in the file.

    Raises:
        OSError: as `open_regular`, or it holds more than `MOST_BYTES`.
    """
    with open_regular(path) as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise OSError(EFBIG, "it is larger than 1 MiB", str(path))
    return content


def _require_regular(descriptor: int, path: Path) -> None:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(EINVAL, "it is no regular file", str(path))
