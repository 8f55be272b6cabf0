"""A stage for each test: topics, group and database of its own on the run's broker and server."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.harness.command import INSTALLED
from tests.real.worker.proxy import Proxy
from tests.real.worker.stage import Stage
from tests.real.worker.streams import REGISTERED, opening
from tests.services.broker import Broker
from tests.services.postgres import PostgresServer, create_database, drop_database


@pytest.fixture(scope="session")
def template(postgres: PostgresServer) -> str:
    """The name of a database with the schema and nothing in it."""
    name = f"template_{uuid4().hex[:8]}"
    url = create_database(postgres.url, name)
    environment = os.environ | {"SYNC_WORKER_DATABASE_URL": url}
    subprocess.run([INSTALLED, "db", "upgrade"], env=environment, check=True, timeout=60)
    return name


@pytest.fixture
def stage(
    broker: Broker, postgres: PostgresServer, template: str, tmp_path: Path
) -> Iterator[Stage]:
    """The worker's surroundings; whatever runs in it is ended, before the database is dropped."""
    name = f"stage_{uuid4().hex[:8]}"
    with psycopg.connect(postgres.url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    made = Stage(tmp_path, broker.bootstrap, postgres.url.rpartition("/")[0] + f"/{name}")
    try:
        made.create_topics()
        yield made
    finally:
        made.end_all()
        postgres.restore()
        drop_database(postgres.url, name)


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
