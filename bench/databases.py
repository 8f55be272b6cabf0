"""The databases of a bench: prepared once for a number of clinics, and copied for each run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from tests import builders
from tests.services import postgres

from bench import stream
from bench.running import WORKER, Runner, inherited

_ENTRIES = """
    INSERT INTO change_log
        (at, change, hsa_id, old_value, new_value, event_id, stream, topic, partition,
         record_offset)
    SELECT now() - interval '1 day', 'moved', hsa_id, '01', '03',
        'e-earlier-' || number, 'earlier', 'earlier', 0, number
    FROM generate_series(1, %(entries)s) AS number
    JOIN unnest(%(hsa_ids)s::text[]) WITH ORDINALITY AS registered (hsa_id, place)
        ON place = number %% cardinality(%(hsa_ids)s::text[]) + 1
"""
_REGISTRATION = """
    UPDATE clinic SET registered_at = now(), registered_by = 'bench' WHERE hsa_id = ANY(%s)
"""
_BOARD = "INSERT INTO patient_board (region_code, hsa_id, name) VALUES (%s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Prepared:
    """The names of two databases in which each clinic's first activation is applied."""

    nothing_registered: str
    """And every region but one has a board."""
    registered: str
    """The same, with a third of the clinics registered."""


class Databases:
    """Those of one server that this bench made."""

    def __init__(self, server_url: str, runner: Runner, folder: Path) -> None:
        self._server_url = server_url
        self._runner = runner
        self._folder = folder
        self._mark = f"bench_{uuid4().hex[:8]}"
        self._names: list[str] = []

    def prepare(self, clinics: int, log_entries: int = 0) -> Prepared:
        """Make the databases that runs begin with copies of.

        `log_entries` are in the change log of the registered one before its registrations.
        """
        bare = self._create("template0")
        self._command(self._url(bare), "db", "upgrade")
        archive = self._folder / "first.jsonl"
        builders.write_archive(archive, builders.numbered(stream.first_activations(clinics)))
        self._command(self._url(bare), "run", "--archive", str(archive))
        archive.unlink()
        with self._changing(bare) as connection:
            for code in stream.REGIONS_WITH_BOARD:
                board = (code, f"SE2321000016-PN{code}", f"Patientnämnden {code}")
                connection.execute(_BOARD, board)
        registered = self._create(bare)
        hsa_ids = stream.registered(clinics)
        with self._changing(registered) as connection:
            connection.execute(_ENTRIES, {"hsa_ids": hsa_ids, "entries": log_entries})
            connection.execute(_REGISTRATION, (hsa_ids,))
        return Prepared(bare, registered)

    def copy(self, name: str) -> str:
        """The address of a new copy."""
        return self._url(self._create(name))

    def empty(self) -> str:
        """The address of a new database without anything."""
        return self._url(self._create("template0"))

    def drop(self, url: str) -> None:
        """Drop one, by its address."""
        name = url.rpartition("/")[2]
        postgres.drop_database(self._server_url, name)
        self._names.remove(name)

    def clear(self) -> None:
        """Drop all."""
        for name in self._names:
            postgres.drop_database(self._server_url, name)
        self._names.clear()

    def _create(self, template: str) -> str:
        name = f"{self._mark}_{uuid4().hex[:8]}"
        with psycopg.connect(self._server_url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        self._names.append(name)
        return name

    def _url(self, name: str) -> str:
        return self._server_url.rpartition("/")[0] + "/" + name

    @contextmanager
    def _changing(self, name: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """A database to be changed, which is vacuumed afterwards."""
        with psycopg.connect(self._url(name), autocommit=True) as connection:
            yield connection
            # Which a server does by itself within a minute of such a change.
            connection.execute("VACUUM ANALYZE")

    def _command(self, url: str, *arguments: str) -> None:
        environment = inherited() | {"SYNC_WORKER_DATABASE_URL": url}
        self._runner.run([str(WORKER), *arguments], environment)
