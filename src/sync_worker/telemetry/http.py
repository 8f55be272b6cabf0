"""The HTTP port: `/livez`, `/readyz` and `/metrics`. Reads what the loop left; asks nobody else."""

import io
import json
import socket
import sys
import time
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from sync_worker.telemetry.health import Health, Reasons

if TYPE_CHECKING:
    from collections.abc import Callable

_REQUEST_SECONDS = 3.0
"""The longest that a client takes over its question, however it spreads it."""
_POLL_SECONDS = 0.1
"""How often the thread looks whether it is to end, and so how long an end takes."""
_MOST_CONNECTIONS = 32
"""The most that are open at once, and so the most threads; a new one ends the oldest."""


class HttpServer:
    """Serves health and metrics from a thread of its own until it is closed."""

    def __init__(
        self,
        host: str,
        port: int,
        health: Health,
        metrics: CollectorRegistry,
        *,
        request_seconds: float = _REQUEST_SECONDS,
    ) -> None:
        """Raise OSError where the address cannot be listened on."""
        members = {"health": health, "metrics": metrics, "timeout": request_seconds}
        handler = type("_Handler", (_Handler,), members)
        self._server = _Server(host, port, handler)
        serve = partial(self._server.serve_forever, poll_interval=_POLL_SECONDS)
        self.thread = Thread(target=serve, name="http", daemon=True)
        self.thread.start()

    @property
    def number(self) -> int:
        """The port that is listened on."""
        return self._server.server_port

    def close(self) -> None:
        """Stop listening."""
        if self.thread.is_alive():  # else it would be waited for, for ever
            self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    """Listens on IPv4 or IPv6, on `::` on both; has few threads, whatever clients do."""

    daemon_threads = True
    # With the usual five, clients of a burst are heard only when they try again, a second later.
    request_queue_size = _MOST_CONNECTIONS

    def __init__(self, host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family, address = _address(host, port)
        self._lock = Lock()
        self._open: list[Any] = []
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Without looking up our own name, which can take long and is not used."""
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
            surplus = self._open[:-_MOST_CONNECTIONS]
        for oldest in surplus:
            with suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock, suppress(ValueError):
            self._open.remove(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Say nothing of clients that hang up; a fault of ours in one line."""
        error = sys.exception()
        if not isinstance(error, OSError):
            sys.stderr.write(f"A request over HTTP failed: {type(error).__name__}\n")


def _address(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """Where to listen; of a name that stands for several addresses, on an IPv4 one."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, *_, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, address


class _Unhurried(io.RawIOBase):
    """What a client says, up to the time at which it is not listened to any more."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._end = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    health: Health
    metrics: CollectorRegistry
    timeout = _REQUEST_SECONDS
    server_version = "sync-worker"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self.rfile = io.BufferedReader(_Unhurried(self.connection, self.timeout))

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        probes: dict[str, Callable[[], Reasons]] = {
            "/livez": self.health.alive,
            "/readyz": self.health.ready,
        }
        if path in probes:
            self._probe(probes[path](), is_verbose="verbose" in query)
        elif path == "/metrics":
            self._answer(200, CONTENT_TYPE_LATEST, generate_latest(self.metrics))
        else:
            self._answer(404, "text/plain", b"/livez, /readyz (?verbose), /metrics\n")

    def do_HEAD(self) -> None:
        self.do_GET()

    def _refuse(self) -> None:
        self._answer(405, "text/plain", b"GET and HEAD alone\n", Allow="GET, HEAD")

    def __getattr__(self, name: str) -> Any:
        """Whatever else is asked for: `do_` and the method's name."""
        if name.startswith("do_"):
            return self._refuse
        raise AttributeError(name)

    def _probe(self, reasons: Reasons, *, is_verbose: bool) -> None:
        state = "failing" if reasons else "ok"
        code = 503 if reasons else 200
        if is_verbose:
            body = json.dumps({"status": state, "reasons": reasons}) + "\n"
            self._answer(code, "application/json", body.encode())
        else:
            self._answer(code, "text/plain", f"{state}\n".encode())

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
        """Probes come every few seconds: they are not logged."""
