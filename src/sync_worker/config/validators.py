"""What a setting's text must be; each function returns the value or raises ValueError saying why.

No message repeats the value: it may hold a password.
"""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from sync_worker.config import postgresql_url
from sync_worker.config.loopback import is_loopback
from sync_worker.config.sources import variable
from sync_worker.domain.regions import Regions

if TYPE_CHECKING:
    from sync_worker.config.settings import Settings

_TOPIC = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")
_SERVER = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
_IN_MEMORY = re.compile(r"/?(?::memory:.*|file::memory:.*|)", re.DOTALL)
_KERBEROS = ("GSSAPI", "KERBEROS")
_HIGHEST_PORT = 65_535
_VERSION = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){1,2}")
_OLDEST, _TOO_NEW = (0, 11), (4, 4)

MASK = "***"


def database_url(url: str) -> str:
    """An address of SQLite or PostgreSQL."""
    if not url.isprintable() or " " in url:
        raise ValueError("it holds a blank or a control character")
    if postgresql_url.is_postgresql(url):
        postgresql_url.require_options(postgresql_url.parse_url(url))
    elif url.startswith("sqlite:"):
        _require_sqlite_file(url)
    else:
        raise ValueError("it begins with neither sqlite: nor postgresql://")
    return url


def without_password(url: str) -> str:
    """A database URL that was taken, with its passwords masked."""
    return postgresql_url.masked(url, MASK) if postgresql_url.is_postgresql(url) else url


def topic(name: str) -> str:
    """A name that Kafka takes for a topic."""
    if _TOPIC.fullmatch(name) is None:
        raise ValueError("Kafka takes no such name")
    return name


def servers(text: str) -> str:
    """Addresses of brokers, comma-separated."""
    for server in text.split(","):
        found = _SERVER.fullmatch(server.strip())
        if found is None or not 0 < int(found["port"] or "1") <= _HIGHEST_PORT:
            raise ValueError("one of them is no host:port")
    return text


def kafka_version(text: str) -> str:
    """A version of Apache Kafka that this program can talk to."""
    if _VERSION.fullmatch(text) is None or not _OLDEST <= (api_version(text) or ()) < _TOO_NEW:
        raise ValueError("there is none, or none that it can talk to")
    return text


def api_version(text: str | None) -> tuple[int, ...] | None:
    """A version as the client takes it: its first two numbers."""
    return None if text is None else tuple(map(int, text.split(".")[:2]))


def mechanism(name: str) -> str:
    """A mechanism of SASL; Kerberos is refused by its name, since others offer it."""
    if name.upper() in _KERBEROS:
        raise ValueError(
            "there is no Kerberos in this program; SCRAM-SHA-512, OAUTHBEARER and "
            "certificates (SSL) log in without it"
        )
    return name


def token_url(url: str) -> str:
    """Where an authorisation server gives tokens; a secret is sent there, and so never in clear."""
    parts = _split(url)
    if not parts.hostname or parts.username is not None or not url.isprintable() or " " in url:
        raise ValueError("it names no host, or a user, which has settings of its own")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError("it is not encrypted")
    return url


def words(text: str) -> str:
    """Text that says something and holds no control character."""
    if not text.strip() or not text.isprintable():
        raise ValueError("it is blank or holds a control character")
    return text


def password(secret: SecretStr) -> SecretStr:
    """A secret that is not made of blanks alone; those around it are its own."""
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


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("its host or port cannot be read") from None
    return parts


def _require_sqlite_file(url: str) -> None:
    parts = urlsplit(url)
    if parts.netloc:
        raise ValueError("a file comes after three slashes, and after four where its path is whole")
    if _IN_MEMORY.fullmatch(parts.path) or "mode=memory" in url:
        raise ValueError("it names no file, and a database in memory is gone with the command")


# Settings that are right each, and wrong together: refused in a sentence that names both.


