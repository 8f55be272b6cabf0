"""PgBouncer in front of a PostgreSQL server, in transaction mode, with few sessions for many."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import psycopg

from tests.services import processes
from tests.services.waiting import until

_SESSIONS = 2


class NoPooler(Exception):
    """This machine cannot run a pooler; the message says what is missing."""


class Pooler:
    """A pooler as a child process of the test run; its sessions are those of the server's owner."""

    def __init__(self, server_url: str) -> None:
        program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise NoPooler("pgbouncer is not installed (Debian: apt-get install pgbouncer)")
        self._folder = Path(tempfile.mkdtemp(prefix="sync-worker-pgbouncer-"))
        self._port = processes.free_port()
        self._server_url = server_url
        owner = processes.unprivileged_owner()
        settings = self._folder / "pgbouncer.ini"
        settings.write_text(self._settings())
        if owner is not None:
            for path in (self._folder, settings):
                shutil.chown(path, owner.uid, owner.gid)
        log = self._folder / "pooler.log"
        self._process = processes.start([program, settings], log, owner=owner)
        until(self._answers, "PgBouncer to answer", 30)

    def through(self, url: str) -> str:
        """The address of a database of the server by way of the pooler."""
        return f"postgresql://postgres@127.0.0.1:{self._port}/{url.rpartition('/')[2]}"

    def remove(self) -> None:
        """End it."""
        processes.end(self._process, signal.SIGINT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _settings(self) -> str:
        server = psycopg.conninfo.conninfo_to_dict(self._server_url)
        reached = {
            name: server[name] for name in ("host", "port", "user", "password") if name in server
        }
        lines = {
            "listen_addr": "127.0.0.1",
            "listen_port": self._port,
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": "transaction",
            "default_pool_size": _SESSIONS,
            "max_client_conn": 100,
        }
        return "\n".join(
            [
                "[databases]",
                "* = " + " ".join(f"{name}={value}" for name, value in reached.items()),
                "[pgbouncer]",
                *(f"{name} = {value}" for name, value in lines.items()),
                "",
            ]
        )

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"PgBouncer ended:\n{(self._folder / 'pooler.log').read_text()}")
        try:
            psycopg.connect(self.through(self._server_url), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
