"""The current secrets of this process, from its environment and its folder of secrets.

A file of that folder can be replaced at any time, so that nothing is cached here.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from sync_worker.config.postgresql_url import files_of, is_postgresql, parse_url
from sync_worker.config.sources import current, variable
from sync_worker.files import secret_files

SECRETS = (
    "kafka_sasl_password",
    "kafka_ssl_key_password",
    "kafka_sasl_oauth_client_secret",
    "web_oidc_client_secret",
    "web_header_secret",
)
"""The settings whose whole value is secret."""
URLS = ("database_url", "support_database_url")
"""Those that can contain a secret."""
FILES = (
    "kafka_sasl_oauth_token_file",
    "kafka_ssl_cafile",
    "kafka_ssl_certfile",
    "kafka_ssl_keyfile",
)
"""Those that name a file of credentials."""

_TOKEN_FILE = FILES[0]
_CLIENT_VARIABLES = ("PGPASSWORD",)
_IN_QUERY = re.compile(r"[?&](?!sslkey=)\w*(?:password|secret|key)=([^&#]*)", re.IGNORECASE)
"""`sslkey` names a file, which an error about it must be able to name, too."""


def secrets_in(environ: Mapping[str, str]) -> Iterator[str]:
    """Every secret of the environment and of its folder of secrets, as it is written there."""
    given = _given(environ, *SECRETS, *URLS, _TOKEN_FILE)
    for field, text in given.items():
        if field == _TOKEN_FILE:
            with suppress(OSError, UnicodeDecodeError):
                yield secret_files.read(Path(text)).decode().strip()
        else:
            yield from _passwords_in(text) if field in URLS else (text,)
    yield from (environ[name] for name in _CLIENT_VARIABLES if environ.get(name))


class CurrentSecret:
    """Returns the current value of a secret setting; the last one where it is no longer valid.

    It can be pickled for another process, which a closure cannot.
    """

    def __init__(self, field: str, first: str, check: Callable[[str], str] = str) -> None:
        """`check` raises ValueError for an invalid value."""
        self._field = field
        self._last = first
        self._check = check

    def __call__(self) -> str:
        """The value to use now."""
        with suppress(ValueError):
            self._last = self._check(_given(os.environ, self._field).get(self._field) or self._last)
        return self._last


def fingerprint() -> object:
    """Something that changes whenever the credentials of this process change."""
    files = (*_given(os.environ, *FILES).values(), *_files_of_databases(os.environ))
    return tuple(secrets_in(os.environ)), tuple(_file_stamp(Path(file)) for file in files)


def _files_of_databases(environ: Mapping[str, str]) -> Iterator[str]:
    for url in filter(is_postgresql, _given(environ, *URLS).values()):
        with suppress(ValueError):
            yield from files_of(parse_url(url), environ)


def _given(environ: Mapping[str, str], *fields: str) -> dict[str, str]:
    names = {variable(field): field for field in fields}
    return {names[name]: text for name, text in current(environ, names).items()}


def _file_stamp(file: Path) -> tuple[int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino


def _passwords_in(url: str) -> Iterator[str]:
    """All that may be a password in a URL, even an invalid one."""
    rest = url.partition("://")[2]
    userinfo, at, _ = rest.rpartition("@")
    _, colon, password = userinfo.partition(":")
    if at and colon:
        yield password
    yield from _IN_QUERY.findall(rest)
