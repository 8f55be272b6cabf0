"""What every response tells the browser to refuse and to forget."""

from collections.abc import Callable, Iterable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NO_FEATURES = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def security_headers(form_targets: Iterable[str]) -> Mapping[str, str]:
    """The headers of every response.

    There is no script at all, so none is allowed: the name of a clinic that comes in an event has
    nothing to run in. `form_targets` are origins that a form of ours may lead to through a redirect
    besides our own, such as the identity provider's when somebody signs out.
    """
    targets = " ".join(("'self'", *form_targets))
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        f"form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": _NO_FEATURES,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


class SecurityHeaders:
    """Adds them; what a response states itself stays, as the style sheet's `Cache-Control` does."""

    def __init__(self, app: ASGIApp, form_targets: Callable[[], Iterable[str]]) -> None:
        self._app, self._form_targets = app, form_targets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in security_headers(self._form_targets()).items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
