"""Reads an archive, the log of a stream in a file (contract 2): as the worker's source, or a range.

Lines are read one by one. Nothing here knows what the records say.
"""

import gzip
import hashlib
import os
import stat
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cached_property
from itertools import islice
from pathlib import Path

from sync_worker.events.record import MAX_RECORD_BYTES, Partition, Record
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
_MAX_LINE_BYTES = 6 * MAX_RECORD_BYTES + 2**20
"""Of the largest record that is exported whole: each of its bytes may take six, as in \\u001b."""
_MAX_LINES_PER_POLL = 20_000
"""So that a shutdown does not wait while the known part of a long archive is skipped."""


class ArchiveSource:
    """The records of an archive, in the order of its lines; an `EventSource`.

    The file may be compressed (.gz), and may have grown since it was read last. It is identified by
    its first line, not by its path. A file that cannot be opened raises OSError.
    """

    def __init__(self, path: Path, max_records: int) -> None:
        self._path = path
        self._max_records = max_records
        self._file: ArchiveFile | None = None
        self._positions: dict[Partition, int] = {}
        self._unread: Iterator[Record | None] = iter(())
        self._failure: StreamError | None = None
        self._is_at_end = False
        self._was_sought = False
        self.records_read = 0
        """How many records were handed out since the last `seek`."""
        self._records_committed = 0

    @cached_property
    def stream_id(self) -> str:
        """The hash of the first line; that of an empty one where the file is empty."""
        return _stream_id(self._path)

    def needs_positions(self) -> bool:
        return not self._was_sought

    def seek(self, stored: StoredPositions) -> None:
        """Read the file from its beginning again, and skip the records below the positions."""
        self.close()
        if _stream_id(self._path) != self.stream_id:
            raise StreamError(
                f"{self._path} is another archive than when the command began.",
                "Its first line has changed: its positions would be those of another stream.",
                "Run the command again once nobody writes to the file.",
            )
        self._file = ArchiveFile(self._path)
        self._positions = dict(stored.positions)
        self._unread = _records_beyond(dict(stored.positions), self._path, self._file.lines())
        self._failure, self._is_at_end, self._was_sought = None, False, True
        self.records_read = self._records_committed = 0

    def poll(self, timeout_seconds: float) -> FetchedBatch | None:  # noqa: ARG002 - a file has no waiting
        """The next records; those before a line that cannot be read come before the error."""
        records = () if self._failure else self._read()
        if records:
            has_more = not (self._failure or self._is_at_end)
            ranges = tuple(self._advance(records))
            self.records_read += len(records)
            return FetchedBatch(records, ranges, has_more=has_more)
        if self._failure:
            raise self._failure
        return None

    def idle(self, seconds: float) -> None:
        time.sleep(seconds)

    def at_end(self) -> bool:
        """Whether the end of the file was reached without an error."""
        return self._is_at_end

    def ends_at_start(self) -> Mapping[Partition, int]:
        """Nothing: each worker reads the whole file, so `at_end` alone tells."""
        return {}

    def committed(self, offsets: Mapping[Partition, int]) -> None:
        """Note what is committed, for `fraction_applied`; the file need not know."""
        if all(self._positions.get(partition) == offset for partition, offset in offsets.items()):
            self._records_committed = self.records_read

    def close(self) -> None:
        """Close the file; `seek` opens it again."""
        if self._file is not None:
            self._file.close()

    def fraction_read(self) -> float:
        """How much of the file was read, from 0 to 1, by its bytes as they are stored."""
        return 0.0 if self._file is None else self._file.fraction_read()

    def fraction_applied(self) -> float:
        """How much of the file is applied, where to read it is half of the work."""
        is_read, records = self.fraction_read(), self.records_read
        return is_read * (1 + self._records_committed / records) / 2 if records else is_read

    def _read(self) -> tuple[Record, ...]:
        records: list[Record] = []
        size = lines = 0
        try:
            for record in islice(self._unread, _MAX_LINES_PER_POLL):
                lines += 1
                if record is not None:
                    records.append(record)
                    size += record.size
                if len(records) >= self._max_records or size >= MAX_FETCHED_BYTES:
                    return tuple(records)
            self._is_at_end = lines < _MAX_LINES_PER_POLL
        except StreamError as failure:
            self._failure = failure
        return tuple(records)

    def _advance(self, records: tuple[Record, ...]) -> Iterator[OffsetRange]:
        ends = {Partition(r.topic, r.partition): r.offset + 1 for r in records}
        for partition, end in ends.items():
            yield OffsetRange(partition, self._positions.get(partition, 0), end)
        self._positions |= ends


