"""What comes through a pipe, as a file: it can be read twice, and from any place."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO


@contextmanager
def spooled(source: IO[bytes], name: str) -> Iterator[Path]:
    """The path of a file with all that `source` gives, which is gone after the body.

    Raises:
        OSError: it cannot be copied; `name` is what the error calls the source.
    """
    with _temporary_file() as spool:
        try:
            shutil.copyfileobj(source, spool)
            spool.flush()
        except OSError as error:
            raise OSError(error.errno, error.strerror, name) from error
        is_named = isinstance(spool.name, str)
        yield Path(spool.name if is_named else f"/proc/self/fd/{spool.fileno()}")


def _temporary_file() -> IO[bytes]:
    """In memory where no folder can be written to."""
    try:
        return NamedTemporaryFile()
    except OSError:
        return os.fdopen(os.memfd_create("spool"), "w+b")
