"""Kafka's batches of records, taken apart within bounded memory and with little work.

The client unpacks a batch whole, copies it several times, and makes two objects of each record.
Here a batch is unpacked piece by piece, and ordinary records are read directly. Whatever is damaged
or unusual is left to the client's own code, which decides what is an error. Of a record that is too
large only an excerpt is kept, while its value runs through a hash.
"""

import gzip
import io
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

import lz4.frame
import snappy
import zstandard
from kafka.record.default_records import DefaultRecord, DefaultRecordBatch
from kafka.record.memory_records import MemoryRecords
from kafka.record.util import decode_varint

from sync_worker.domain.tuples import new
from sync_worker.events.record import (
    HEADER_BYTES,
    KEPT_BYTES,
    MOST_BYTES,
    Excerpt,
    Headers,
    Record,
)

MOST_UNPACKED = 2**30
"""How far a batch is unpacked at the most. What lies beyond is set aside unread: nobody publishes
that much in one batch but by mistake, and it would take the worker longer than its group waits."""

_PIECE = 2**20
_LONGEST_VARINT = 10
_MOST_SHARED_BYTES = 1024
_V2 = 2
_NO_TIMESTAMP = -1
_UNREAD = Excerpt(b"", 0, None)


class _TooMuch(Exception):
    """The batch unpacks to more than is read."""


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

    __slots__ = ("_gone", "_has_given_up", "_rest", "_unread")

    def __init__(self, content: memoryview) -> None:
        super().__init__(content[: self.HEADER_STRUCT.size])
        is_small = len(content) <= _PIECE
        self._buffer: Any = bytes(content) if is_small else content
        self._rest: Reader | None = None
        self._unread = MOST_UNPACKED
        self._gone = 0
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
            plain = _plain(self._buffer, self._pos)
            if plain is None:
                record = next(self)
                yield record_of(topic, partition, record), record.size_in_bytes
                continue
            self._next_record_index += 1
            self._pos, size, delta, offset, key, value, headers = plain
            at: int | None = self.max_timestamp if is_log_append else self.first_timestamp + delta
            if at == _NO_TIMESTAMP:
                at = None
            held = topic, partition, base + offset, at, key, value, headers, is_log_append
            yield new(Record, held), size
        next(self, None)  # raises if bytes are left after the last record

    def _maybe_uncompress(self) -> None:
        if self._decompressed:
            return
        self._decompressed = True
        if self.compression_type:
            self._assert_has_codec(self.compression_type)
        elif isinstance(self._buffer, bytes):
            return  # small, and at hand
        self._rest = unpacked(self.compression_type, memoryview(self._buffer)[self._pos :])
        self._buffer, self._pos = b"", 0
        self._fill(_PIECE)

    def _read_msg(self) -> Any:  # type: ignore[override]
        if self._rest is None and not self._has_given_up:
            return super()._read_msg()
        try:
            return self._read_within_bounds()
        except _TooMuch:
            return self._give_up()

    def _read_within_bounds(self) -> Any:
        if self._has_given_up:
            raise _TooMuch
        self._fill(_LONGEST_VARINT)
        length, start = decode_varint(self._buffer, self._pos)
        if length > _PIECE:
            self._pos = start
            return self._large(length)
        self._fill(start - self._pos + length)
        return super()._read_msg()

    def _large(self, length: int) -> Any:
        """A record of more than a piece, field by field."""
        end = self._at + length
        self._varint()  # attributes, which nobody has given a meaning
        timestamp_ms = self._timestamp_ms(self._varint())
        offset = self.base_offset + self._varint()
        take = self._taken if length <= MOST_BYTES else self._excerpt
        key, value = self._content(take), self._content(take)
        headers: list[tuple[str, bytes | None]] = []
        if not self._has_given_up:
            count = self._varint()
            is_kept = length + count * HEADER_BYTES <= MOST_BYTES
            value = value if is_kept or value is None else _as_excerpt(value)
            headers = self._headers(count) if is_kept else self._first_headers(count)
            self._skip_to(end, is_at_its_end=is_kept)
        args = (length, offset, timestamp_ms, self.timestamp_type, key, value, headers)
        return DefaultRecord(*args)

    def _timestamp_ms(self, delta: int) -> int:
        if self.timestamp_type == self.LOG_APPEND_TIME:
            return int(self.max_timestamp)
        return int(self.first_timestamp) + delta

    def _content(self, take: Callable[[int], bytes]) -> bytes | None:
        if self._has_given_up:
            return _UNREAD  # not None: that would be a tombstone
        size = self._varint()
        return None if size < 0 else take(size)

    def _headers(self, count: int) -> list[tuple[str, bytes | None]]:
        return [
            (self._taken(self._varint()).decode("utf-8"), self._content(self._taken))
            for _ in range(count)
        ]

    def _first_headers(self, count: int) -> list[tuple[str, bytes | None]]:
        """Those that are kept of a record that is too large; the others are not even looked at."""
        headers: list[tuple[str, bytes | None]] = []
        left = KEPT_BYTES
        for _ in range(count):
            name, value = self._excerpt(self._varint()), self._content(self._excerpt)
            left -= HEADER_BYTES + len(name) + len(value or b"")
            if left < 0 or self._has_given_up:
                break
            headers.append((name.decode("utf-8"), None if value is None else bytes(value)))
        return headers

    def _skip_to(self, end: int, *, is_at_its_end: bool) -> None:
        if self._has_given_up:
            return
        if self._at > end or (is_at_its_end and self._at < end):
            raise UnreadableBatch("a record is not as long as it says itself")
        while self._at < end:
            self._taken(min(end - self._at, _PIECE))

    @property
    def _at(self) -> int:
        """How far the batch was read, unpacked."""
        return self._gone + int(self._pos)

    def _taken(self, size: int) -> bytes:
        if not 0 <= size <= MOST_BYTES:
            raise UnreadableBatch(f"a part of a record has {size} bytes, as it says itself")
        self._fill(size)
        taken: bytes = self._buffer[self._pos : self._pos + size]
        if len(taken) < size:
            raise UnreadableBatch("it ends in the middle of a record")
        self._pos += size
        return taken

    def _excerpt(self, size: int) -> Excerpt:
        digest, kept, left = sha256(), b"", size
        try:
            while left:
                piece = self._taken(min(left, _PIECE))
                digest.update(piece)
                kept += piece[: KEPT_BYTES - len(kept)]
                left -= len(piece)
        except _TooMuch:
            self._give_up()
            return Excerpt(kept, size, None)
        return Excerpt(kept, size, digest.hexdigest())

    def _varint(self) -> int:
        self._fill(_LONGEST_VARINT)
        number, self._pos = decode_varint(self._buffer, self._pos)
        return int(number)

    def _fill(self, wanted: int) -> None:
        """Have so many bytes at hand, or all that are left."""
        if self._rest is None or len(self._buffer) - self._pos >= wanted:
            return
        self._gone += self._pos
        pieces = [self._buffer[self._pos :]]
        missing = wanted - len(pieces[0])
        while missing > 0:
            piece = self._rest.read(_PIECE)
            if not piece:
                self._rest = None
                break
            self._unread -= len(piece)
            if self._unread < 0:
                raise _TooMuch
            pieces.append(piece)
            missing -= len(piece)
        self._buffer, self._pos = b"".join(pieces), 0

    def _give_up(self) -> Any:
        """The record that comes next, and all behind it, unread: they are counted, not seen."""
        self._has_given_up = True
        self._rest, self._buffer, self._pos = None, b"", 0
        offset = self.last_offset - (self.records_count - 1 - self._next_record_index)
        return DefaultRecord(0, offset, self.max_timestamp, self.timestamp_type, None, _UNREAD, [])


