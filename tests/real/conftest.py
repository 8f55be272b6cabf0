"""Fixtures of the tests on real parts."""

from collections.abc import Iterator

import pytest

from sync_worker.streams.kafka.settings import KafkaSettings
from sync_worker.streams.kafka.source import KafkaSource
from tests.real.kafka_parts import Cluster, Opened
from tests.services.broker import Broker, NativeBroker


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


@pytest.fixture
def guarded_cluster(broker: Broker) -> Iterator[Cluster]:
    """A cluster of its own that looks at rights, of topics for which somebody was given some."""
    if not isinstance(broker, NativeBroker):
        pytest.skip("wants a second broker of its own")
    guarded = NativeBroker(
        {
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "true",
        }
    )
    yield Cluster(guarded.bootstrap)
    guarded.remove()
