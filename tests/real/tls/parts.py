"""A broker and a server that show certificates, right and wrong, and want to know who comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.harness.command import Done
from tests.services.broker import NativeBroker
from tests.services.certificates import Authority, Pair

DAY = timedelta(days=1)
PASSWORD = "h3mligt-ord"
PASS_PHRASE = "nyckel-ord"
ODD_USER, ODD_PASSWORD = "wo,r=ker", "p%40@:/?#[]\"'åäö €"
"""What means something in a URL, in SCRAM or to a shell."""
_LOGIN_MODULES = "org.apache.kafka.common.security"
_JAAS = {
    "plain": f'plain.PlainLoginModule required user_worker="{PASSWORD}"',
    "scram-sha-256": "scram.ScramLoginModule required",
    "scram-sha-512": "scram.ScramLoginModule required",
    "oauthbearer": "oauthbearer.OAuthBearerLoginModule required "
    'unsecuredLoginStringClaim_sub="broker"',
}
MUTUAL, LOGIN, PLAIN_LOGIN, PLAIN = "mutual", "login", "plain_login", "plain"
"""Listeners: for clients with a certificate, for logins in TLS and in the clear, for anybody."""


@dataclass(frozen=True, slots=True)
class World:
    """Two authorities, of which clients and servers trust the first; what the first vouches for."""

    ours: Authority
    other: Authority
    right: Pair
    expired: Pair
    early: Pair
    misnamed: Pair
    for_clients: Pair
    """It is shown by a server, and its purpose is another one."""
    client: Pair

    @classmethod
    def made(cls, folder: Path) -> "World":
        ours, other = Authority(folder, "ours"), Authority(folder, "other")
        return cls(
            ours,
            other,
            ours.server("right"),
            ours.server("expired", starts=-3 * DAY, days=1),
            ours.server("early", starts=DAY),
            ours.server("misnamed", "other.exempel.invalid"),
            ours.server("for_clients", purpose=ExtendedKeyUsageOID.CLIENT_AUTH),
            ours.client("worker"),
        )

    def shown(self) -> Mapping[str, Pair]:
        """What a broker shows at each of its listeners that speak TLS."""
        return {
            "right": self.right,
            "expired": self.expired,
            "early": self.early,
            "misnamed": self.misnamed,
            MUTUAL: self.right,
            LOGIN: self.right,
        }


@dataclass(frozen=True, slots=True)
class TlsBroker:
    """A broker, and the address of each of its listeners."""

    broker: NativeBroker
    addresses: Mapping[str, str]


def broker_settings(world: World) -> dict[str, object]:
    """What the broker shows, and whom it lets in."""
    shown = world.shown()
    protocols = {name: "SASL_SSL" if name == LOGIN else "SSL" for name in shown}
    protocols |= {
        PLAIN_LOGIN: "SASL_PLAINTEXT",
        "controller": "PLAINTEXT",
        "plaintext": "PLAINTEXT",
    }
    pairs = (f"{name.upper()}:{protocol}" for name, protocol in protocols.items())
    return {
        "listener.security.protocol.map": ",".join(pairs),
        "num.network.threads": 1,
        "sasl.enabled.mechanisms": ",".join(_JAAS).upper(),
        **{f"listener.name.{name}.ssl.keystore.type": "PEM" for name in shown},
        **{f"listener.name.{name}.ssl.keystore.location": shown[name].both for name in shown},
        f"listener.name.{MUTUAL}.ssl.client.auth": "required",
        f"listener.name.{MUTUAL}.ssl.truststore.type": "PEM",
        f"listener.name.{MUTUAL}.ssl.truststore.location": world.ours.file,
        **{
            f"listener.name.{listener}.{name}.sasl.jaas.config": f"{_LOGIN_MODULES}.{module};"
            for name, module in _JAAS.items()
            for listener in (LOGIN, PLAIN_LOGIN)
        },
    }


def by_tls(authority: Authority) -> dict[str, str]:
    """Settings of a worker that trusts an authority's brokers."""
    return {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CAFILE": str(authority.file)}


def showing(pair: Pair, pass_phrase: str = "") -> dict[str, str]:
    """Settings of a worker that shows a certificate."""
    files = {"KAFKA_SSL_CERTFILE": str(pair.certificate), "KAFKA_SSL_KEYFILE": str(pair.key)}
    return files | ({"KAFKA_SSL_KEY_PASSWORD": pass_phrase} if pass_phrase else {})


def by_password(
    mechanism: str, user: str = "worker", password: str = PASSWORD, protocol: str = "SASL_SSL"
) -> dict[str, str]:
    """Settings of a worker that logs in."""
    return {
        "KAFKA_SECURITY_PROTOCOL": protocol,
        "KAFKA_SASL_MECHANISM": mechanism,
        "KAFKA_SASL_USERNAME": user,
        "KAFKA_SASL_PASSWORD": password,
    }


def address(user: str, port: int, database: str = "postgres", /, **options: object) -> str:
    """A database's URL; an option without a value is left out."""
    pairs = "&".join(f"{name}={value}" for name, value in options.items() if value)
    return f"postgresql://{user}@127.0.0.1:{port}/{database}?{pairs}"


def check_error(done: Done, words: Sequence[str]) -> None:
    """The error says these, in this order, and no password."""
    places = [done.error_text.find(each) for each in words]
    assert -1 not in places, done.error_text
    assert places == sorted(places), done.error_text
    assert not [word for word in (PASSWORD, "wr0ng-word") if word in done.stderr]
