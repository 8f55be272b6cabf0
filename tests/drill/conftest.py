"""A Prometheus and a report for the whole drill; an operator with a stage for each incident."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drill.hastened import RULES, hastened
from tests.drill.operator import Operator
from tests.drill.report import PATH, Report
from tests.real.worker.staging import create_template, staged
from tests.real.worker.streams import REGISTERED, opening
from tests.services import finding
from tests.services.broker import Broker
from tests.services.postgres import PostgresServer
from tests.services.prometheus import Prometheus

_BY_DEFAULT = (
    "BATCH_MAX_RECORDS",
    "GUARD_MAX_PERCENT",
    "KAFKA_MAX_POLL_INTERVAL_MS",
    "KAFKA_SESSION_TIMEOUT_MS",
)
"""Settings that a stage has other values of than an operator who sets nothing."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks back at the incidents comes after them."""
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(scope="session")
def report() -> Iterator[Report]:
    """Printed, and kept."""
    made = Report(PATH)
    yield made
    made.write()


@pytest.fixture(scope="session")
def prometheus() -> Iterator[Prometheus]:
    """A real Prometheus with the alert rules, their durations shortened."""
    found = finding.prometheus(hastened(RULES.read_text()))
    yield found
    found.remove()


@pytest.fixture(scope="session")
def template(postgres: PostgresServer) -> str:
    """The name of a database with the schema and nothing in it."""
    return create_template(postgres)


@pytest.fixture
def operator(
    broker: Broker,
    postgres: PostgresServer,
    template: str,
    tmp_path: Path,
    prometheus: Prometheus,
    report: Report,
) -> Iterator[Operator]:
    """An operator of a registry with some clinics, with the settings that operators have."""
    with staged(broker.bootstrap, postgres, template, tmp_path) as stage:
        stage.settings |= dict.fromkeys(_BY_DEFAULT)
        stage.register(REGISTERED)
        stage.send_events(opening())
        yield Operator(stage, prometheus, report)
        prometheus.scrape([])
