"""Where somebody is sent after signing in: only to a page that a route of ours matches."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.routing import BaseRoute, Match

HOME = "/"
_LONGEST = 1000


def checked(target: str, routes: Iterable[BaseRoute]) -> str:
    """The path and query, if the page has it; else its first page.

    A browser takes two slashes, or a slash and a backslash, for another host; so it would where a
    proxy has decoded them first.
    """
    if not target.startswith("/") or len(target) > _LONGEST or not target.isprintable():
        return HOME
    path, _, query = target.partition("?")
    decoded = unquote(path)
    if "//" in decoded or "\\" in decoded or not decoded.isprintable() or "#" in query:
        return HOME
    if urlsplit(target).netloc or not _is_matched(decoded, routes):
        return HOME
    return target


def _is_matched(path: str, routes: Iterable[BaseRoute]) -> bool:
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "root_path": "",
        "headers": [],
    }
    return any(route.matches(dict(scope))[0] is Match.FULL for route in routes)
