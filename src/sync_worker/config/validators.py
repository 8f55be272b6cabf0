"""Validators of settings: each returns the value, or raises ValueError with the reason.

No message repeats the value: it may contain a password. `contradictions` are settings that are
valid alone, and wrong together.
"""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from sync_worker.config import postgresql_url
from sync_worker.config.loopback import is_loopback
from sync_worker.config.sources import variable
from sync_worker.domain.regions import Regions

if TYPE_CHECKING:
    from sync_worker.config.settings import Settings

_TOPIC = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")
_WORKER_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_SERVER = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
_IN_MEMORY = re.compile(r"/?(?::memory:.*|file::memory:.*|)", re.DOTALL)
_KERBEROS = ("GSSAPI", "KERBEROS")
_MAX_PORT = 65_535
_VERSION = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){1,2}")
_OLDEST, _TOO_NEW = (0, 11), (4, 4)

MASK = "***"


def database_url(url: str) -> str:
    """A URL of SQLite or PostgreSQL."""
    if not url.isprintable() or " " in url:
        raise ValueError("it holds a blank or a control character")
    if postgresql_url.is_postgresql(url):
        postgresql_url.require_options(postgresql_url.parse_url(url))
    elif url.startswith("sqlite:"):
        parts = urlsplit(url)
        if parts.netloc:
            raise ValueError("a path follows three slashes, and an absolute path four")
        if _IN_MEMORY.fullmatch(parts.path) or "mode=memory" in url:
            raise ValueError("it has no file, and a database in memory ends with the command")
    else:
        raise ValueError("it begins with neither sqlite: nor postgresql://")
    return url


def without_password(url: str) -> str:
    """A valid database URL with its passwords masked."""
    return postgresql_url.masked(url, MASK) if postgresql_url.is_postgresql(url) else url


def topic(name: str) -> str:
    """A valid name of a topic."""
    if _TOPIC.fullmatch(name) is None:
        raise ValueError("Kafka does not accept it")
    return name


def worker_name(name: str) -> str:
    """A name that Kafka, PostgreSQL and metrics take as it is."""
    if _WORKER_NAME.fullmatch(name) is None:
        raise ValueError("it is blank, too long, or has other characters")
    return name


def servers(text: str) -> str:
    """Addresses of brokers, comma-separated."""
    for server in text.split(","):
        address = _SERVER.fullmatch(server.strip())
        if address is None or not 0 < int(address["port"] or "1") <= _MAX_PORT:
            raise ValueError("one of them is not a valid address")
    return text


def kafka_version(text: str) -> str:
    """A version of Apache Kafka that this program supports."""
    if _VERSION.fullmatch(text) is None or not _OLDEST <= (api_version(text) or ()) < _TOO_NEW:
        raise ValueError("it does not exist, or is not supported")
    return text


def api_version(text: str | None) -> tuple[int, ...] | None:
    """A version as the client expects it: its first two numbers."""
    return None if text is None else tuple(map(int, text.split(".")[:2]))


def mechanism(name: str) -> str:
    """A SASL mechanism; Kerberos is refused by name, since other clients support it."""
    if name.upper() in _KERBEROS:
        raise ValueError(
            "this program does not support Kerberos; use SCRAM-SHA-512, OAUTHBEARER or a client "
            "certificate (SSL)"
        )
    return name


