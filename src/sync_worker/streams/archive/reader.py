"""The file of an archive, as lines of bytes; knows nothing of what a line holds."""

import gzip
import hashlib
import os
import stat
import time
import zlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path

from sync_worker.events.record import MOST_BYTES, Partition, Record
from sync_worker.remedies import Remedy
from sync_worker.streams.archive.format import MalformedLineError, record_of
from sync_worker.streams.protocol import (
    MAX_FETCHED_BYTES,
    FetchedBatch,
    OffsetRange,
    StoredPositions,
    StreamError,
)
from sync_worker.streams.ranges import Range, RangeFilter

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
                Remedy.EXPORT_AGAIN(),
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


# An archive file as a source of records: the log of a stream, written down (contract 2). Reads
# one line at a time, and knows nothing of what the records say.


_MAX_LINES_A_POLL = 20_000
"""So that a stop does not wait while a long archive's known part is passed over."""


class ArchiveSource:
    """The records of one archive, in the order of its lines; what `EventSource` promises.

    The file may be packed (.gz), and may have grown since it was read last. It is known by its
    first line, not by its path. One that cannot be opened raises OSError.
    """

    def __init__(self, path: Path, max_records: int) -> None:
        self._path = path
        self._max_records = max_records
        self._file: ArchiveFile | None = None
        self._positions: dict[Partition, int] = {}
        self._unread: Iterator[Record | None] = iter(())
        self._failure: StreamError | None = None
        self._all_read = False
        self._was_sought = False

    @cached_property
    def stream_id(self) -> str:
        """The hash of the first line; of nothing where the file is empty."""
        return _stream_id(self._path)

    def needs_positions(self) -> bool:
        """Whether nobody has said yet where to read on."""
        return not self._was_sought

    def seek(self, stored: StoredPositions) -> None:
        """Read the file from its beginning again; what is below the positions is dropped."""
        self.close()
        self._refuse_another()
        self._file = ArchiveFile(self._path)
        self._positions = dict(stored.positions)
        self._unread = _records_beyond(dict(stored.positions), self._path, self._file.lines())
        self._failure, self._all_read, self._was_sought = None, False, True

    def poll(self, timeout_seconds: float) -> FetchedBatch | None:  # noqa: ARG002 - a file has no waiting
        """Read on; what was read before a bad line is handed out before it raises."""
        records = () if self._failure else self._gathered()
        if records:
            has_more = not (self._failure or self._all_read)
            return FetchedBatch(records, tuple(self._moves(records)), has_more=has_more)
        if self._failure:
            raise self._failure
        return None

    def idle(self, seconds: float) -> None:
        """Wait: a file does not mind."""
        time.sleep(seconds)

    def at_end(self) -> bool:
        """Whether the file's end was met, and nothing was wrong with it."""
        return self._all_read

    def ends_at_start(self) -> Mapping[Partition, int]:
        """Nothing: `at_end` alone tells."""
        return {}

    def committed(self, reached: Mapping[Partition, int]) -> None:
        """Do nothing: where the reader is, a file does not need to know."""

    def close(self) -> None:
        """Let go of the file; `seek` opens it again."""
        if self._file is not None:
            self._file.close()

    def fraction_read(self) -> float:
        """How much of the file was read, from 0 to 1, by its bytes as they are stored."""
        return 0.0 if self._file is None else self._file.fraction_read()

    def _refuse_another(self) -> None:
        if _stream_id(self._path) != self.stream_id:
            raise StreamError(
                f"{self._path} is another archive than when the command began.",
                "Its first line has changed, so its positions would be another stream's.",
                "Run again once nobody writes to it.",
            )

    def _gathered(self) -> tuple[Record, ...]:
        records: list[Record] = []
        size = lines = 0
        try:
            for record in islice(self._unread, _MAX_LINES_A_POLL):
                lines += 1
                if record is not None:
                    records.append(record)
                    size += record.size
                if len(records) >= self._max_records or size >= MAX_FETCHED_BYTES:
                    return tuple(records)
            self._all_read = lines < _MAX_LINES_A_POLL
        except StreamError as failure:
            self._failure = failure
        return tuple(records)

    def _moves(self, records: tuple[Record, ...]) -> Iterator[OffsetRange]:
        ends = {Partition(r.topic, r.partition): r.offset + 1 for r in records}
        for partition, end in ends.items():
            yield OffsetRange(partition, self._positions.get(partition, 0), end)
        self._positions |= ends


def _stream_id(path: Path) -> str:
    file = ArchiveFile(path)
    try:
        first = next(file.lines(), b"")
    finally:
        file.close()
    content = first.removesuffix(b"\n").removesuffix(b"\r")
    return f"archive:{hashlib.sha256(content).hexdigest()[:32]}"


