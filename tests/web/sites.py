"""The sites that the browser visits: one that is well, and others that something is wrong with."""

import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import quote, unquote

from sqlalchemy import update

from sync_worker.registry import web_sessions
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.tables import web_session
from tests.harness.command import Installed
from tests.web.server import Server

_BROKEN_BY: dict[str, tuple[str, ...]] = {
    "newer": ("UPDATE alembic_version SET version_num = '9999'",),
    "broken": ("DROP TABLE web_session",),
}
"""By site: what is done to its database once it is served."""
_FORM = """<!DOCTYPE html><html lang="sv"><title>Annan plats</title>
<form method="post" action="{target}"><button>Vidare</button></form>"""


class Sites:
    """Each is started when it is first asked for."""

    def __init__(self, folder: Path, registry: Path) -> None:
        self.folder, self._registry = folder, registry
        self._servers: dict[str, Server] = {}
        self._foreign = _foreign()

    @property
    def well(self) -> Server:
        return self.named("well")

    def named(self, name: str) -> Server:
        """The site with a name."""
        if name not in self._servers:
            self._servers[name] = self._started(name)
        return self._servers[name]

    def foreign_form(self, target: str) -> str:
        """The address of a form of another site that posts to `target`."""
        return f"http://localhost:{self._foreign.server_port}/{quote(target, safe='')}"

    def file(self, name: str, content: str | bytes) -> Path:
        """A file on the person's own machine."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def let_idle_out(self, session: str) -> None:
        """Have nothing been done in a session for two hours."""
        registry = Registry(open_engine(f"sqlite:///{self.well.database}"))
        which = web_session.c.id_hash == web_sessions.hash_of(session)
        long_ago = datetime.now(UTC) - timedelta(hours=2)
        with registry.transaction() as transaction:
            transaction.connection.execute(
                update(web_session).where(which).values(last_seen_at=long_ago)
            )
            transaction.commit()
        registry.close()

    def stop(self) -> None:
        self._foreign.shutdown()
        self._foreign.server_close()
        for server in self._servers.values():
            server.stop()

    def _started(self, name: str) -> Server:
        folder = self.folder / name
        folder.mkdir()
        command = Installed(folder)
        shutil.copy(self._registry, command.database)
        server = Server(command)
        with sqlite3.connect(command.database) as connection:
            for statement in _BROKEN_BY.get(name, ()):
                connection.execute(statement)
        connection.close()
        return server


class _Foreign(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = _FORM.format(target=unquote(self.path.removeprefix("/"))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    log_message: Callable[..., None] = lambda *_: None


def _foreign() -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Foreign)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server
