"""What a setting's text must be; each function returns the value or raises ValueError saying why.

No message repeats the value: it may hold a password.
"""

import json
import re
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from sync_worker.cli.development import is_this_machine
from sync_worker.clinics.regions import Regions
from sync_worker.registry import address

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
    if address.is_postgresql(url):
        address.require_options(address.parameters_of(url))
    elif url.startswith("sqlite:"):
        _require_sqlite_file(url)
    else:
        raise ValueError("it begins with neither sqlite: nor postgresql://")
    return url


def without_password(url: str) -> str:
    """A database URL that was taken, with its passwords masked."""
    return address.masked(url, MASK) if address.is_postgresql(url) else url


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
    if parts.scheme != "https" and not (parts.scheme == "http" and is_this_machine(parts.hostname)):
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
