"""Decompresses a batch of records chunk by chunk, and no further than it is read.

The client decompresses a batch as a whole, and a batch of 20 kB can hold 500 MB.
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

_XERIAL_MAGIC = b"\x82SNAPPY\x00"
_XERIAL_HEADER_BYTES = 16
_MAX_SNAPPY_BLOCK_BYTES = 128 * 2**20
"""A block is decompressed as a whole. Those of xerial have 32 KiB, but a batch may be one block."""


class Reader(Protocol):
    """Reads bytes, one chunk after the other."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


class UnreadableBatch(ValueError):
    """A batch is damaged, or cannot be decompressed in chunks."""


def decompressed(compression: int, content: memoryview) -> Reader:
    """The content of a batch, by the number that Kafka gives its compression (0 is none).

    Reading raises UnreadableBatch where it is damaged.
    """
    return _ErrorTranslator(_READERS.get(compression, _Uncompressed)(content))


class _ErrorTranslator:
    """Raises one error for the many that the libraries raise."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def read(self, size: int, /) -> bytes:
        try:
            return self._reader.read(size)
        except _LIBRARY_ERRORS as error:
            raise UnreadableBatch(f"{type(error).__name__}: {error}") from error


class _Uncompressed:
    def __init__(self, content: memoryview) -> None:
        self._content = content

    def read(self, size: int, /) -> bytes:
        chunk, self._content = self._content[:size], self._content[size:]
        return chunk.tobytes()


class _Snappy:
    def __init__(self, content: memoryview) -> None:
        self._blocks = _snappy_blocks(content)
        self._block = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        while not self._block:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._block = memoryview(block)
        chunk, self._block = self._block[:size], self._block[size:]
        return chunk.tobytes()


def _snappy_blocks(content: memoryview) -> Iterator[bytes]:
    """The blocks of xerial's framing, as Java's producers use it, or a single one without it."""
    if len(content) <= _XERIAL_HEADER_BYTES or content[: len(_XERIAL_MAGIC)] != _XERIAL_MAGIC:
        yield _snappy_block(content)
        return
    start = _XERIAL_HEADER_BYTES
    while start < len(content):
        (size,) = struct.unpack_from("!i", content, start)
        start += 4
        yield _snappy_block(content[start : start + size])
        start += size


def _snappy_block(block: memoryview) -> bytes:
    # A block begins with its decompressed size, seven bits in each byte.
    size = 0
    for index, byte in enumerate(block[:5]):
        size |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            break
    if size > _MAX_SNAPPY_BLOCK_BYTES:
        raise UnreadableBatch(f"a block of snappy holds {size} bytes, and has to be read whole")
    return bytes(snappy.uncompress(block.tobytes()))


_LIBRARY_ERRORS = (
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
    1: lambda content: gzip.GzipFile(fileobj=io.BytesIO(content)),
    2: _Snappy,
    3: lambda content: lz4.frame.LZ4FrameFile(io.BytesIO(content)),
    4: lambda content: zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True),
}
