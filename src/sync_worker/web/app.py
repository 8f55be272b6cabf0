"""The administrators' page as an ASGI application: its pages, and what surrounds each of them.

From the outside in: the access log, the headers that every response has, the room that there is for
it, the host and the origin that a request must have, and then the page. Pages are dispatched by
`routing.py`.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial

import anyio.to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request

from sync_worker.web import log_words, navigation, probes, problems, static_files, wording
from sync_worker.web.crowd import CrowdGuard
from sync_worker.web.guard import HostGuard, OriginGuard, Refuse
from sync_worker.web.headers import SecurityHeaders
from sync_worker.web.pages import PAGES
from sync_worker.web.problems import Problem
from sync_worker.web.rendering import environment
from sync_worker.web.routing import Page, Router
from sync_worker.web.site import Site
from sync_worker.web.site_log import AccessLog
from sync_worker.web.unexpected import UnexpectedErrors

MAX_REQUESTS = 100
"""Requests that are answered at once, or wait for a thread. With more, people would give up."""
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
        **log_words.GLOBALS,
    }
    router = Router(site, templates)

    def refuse(problem: Problem) -> Refuse:
        return lambda scope: router.visit(Request(scope)).refuse(problem)

    exempt = {*probes.PATHS, static_files.STYLE_PATH}
    routes = [router.route(page) for page in pages]
    built = Starlette(
        routes=[*routes, static_files.ROUTE, *probes.routes(site)],
        middleware=[
            Middleware(AccessLog, log=site.log, metrics=site.metrics),
            Middleware(SecurityHeaders, form_targets=site.sign_in.origins),
            Middleware(
                CrowdGuard,
                max_requests=MAX_REQUESTS,
                refuse=refuse(problems.BUSY),
                count=site.metrics.turned_away,
                exempt=exempt,
            ),
            Middleware(
                HostGuard,
                base_url=site.base_url,
                refuse=refuse(problems.OTHER_HOST),
                exempt=exempt,
            ),
            Middleware(OriginGuard, base_url=site.base_url, refuse=refuse(problems.OTHER_ORIGIN)),
            Middleware(UnexpectedErrors, answer=router.on_unexpected),
        ],
        exception_handlers={HTTPException: router.on_http_exception},
        lifespan=partial(_lifespan, site),
    )
    # It would lead from `/region/` to `/region` by an address with http behind a proxy for https.
    built.router.redirect_slashes = False
    return built


@asynccontextmanager
async def _lifespan(site: Site, _: Starlette) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    await run_in_threadpool(site.sign_in.prepare)
    yield
