"""A stage for as long as a test takes, on whatever brokers and server it is given."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.harness.command import INSTALLED
from tests.real.worker.stage import Stage
from tests.services.postgres import PostgresServer, create_database, drop_database


def create_template(postgres: PostgresServer) -> str:
    """Create a database with the schema and nothing in it, and give its name."""
    name = f"template_{uuid4().hex[:8]}"
    url = create_database(postgres.url, name)
    environment = os.environ | {"SYNC_WORKER_DATABASE_URL": url}
    subprocess.run([INSTALLED, "db", "upgrade"], env=environment, check=True, timeout=60)
    return name


@contextmanager
def staged(
    bootstrap: str, postgres: PostgresServer, template: str, folder: Path, replicas: int = 1
) -> Iterator[Stage]:
    """Topics, a group and a database; whatever runs in it is ended before that is dropped."""
    name = f"stage_{uuid4().hex[:8]}"
    with psycopg.connect(postgres.url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    url = postgres.url.rpartition("/")[0] + f"/{name}"
    made = Stage(folder, bootstrap, url, replicas=replicas)
    try:
        made.create_topics()
        yield made
    finally:
        made.end_all()
        postgres.restore()
        drop_database(postgres.url, name)