def token_url(url: str) -> str:
    """The URL of an authorisation server's tokens; a secret is sent there, so it is encrypted."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # checked only when it is read
    except ValueError:
        raise ValueError("its host or port cannot be read") from None
    if not parts.hostname or parts.username is not None or not url.isprintable() or " " in url:
        raise ValueError("it has no host, or has a user, for which there are other settings")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError("it is not encrypted")
    return url


def words(text: str) -> str:
    """Text that is not blank, without control characters."""
    if not text.strip() or not text.isprintable():
        raise ValueError("it is blank or holds a control character")
    return text


def path_or_json(text: str) -> str:
    """As `words`, and over several lines: JSON may be."""
    words(" ".join(text.split()))
    return text


def password(secret: SecretStr) -> SecretStr:
    """A secret that is not blank; blanks around it are a part of it."""
    if not secret.get_secret_value().strip():
        raise ValueError("it is blank")
    return secret


def region_codes(text: object) -> object:
    """Region codes from a JSON list."""
    if not isinstance(text, str):
        return text
    try:
        codes = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise ValueError("it is not a list of strings")
    Regions(codes)
    return tuple(codes)


_TLS = (
    "kafka_ssl_cafile",
    "kafka_ssl_certfile",
    "kafka_ssl_keyfile",
    "kafka_ssl_key_password",
)
_TOKEN_FILE = "kafka_sasl_oauth_token_file"  # noqa: S105 - the name of a setting
_CLIENT_CREDENTIALS = (
    "kafka_sasl_oauth_token_url",
    "kafka_sasl_oauth_client_id",
    "kafka_sasl_oauth_client_secret",
)
_OAUTH = (_TOKEN_FILE, *_CLIENT_CREDENTIALS, "kafka_sasl_oauth_scope")
_PASSWORD_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def contradictions(settings: "Settings") -> Iterator[str]:
    """A sentence for each pair of settings that contradict each other."""
    if settings.kafka_max_poll_interval_ms < settings.kafka_session_timeout_ms:
        yield _both(
            "kafka_max_poll_interval_ms", "must not be less than", "kafka_session_timeout_ms"
        )
    has_password = settings.kafka_sasl_password is not None
    if has_password != (settings.kafka_sasl_username is not None):
        yield _both("kafka_sasl_username", "must be set together with", "kafka_sasl_password")
    yield from _tls_contradictions(settings)
    yield from _sasl_contradictions(settings)
    yield from _oauth_contradictions(settings)


def _tls_contradictions(settings: "Settings") -> Iterator[str]:
    """Whoever sets a certificate expects an encrypted connection: it must not be in clear."""
    for name in ("kafka_ssl_keyfile", "kafka_ssl_key_password"):
        if getattr(settings, name) is not None and settings.kafka_ssl_certfile is None:
            yield _both(name, "has no effect without", "kafka_ssl_certfile")
    is_tls = settings.kafka_security_protocol in {"SSL", "SASL_SSL"}
    given = [name for name in _TLS if getattr(settings, name) is not None]
    if given and not is_tls:
        both = _both(given[0], "has no effect without", "kafka_security_protocol")
        yield f"{both.removesuffix('.')} set to SSL or SASL_SSL: nothing would be encrypted."


def _oauth_contradictions(settings: "Settings") -> Iterator[str]:
    """A token comes from a file, or from a server by client credentials."""
    given = [name for name in _OAUTH if getattr(settings, name) is not None]
    if settings.kafka_sasl_mechanism != "OAUTHBEARER":
        if given:
            both = _both(given[0], "has no effect without", "kafka_sasl_mechanism")
            yield f"{both.removesuffix('.')} set to OAUTHBEARER."
        return
    if settings.kafka_sasl_username is not None:
        yield _both("kafka_sasl_mechanism", "set to OAUTHBEARER excludes", "kafka_sasl_username")
    if _TOKEN_FILE in given and len(given) > 1:
        yield _both(_TOKEN_FILE, "excludes", given[1])
    missing = [name for name in _CLIENT_CREDENTIALS if name not in given]
    if _TOKEN_FILE not in given and missing:
        file = _both("kafka_sasl_mechanism", "set to OAUTHBEARER needs", _TOKEN_FILE)
        needed = " and ".join(variable(name) for name in missing)
        yield f"{file.removesuffix('.')}, or {needed}."


def _sasl_contradictions(settings: "Settings") -> Iterator[str]:
    mechanism = settings.kafka_sasl_mechanism
    has_user = settings.kafka_sasl_username is not None
    has_no_login = not has_user and settings.kafka_sasl_password is None
    is_sasl = (settings.kafka_security_protocol or "").startswith("SASL_")
    if mechanism is not None and not is_sasl:
        both = _both("kafka_sasl_mechanism", "has no effect without", "kafka_security_protocol")
        yield f"{both.removesuffix('.')} set to SASL_PLAINTEXT or SASL_SSL."
    if mechanism is None and is_sasl:
        yield _both("kafka_security_protocol", "with SASL needs", "kafka_sasl_mechanism")
    if mechanism is None and has_user and not is_sasl:
        both = _both("kafka_sasl_password", "have no effect without", "kafka_sasl_mechanism")
        yield f"{variable('kafka_sasl_username')} and {both}"
    if mechanism in _PASSWORD_MECHANISMS and has_no_login:
        both = _both("kafka_sasl_mechanism", f"set to {mechanism} needs", "kafka_sasl_username")
        yield f"{both.removesuffix('.')} and {variable('kafka_sasl_password')}."


def _both(field: str, relation: str, other_field: str) -> str:
    return f"{variable(field)} {relation} {variable(other_field)}."
