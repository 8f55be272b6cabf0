"""The page on PostgreSQL, logged in there with the role that it has in operation."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.roles import ADMIN
from tests.harness.command import Installed
from tests.services.postgres import create_database, drop_database
from tests.web.server import Server
from tests.worlds.plans import known

CLINICS = [f"SE2321000016-P{number:03}" for number in range(4)]
"""Active in region 01, none of them added."""


@contextmanager
def served(folder: Path, server_url: str) -> Iterator[tuple[Server, str]]:
    """The page, and the address of its login, on a database of its own."""
    name = f"page_{uuid4().hex[:8]}"
    owner_url = create_database(server_url, name)
    try:
        _filled(Installed(folder), owner_url)
        with _login(owner_url) as login_url:
            server = Server(Installed(folder), DATABASE_URL=login_url)
            try:
                yield server, login_url
            finally:
                server.stop()
    finally:
        drop_database(server_url, name)


def _filled(command: Installed, owner_url: str) -> None:
    """Have a schema, the roles, and clinics in it."""
    for line in (("db", "upgrade"), ("db", "roles", "--apply")):
        done = command(*line, SYNC_WORKER_DATABASE_URL=owner_url)
        assert done.exit_code == 0, done.stderr
    owner = Registry(open_engine(owner_url))
    known(owner, *CLINICS)
    owner.close()


@contextmanager
def _login(owner_url: str) -> Iterator[str]:
    """The address for somebody with the administrators' role, and no other."""
    name = f"page_{uuid4().hex[:8]}"
    role, user = sql.Identifier(ADMIN), sql.Identifier(name)
    with psycopg.connect(_plain(owner_url), autocommit=True) as owner:
        owner.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'made-up' IN ROLE {}").format(user, role)
        )
        try:
            address = make_url(owner_url).set(username=name, password="made-up")
            yield address.render_as_string(hide_password=False)
        finally:
            owner.execute(sql.SQL("DROP ROLE {}").format(user))


def _plain(url: str) -> str:
    """As PostgreSQL's own library reads it."""
    address = make_url(url).set(drivername="postgresql")
    return address.render_as_string(hide_password=False)
