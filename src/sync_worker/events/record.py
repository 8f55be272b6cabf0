"""A record: bytes with their address, as Kafka and an archive have them."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

Headers = tuple[tuple[str, bytes | None], ...]


class Partition(NamedTuple):
    """One ordered log of a stream."""

    topic: str
    partition: int


class Origin(NamedTuple):
    """The logs that records are read from: those of a stream, with the ids that its topics have.

    A topic that was created again has another id, and is another log. An archive has no ids.
    """

    stream: str
    topic_ids: Mapping[str, str] = {}

    def topic_id(self, topic: str) -> str:
        """The topic's id; empty where it has none."""
        return self.topic_ids.get(topic, "")


class Record(NamedTuple):
    """A record as it was read, byte for byte, with where it stands.

    `timestamp_ms` is milliseconds since 1970 in UTC, None where the record has none. A `value` of
    None is a tombstone.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int | None
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def address(self) -> tuple[str, int, int]:
        """Topic, partition and offset: where it stands in its stream."""
        return self.topic, self.partition, self.offset

    @property
    def digest(self) -> str:
        """SHA-256 of what it holds, wherever it stands, in hexadecimal.

        Tells it from another record at the same address: a log can be cut back and written on, and
        nothing else shows that of an archive.
        """
        headers = (part for name, value in self.headers for part in (name.encode(), value))
        timestamp = None if self.timestamp_ms is None else b"%d" % self.timestamp_ms
        return _digest((timestamp, self.key, self.value, *headers))

    @property
    def size(self) -> int:
        """Bytes of its key, its value, and its headers' values."""
        values = (self.key, self.value, *(value for _, value in self.headers))
        return sum(len(value) for value in values if value is not None)


def _digest(parts: Iterable[bytes | None]) -> str:
    """Each part with its length before it, so that none runs into the next."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"-" if part is None else b"%d:" % len(part))
        digest.update(part or b"")
    return digest.hexdigest()
