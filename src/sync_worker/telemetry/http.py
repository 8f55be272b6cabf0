"""The HTTP port: `/livez`, `/readyz` and `/metrics`. Reads what the loop left; asks nobody else."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from sync_worker.telemetry.health import Health, Reasons

if TYPE_CHECKING:
    from collections.abc import Callable


class Port:
    """Serves health and metrics from a thread of its own until it is closed."""

    def __init__(self, host: str, port: int, health: Health, metrics: CollectorRegistry) -> None:
        """Raise OSError where the address cannot be listened on."""
        handler = type("_Handler", (_Handler,), {"health": health, "metrics": metrics})
        self._server = ThreadingHTTPServer((host, port), handler)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, name="http", daemon=True).start()

    @property
    def number(self) -> int:
        """The port that is listened on."""
        return self._server.server_port

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    health: Health
    metrics: CollectorRegistry
    timeout = 5
    server_version = "sync-worker"
    sys_version = ""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        probes: dict[str, Callable[[], Reasons]] = {
            "/livez": self.health.alive,
            "/readyz": self.health.ready,
        }
        if url.path in probes:
            self._probe(probes[url.path](), is_verbose="verbose" in url.query)
        elif url.path == "/metrics":
            self._answer(200, CONTENT_TYPE_LATEST, generate_latest(self.metrics))
        else:
            self._answer(404, "text/plain", b"/livez, /readyz (?verbose), /metrics\n")

    def do_HEAD(self) -> None:
        self.do_GET()

    def _probe(self, reasons: Reasons, *, is_verbose: bool) -> None:
        state = "failing" if reasons else "ok"
        code = 503 if reasons else 200
        if is_verbose:
            body = json.dumps({"status": state, "reasons": reasons}) + "\n"
            self._answer(code, "application/json", body.encode())
        else:
            self._answer(code, "text/plain", f"{state}\n".encode())

    def _answer(self, code: int, content_type: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Probes come every few seconds: they are not logged."""
