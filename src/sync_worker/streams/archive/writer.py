"""Writes archives, which `ArchiveSource` reads back record for record and byte for byte."""

import gzip
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sync_worker.events.bytes_as_text import content_item, headers_item
from sync_worker.events.record import Excerpt, Record
from sync_worker.files.atomic import AtomicFile
from sync_worker.streams.archive.format import CREATE_TIME, LOG_APPEND_TIME

_ENCODE = json.JSONEncoder(ensure_ascii=False).encode
_GZIP_LEVEL = 6


def line_of(record: Record) -> bytes:
    """The record as `kcat -J` prints it (contract 2), in base64 where its bytes are not UTF-8.

    A record that is too large is written as the excerpt that is kept of it, with the size and the
    hash of the whole value, and is read back as that.
    """
    timestamp_type = LOG_APPEND_TIME if record.is_log_append_time else CREATE_TIME
    has_timestamp = record.timestamp_ms is not None
    line = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "tstype": timestamp_type if has_timestamp else "unknown",
        "ts": record.timestamp_ms if has_timestamp else -1,
        **headers_item(record.headers),
        **content_item("key", record.key),
        **content_item("payload", record.value),
    }
    if isinstance(record.value, Excerpt):
        line |= {"payload_size": record.value.size, "payload_sha256": record.value.sha256}
    return _ENCODE(line).encode() + b"\n"


class ArchiveWriter:
    """Writes the lines of an archive into a file, compressed where its path ends in .gz.

    What cannot be written raises OSError with that path.
    """

    def __init__(self, file: AtomicFile) -> None:
        self._file = file
        self._content: BinaryIO | gzip.GzipFile = file.content
        if file.path.suffix.lower() == ".gz":
            # Without a name and a time in it, the same records give the same file.
            self._content = gzip.GzipFile("", "wb", _GZIP_LEVEL, file.content, mtime=0)

    def write(self, records: Iterable[Record]) -> None:
        """Write each record as a line."""
        with self._file.errors_named():
            self._content.write(b"".join(map(line_of, records)))

    def finish(self) -> None:
        """Complete the file, and move it into place."""
        with self._file.errors_named():
            if isinstance(self._content, gzip.GzipFile):
                self._content.close()
        self._file.put()


@contextmanager
def writing(path: Path) -> Iterator[ArchiveWriter]:
    """Write the archive at `path`; a file that exists is replaced at the end of the body.

    Where the body raises, nothing is left behind, and the existing file stays. Only its owner may
    read the archive.
    """
    with AtomicFile(path) as file:
        writer = ArchiveWriter(file)
        yield writer
        writer.finish()
