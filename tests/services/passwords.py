"""Fixtures: users of the run's PostgreSQL server, which trusts everybody else, with passwords."""

from collections.abc import Callable, Iterator
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.services.postgres import PostgresServer

Login = Callable[[str], str]


@pytest.fixture(scope="session")
def passwords(postgres: PostgresServer) -> str:
    """A role whose members must give a password."""
    role = f"passwords_{uuid4().hex[:8]}"
    with psycopg.connect(postgres.url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
        rules = server.execute("SELECT pg_read_file(current_setting('hba_file'))").fetchone()
        assert rules is not None
        lines = [f"host all +{role} all scram-sha-256", *rules[0].splitlines()]
        server.execute(
            sql.SQL("COPY (SELECT unnest({}::text[])) TO {}").format(
                sql.Literal(lines), sql.Literal(_one(server, "SHOW hba_file"))
            )
        )
        server.execute("SELECT pg_reload_conf()")
    return role


@pytest.fixture
def login(postgres: PostgresServer, passwords: str) -> Iterator[Login]:
    """Makes a user with a password of the maintenance database's server; its URL up to the `/`."""
    users = []

    def make(password: str) -> str:
        user = f"login_{uuid4().hex[:8]}"
        users.append(user)
        with psycopg.connect(postgres.url, autocommit=True) as server:
            server.execute(
                sql.SQL("CREATE ROLE {} LOGIN SUPERUSER PASSWORD {} IN ROLE {}").format(
                    sql.Identifier(user), sql.Literal(password), sql.Identifier(passwords)
                )
            )
        address = postgres.url.rpartition("@")[2].partition("/")[0]
        return f"postgresql://{user}:{quote(password, safe='')}@{address}"

    yield make
    with psycopg.connect(postgres.url, autocommit=True) as server:
        for user in users:
            server.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(user)))


def _one(server: psycopg.Connection[tuple[str]], statement: str) -> str:
    row = server.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]
