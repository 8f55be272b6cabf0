"""A registry with a bit of everything in it, and for each role a user who logs in to copies."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from sync_worker.cli.main import run
from sync_worker.registry import roles
from tests.real.roles.world import BOARD, HELD, REGISTERED, Users, copy_of, settings, stream
from tests.services.postgres import PostgresServer, create_database, drop_database


@pytest.fixture(scope="session")
def users(postgres: PostgresServer) -> Iterator[Users]:
    suffix = uuid4().hex[:8]
    names = {role: f"{role}_user_{suffix}" for role in roles.ROLES}
    yield Users(postgres.url, names)
    with psycopg.connect(postgres.url, autocommit=True) as server:
        for name in names.values():
            server.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def template(
    postgres: PostgresServer, users: Users, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a database with clinics, a board, holds, a dead letter, and the roles' rights."""
    name = f"roles_{uuid4().hex[:8]}"
    url = create_database(postgres.url, name)
    archive = stream(tmp_path_factory.mktemp("roles"))
    with pytest.MonkeyPatch.context() as patch:
        settings(patch, url)
        for line in (
            ("db", "upgrade"),
            ("run", "--archive", str(archive)),
            ("boards", "set", "01", BOARD, "--name", "Nämnden", "--ticket", "T-1", "--yes"),
            ("clinics", "add", REGISTERED, "--actor", "anna", "--reason", "Order 17"),
            ("db", "roles", "--apply"),
        ):
            assert run([*line, "-q"]) == 0
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(HELD.encode())
        for role, user in users.names.items():
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'made-up' IN ROLE {}").format(
                    sql.Identifier(user), sql.Identifier(role)
                )
            )
    yield name
    drop_database(postgres.url, name)


@pytest.fixture
def database(postgres: PostgresServer, template: str) -> Iterator[str]:
    """The name of a copy that the test may change."""
    with copy_of(postgres, template) as name:
        yield name
