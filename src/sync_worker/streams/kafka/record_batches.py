"""Kafka's batches of records, unpacked within bounded memory and with little work.

The client unpacks a batch whole, copies it several times, and makes two objects of each record.
Here a batch is unpacked chunk by chunk, and ordinary records are read directly. Whatever is damaged
or unusual is left to the client's own code, which decides what is an error. Of a record that is too
large only an excerpt is kept, while its value runs through a hash.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from kafka.record.default_records import DefaultRecord, DefaultRecordBatch
from kafka.record.memory_records import MemoryRecords
from kafka.record.util import decode_varint

from sync_worker.domain.tuples import new
from sync_worker.events.record import (
    EXCERPT_BYTES,
    HEADER_OVERHEAD_BYTES,
    MAX_RECORD_BYTES,
    Excerpt,
    Headers,
    Record,
)
from sync_worker.streams.kafka.decompression import Reader, UnreadableBatch, decompressed

MAX_UNPACKED_BYTES = 2**30
"""The most of a batch that is unpacked; records beyond it are dead-lettered unread.

Nobody publishes that much in one batch on purpose, and unpacking it would take longer than the
group waits for a poll.
"""

_CHUNK_BYTES = 2**20
_MAX_VARINT_BYTES = 10
_MAX_SHARED_HEADER_BYTES = 1024
_V2 = 2
_NO_TIMESTAMP = -1
_UNREAD = Excerpt(b"", 0, None)


class _UnpackLimitExceeded(Exception):
    """The batch holds more than is unpacked."""


class BoundedRecords(MemoryRecords):
    """The batches of one fetch, each read as `BoundedBatch`."""

    __slots__ = ()

    def next_batch(self) -> Any:  # type: ignore[override]  # of its own parameters
        content = self._next_slice
        if content is None or content[self.MAGIC_OFFSET] != _V2:
            return super().next_batch()
        self._cache_next()
        return BoundedBatch(content)


class BoundedBatch(DefaultRecordBatch):
    """A batch that is never in memory as a whole, unless it is small."""

    __slots__ = ("_discarded_bytes", "_has_given_up", "_left_bytes", "_reader")

    def __init__(self, content: memoryview) -> None:
        super().__init__(content[: self.HEADER_STRUCT.size])
        is_small = len(content) <= _CHUNK_BYTES
        self._buffer: Any = bytes(content) if is_small else content
        self._reader: Reader | None = None
        self._left_bytes = MAX_UNPACKED_BYTES
        self._discarded_bytes = 0
        self._has_given_up = False

    def __iter__(self) -> Any:
        """To the client's fetcher, the batch looks like one record whose value is the batch.

        So the fetcher handles checksums, transactions and control batches, and hands over each
        batch that is to be read, for `records` to take apart.
        """
        timestamp = self.first_timestamp, self.timestamp_type
        return iter([DefaultRecord(0, self.base_offset - 1, *timestamp, None, (self,), [])])

    def records(self, topic: str, partition: int) -> Iterator[tuple[Record, int]]:
        """The records, each with its size in the batch in bytes.

        Raises:
            CorruptRecordError, UnreadableBatch: the batch is damaged.
        """
        self._maybe_uncompress()
        base, is_log_append = self.base_offset, self.timestamp_type == self.LOG_APPEND_TIME
        for _ in range(self.records_count):
            ordinary = _ordinary_record(self._buffer, self._pos)
            if ordinary is None:
                record = next(self)
                yield record_of(topic, partition, record), record.size_in_bytes
                continue
            self._next_record_index += 1
            self._pos, size, delta, offset, key, value, headers = ordinary
            time: int | None = self.max_timestamp if is_log_append else self.first_timestamp + delta
            if time == _NO_TIMESTAMP:
                time = None
            fields = topic, partition, base + offset, time, key, value, headers, is_log_append
            yield new(Record, fields), size
        next(self, None)  # raises if bytes are left after the last record

    def _maybe_uncompress(self) -> None:
        if self._decompressed:
            return
        self._decompressed = True
        if self.compression_type:
            self._assert_has_codec(self.compression_type)
        elif isinstance(self._buffer, bytes):
            return  # small, and in memory
        self._reader = decompressed(self.compression_type, memoryview(self._buffer)[self._pos :])
        self._buffer, self._pos = b"", 0
        self._fill(_CHUNK_BYTES)

    def _read_msg(self) -> Any:  # type: ignore[override]
        if self._reader is None and not self._has_given_up:
            return super()._read_msg()
        try:
            return self._read_within_bounds()
        except _UnpackLimitExceeded:
            return self._give_up()

    def _read_within_bounds(self) -> Any:
        if self._has_given_up:
            raise _UnpackLimitExceeded
        self._fill(_MAX_VARINT_BYTES)
        length, start = decode_varint(self._buffer, self._pos)
        if length > _CHUNK_BYTES:
            self._pos = start
            return self._read_large_record(length)
        self._fill(start - self._pos + length)
        return super()._read_msg()

    def _read_large_record(self, length: int) -> Any:
        """A record of more than a chunk, field by field."""
        end = self._bytes_read + length
        self._take_varint()  # the attributes, which have no meaning yet
        timestamp_ms = self.first_timestamp + self._take_varint()
        if self.timestamp_type == self.LOG_APPEND_TIME:
            timestamp_ms = self.max_timestamp
        offset = self.base_offset + self._take_varint()
        take = self._take if length <= MAX_RECORD_BYTES else self._take_excerpt
        key, value = self._take_content(take), self._take_content(take)
        headers: list[tuple[str, bytes | None]] = []
        if not self._has_given_up:
            count = self._take_varint()
            is_kept = length + count * HEADER_OVERHEAD_BYTES <= MAX_RECORD_BYTES
            if value is not None and not is_kept and not isinstance(value, Excerpt):
                value = Excerpt.of(value)
            headers = self._take_headers(count) if is_kept else self._take_first_headers(count)
            self._skip_to(end, is_at_its_end=is_kept)
        args = (length, offset, timestamp_ms, self.timestamp_type, key, value, headers)
        return DefaultRecord(*args)

    def _take_content(self, take: Callable[[int], bytes]) -> bytes | None:
        if self._has_given_up:
            return _UNREAD  # not None: that would be a tombstone
        size = self._take_varint()
        return None if size < 0 else take(size)

    def _take_headers(self, count: int) -> list[tuple[str, bytes | None]]:
        return [
            (self._take(self._take_varint()).decode("utf-8"), self._take_content(self._take))
            for _ in range(count)
        ]

    def _take_first_headers(self, count: int) -> list[tuple[str, bytes | None]]:
        """Those that are kept of a record that is too large; the others are not read."""
        headers: list[tuple[str, bytes | None]] = []
        left = EXCERPT_BYTES
        for _ in range(count):
            name = self._take_excerpt(self._take_varint())
            value = self._take_content(self._take_excerpt)
            left -= HEADER_OVERHEAD_BYTES + len(name) + len(value or b"")
            if left < 0 or self._has_given_up:
                break
            headers.append((name.decode("utf-8"), None if value is None else bytes(value)))
        return headers

    def _skip_to(self, end: int, *, is_at_its_end: bool) -> None:
        if self._has_given_up:
            return
        if self._bytes_read > end or (is_at_its_end and self._bytes_read < end):
            raise UnreadableBatch("the length of a record is wrong")
        while self._bytes_read < end:
            self._take(min(end - self._bytes_read, _CHUNK_BYTES))

    @property
    def _bytes_read(self) -> int:
        """How many bytes of the unpacked batch were read."""
        return self._discarded_bytes + int(self._pos)

    def _take(self, size: int) -> bytes:
        if not 0 <= size <= MAX_RECORD_BYTES:
            raise UnreadableBatch(f"a field of a record claims to have {size} bytes")
        self._fill(size)
        taken: bytes = self._buffer[self._pos : self._pos + size]
        if len(taken) < size:
            raise UnreadableBatch("it ends in the middle of a record")
        self._pos += size
        return taken

    def _take_excerpt(self, size: int) -> Excerpt:
        digest, kept, left = sha256(), b"", size
        try:
            while left:
                chunk = self._take(min(left, _CHUNK_BYTES))
                digest.update(chunk)
                kept += chunk[: EXCERPT_BYTES - len(kept)]
                left -= len(chunk)
        except _UnpackLimitExceeded:
            self._give_up()
            return Excerpt(kept, size, None)
        return Excerpt(kept, size, digest.hexdigest())

    def _take_varint(self) -> int:
        self._fill(_MAX_VARINT_BYTES)
        number, self._pos = decode_varint(self._buffer, self._pos)
        return int(number)

    def _fill(self, size: int) -> None:
        """Have so many bytes in the buffer, or all that are left."""
        if self._reader is None or len(self._buffer) - self._pos >= size:
            return
        self._discarded_bytes += self._pos
        chunks = [self._buffer[self._pos :]]
        missing = size - len(chunks[0])
        while missing > 0:
            chunk = self._reader.read(_CHUNK_BYTES)
            if not chunk:
                self._reader = None
                break
            self._left_bytes -= len(chunk)
            if self._left_bytes < 0:
                raise _UnpackLimitExceeded
            chunks.append(chunk)
            missing -= len(chunk)
        self._buffer, self._pos = b"".join(chunks), 0

    def _give_up(self) -> Any:
        """The next record without its content; so are all after it, which are counted, not read."""
        self._has_given_up = True
        self._reader, self._buffer, self._pos = None, b"", 0
        offset = self.last_offset - (self.records_count - 1 - self._next_record_index)
        return DefaultRecord(0, offset, self.max_timestamp, self.timestamp_type, None, _UNREAD, [])


def record_of(topic: str, partition: int, record: Any) -> Record:
    """The client's record as a `Record`, byte for byte."""
    timestamp_ms = None if record.timestamp == _NO_TIMESTAMP else record.timestamp
    is_log_append = record.timestamp_type == DefaultRecordBatch.LOG_APPEND_TIME
    content = record.key, record.value, tuple(record.headers)
    return Record(topic, partition, record.offset, timestamp_ms, *content, is_log_append)


