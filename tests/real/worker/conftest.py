"""A stage for each test: topics, group and database of its own on the run's broker and server."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.real.worker.proxy import Proxy
from tests.real.worker.stage import Stage
from tests.real.worker.staging import create_template, staged
from tests.real.worker.streams import REGISTERED, opening
from tests.services.broker import Broker
from tests.services.postgres import PostgresServer


@pytest.fixture(scope="session")
def template(postgres: PostgresServer) -> str:
    """The name of a database with the schema and nothing in it."""
    return create_template(postgres)


@pytest.fixture
def stage(
    broker: Broker, postgres: PostgresServer, template: str, tmp_path: Path
) -> Iterator[Stage]:
    """The worker's surroundings."""
    with staged(broker.bootstrap, postgres, template, tmp_path) as made:
        yield made


@pytest.fixture
def opened(stage: Stage) -> Stage:
    """The stage, some clinics registered, and the first events of all of them yet to be read."""
    stage.register(REGISTERED)
    stage.send_events(opening())
    return stage


@pytest.fixture
def proxy(stage: Stage) -> Iterator[Proxy]:
    """A way to the stage's database that can be broken."""
    address = psycopg.conninfo.conninfo_to_dict(stage.database_url)
    with Proxy(str(address["host"]), int(str(address["port"]))) as made:
        yield made
