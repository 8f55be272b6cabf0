"""The HTTP server: `/livez`, `/readyz` and `/metrics`, answered from memory alone."""

import io
import json
import socket
import sys
import time
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder

from sync_worker.telemetry import answer
from sync_worker.telemetry.health import Health, Reasons

_MAX_REQUEST_SECONDS = 3.0
"""For all of a request, however slowly a client sends it."""
_SHUTDOWN_CHECK_SECONDS = 0.1
"""How often the thread checks whether to end, and so how long that takes."""
_MAX_CONNECTIONS = 32
"""Open at the same time, and so the number of threads; a new connection ends the oldest."""


class HttpServer:
    """Serves health and metrics from a thread of its own, until it is closed."""

    def __init__(
        self,
        host: str,
        port: int,
        health: Health | None,
        metrics: CollectorRegistry,
        *,
        request_seconds: float = _MAX_REQUEST_SECONDS,
    ) -> None:
        """Start to listen; without `health` metrics alone are served.

        Raises:
            OSError: the address cannot be listened on.
        """
        members = {"health": health, "metrics": metrics, "timeout": request_seconds}
        handler = type("_Handler", (_Handler,), members)
        self._server = _Server(host, port, handler)
        serve = partial(self._server.serve_forever, poll_interval=_SHUTDOWN_CHECK_SECONDS)
        self.thread = Thread(target=serve, name="http", daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        """The port listened on; where 0 was asked for, the one that the system chose."""
        return self._server.server_port

    def close(self) -> None:
        """Stop listening."""
        if self.thread.is_alive():  # otherwise `shutdown` would wait for ever
            self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    """Listens on IPv4 or IPv6, with `::` on both; limits its threads, whatever clients do."""

    daemon_threads = True
    # With the usual five, clients of a burst are heard only when they try again, a second later.
    request_queue_size = _MAX_CONNECTIONS

    def __init__(self, host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # If the host has several addresses, an IPv4 one.
        chosen: Any = min(addresses, key=lambda entry: entry[0] != socket.AF_INET)
        self.address_family, *_, address = chosen
        self._lock = Lock()
        self._open: list[Any] = []
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Bind without looking up our own name, which can take long and is not used."""
        if self.address_family == socket.AF_INET6:
            with suppress(OSError):
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.append(request)
            surplus = self._open[:-_MAX_CONNECTIONS]
        for connection in surplus:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock, suppress(ValueError):
            self._open.remove(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Ignore clients that hang up; report a fault of ours in one line."""
        error = sys.exception()
        if not isinstance(error, OSError):
            sys.stderr.write(f"A request over HTTP failed: {type(error).__name__}\n")


class _RequestReader(io.RawIOBase):
    """The bytes of a request, until so many seconds are over."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    health: Health | None
    metrics: CollectorRegistry
    timeout = _MAX_REQUEST_SECONDS
    server_version = "sync-worker"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self.rfile = io.BufferedReader(_RequestReader(self.connection, self.timeout))

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        is_verbose, health = "verbose" in query, self.health
        if path == "/metrics":
            self._expose()
        elif health is None:
            self._answer(404, "text/plain", b"/metrics\n")
        elif path == "/livez":
            reasons = health.alive()
            self._probe(reasons, answer.reasons_fields(reasons) if is_verbose else None)
        elif path == "/readyz":
            reasons = health.ready()
            self._probe(reasons, answer.readiness(health, reasons) if is_verbose else None)
        else:
            self._answer(404, "text/plain", b"/livez, /readyz (?verbose), /metrics\n")

    def do_HEAD(self) -> None:
        self.do_GET()

    def __getattr__(self, name: str) -> Any:
        """Refuse other methods, which the base class looks up as `do_` and their name."""
        if name.startswith("do_"):
            refusal = b"only GET and HEAD\n"
            return partial(self._answer, 405, "text/plain", refusal, Allow="GET, HEAD")
        raise AttributeError(name)

    def _probe(self, reasons: Reasons, document: dict[str, Any] | None) -> None:
        code = 503 if reasons else 200
        if document is None:
            self._answer(code, "text/plain", b"failing\n" if reasons else b"ok\n")
        else:
            self._answer(code, "application/json", f"{json.dumps(document)}\n".encode())

    def _expose(self) -> None:
        """The metrics, as OpenMetrics to whoever asks for that."""
        try:
            encode, content_type = choose_encoder(self.headers.get("Accept", ""))
        except (TypeError, ValueError):  # its version is not a number
            encode, content_type = generate_latest, CONTENT_TYPE_PLAIN_0_0_4
        self._answer(200, content_type, encode(self.metrics))

    def _answer(self, code: int, content_type: str, body: bytes, **headers: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Log nothing: probes come every few seconds."""
