"""The outermost layer that knows how to answer: a fault of ours becomes a page and a line of log.

Starlette's own handler of all exceptions stands outside every other layer, so its pages would lack
the headers of the others, and it raises again: the server would print what the fault was about.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Answer = Callable[[Request, Exception], Awaitable[Response]]


class UnexpectedErrors:
    """Answers what nobody foresaw."""

    def __init__(self, app: ASGIApp, answer: Answer) -> None:
        self._app, self._answer = app, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_started = False

        async def send_and_look(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_look)
        except Exception as error:  # noqa: BLE001 - the outermost layer, see above
            response = await self._answer(Request(scope), error)
            # The beginning of an answer cannot be taken back: the browser sees that it is cut off.
            if not has_started:
                await response(scope, receive, send)
