"""What happens on the site, as events of the log: never who did it, nor what they asked for.

The registry's change log has every deed with its author. This log is for operators, and HSA-ids of
people are personal data (domain 15): it has routes, not addresses, and no query.
"""

import secrets
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from sync_worker.telemetry.log_events import LogEvent
from sync_worker.telemetry.page_metrics import PageMetrics
from sync_worker.web import probes

_REFERENCE_BYTES = 4


class AccessLog:
    """Writes a line for each request, once it is answered, and counts it."""

    def __init__(self, app: ASGIApp, log: FilteringBoundLogger, metrics: PageMetrics) -> None:
        self._app, self._log, self._metrics = app, log, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500
        scope["request_id"] = new_reference()

        async def send_and_look(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_look)
        finally:
            self._tell(scope, status, time.perf_counter() - began)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = scope["method"], route_of(scope)
        self._metrics.answered(route, method, status, seconds)
        # Probes come every few seconds; one that fails is of interest.
        is_probe = scope["path"] in probes.PATHS and status == 200
        write = self._log.debug if is_probe else self._log.info
        write(
            LogEvent.REQUEST,
            request_id=scope["request_id"],
            method=method,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


def new_reference() -> str:
    """What a person can tell support, and an operator can search the log for: `7F3A-92C1`."""
    text = secrets.token_hex(_REFERENCE_BYTES).upper()
    return f"{text[:4]}-{text[4:]}"


def route_of(scope: Scope) -> str | None:
    """The path of the route that answers; None where there is none, whatever was asked for."""
    return getattr(scope.get("route"), "path", None)
