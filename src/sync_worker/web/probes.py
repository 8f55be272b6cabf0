"""What asks whether the page is alive and ready. Needs no session, and says nothing else."""

from functools import partial

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sync_worker.errors import UserError
from sync_worker.registry import schema, web_sessions
from sync_worker.web.site import Site

PATHS = frozenset({"/livez", "/readyz"})


def routes(site: Site) -> list[Route]:
    """`/livez`: requests are answered. `/readyz`: the database is there, and ours to use."""
    return [Route("/livez", _alive), Route("/readyz", partial(_ready, site))]


async def _alive(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def _ready(site: Site, _: Request) -> Response:
    try:
        with site.registry.snapshot() as connection:
            schema.require_compatible(connection)
            web_sessions.require_access(connection)
    except (SQLAlchemyError, UserError):
        return PlainTextResponse("failing\n", status_code=503)
    return PlainTextResponse("ok\n")
