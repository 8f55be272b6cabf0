"""A record: bytes with their address, as Kafka and an archive have them."""

from typing import NamedTuple

Headers = tuple[tuple[str, bytes | None], ...]


class Partition(NamedTuple):
    """One ordered log of a stream."""

    topic: str
    partition: int


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
    def size(self) -> int:
        """Bytes of its key, its value, and its headers' values."""
        values = (self.key, self.value, *(value for _, value in self.headers))
        return sum(len(value) for value in values if value is not None)