class ArchiveRangeReader:
    """Reads a range of an archive; a `RangeReader`. Times are looked up by the rule of Kafka.

    A file that cannot be opened raises OSError.
    """

    total_offsets = None

    def __init__(self, path: Path, selection: Range, max_records: int) -> None:
        self._path = path
        self._source = ArchiveSource(path, max_records)
        self._filter = RangeFilter(selection)
        self._next_offsets: dict[Partition, int] = {}
        self.stream_id = self._source.stream_id
        self.topic_ids: Mapping[str, str] = {}
        self.records_read = 0
        self.begin_offsets: dict[Partition, int] = {}
        self._positions: Mapping[Partition, int] = {}

    def check_positions(self, stored: StoredPositions) -> None:
        """Refuse, as it is read, a file that begins after a position or ends before it."""
        self._positions = stored.positions

    def batches(self) -> Iterator[FetchedBatch]:
        """From the first line of the file; what comes after the range is not read."""
        self._source.seek(StoredPositions({}))
        while not self._filter.is_over():
            batch = self._source.poll(0)
            records = tuple(filter(self._filter.has, batch.records)) if batch else ()
            if records:
                self.records_read += len(records)
                yield FetchedBatch(records, tuple(self._advance(records)))
            elif batch is None and self._source.at_end():
                check_end(self._next_offsets, self._positions, self._path)
                return

    def fraction_read(self) -> float:
        """How much of the file was read, by its bytes as they are stored."""
        return self._source.fraction_read()

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def _advance(self, records: tuple[Record, ...]) -> Iterator[OffsetRange]:
        for record in records:
            partition = Partition(record.topic, record.partition)
            if partition not in self.begin_offsets:
                self.begin_offsets[partition] = record.offset
                position = self._positions.get(partition, 0)
                check_beginning(record, position, str(self._path), self._path)
        ends = {Partition(r.topic, r.partition): r.offset + 1 for r in records}
        for partition, end in ends.items():
            begin = self._next_offsets.get(partition, self.begin_offsets[partition])
            yield OffsetRange(partition, begin, end)
        self._next_offsets |= ends


class ArchiveFile:
    """The lines of a file, one in memory at a time; gzip by its suffix or its first bytes.

    A file that cannot be opened raises OSError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        mode = path.stat().st_mode
        # What can be read only once would be empty after finding out which archive it is.
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise StreamError(
                f"{path} is not a file but a pipe or a device.",
                "An archive is opened more than once: first to identify it.",
                "Write it to a file, and name that.",
            )
        self._stored = path.open("rb")
        self._stored_bytes = os.fstat(self._stored.fileno()).st_size
        is_gzip = path.suffix.lower() == ".gz" or self._stored.peek(2).startswith(_GZIP_MAGIC)
        self._content = gzip.GzipFile(fileobj=self._stored) if is_gzip else self._stored
        self._fraction_read = 0.0

    def lines(self) -> Iterator[bytes]:
        """Each line with its ending; StreamError where one cannot be read."""
        number = 1
        while line := self._line(number):
            yield line
            number += 1

    def fraction_read(self) -> float:
        """How much of the stored bytes was read, from 0 to 1; also after `close`."""
        if not self._stored.closed and self._stored_bytes:
            self._fraction_read = min(1.0, self._stored.tell() / self._stored_bytes)
        return self._fraction_read

    def close(self) -> None:
        """Close the file."""
        self.fraction_read()
        self._content.close()
        self._stored.close()

    def _line(self, number: int) -> bytes:
        place = f"{self._path}, line {number}"
        try:
            line = self._content.readline(_MAX_LINE_BYTES + 1)
        except gzip.BadGzipFile as error:
            raise StreamError(
                f"{place}: not gzip, though the name ends in .gz: {error}.",
                "Every line before this one was read.",
                "Name a plain archive without .gz, or fetch the compressed one again.",
            ) from error
        except (EOFError, OSError, zlib.error) as error:
            raise StreamError(
                f"{place}: the file cannot be read any further: {error}.",
                "It is truncated or damaged; every line before this one was read.",
                "Fetch or export the archive again, and run the command again: it continues here.",
            ) from error
        if len(line) > _MAX_LINE_BYTES:
            raise StreamError(
                f"{place}: the line is longer than {_MAX_LINE_BYTES} bytes.",
                "Records of that size are not read; every line before this one was.",
                Remedy.EXPORT_AGAIN(),
            )
        return line


def _stream_id(path: Path) -> str:
    with closing(ArchiveFile(path)) as file:
        first = next(file.lines(), b"")
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
            check_beginning(record, position, f"{path}, line {number + 1}", path)
        elif record.offset < ends[partition]:
            raise StreamError(
                f"{path}, line {number + 1}: offset {record.offset} of "
                f"{record.topic}/{record.partition} comes after offset {ends[partition] - 1}.",
                "Offsets grow within a partition: these are two exports in one file.",
                "Keep each export in its own file, and read the files one by one.",
            )
        ends[partition] = record.offset + 1
        yield record if record.offset >= position else None
    check_end(ends, positions, path)


def _record(line: bytes, number: int, path: Path) -> Record:
    try:
        return record_of(line, number)
    except MalformedLineError as malformed:
        raise StreamError(
            f"{path}, line {number + 1}: not a record of an archive: {malformed}.",
            "Nothing after it was read; every line before it was.",
            "Correct that line, or export the stream again: one JSON object a line, as `kcat -J`.",
        ) from None


def check_beginning(record: Record, position: int, place: str, path: Path) -> None:
    """Raise StreamError where the first record of a partition comes after our position in it."""
    if record.offset > position > 0:
        raise StreamError(
            f"{place}: {record.topic}/{record.partition} begins at offset {record.offset}, "
            f"after our position {position}.",
            f"The {record.offset - position} offsets between are not in this archive.",
            Remedy.ADOPT_ARCHIVE(path=path),
        )


def check_end(
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
