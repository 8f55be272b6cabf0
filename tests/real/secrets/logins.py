"""Logins: passwords, tokens, certificates, and a broker that wants to know who comes."""

import json
import shutil
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import SSLContext

import pytest

from tests.services import processes
from tests.services.broker import NativeBroker

PASSWORD = "h3mligt;ord@1"
_MODULES = "org.apache.kafka.common.security"
_JAAS = {
    "plain": f'plain.PlainLoginModule required user_worker="{PASSWORD}"',
    "scram-sha-256": "scram.ScramLoginModule required",
    "oauthbearer": "oauthbearer.OAuthBearerLoginModule required "
    'unsecuredLoginStringClaim_sub="broker" unsecuredValidatorAllowableClockSkewMs="3000"',
}


@dataclass(frozen=True)
class LoginBroker:
    """A broker that wants to know who comes, at one of its addresses, and misleads at another."""

    broker: NativeBroker
    secured: str
    astray: str
    encrypted: str
    """Where it wants TLS, and a certificate that `authority` vouches for."""
    authority: Path


def key_pair(folder: Path, pass_phrase: str = "") -> tuple[Path, Path]:
    """A certificate that vouches for itself, of 127.0.0.1, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("wants openssl")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    how = ["-passout", f"pass:{pass_phrase}"] if pass_phrase else ["-noenc"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    processes.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", *how, *names, *files])
    return certificate, key


def token_for(user: str, seconds: float = 600) -> str:
    """An unsecured token (RFC 7519, 6), good for so long."""
    now = time.time()
    claims = {"sub": user, "iat": now - 1, "exp": now + seconds}
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join([*(urlsafe_b64encode(part).decode().rstrip("=") for part in parts), ""])


class AuthorisationServer:
    """Gives tokens for client credentials, as tests say; it stops and comes back at its port."""

    def __init__(self, secret: str, tls: SSLContext | None = None) -> None:
        self.seconds = 600.0
        """How long the tokens are good that it gives."""
        self.skew_seconds = 0.0
        """How much earlier they end than it says."""
        self.status = 200
        """What it answers with; no token unless it is 200."""
        self.given = 0
        """How many tokens it has given."""
        self.is_silent = False
        """Whether it takes requests and leaves them unanswered, until it stops."""
        self._stopped = threading.Event()
        self._tls = tls
        self._port = processes.free_port()
        self._running: tuple[ThreadingHTTPServer, threading.Thread] | None = None
        scheme = "http" if tls is None else "https"
        self.settings = {
            "KAFKA_SASL_OAUTH_TOKEN_URL": f"{scheme}://127.0.0.1:{self._port}/token",
            "KAFKA_SASL_OAUTH_CLIENT_ID": "worker",
            "KAFKA_SASL_OAUTH_CLIENT_SECRET": secret,
        }

    def start(self) -> None:
        self._stopped.clear()
        handler = type("Handler", (_Authorisation,), {"authorisation": self})
        server = ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        if self._tls is not None:
            server.socket = self._tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        self._running = server, thread

    def stop(self) -> None:
        """Refuse connections from now on."""
        self._stopped.set()
        if self._running is None:
            return
        server, thread = self._running
        self._running = None
        server.shutdown()
        server.server_close()
        thread.join()

    def answer(self) -> tuple[int, dict[str, object]]:
        if self.is_silent:
            self._stopped.wait()
        if self.status != 200:
            return self.status, {"error": "invalid_client"}
        self.given += 1
        token = token_for("worker", self.seconds - self.skew_seconds)
        return 200, {"access_token": token, "expires_in": self.seconds}


class _Authorisation(BaseHTTPRequestHandler):
    authorisation: AuthorisationServer

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = self.authorisation.answer()
        with suppress(OSError):  # nobody may wait for it any more
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def authorisation_server(
    secret: str, tls: SSLContext | None = None
) -> Iterator[AuthorisationServer]:
    server = AuthorisationServer(secret, tls)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def token_in(folder: Path) -> dict[str, str]:
    """A token in a file; the setting that names it."""
    file = folder / "token"
    file.write_text(token_for("worker"))
    return {"KAFKA_SASL_OAUTH_TOKEN_FILE": str(file)}
