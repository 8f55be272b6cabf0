"""A registry with a bit of everything in it, and for each role a user who logs in to copies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.builders import Event, activated, deactivated, numbered, write_archive
from tests.services.postgres import PostgresServer, drop_database

OWNER = "owner"
REGISTERED, REMOVED, ACTIVE, IN_TAK, CLOSED = (f"SE2321000016-T{letter}01" for letter in "ABCDE")
BOARD = "SE2321000016-PN01"
HELD = f"""
INSERT INTO hold (opened_at, kind, region_code, revision, status)
    VALUES (now(), 'mass_change', '01', 1, 'open'), (now(), 'mass_change', '03', 1, 'open'),
           (now(), 'mass_change', '14', 2, 'withdrawn');
INSERT INTO held_fact (hsa_id, fact, hold_id, value, time, sequence, event_id)
    VALUES ('{REGISTERED}', 'activation', 1, 'false', '2026-01-02Z', '', 'held'),
           ('{REMOVED}', 'activation', 1, 'false', '2026-01-02Z', '', 'held');
INSERT INTO passed_fact (hold_id, hsa_id, fact, new_value, event_id)
    VALUES (3, '{CLOSED}', 'activation', 'false', 'passed');
INSERT INTO own_system (hsa_id) VALUES ('{IN_TAK}');
"""
"""Holds: of a registered clinic and of one that is not, with nothing left, and withdrawn."""


@dataclass(frozen=True)
class Users:
    """Somebody who logs in for each role, and the owner of the tables."""

    server_url: str
    names: dict[str, str]

    def url(self, role: str, database: str) -> str:
        """Where a role's user reaches a database of the server."""
        address = make_url(self.server_url).set(database=database)
        if role != OWNER:
            address = address.set(username=self.names[role], password="made-up")
        return address.render_as_string(hide_password=False)


@contextmanager
def copy_of(postgres: PostgresServer, template: str) -> Iterator[str]:
    """A copy of a database to which nobody is connected."""
    name = f"roles_{uuid4().hex[:8]}"
    with psycopg.connect(postgres.url, autocommit=True) as server:
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(copy.format(sql.Identifier(name), sql.Identifier(template)))
    yield name
    drop_database(postgres.url, name)


def stream(folder: Path) -> Path:
    """An archive of clinics of region 01, one of them closed, and a record that is none."""
    documents: list[Event | bytes] = [
        *(activated(hsa_id, 0, regionCode="01") for hsa_id in (REGISTERED, REMOVED, ACTIVE)),
        *(activated(hsa_id, 0, regionCode="01") for hsa_id in (IN_TAK, CLOSED)),
        deactivated(CLOSED, 1),
        b"{",
    ]
    return write_archive(folder / "stream.jsonl", numbered(documents))


def settings(patch: pytest.MonkeyPatch, url: str) -> None:
    """An environment in which a database is all that is set."""
    for name in [name for name in os.environ if name.startswith("SYNC_WORKER_")]:
        patch.delenv(name)
    patch.setenv("NO_COLOR", "1")
    patch.setenv("SYNC_WORKER_DATABASE_URL", url)
