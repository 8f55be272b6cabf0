"""A range of an archive, by the rule that Kafka looks times up by."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from sync_worker.events.record import Partition, Record
from sync_worker.stream.archive import ArchiveSource, refuse_early_end, refuse_late_beginning
from sync_worker.stream.ranges import Range, Window
from sync_worker.stream.source import Batch, Bookmarks, Move


class ArchiveRange:
    """Reads a range of one archive; a `RangeReader`.

    One that cannot be opened raises OSError.
    """

    total = None

    def __init__(self, path: Path, wanted: Range, max_records: int) -> None:
        self._path = path
        self._source = ArchiveSource(path, max_records)
        self._window = Window(wanted)
        self._reached: dict[Partition, int] = {}
        self.stream_id = self._source.stream_id
        self.topic_ids: Mapping[str, str] = {}
        self.read = 0
        self.begins: dict[Partition, int] = {}
        self._positions: Mapping[Partition, int] | None = None

    def fit(self, bookmarks: Bookmarks) -> None:
        """Refuse, as it is read, a file that begins after a position or ends before it."""
        self._positions = bookmarks.positions

    def batches(self) -> Iterator[Batch]:
        """From the file's first line on; what lies behind the range is not read."""
        self._source.seek(Bookmarks({}))
        while not self._window.is_over():
            found = self._source.poll(0)
            records = tuple(filter(self._window.has, found.records)) if found else ()
            if records:
                self.read += len(records)
                yield Batch(records, tuple(self._moves(records)))
            elif found is None and self._source.at_end():
                refuse_early_end(self._reached, self._positions or {}, self._path)
                return

    def fraction_read(self) -> float:
        """How much of the file was read, by its bytes as they are stored."""
        return self._source.fraction_read()

    def close(self) -> None:
        """Let go of the file."""
        self._source.close()

    def _moves(self, records: tuple[Record, ...]) -> Iterator[Move]:
        for record in records:
            partition = Partition(record.topic, record.partition)
            if partition not in self.begins:
                self.begins[partition] = record.offset
                position = (self._positions or {}).get(partition, 0)
                refuse_late_beginning(record, position, str(self._path), self._path)
        ends = {Partition(r.topic, r.partition): r.offset + 1 for r in records}
        for partition, end in ends.items():
            yield Move(partition, self._reached.get(partition, self.begins[partition]), end)
        self._reached |= ends
