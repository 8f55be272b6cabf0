"""Events in a file, checked before they are published as the worker would check them.

A file is an archive of records, or holds bare events as JSON. Needs neither a database nor Kafka.
"""

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sync_worker.events.decode_result import Event, Ignored, Rejection
from sync_worker.events.record import Headers, Record, bounded
from sync_worker.streams.archive.reader import ArchiveSource
from sync_worker.streams.protocol import StoredPositions, StreamError

if TYPE_CHECKING:
    from sync_worker.events.decoder import EventDecoder

_STRUCTURED: Headers = (("content-type", b"application/cloudevents+json"),)
_MAX_RECORDS = 1_000
_MOST_BARE_BYTES = 64 * 2**20
_HEAD_BYTES = 64 * 2**10
_PIECE_BYTES = 64 * 2**10
_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SPACE = re.compile(r"[ \t\r\n]*")
# As the decoder reads: no number matters, and float takes any count of digits.
_DECODER = json.JSONDecoder(parse_int=float)


class InputKind(StrEnum):
    """What a file holds."""

    ARCHIVE = "archive"
    EVENTS = "events"


class EventPlace(NamedTuple):
    """Where an event stands: its line, and its record's address where it is in a record."""

    line: int
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None


PlacedRecord = tuple[EventPlace, Record]


class EventVerdict(StrEnum):
    """What the worker would do with an event."""

    VALID = "valid"
    IGNORED = "ignored"
    DEAD_LETTERED = "dead_lettered"


class InvalidEvent(NamedTuple):
    """An event that would be ignored or dead-lettered, and why."""

    place: EventPlace
    key: bytes | None
    verdict: EventVerdict
    reason: str | None
    detail: str


class PlacedEvents(NamedTuple):
    """The events of a file, and how much of it was read, where that can be told."""

    events: Iterator[PlacedRecord]
    fraction_read: Callable[[], float] | None = None


class Validation:
    """Checks events, and keeps account; true at every moment, also where reading them fails."""

    def __init__(self, decoder: "EventDecoder", now: datetime) -> None:
        self._decoder, self._now = decoder, now
        self.counts: Counter[EventVerdict] = Counter()
        self.invalid: list[InvalidEvent] = []
        self.ahead_of_clock = 0
        """How many events are ahead of the clock by more than clocks differ."""
        self.is_complete = False
        """Whether all events were read."""

    def check(self, events: Iterable[PlacedRecord]) -> None:
        """Decode events, to the last one."""
        for place, record in events:
            match self._decoder.decode(record, self._now):
                case Event(seconds_ahead=seconds):
                    self.counts[EventVerdict.VALID] += 1
                    self.ahead_of_clock += seconds > 0
                case Ignored(detail):
                    ignored = EventVerdict.IGNORED
                    self._note(InvalidEvent(place, record.key, ignored, None, detail))
                case Rejection(reason, detail):
                    bad = EventVerdict.DEAD_LETTERED
                    self._note(InvalidEvent(place, record.key, bad, reason.value, detail))
        self.is_complete = True

    def _note(self, event: InvalidEvent) -> None:
        self.counts[event.verdict] += 1
        self.invalid.append(event)


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


def events_in(path: Path, kind: InputKind | None) -> PlacedEvents:
    """The events in a file; without a kind, of the one that it looks like.

    Raises:
        OSError: the file cannot be opened.
        StreamError: an archive cannot be read on.
    """
    if _is_blank(path):
        return PlacedEvents(iter(()))
    if (kind or _kind_of(path)) is InputKind.EVENTS:
        _refuse_too_large(path)
        return PlacedEvents(_bare(path.read_bytes()))
    source = ArchiveSource(path, _MAX_RECORDS)
    return PlacedEvents(_archived(source), source.fraction_read)


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


def _bare(content: bytes) -> Iterator[PlacedRecord]:
    for line, value in bare_events(content):
        yield EventPlace(line), bounded(Record("", 0, 0, None, None, value, _STRUCTURED))


def _archived(source: ArchiveSource) -> Iterator[PlacedRecord]:
    """Every line is a record, so a record's number is its line's."""
    source.seek(StoredPositions({}))
    line = 0
    try:
        while (batch := source.poll(0)) or not source.at_end():
            for record in batch.records if batch else ():
                line += 1
                yield EventPlace(line, record.topic, record.partition, record.offset), record
    finally:
        source.close()


def _after_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _end(text: str, start: int) -> int:
    try:
        return _DECODER.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        next_document = text.find("\n{", start)
        return len(text) if next_document < 0 else next_document
