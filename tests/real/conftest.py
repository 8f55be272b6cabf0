"""Fixtures of the tests on real parts."""

from collections.abc import Callable, Iterator

import pytest

from sync_worker.stream.kafka import KafkaSource
from sync_worker.stream.kafka_settings import KafkaSettings
from tests.real.kafka_parts import Cluster
from tests.services.broker import Broker

Opened = Callable[[KafkaSettings], KafkaSource]


@pytest.fixture
def cluster(broker: Broker) -> Cluster:
    return Cluster(broker.bootstrap)


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Opens sources, and closes what the test leaves open."""
    sources: list[KafkaSource] = []

    def open_source(settings: KafkaSettings) -> KafkaSource:
        sources.append(KafkaSource(settings))
        return sources[-1]

    yield open_source
    for source in sources:
        source.close()
