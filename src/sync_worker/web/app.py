"""The administrators' page as an ASGI application: its pages, and what surrounds each of them.

From the outside in: the access log, the headers that every response has, the host and the origin
that a request must have, and then the page. Pages are dispatched by `routing.py`.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from sync_worker.web import navigation, probes, problems, static_files, wording
from sync_worker.web.guard import OriginGuard
from sync_worker.web.headers import SecurityHeaders
from sync_worker.web.pages import PAGES
from sync_worker.web.rendering import environment
from sync_worker.web.routing import Page, Router
from sync_worker.web.site import Site
from sync_worker.web.site_log import AccessLog

THREADS = 10
"""Pages made at once; the database's pool has more connections than that, so none waits there."""


def build(site: Site, pages: Iterable[Page] = PAGES) -> Starlette:
    """The application."""
    templates = environment()
    templates.globals |= {
        "site": site,
        "style_path": static_files.STYLE_PATH,
        **navigation.GLOBALS,
        **wording.GLOBALS,
    }
    router = Router(site, templates)

    def refuse_origin(scope: Scope) -> Response:
        return router.visit(Request(scope)).refuse(problems.OTHER_ORIGIN)

    routes = [router.route(page) for page in pages]
    return Starlette(
        routes=[*routes, static_files.ROUTE, *probes.routes(site)],
        middleware=[
            Middleware(AccessLog, log=site.log),
            Middleware(SecurityHeaders, form_targets=" ".join(site.sign_in.origins())),
            Middleware(TrustedHostMiddleware, allowed_hosts=[_host(site.base_url)]),
            Middleware(OriginGuard, base_url=site.base_url, refuse=refuse_origin),
        ],
        exception_handlers={
            HTTPException: router.on_http_exception,
            Exception: router.on_unexpected,
        },
        lifespan=_lifespan,
    )


@asynccontextmanager
async def _lifespan(_: Starlette) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield


def _host(base_url: str) -> str:
    return urlsplit(base_url).hostname or ""