_TLS = (
    "kafka_ssl_cafile",
    "kafka_ssl_certfile",
    "kafka_ssl_keyfile",
    "kafka_ssl_key_password",
)
_USER = "kafka_sasl_username"
_CLIENT = (
    "kafka_sasl_oauth_token_url",
    "kafka_sasl_oauth_client_id",
    "kafka_sasl_oauth_client_secret",
)
_OAUTH = ("kafka_sasl_oauth_token_file", *_CLIENT, "kafka_sasl_oauth_scope")
_WITH_PASSWORD = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def contradictions(settings: "Settings") -> Iterator[str]:
    """A sentence for each pair of settings that contradict each other."""
    if settings.kafka_max_poll_interval_ms < settings.kafka_session_timeout_ms:
        yield _both(
            "kafka_max_poll_interval_ms", "must not be less than", "kafka_session_timeout_ms"
        )
    has_password = settings.kafka_sasl_password is not None
    if has_password != (settings.kafka_sasl_username is not None):
        yield _both("kafka_sasl_username", "goes only together with", "kafka_sasl_password")
    yield from _of_tls(settings)
    yield from _of_sasl(settings)
    yield from _of_tokens(settings)


def _of_tls(settings: "Settings") -> Iterator[str]:
    """Whoever sets a file of TLS takes the connection for encrypted: it is never in the clear."""
    for name in ("kafka_ssl_keyfile", "kafka_ssl_key_password"):
        if getattr(settings, name) is not None and settings.kafka_ssl_certfile is None:
            yield _both(name, "is of no use without", "kafka_ssl_certfile")
    is_tls = settings.kafka_security_protocol in {"SSL", "SASL_SSL"}
    given = [name for name in _TLS if getattr(settings, name) is not None]
    if given and not is_tls:
        both = _both(given[0], "is of no use without", "kafka_security_protocol")
        yield f"{both.removesuffix('.')} of SSL or SASL_SSL: nothing would be encrypted."


def _of_tokens(settings: "Settings") -> Iterator[str]:
    """A token is in a file, or is asked for with client credentials."""
    given = [name for name in _OAUTH if getattr(settings, name) is not None]
    if settings.kafka_sasl_mechanism != "OAUTHBEARER":
        if given:
            both = _both(given[0], "is of no use without", "kafka_sasl_mechanism")
            yield f"{both.removesuffix('.')} of OAUTHBEARER."
        return
    if settings.kafka_sasl_username is not None:
        yield _both("kafka_sasl_mechanism", "of OAUTHBEARER does not go with", _USER)
    if _OAUTH[0] in given and len(given) > 1:
        yield _both(_OAUTH[0], "does not go together with", given[1])
    missing = [name for name in _CLIENT if name not in given]
    if _OAUTH[0] not in given and missing:
        file = _both("kafka_sasl_mechanism", "of OAUTHBEARER needs", _OAUTH[0])
        needed = " and ".join(variable(name) for name in missing)
        yield f"{file.removesuffix('.')}, or {needed}."


def _of_sasl(settings: "Settings") -> Iterator[str]:
    mechanism = settings.kafka_sasl_mechanism
    has_user = settings.kafka_sasl_username is not None
    has_nobody = not has_user and settings.kafka_sasl_password is None
    is_sasl = (settings.kafka_security_protocol or "").startswith("SASL_")
    if mechanism is not None and not is_sasl:
        both = _both("kafka_sasl_mechanism", "is of no use without", "kafka_security_protocol")
        yield f"{both.removesuffix('.')} of SASL_PLAINTEXT or SASL_SSL."
    if mechanism is None and is_sasl:
        yield _both("kafka_security_protocol", "of SASL needs", "kafka_sasl_mechanism")
    if mechanism is None and has_user and not is_sasl:
        both = _both("kafka_sasl_password", "are of no use without", "kafka_sasl_mechanism")
        yield f"{variable('kafka_sasl_username')} and {both}"
    if mechanism in _WITH_PASSWORD and has_nobody:
        both = _both("kafka_sasl_mechanism", f"of {mechanism} needs", "kafka_sasl_username")
        yield f"{both.removesuffix('.')} and {variable('kafka_sasl_password')}."


def _both(one: str, relation: str, other: str) -> str:
    return f"{variable(one)} {relation} {variable(other)}."
