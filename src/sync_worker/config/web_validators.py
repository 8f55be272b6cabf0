"""Validators of the settings of the administrators' page; as `validators`, they repeat no value."""

import ipaddress
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sync_worker.config.loopback import is_loopback
from sync_worker.config.sources import variable
from sync_worker.config.validators import token_url

if TYPE_CHECKING:
    from sync_worker.config.settings import Settings

_HEADER_NAME = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
_FORWARDED = re.compile(r"(?:x-)?forwarded(?:-.*)?", re.IGNORECASE)
UNIX = "unix"
"""A peer on a Unix socket, who has no address."""
_SHORTEST_SECRET = 16


def base_url(url: str) -> str:
    """The origin of the page: scheme, host and port alone, without a slash at the end."""
    url = token_url(url.removesuffix("/"))
    parts = urlsplit(url)
    if parts.path or parts.query or parts.fragment:
        raise ValueError("it has more than a host and a port")
    return url


def issuer(url: str) -> str:
    """An issuer's identifier: compared letter by letter, a slash at the end included."""
    url = token_url(url)
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise ValueError("it has a query or a fragment, which an issuer has not")
    return url


def names(text: object) -> object:
    """Texts from a JSON list, none of them blank."""
    if not isinstance(text, str):
        return text
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(listed, list) or not all(
        isinstance(name, str) and name.strip() for name in listed
    ):
        raise ValueError("it is not a list of strings")
    return tuple(listed)


def peers(text: object) -> object:
    """Networks from a JSON list, or `unix`."""
    listed = names(text)
    if isinstance(listed, tuple):
        for peer in listed:
            if peer != UNIX:
                _require_narrow_network(peer)
    return listed


def header_name(name: str) -> str:
    """A header that no proxy writes of its own accord."""
    if _HEADER_NAME.fullmatch(name) is None:
        raise ValueError("it has other characters than letters, digits and -")
    if _FORWARDED.fullmatch(name):
        raise ValueError("it says where a request came from, not who sent it")
    return name


def header_names(text: object) -> object:
    """Headers from a JSON list."""
    listed = names(text)
    return tuple(map(header_name, listed)) if isinstance(listed, tuple) else listed


def contradictions(settings: "Settings") -> Iterator[str]:
    """A sentence for each pair of settings of the page that contradict each other."""
    match settings.web_sign_in:
        case "dev":
            yield from _dev_contradictions(settings)
        case "oidc":
            yield from _missing(settings, "oidc", "web_oidc_issuer", "web_oidc_client_id")
        case "header":
            yield from _header_contradictions(settings)


def _dev_contradictions(settings: "Settings") -> Iterator[str]:
    """Whoever reaches the page is whoever they choose: nobody else may reach it."""
    hosts = {
        "web_host": settings.web_host,
        "web_base_url": urlsplit(settings.web_base_url).hostname or "",
    }
    for field, host in hosts.items():
        if not is_loopback(host):
            yield (
                f"{variable('web_sign_in')} set to dev needs {variable(field)} to be this machine, "
                "since anybody could sign in as anybody."
            )
    for field in ("web_oidc_issuer", "web_header_secret"):
        if getattr(settings, field) is not None:
            yield f"{variable(field)} has no effect with {variable('web_sign_in')} set to dev."


def _header_contradictions(settings: "Settings") -> Iterator[str]:
    yield from _missing(settings, "header", "web_trusted_peers", "web_header_secret")
    secret = settings.web_header_secret
    if secret is not None and len(secret.get_secret_value()) < _SHORTEST_SECRET:
        yield f"{variable('web_header_secret')} has fewer than {_SHORTEST_SECRET} characters."
    named = (settings.web_header_user, settings.web_header_secret_name, *settings.web_header_claims)
    if len({name.lower() for name in named}) < len(named):
        yield (
            f"{variable('web_header_user')}, {variable('web_header_secret_name')} and "
            f"{variable('web_header_claims')} must name different headers."
        )


def _missing(settings: "Settings", mode: str, *fields: str) -> Iterator[str]:
    for field in fields:
        if not getattr(settings, field):
            yield f"{variable('web_sign_in')} set to {mode} needs {variable(field)}."


def _require_narrow_network(text: str) -> None:
    network = ipaddress.ip_network(text)
    if network.prefixlen == 0:
        raise ValueError("it trusts every address")