def _records_beyond(
    positions: Mapping[Partition, int], path: Path, lines: Iterator[bytes]
) -> Iterator[Record | None]:
    """For each line its record, None where it is below the positions; else StreamError."""
    ends: dict[Partition, int] = {}
    for number, line in enumerate(lines):
        record = _record(line, number, path)
        partition = Partition(record.topic, record.partition)
        position = positions.get(partition, 0)
        if partition not in ends:
            refuse_late_beginning(record, position, f"{path}, line {number + 1}", path)
        elif record.offset < ends[partition]:
            raise _not_growing(record, ends[partition] - 1, f"{path}, line {number + 1}")
        ends[partition] = record.offset + 1
        yield record if record.offset >= position else None
    refuse_early_end(ends, positions, path)


def _record(line: bytes, number: int, path: Path) -> Record:
    try:
        return record_of(line, number)
    except MalformedLineError as malformed:
        raise StreamError(
            f"{path}, line {number + 1}: not a record of an archive: {malformed}.",
            "Nothing beyond it was read; every line before it was.",
            "Mend that line, or export the stream again: one JSON object a line, as `kcat -J`.",
        ) from None


def _not_growing(record: Record, last: int, place: str) -> StreamError:
    return StreamError(
        f"{place}: offset {record.offset} of {record.topic}/{record.partition} "
        f"comes after offset {last}.",
        "Offsets grow within a partition: these are two exports in one file.",
        "Keep each export in a file of its own, and give the files one by one.",
    )


def refuse_late_beginning(record: Record, position: int, place: str, path: Path) -> None:
    """Raise StreamError where a partition's first record comes after our position in it."""
    if record.offset > position > 0:
        raise StreamError(
            f"{place}: {record.topic}/{record.partition} begins at offset {record.offset}, "
            f"after our position {position}.",
            f"The {record.offset - position} offsets between are not in this archive.",
            Remedy.ADOPT_ARCHIVE(path=path),
        )


def refuse_early_end(
    ends: Mapping[Partition, int], positions: Mapping[Partition, int], path: Path
) -> None:
    """Raise StreamError where a partition ends before our position in it."""
    for partition, position in sorted(positions.items()):
        end = ends.get(partition, 0)
        if end < position:
            raise StreamError(
                f"{path}: {partition.topic}/{partition.partition} ends at offset {end}, "
                f"before our position {position}.",
                "The archive is shorter than when it was read last.",
                Remedy.ADOPT_ARCHIVE(path=path),
            )


# A range of an archive, by the rule that Kafka looks times up by.


class ArchiveRangeReader:
    """Reads a range of one archive; a `RangeReader`.

    One that cannot be opened raises OSError.
    """

    total = None

    def __init__(self, path: Path, wanted: Range, max_records: int) -> None:
        self._path = path
        self._source = ArchiveSource(path, max_records)
        self._window = RangeFilter(wanted)
        self._reached: dict[Partition, int] = {}
        self.stream_id = self._source.stream_id
        self.topic_ids: Mapping[str, str] = {}
        self.read = 0
        self.begins: dict[Partition, int] = {}
        self._positions: Mapping[Partition, int] | None = None

    def fit(self, stored: StoredPositions) -> None:
        """Refuse, as it is read, a file that begins after a position or ends before it."""
        self._positions = stored.positions

    def batches(self) -> Iterator[FetchedBatch]:
        """From the file's first line on; what lies behind the range is not read."""
        self._source.seek(StoredPositions({}))
        while not self._window.is_over():
            found = self._source.poll(0)
            records = tuple(filter(self._window.has, found.records)) if found else ()
            if records:
                self.read += len(records)
                yield FetchedBatch(records, tuple(self._moves(records)))
            elif found is None and self._source.at_end():
                refuse_early_end(self._reached, self._positions or {}, self._path)
                return

    def fraction_read(self) -> float:
        """How much of the file was read, by its bytes as they are stored."""
        return self._source.fraction_read()

    def close(self) -> None:
        """Let go of the file."""
        self._source.close()

    def _moves(self, records: tuple[Record, ...]) -> Iterator[OffsetRange]:
        for record in records:
            partition = Partition(record.topic, record.partition)
            if partition not in self.begins:
                self.begins[partition] = record.offset
                position = (self._positions or {}).get(partition, 0)
                refuse_late_beginning(record, position, str(self._path), self._path)
        ends = {Partition(r.topic, r.partition): r.offset + 1 for r in records}
        for partition, end in ends.items():
            yield OffsetRange(partition, self._reached.get(partition, self.begins[partition]), end)
        self._reached |= ends
