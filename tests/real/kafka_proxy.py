"""A way to the broker that speaks Kafka: it goes silent, dawdles, or offers less than there is."""

import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Mapping  # noqa: TC003
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from kafka.protocol.api_header import ResponseClassRegistry
from kafka.protocol.api_key import ApiKey

from tests.real.worker.proxy import reset

_NAMES_BROKERS = (ApiKey.Metadata, ApiKey.FindCoordinator, ApiKey.DescribeCluster)


class KafkaProxy:
    """Passes on what clients and a broker say, under an address of its own, until told otherwise.

    Answers that name brokers name the proxy instead, so that clients keep coming this way.
    """

    def __init__(self, broker: str, certificate: Path | None = None) -> None:
        """With a certificate, as `self_signed` makes it, clients are talked to over TLS."""
        host, _, port = broker.rpartition(":")
        self.broker = (host, int(port))
        self.certificate = certificate
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.bootstrap = f"127.0.0.1:{self.port}"
        self._links: list[_Link] = []
        self._context = None if certificate is None else _server_context(certificate)
        self.is_silent = False
        """Whether everything said is swallowed, before a TLS handshake too; see `speak`."""
        self.silent: set[int] = set()
        """What is swallowed when it is asked; a connection that met it says nothing any more."""
        self.slow: dict[int, float] = {}
        """How many seconds an answer takes."""
        self.offered: Mapping[int, int | None] = {}
        """The newest version offered of an API; None where it is not offered at all."""
        self.newest_api_versions: int | None = None
        """An older broker drops a connection on which it is asked for a newer one than this."""
        self.swallowed = 0
        """How often something was said in vain."""
        self.over = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        self._listener.close()
        self.reset_all()

    def hush(self) -> None:
        """Swallow everything, on old connections and new ones."""
        self.is_silent = True

    def speak(self) -> None:
        """Serve new connections again; those that met the silence stay silent, unless reset."""
        self.is_silent = False
        self.silent.clear()

    def reset_all(self) -> None:
        """Reset every connection."""
        links, self._links = self._links, []
        for link in links:
            link.reset()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._links.append(_Link(self, client, self._context))


class _Link:
    """One client's connection."""

    def __init__(
        self, proxy: KafkaProxy, client: socket.socket, context: ssl.SSLContext | None
    ) -> None:
        self._proxy = proxy
        self._client = client
        self._context = context
        self._server: socket.socket | None = None
        self._asked: dict[int, tuple[int, int]] = {}
        threading.Thread(target=self._run, daemon=True).start()

    def reset(self) -> None:
        reset(self._client)
        if self._server is not None:
            reset(self._server)

    def _run(self) -> None:
        try:
            with suppress(OSError):
                self._pass_on()
        finally:
            self.reset()

    def _pass_on(self) -> None:
        if self._proxy.is_silent:
            self._swallow()
            return
        if self._context is not None:
            self._client = self._context.wrap_socket(self._client, server_side=True)
        self._server = socket.create_connection(self._proxy.broker)
        threading.Thread(target=self._answers, args=(self._server,), daemon=True).start()
        self._questions(self._server)

    def _questions(self, server: socket.socket) -> None:
        while question := _frame(self._client):
            key, version, number = struct.unpack(">hhi", question[:8])
            if self._is_swallowed(key):
                self._swallow()
                return
            newest = self._proxy.newest_api_versions
            if key == ApiKey.ApiVersions and newest is not None and version > newest:
                return
            self._asked[number] = (key, version)
            server.sendall(_framed(question))

    def _answers(self, server: socket.socket) -> None:
        with suppress(OSError):
            while answer := _frame(server):
                key, version = self._asked.pop(struct.unpack(">i", answer[:4])[0])
                self._proxy.over.wait(self._proxy.slow.get(key, 0))
                if self._proxy.is_silent:
                    self._proxy.swallowed += 1
                    return
                self._client.sendall(_framed(self._edited(key, version, answer)))
        self.reset()

    def _is_swallowed(self, key: int) -> bool:
        return self._proxy.is_silent or key in self._proxy.silent

    def _swallow(self) -> None:
        """Take what comes and say nothing; the connection stays."""
        self._proxy.swallowed += 1
        while self._client.recv(1 << 16):
            self._proxy.swallowed += 1

    def _edited(self, key: int, version: int, answer: bytes) -> bytes:
        if key != ApiKey.ApiVersions and key not in _NAMES_BROKERS:
            return answer
        kind = ResponseClassRegistry._response_class_registry[key]
        decoded = kind.decode(answer, version=version, header=True)
        if key == ApiKey.ApiVersions:
            decoded.api_keys = list(self._offered(decoded.api_keys))
        for place in (decoded, *getattr(decoded, "brokers", ()), *_coordinators(decoded)):
            if getattr(place, "port", 0) > 0:
                place.host, place.port = "127.0.0.1", self._proxy.port
        decoded._version = version
        edited: bytes = decoded.encode(header=True)
        return edited

    def _offered(self, ranges: Any) -> Any:
        for one in ranges:
            newest = self._proxy.offered.get(one.api_key, one.max_version)
            if newest is not None and newest >= one.min_version:
                one.max_version = min(one.max_version, newest)
                yield one


def _coordinators(decoded: Any) -> Any:
    return getattr(decoded, "coordinators", None) or ()


def _frame(end: socket.socket) -> bytes:
    """The next message without its length; nothing at the end of the connection."""
    length = _exactly(end, 4)
    return _exactly(end, struct.unpack(">i", length)[0]) if length else b""


def _framed(message: bytes) -> bytes:
    return struct.pack(">i", len(message)) + message


def _exactly(end: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = end.recv(size - len(parts))
        if not part:
            return b""
        parts += part
    return bytes(parts)


def self_signed(folder: Path) -> Path:
    """The file of a certificate for 127.0.0.1 that is its own authority, and of its key."""
    certificate = folder / "broker.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(certificate), "-out", str(folder / "only.pem")]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)
    with certificate.open("a") as both:
        both.write((folder / "only.pem").read_text())
    return certificate


def _server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
