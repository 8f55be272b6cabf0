"""Refuses what another site makes a browser send, and what a forged host would have us say.

A browser states where a request comes from (`Sec-Fetch-Site`, or `Origin` where it is older), and
no script can change that. So there are no tokens in forms, and none can expire. A request with
neither header does not come from a browser that people use here, and is refused.
"""

from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

Refuse = Callable[[Scope], Response]
"""The page that says why nothing was done."""


class HostGuard:
    """Lets requests pass that name the host of the base URL.

    Exempt are probes, which name an address, and the style of the page that says what is wrong.
    """

    def __init__(
        self, app: ASGIApp, base_url: str, refuse: Refuse, exempt: Collection[str]
    ) -> None:
        self._app, self._refuse, self._exempt = app, refuse, exempt
        self._host = urlsplit(base_url).hostname

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_checked = scope["type"] == "http" and scope["path"] not in self._exempt
        if is_checked and _hosts(scope) != [self._host]:
            await self._refuse(scope)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class OriginGuard:
    """Lets requests that change something pass only from our own pages."""

    def __init__(self, app: ASGIApp, base_url: str, refuse: Refuse) -> None:
        self._app, self._refuse = app, refuse
        self._origin = origin_of(base_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_from_here(scope, self._origin):
            await self._refuse(scope)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_from_here(scope: Scope, origin: str) -> bool:
    """Whether a request may be answered: it changes nothing, or comes from a page of `origin`."""
    if scope["method"] in _SAFE_METHODS:
        return True
    headers = Headers(scope=scope)
    sites, origins = headers.getlist("sec-fetch-site"), headers.getlist("origin")
    if sites:
        return sites == ["same-origin"]
    return origins == [origin]


def _hosts(scope: Scope) -> list[str | None]:
    """The names in each `Host` of a request, without a port; there should be one."""
    try:
        return [urlsplit(f"//{host}").hostname for host in Headers(scope=scope).getlist("host")]
    except ValueError:  # not an address at all
        return []


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, as browsers write an origin (RFC 6454, 6.1)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
