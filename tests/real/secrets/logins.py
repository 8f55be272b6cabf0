"""Logins: passwords, tokens, certificates, and a broker that wants to know who comes."""

import json
import shutil
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
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


class _Authorisation(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        answer = {"access_token": token_for("worker"), "expires_in": 600}
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def authorisation_server(secret: str, tls: SSLContext | None = None) -> Iterator[dict[str, str]]:
    """A server that gives tokens for client credentials; the settings by which it is asked."""
    with HTTPServer(("127.0.0.1", 0), _Authorisation) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        scheme = "http" if tls is None else "https"
        yield {
            "KAFKA_SASL_OAUTH_TOKEN_URL": f"{scheme}://127.0.0.1:{server.server_port}/token",
            "KAFKA_SASL_OAUTH_CLIENT_ID": "worker",
            "KAFKA_SASL_OAUTH_CLIENT_SECRET": secret,
        }
        server.shutdown()
        thread.join()


def token_in(folder: Path) -> dict[str, str]:
    """A token in a file; the setting that names it."""
    file = folder / "token"
    file.write_text(token_for("worker"))
    return {"KAFKA_SASL_OAUTH_TOKEN_FILE": str(file)}
