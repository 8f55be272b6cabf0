"""The secrets that an environment gives this process, as they are at the moment.

A file of the folder of secrets can be another one by now: nothing here is remembered.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sync_worker.config.sources import current, variable
from sync_worker.files import secret_files

SECRETS = ("kafka_sasl_password", "kafka_ssl_key_password", "kafka_sasl_oauth_client_secret")
"""The settings that are secret as a whole."""
URLS = ("database_url", "support_database_url")
"""Those that can hold a secret."""
FILES = (
    "kafka_sasl_oauth_token_file",
    "kafka_ssl_cafile",
    "kafka_ssl_certfile",
    "kafka_ssl_keyfile",
)
"""Those that name a file which is used for a login."""

_TOKEN_FILE = FILES[0]
_OF_THE_CLIENT = ("PGPASSWORD",)
_IN_QUERY = re.compile(r"[?&]\w*(?:password|secret|key)=([^&#]*)", re.IGNORECASE)


def secrets_in(environ: Mapping[str, str]) -> Iterator[str]:
    """Every secret of the environment and of the folder that it names, as it was written."""
    given = _given(environ, *SECRETS, *URLS, _TOKEN_FILE)
    for field, text in given.items():
        if field == _TOKEN_FILE:
            yield from _content(Path(text))
        else:
            yield from _of_url(text) if field in URLS else (text,)
    yield from (environ[name] for name in _OF_THE_CLIENT if environ.get(name))


class CurrentSecret:
    """Gives a secret setting as it is now; where it is none any more, as it was last.

    It can be handed to another process, which a closure cannot.
    """

    def __init__(self, field: str, first: str, check: Callable[[str], str] = str) -> None:
        """`check` raises ValueError for what is no value of the setting."""
        self._field = field
        self._last = first
        self._check = check

    def __call__(self) -> str:
        """The value to use now."""
        try:
            self._last = self._check(_given(os.environ, self._field).get(self._field) or self._last)
        except ValueError:
            return self._last
        return self._last


def fingerprint() -> object:
    """Something that changes with whatever this process logs in with."""
    files = _given(os.environ, *FILES).values()
    return tuple(secrets_in(os.environ)), tuple(_stamp(Path(file)) for file in files)


def _given(environ: Mapping[str, str], *fields: str) -> dict[str, str]:
    names = {variable(field): field for field in fields}
    return {names[name]: text for name, text in current(environ, names).items()}


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _content(file: Path) -> Iterator[str]:
    try:
        yield secret_files.read(file).decode().strip()
    except (OSError, UnicodeDecodeError):
        return


def _of_url(url: str) -> Iterator[str]:
    """What may be a password in a URL that perhaps nobody can read; all readings of it."""
    rest = url.partition("://")[2]
    userinfo, at, _ = rest.rpartition("@")
    _, colon, password = userinfo.partition(":")
    if at and colon:
        yield password
    yield from _IN_QUERY.findall(rest)
