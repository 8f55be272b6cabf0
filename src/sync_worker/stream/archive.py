"""An archive file as a source of records: the log of a stream, written down (contract 2).

Reads one line at a time, and knows nothing of what the records say.
"""

import hashlib
import shlex
import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path

from sync_worker.events.record import Partition, Record
from sync_worker.stream.archive_file import ArchiveFile
from sync_worker.stream.archive_lines import MalformedLineError, record_of
from sync_worker.stream.source import BYTES_AT_ONCE, Batch, Bookmarks, Move, StreamError

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

    def wants_bookmarks(self) -> bool:
        """Whether nobody has said yet where to read on."""
        return not self._was_sought

    def seek(self, bookmarks: Bookmarks) -> None:
        """Read the file from its beginning again; what is below the positions is dropped."""
        self.close()
        self._refuse_another()
        self._file = ArchiveFile(self._path)
        self._positions = dict(bookmarks.positions)
        self._unread = _records_beyond(dict(bookmarks.positions), self._path, self._file.lines())
        self._failure, self._all_read, self._was_sought = None, False, True

    def poll(self, timeout_seconds: float) -> Batch | None:  # noqa: ARG002 - a file has no waiting
        """Read on; what was read before a bad line is handed out before it raises."""
        records = () if self._failure else self._gathered()
        if records:
            is_followed = not (self._failure or self._all_read)
            return Batch(records, tuple(self._moves(records)), is_followed=is_followed)
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

    def kept(self, reached: Mapping[Partition, int]) -> None:
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
                if len(records) >= self._max_records or size >= BYTES_AT_ONCE:
                    return tuple(records)
            self._all_read = lines < _MAX_LINES_A_POLL
        except StreamError as failure:
            self._failure = failure
        return tuple(records)

    def _moves(self, records: tuple[Record, ...]) -> Iterator[Move]:
        ends = {Partition(r.topic, r.partition): r.offset + 1 for r in records}
        for partition, end in ends.items():
            yield Move(partition, self._positions.get(partition, 0), end)
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
            _adopt(path),
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
                _adopt(path),
            )


def _adopt(path: Path) -> str:
    return (
        "Give the whole archive, or adopt this one as it is: "
        f"sync-worker positions reset --archive {shlex.quote(str(path))} --to earliest"
    )
