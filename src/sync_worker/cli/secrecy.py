"""The secrets that an environment gives this process, whether its settings are right or not."""

import re
from collections.abc import Iterator, Mapping

from sync_worker.cli.environment import gather, variable

SECRETS = ("kafka_sasl_password",)
"""The settings that are secret as a whole."""
URLS = ("database_url", "support_database_url")
"""Those that can hold a secret."""

_OF_THE_CLIENT = ("PGPASSWORD",)
_IN_QUERY = re.compile(r"[?&]\w*(?:password|secret|key)=([^&#]*)", re.IGNORECASE)


def secrets_in(environ: Mapping[str, str]) -> Iterator[str]:
    """Every secret of the environment and of the folder that it names, as it was written."""
    names = {variable(field): field for field in (*SECRETS, *URLS)}
    for name, value in gather(environ, names).given.items():
        yield from _of_url(value.text) if names[name] in URLS else (value.text,)
    yield from (environ[name] for name in _OF_THE_CLIENT if environ.get(name))


def _of_url(url: str) -> Iterator[str]:
    """What may be a password in a URL that perhaps nobody can read; all readings of it."""
    rest = url.partition("://")[2]
    userinfo, at, _ = rest.rpartition("@")
    _, colon, password = userinfo.partition(":")
    if at and colon:
        yield password
    yield from _IN_QUERY.findall(rest)
