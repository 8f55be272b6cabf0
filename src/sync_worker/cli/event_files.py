"""Files of events, as a person has them: archives of records, or bare events as JSON.

Says where in the file each one stands; judges nothing.
"""

import gzip
import json
import os
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, NamedTuple

from sync_worker.cli.files import STREAM, stdin
from sync_worker.events.record import Headers, Record, bounded
from sync_worker.streams.archive.reader import ArchiveSource
from sync_worker.streams.protocol import StoredPositions, StreamError

_STRUCTURED: Headers = (("content-type", b"application/cloudevents+json"),)
_MAX_RECORDS = 1_000
_MOST_BARE_BYTES = 64 * 2**20
_HEAD_BYTES = 64 * 2**10
_PIECE_BYTES = 64 * 2**10
_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SPACE = re.compile(r"[ \t\r\n]*")
# As the codec reads: no number matters, and float takes any count of digits.
_DECODER = json.JSONDecoder(parse_int=float)


class InputKind(StrEnum):
    """What a file holds."""

    ARCHIVE = "archive"
    EVENTS = "events"


class Place(NamedTuple):
    """Where an event stands: its line, and its record's address where it is in a record."""

    line: int
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None


Placed = tuple[Place, Record]


@contextmanager
def opened(file: str, kind: InputKind | None) -> Iterator[Iterator[Placed]]:
    """The events in `file`, or on stdin where it is `-`; without a kind, what it looks like.

    Raises:
        OSError: the file cannot be opened.
        StreamError: in the body, where an archive cannot be read on.
    """
    with file_of(file) as path:
        yield _events(path, kind)


@contextmanager
def file_of(file: str) -> Iterator[Path]:
    """The path of `file`; what comes on stdin where it is `-`, as a file that is gone afterwards.

    A StreamError of the body tells of standard input as what it is.
    """
    if file != STREAM:
        yield Path(file)
        return
    given = stdin()
    with _spool() as spool:
        _copy(given, spool)
        path = _path_of(spool)
        with _named(path):
            yield path


def bare_events(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The JSON documents that follow one another, each with the line it begins on.

    One that is not JSON reaches to the next line that begins with a brace.
    """
    text = content.removeprefix(_BYTE_ORDER_MARK).decode("utf-8", "surrogateescape")
    line, end, start = 1, 0, _after_space(text, 0)
    while start < len(text):
        line += text.count("\n", end, start)
        end = _end(text, start)
        yield line, text[start:end].encode("utf-8", "surrogateescape")
        line += text.count("\n", start, end)
        start = _after_space(text, end)


def _events(path: Path, kind: InputKind | None) -> Iterator[Placed]:
    if _is_blank(path):
        return iter(())
    if (kind or _kind_of(path)) is InputKind.EVENTS:
        _refuse_too_large(path)
        return _bare(path.read_bytes())
    return _archived(path)


def _refuse_too_large(path: Path) -> None:
    """Bare events are read as a whole: where one ends shows only where it is read."""
    size = path.stat().st_size
    if size > _MOST_BARE_BYTES:
        raise StreamError(
            f"{path} has {size} bytes, and bare events are read up to {_MOST_BARE_BYTES}.",
            "They are in memory as a whole; nothing of the file was read.",
            "Split the file, or make it an archive: one record a line, as `kcat -J` prints it.",
        )


def _kind_of(path: Path) -> InputKind:
    """An archive, unless it plainly begins with an event: a bad archive is told as one."""
    with path.open("rb") as opened_file:
        head = opened_file.read(_HEAD_BYTES).removeprefix(_BYTE_ORDER_MARK).lstrip()
    first_line = head.partition(b"\n")[0]
    is_record = b'"payload' in first_line or b'"offset"' in first_line
    names_attributes = b'"specversion"' in head or b'"data"' in head
    is_event = head.startswith(b"{") and names_attributes and not is_record
    return InputKind.EVENTS if is_event else InputKind.ARCHIVE


def _is_blank(path: Path) -> bool:
    """Whether nothing but blanks is in a file, packed or not; a pipe can be read but once."""
    if not path.is_file():
        return False
    with path.open("rb") as stored:
        is_packed = stored.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)
        content = gzip.GzipFile(fileobj=stored) if is_packed else stored
        try:
            piece = content.read(_PIECE_BYTES).removeprefix(_BYTE_ORDER_MARK)
            while piece.isspace():
                piece = content.read(_PIECE_BYTES)
        except (OSError, EOFError, zlib.error):
            return False
    return not piece


def _bare(content: bytes) -> Iterator[Placed]:
    for line, value in bare_events(content):
        yield Place(line), bounded(Record("", 0, 0, None, None, value, _STRUCTURED))


def _archived(path: Path) -> Iterator[Placed]:
    """Every line is a record, so a record's number is its line's."""
    source = ArchiveSource(path, _MAX_RECORDS)
    source.seek(StoredPositions({}))
    line = 0
    try:
        while (batch := source.poll(0)) or not source.at_end():
            for record in batch.records if batch else ():
                line += 1
                yield Place(line, record.topic, record.partition, record.offset), record
    finally:
        source.close()


def _spool() -> IO[bytes]:
    """A file that is gone once it is closed; in memory where no folder can be written to."""
    try:
        return NamedTemporaryFile()
    except OSError:
        return os.fdopen(os.memfd_create("stdin"), "w+b")


def _copy(given: IO[bytes], spool: IO[bytes]) -> None:
    try:
        shutil.copyfileobj(given, spool)
        spool.flush()
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard input") from error


def _path_of(spool: IO[bytes]) -> Path:
    is_named = isinstance(spool.name, str)
    return Path(spool.name if is_named else f"/proc/self/fd/{spool.fileno()}")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Tell of the file as what it is, not by a path that is gone afterwards."""
    try:
        yield
    except StreamError as error:
        what = error.what.replace(str(path), "standard input")
        raise StreamError(what, error.why, error.hint) from None


def _after_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _end(text: str, start: int) -> int:
    try:
        return _DECODER.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        next_document = text.find("\n{", start)
        return len(text) if next_document < 0 else next_document
