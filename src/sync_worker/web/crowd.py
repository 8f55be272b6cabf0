"""Turns a request away at once where too many are being answered, rather than have it wait unseen.

The server's own limit counts connections, idle ones of a proxy too, and answers without a page.
"""

from collections.abc import Callable, Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from sync_worker.web.guard import Refuse


class CrowdGuard:
    """Lets so many requests pass at once. Exempt are probes, and the style of what it answers."""

    def __init__(
        self,
        app: ASGIApp,
        max_requests: int,
        refuse: Refuse,
        count: Callable[[], None],
        exempt: Collection[str],
    ) -> None:
        self._app, self._max_requests, self._exempt = app, max_requests, exempt
        self._refuse, self._count = refuse, count
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._exempt:
            await self._app(scope, receive, send)
        elif self._requests >= self._max_requests:
            self._count()
            await self._refuse(scope)(scope, receive, send)
        else:
            self._requests += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._requests -= 1
