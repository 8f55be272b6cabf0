"""Kafka's own admin client, for as long as it is needed."""

from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaAdminClient


@contextmanager
def administering(bootstrap: str) -> Iterator[KafkaAdminClient]:
    """An admin client of the brokers at an address, closed at the end."""
    client = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        yield client
    finally:
        client.close()