class _OrdinaryRecord(NamedTuple):
    """The fields of an ordinary record, relative to its batch; the next one begins at `end`."""

    end: int
    size: int
    timestamp_delta: int
    offset_delta: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def _ordinary_record(buffer: bytes, index: int) -> _OrdinaryRecord | None:
    """The record that begins at `index`; None if it is damaged, unusual or not all in the buffer.

    It gives what the client would give, or None; a property test compares the two.
    """
    try:
        size, index = _varint(buffer, index)
        end = index + size
        if size > _CHUNK_BYTES or end > len(buffer) or buffer[index] > 0x7F:
            return None
        delta, index = _varint(buffer, index + 1)  # past the attributes, which have no meaning yet
        offset, index = _varint(buffer, index)
        length, index = _varint(buffer, index)
        key = None if length < 0 else buffer[index : index + length]
        length, index = _varint(buffer, index if key is None else index + length)
        value = None if length < 0 else buffer[index : index + length]
        rest = buffer[index if value is None else index + length : end]
        headers = _shared_headers(rest) if len(rest) <= _MAX_SHARED_HEADER_BYTES else _headers(rest)
    except (IndexError, ValueError):
        return None
    ordinary: _OrdinaryRecord = new(
        _OrdinaryRecord, (end, size, delta, offset, key, value, headers)
    )
    return ordinary


def _headers(content: bytes) -> Headers:
    """A record's headers; IndexError or ValueError if they are not exactly the whole content."""
    count, index = _varint(content, 0)
    headers = []
    for _ in range(count):
        length, index = _varint(content, index)
        name, index = content[index : index + length].decode("utf-8"), index + length
        size, index = _varint(content, index)
        headers.append((name, None if size < 0 else content[index : index + size]))
        index += max(size, 0)
        if length < 0 or index > len(content):
            raise ValueError
    if count < 0 or index != len(content):
        raise ValueError
    return tuple(headers)


# Nearly all records have the same headers: they are read once, and are in memory once.
_shared_headers = lru_cache(maxsize=64)(_headers)


def _varint(buffer: bytes, index: int) -> tuple[int, int]:
    """The number at `index`, and where it ends. Nearly all have one or two bytes."""
    first = buffer[index]
    if first < 0x80:
        return (first >> 1) ^ -(first & 1), index + 1
    second = buffer[index + 1]
    if second < 0x80:
        return ((first & 0x7F | second << 7) >> 1) ^ -(first & 1), index + 2
    number, end = decode_varint(buffer, index)
    return number, end