def _as_excerpt(value: bytes) -> Excerpt:
    return value if isinstance(value, Excerpt) else Excerpt.of(value)


def record_of(topic: str, partition: int, found: Any) -> Record:
    """The client's record as a `Record`, byte for byte."""
    timestamp_ms = None if found.timestamp == _NO_TIMESTAMP else found.timestamp
    is_log_append = found.timestamp_type == DefaultRecordBatch.LOG_APPEND_TIME
    content = found.key, found.value, tuple(found.headers)
    return Record(topic, partition, found.offset, timestamp_ms, *content, is_log_append)


class _PlainRecord(NamedTuple):
    """The fields of an ordinary record, relative to its batch; the next one begins at `end`."""

    end: int
    size: int
    timestamp_delta: int
    offset_delta: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def _plain(buffer: bytes, at: int) -> _PlainRecord | None:
    """The record that begins at `at`; None if it is damaged, unusual or not wholly in the buffer.

    It gives what the client would give, or None; a property test compares the two.
    """
    try:
        size, at = _varint(buffer, at)
        end = at + size
        if size > _PIECE or end > len(buffer) or buffer[at] > 0x7F:
            return None
        delta, at = _varint(buffer, at + 1)  # past the attributes, which have no meaning yet
        offset, at = _varint(buffer, at)
        length, at = _varint(buffer, at)
        key = None if length < 0 else buffer[at : at + length]
        length, at = _varint(buffer, at if key is None else at + length)
        value = None if length < 0 else buffer[at : at + length]
        rest = buffer[at if value is None else at + length : end]
        headers = _shared_headers(rest) if len(rest) <= _MOST_SHARED_BYTES else _headers(rest)
    except (IndexError, ValueError):
        return None
    plain: _PlainRecord = new(_PlainRecord, (end, size, delta, offset, key, value, headers))
    return plain


