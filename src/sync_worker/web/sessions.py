"""The cookie that says which session a browser has."""

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "__Host-session"
"""The prefix binds it to this host, to https and to all paths: no other site can set it."""


def session_id(request: Request) -> str | None:
    """The id that a browser sends."""
    return request.cookies.get(COOKIE)


def set_cookie(response: Response, session_id: str) -> None:
    """Give a browser its id, until it is closed; when it is over, the server judges."""
    response.set_cookie(COOKIE, session_id, secure=True, httponly=True, samesite="lax", path="/")


def delete_cookie(response: Response) -> None:
    """Have a browser forget it."""
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax", path="/")
