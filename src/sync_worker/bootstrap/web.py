"""The administrators' page, and the server that it runs in."""

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from structlog.typing import FilteringBoundLogger

from sync_worker import bootstrap
from sync_worker.bootstrap.registry import regions
from sync_worker.config.settings import Settings
from sync_worker.registry import schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import PAGE, open_engine
from sync_worker.web import app
from sync_worker.web.sign_in import from_settings
from sync_worker.web.site import Site

_MOST_CONNECTIONS = 100
_KEEP_ALIVE_SECONDS = 15
_SHUTDOWN_SECONDS = 10
"""For what is being answered when the server is told to stop; a deed is shorter."""


@contextmanager
def opened_site(settings: Settings, log: FilteringBoundLogger) -> Iterator[Site]:
    """The parts of the page.

    Raises:
        MissingDatabase: there is no such SQLite file.
        WrongRevision: its schema is another one.
        UserError: the table of rights cannot be right.
    """
    name = f"{bootstrap.PROGRAM} web"
    registry = Registry(open_engine(settings.database_url, limits=PAGE, application=name))
    try:
        with registry.snapshot() as connection:
            schema.require_head(connection)
        table = from_settings.rights_table(settings)
        yield Site(
            registry=registry,
            regions=regions(settings),
            sign_in=from_settings.sign_in(settings),
            rights_of=lambda identity: table.rights(identity.claims),
            base_url=settings.web_base_url,
            now=bootstrap.now,
            log=log,
            is_development=settings.web_sign_in == "dev",
        )
    finally:
        registry.close()


def server(site: Site, settings: Settings) -> uvicorn.Server:
    """What serves it. TLS, slow clients and limits for an address are the proxy's."""
    return uvicorn.Server(
        uvicorn.Config(
            app.build(site),
            host=settings.web_host,
            port=settings.web_port,
            http="h11",
            ws="none",
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_config=None,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
    )
