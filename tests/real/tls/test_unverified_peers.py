"""Whatever answers in place of a broker or a server is not told a secret, nor a byte of data."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import activated, numbered, write_archive
from tests.harness.command import Done
from tests.real.tls.parts import (
    LOGIN,
    PASSWORD,
    TlsBroker,
    World,
    address,
    by_password,
    by_tls,
    showing,
)
from tests.real.tls.peer import Peer, listening
from tests.worlds.command_line import A

pytestmark = pytest.mark.real

HANDSHAKE = b"\x16\x03"
"""How a client begins that speaks TLS."""
SSL_REQUEST = bytes.fromhex("0000000804d2162f")
CLEAR_TEXT_PLEASE = b"R\x00\x00\x00\x08\x00\x00\x00\x03"
"""A server of PostgreSQL that wants the password as it is."""
SECRETS = (PASSWORD.encode(), b"worker", A.encode())


@pytest.mark.parametrize("shown", ["other", "expired", "early", "misnamed", "for_clients"])
@pytest.mark.parametrize("login", ["PLAIN", "SCRAM-SHA-256", "certificate"])
def test_no_broker_that_is_untrusted_is_told_anything(
    called: Callable[..., Done], world: World, tmp_path: Path, shown: str, login: str
) -> None:
    pair = world.other.server("other") if shown == "other" else getattr(world, shown)
    by_certificate = by_tls(world.ours) | showing(world.client)
    how = by_certificate if login == "certificate" else by_password(login)
    archive = write_archive(tmp_path / "events.jsonl", numbered([activated(A, 0)]))
    with listening(Peer(pair)) as peer:
        at = {"KAFKA_BOOTSTRAP_SERVERS": peer.address, "KAFKA_SSL_CAFILE": str(world.ours.file)}
        done = called("events", "publish", str(archive), "--yes", **at | how)
    assert done.exit_code == 5
    assert "nothing was sent to it" in done.error_text
    assert peer.sent.startswith(HANDSHAKE)
    assert peer.deciphered == b""
    assert not [secret for secret in SECRETS if secret in peer.sent]


def test_no_broker_without_tls_is_told_anything(called: Callable[..., Done], world: World) -> None:
    with listening(Peer()) as peer:
        at = {"KAFKA_BOOTSTRAP_SERVERS": peer.address, "KAFKA_SSL_CAFILE": str(world.ours.file)}
        done = called("topics", "create", **at, **by_password("PLAIN"))
    assert done.exit_code == 5
    assert peer.sent.startswith(HANDSHAKE)
    assert not [secret for secret in SECRETS if secret in peer.sent]


def test_no_authorisation_server_that_is_untrusted_is_told_anything(
    called: Callable[..., Done], tls_broker: TlsBroker, world: World
) -> None:
    with listening(Peer(world.right)) as peer:  # of an authority that this system does not know
        how = {
            "KAFKA_BOOTSTRAP_SERVERS": tls_broker.addresses[LOGIN],
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SSL_CAFILE": str(world.ours.file),
            "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
            "KAFKA_SASL_OAUTH_TOKEN_URL": f"https://{peer.address}/token",
            "KAFKA_SASL_OAUTH_CLIENT_ID": "worker",
            "KAFKA_SASL_OAUTH_CLIENT_SECRET": PASSWORD,
        }
        done = called("topics", "create", **how)
    assert done.exit_code == 5
    assert "There is no token to log in to Kafka with" in done.error_text
    assert "KAFKA_SASL_OAUTH_TOKEN_URL" in done.error_text
    assert peer.sent.startswith(HANDSHAKE)
    assert peer.deciphered == b""


@pytest.mark.parametrize("shown", ["other", "expired", "early", "misnamed", "for_clients"])
def test_no_server_that_is_untrusted_is_told_anything(
    called: Callable[..., Done], world: World, shown: str
) -> None:
    pair = world.other.server("other") if shown == "other" else getattr(world, shown)
    with listening(Peer(pair, asked_for_tls=b"S")) as peer:
        how = {"sslmode": "verify-full", "sslrootcert": world.ours.file}
        url = address(f"worker:{PASSWORD}", peer.port, **how)
        done = called("db", "upgrade", DATABASE_URL=url)
    assert done.exit_code == 5
    assert "no password was sent to it" in done.error_text
    assert peer.sent.startswith(SSL_REQUEST + HANDSHAKE)
    assert peer.deciphered == b""
    assert not [secret for secret in SECRETS if secret in peer.sent]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_versions_of_tls_are_refused_before_anything_is_said(
    called: Callable[..., Done], world: World
) -> None:
    old = ssl.TLSVersion.TLSv1_1
    with listening(Peer(world.right, newest_tls=old)) as peer:
        at = {"KAFKA_BOOTSTRAP_SERVERS": peer.address, "KAFKA_SSL_CAFILE": str(world.ours.file)}
        kafka = called("topics", "create", **at, **by_password("PLAIN"))
    assert kafka.exit_code == 5
    assert "Have the brokers speak TLS 1.2 or 1.3" in kafka.error_text
    with listening(Peer(world.right, newest_tls=old, asked_for_tls=b"S")) as server:
        how = {"sslmode": "verify-full", "sslrootcert": world.ours.file}
        database = called("status", DATABASE_URL=address(f"worker:{PASSWORD}", server.port, **how))
    assert database.exit_code == 5
    assert "TLS 1.2 or 1.3 in common" in database.error_text
    assert peer.deciphered == server.deciphered == b""


@pytest.mark.parametrize("sslmode", ["require", "verify-ca", "verify-full"])
def test_no_server_without_tls_is_told_anything(
    called: Callable[..., Done], world: World, sslmode: str
) -> None:
    with listening(Peer(asked_for_tls=b"N")) as peer:
        how = {"sslmode": sslmode, "sslrootcert": world.ours.file}
        done = called("status", DATABASE_URL=address(f"worker:{PASSWORD}", peer.port, **how))
    assert done.exit_code == 5
    assert "sslmode=…" in done.error_text
    assert peer.sent == SSL_REQUEST * peer.connections


@pytest.mark.parametrize(
    ("option", "value"), [("channel_binding", "require"), ("require_auth", "scram-sha-256")]
)
def test_a_password_is_not_told_in_clear_text_where_forbidden(
    called: Callable[..., Done], world: World, option: str, value: str
) -> None:
    with listening(Peer(world.right, asked_for_tls=b"S", answer=CLEAR_TEXT_PLEASE)) as peer:
        how = {"sslmode": "verify-full", "sslrootcert": world.ours.file, option: value}
        done = called("status", DATABASE_URL=address(f"worker:{PASSWORD}", peer.port, **how))
    assert done.exit_code == 5
    assert f"{option}=" in done.error_text
    assert b"worker" in peer.deciphered, "it was asked who comes"
    assert PASSWORD.encode() not in peer.deciphered
