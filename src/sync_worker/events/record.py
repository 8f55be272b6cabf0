"""A record: topic, partition and offset, and the bytes that Kafka or an archive has there."""

from collections.abc import Mapping
from hashlib import sha256
from itertools import accumulate
from typing import NamedTuple

Headers = tuple[tuple[str, bytes | None], ...]

MAX_RECORD_BYTES = 16 * 2**20
"""Of a larger record, unpacked, only an excerpt is kept (contract 1)."""
EXCERPT_BYTES = 64 * 2**10
"""What is kept of the value of such a record, and the same of its key and of its headers."""
HEADER_OVERHEAD_BYTES = 64
"""What a header takes in memory in addition to its name and value."""


class Excerpt(bytes):
    """The first bytes of a value whose record was too large.

    `size` is that of the whole value in bytes, `sha256` the hash of the whole value in hexadecimal,
    None if the value was not read to its end. Without a hash, a size of 0 means an unknown size.
    """

    size: int
    sha256: str | None

    def __new__(cls, kept: bytes, size: int, sha256_hex: str | None) -> "Excerpt":
        excerpt = super().__new__(cls, kept)
        excerpt.size, excerpt.sha256 = size, sha256_hex
        return excerpt

    @property
    def whole(self) -> bytes:
        """What tells the whole value from another one with the same beginning."""
        return f"{self.size} {self.sha256}".encode()

    @classmethod
    def of(cls, whole: bytes) -> "Excerpt":
        """The excerpt of a value."""
        return cls(whole[:EXCERPT_BYTES], len(whole), sha256(whole).hexdigest())


Address = tuple[str, int, int]
"""Topic, partition and offset of a record: where it stands in its stream."""


class Partition(NamedTuple):
    """One ordered log of a stream."""

    topic: str
    partition: int


class Origin(NamedTuple):
    """The stream that records are read from, with the ids of its topics.

    A topic that was deleted and created again has another id, and is another log. The topics of an
    archive have no ids.
    """

    stream: str
    topic_ids: Mapping[str, str] = {}

    def topic_id(self, topic: str) -> str:
        """The topic's id; empty if it has none."""
        return self.topic_ids.get(topic, "")


class Record(NamedTuple):
    """A record as it was read, byte for byte.

    `timestamp_ms` is in milliseconds since 1970 in UTC, None if the record has none. With
    `is_log_append_time` the broker set it when the record was written, else the producer. A `value`
    of None is a tombstone; an `Excerpt` is what is kept of a record that is too large.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int | None
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    is_log_append_time: bool = False

    @property
    def address(self) -> Address:
        """Topic, partition and offset."""
        return self.topic, self.partition, self.offset

    @property
    def digest(self) -> str:
        """SHA-256 of its contents, in hexadecimal.

        Tells it from another record at the same address: a log can be truncated and written again,
        and in an archive nothing else shows that.
        """
        headers = (part for name, value in self.headers for part in (name.encode(), value))
        timestamp = None if self.timestamp_ms is None else b"%d" % self.timestamp_ms
        whole = (self.value.whole,) if isinstance(self.value, Excerpt) else ()
        digest = sha256()
        for part in (timestamp, self.key, self.value, *headers, *whole):
            # Its length comes first, so that no two lists of parts look the same.
            digest.update(b"-" if part is None else b"%d:" % len(part))
            digest.update(part or b"")
        return digest.hexdigest()

    @property
    def size(self) -> int:
        """Bytes of its key, its value and its headers, roughly as they are in memory."""
        contents = sum(len(part) for part in (self.key, self.value) if part is not None)
        return contents + sum(map(_header_size, self.headers))


def bounded(record: Record) -> Record:
    """The record, or what is kept of it if it is too large."""
    if record.size <= MAX_RECORD_BYTES:
        return record
    value = record.value
    sizes = accumulate(map(_header_size, record.headers))
    fitting = sum(size <= EXCERPT_BYTES for size in sizes)
    return record._replace(
        key=None if record.key is None else record.key[:EXCERPT_BYTES],
        value=None if value is None else Excerpt.of(value),
        headers=record.headers[:fitting],
    )


def _header_size(header: tuple[str, bytes | None]) -> int:
    name, value = header
    return HEADER_OVERHEAD_BYTES + len(name) + (0 if value is None else len(value))
