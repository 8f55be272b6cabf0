"""The bytes of a compressed batch of records, unpacked piece by piece and no further than wanted.

Kafka's client unpacks a batch as a whole, and a batch of 20 kB can hold 500 MB.
"""

import gzip
import io
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import lz4.frame
import snappy
import zstandard

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
