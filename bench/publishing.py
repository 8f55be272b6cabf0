"""How the events of a bench get into its topics."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4
from zlib import crc32

from kafka import KafkaProducer
from tests import builders

from bench.stream import Event

Address = tuple[str, int, int]
"""Topic, partition and offset of a record."""

PARTITIONS = 6


@dataclass(frozen=True, slots=True)
class Topics:
    """The two topics of one stream of events."""

    activation: str
    region: str

    @classmethod
    def named(cls, purpose: str) -> "Topics":
        """Names of their own: a broker that was given may hold those of an earlier bench."""
        mark = f"bench-{purpose}-{uuid4().hex[:8]}"
        return cls(f"{mark}.activation", f"{mark}.region")

    @property
    def names(self) -> tuple[str, str]:
        return self.activation, self.region


def send(producer: KafkaProducer, topics: Topics, event: Event) -> Any:
    """Send an event, each clinic's to one partition number of both topics; the client's future."""
    record = builders.record(event)
    is_move = record.topic == builders.REGION
    return producer.send(
        topics.region if is_move else topics.activation,
        record.value,
        record.key,
        list(record.headers),
        partition=crc32(record.key or b"") % PARTITIONS,
    )
