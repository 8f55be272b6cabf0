"""Logins: passwords, tokens, certificates, and a broker that wants to know who comes."""

import json
import shutil
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path

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