def _headers(content: bytes) -> Headers:
    """A record's headers; IndexError or ValueError if they are not exactly the whole content."""
    count, at = _varint(content, 0)
    headers = []
    for _ in range(count):
        length, at = _varint(content, at)
        name, at = content[at : at + length].decode("utf-8"), at + length
        size, at = _varint(content, at)
        headers.append((name, None if size < 0 else content[at : at + size]))
        at += max(size, 0)
        if length < 0 or at > len(content):
            raise ValueError
    if count < 0 or at != len(content):
        raise ValueError
    return tuple(headers)


# Nearly all records have the same headers: they are read once, and are in memory once.
_shared_headers = lru_cache(maxsize=64)(_headers)


def _varint(buffer: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where it ends. Nearly all have one or two bytes."""
    first = buffer[at]
    if first < 0x80:
        return (first >> 1) ^ -(first & 1), at + 1
    second = buffer[at + 1]
    if second < 0x80:
        return ((first & 0x7F | second << 7) >> 1) ^ -(first & 1), at + 2
    number, end = decode_varint(buffer, at)
    return number, end


# The bytes of a compressed batch of records, unpacked piece by piece and no further than wanted.
# Kafka's client unpacks a batch as a whole, and a batch of 20 kB can hold 500 MB.


_GZIP, _SNAPPY, _LZ4, _ZSTD = 1, 2, 3, 4
_XERIAL_MAGIC = b"\x82SNAPPY\x00"
_XERIAL_HEADER = 16
_MOST_IN_A_BLOCK = 128 * 2**20
"""Snappy unpacks a block as a whole; xerial's blocks have 32 KiB, but a batch may be one block."""


class Reader(Protocol):
    """Gives bytes, one piece after the other."""

    def read(self, size: int, /) -> bytes:
        """So many bytes at the most; none at the end."""


class UnreadableBatch(ValueError):
    """What a batch holds is not what its compression says, or cannot be unpacked in pieces."""


def unpacked(compression: int, packed: memoryview) -> Reader:
    """What a batch of a compression holds, by the number that Kafka gives compressions.

    Reading raises UnreadableBatch where it is damaged.
    """
    return _Guarded(_READERS.get(compression, _Plain)(packed))


class _Guarded:
    """A reader with one error for the many that the libraries raise."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def read(self, size: int, /) -> bytes:
        try:
            return self._reader.read(size)
        except _FAILURES as error:
            raise UnreadableBatch(f"{type(error).__name__}: {error}") from error


class _Plain:
    def __init__(self, content: memoryview) -> None:
        self._content = content

    def read(self, size: int, /) -> bytes:
        piece, self._content = self._content[:size], self._content[size:]
        return piece.tobytes()


class _Pieces:
    """A reader of pieces as they come."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        while not self._piece:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._piece = memoryview(piece)
        taken, self._piece = self._piece[:size], self._piece[size:]
        return taken.tobytes()


def _gzip(packed: memoryview) -> Reader:
    return gzip.GzipFile(fileobj=io.BytesIO(packed))


def _lz4(packed: memoryview) -> Reader:
    reader: Reader = lz4.frame.LZ4FrameFile(io.BytesIO(packed))
    return reader


def _zstd(packed: memoryview) -> Reader:
    reader: Reader = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
    return reader


def _snappy(packed: memoryview) -> Reader:
    return _Pieces(_snappy_pieces(packed))


def _snappy_pieces(packed: memoryview) -> Iterator[bytes]:
    """Of xerial's blocks, as Java's producers write them, or of one block without a header."""
    if len(packed) <= _XERIAL_HEADER or packed[: len(_XERIAL_MAGIC)] != _XERIAL_MAGIC:
        yield _snappy_block(packed)
        return
    at = _XERIAL_HEADER
    while at < len(packed):
        (size,) = struct.unpack_from("!i", packed, at)
        at += 4
        yield _snappy_block(packed[at : at + size])
        at += size


def _snappy_block(block: memoryview) -> bytes:
    """A block says at its beginning how many bytes it holds, seven bits a byte."""
    size = 0
    for place, byte in enumerate(block[:5]):
        size |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            break
    if size > _MOST_IN_A_BLOCK:
        raise UnreadableBatch(f"a block of snappy holds {size} bytes, and has to be read whole")
    return bytes(snappy.uncompress(block.tobytes()))


_FAILURES = (
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
    zstandard.ZstdError,
    snappy.UncompressError,
)
_READERS: Mapping[int, Callable[[memoryview], Reader]] = {
    _GZIP: _gzip,
    _SNAPPY: _snappy,
    _LZ4: _lz4,
    _ZSTD: _zstd,
}
