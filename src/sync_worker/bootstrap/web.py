"""The administrators' page, and the process that serves it."""

import os
import platform
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

import uvicorn
from sqlalchemy.exc import DBAPIError
from structlog.typing import FilteringBoundLogger

from sync_worker import bootstrap
from sync_worker.bootstrap.listening import not_listening, place
from sync_worker.bootstrap.registry import describe_database, regions
from sync_worker.config.settings import Settings
from sync_worker.registry import schema, web_sessions
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import PAGE, open_engine
from sync_worker.registry.errors import first_line, may_pass
from sync_worker.remedies import Remedy
from sync_worker.telemetry.catalogue import of_worker
from sync_worker.telemetry.descriptor_log import DescriptorLog
from sync_worker.telemetry.dropped_lines import DroppedLines
from sync_worker.telemetry.http import HttpServer
from sync_worker.telemetry.log_events import LogEvent
from sync_worker.telemetry.retry_log import event_of
from sync_worker.telemetry.service_manager import ServiceManager
from sync_worker.web import app
from sync_worker.web.sign_in import from_settings
from sync_worker.web.site import Site

_MAX_WAITING_CONNECTIONS = 1000
"""That the system keeps until we take them; a crowd at once is answered, if only to come back."""
_KEEP_ALIVE_SECONDS = 15
_SHUTDOWN_SECONDS = 7
"""For what is being answered when the server is told to stop; a supervisor is promised ten."""


@contextmanager
def opened_site(settings: Settings, log: FilteringBoundLogger) -> Iterator[Site]:
    """The parts of the page.

    A database that is unavailable is not waited for: pages say so until it is back.

    Raises:
        MissingDatabase: there is no such SQLite file.
        WrongRevision: its schema is another one.
        UserError: the table of rights cannot be right.
    """
    name = f"{bootstrap.PROGRAM} web"
    registry = Registry(open_engine(settings.database_url, limits=PAGE, application=name))
    try:
        _look_at_registry(registry, log)
        table = from_settings.rights_table(settings)
        yield Site(
            registry=registry,
            regions=regions(settings),
            sign_in=from_settings.sign_in(settings),
            rights_of=lambda identity: table.rights(identity.claims),
            base_url=settings.web_base_url,
            now=bootstrap.now,
            log=log,
            public_body=settings.web_public_body,
            is_development=settings.web_sign_in == "dev",
        )
    finally:
        registry.close()


def _look_at_registry(registry: Registry, log: FilteringBoundLogger) -> None:
    try:
        with registry.snapshot() as connection:
            schema.require_compatible(connection)
            web_sessions.require_access(connection)
    except DBAPIError as error:
        if not may_pass(error):
            raise
        log.warning(event_of(error), error=first_line(error))


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """The page's port, where connections wait from now on until they are answered.

    Raises:
        UserError: it cannot be listened on.
    """
    host, port = settings.web_host, settings.web_port
    with ExitStack() as stack:
        try:
            family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            listener = stack.enter_context(socket.socket(family))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_MAX_WAITING_CONNECTIONS)
        except OSError as error:
            why, hint = "The administrators' page is served there.", Remedy.USE_FREE_WEB_PORT()
            raise not_listening(host, port, error, why=why, hint=hint) from None
        yield listener


@contextmanager
def measured(site: Site, settings: Settings) -> Iterator[None]:
    """Serve the metrics of a site, on a port of their own: the page's is for everybody.

    Raises:
        UserError: it cannot be listened on.
    """
    host, port = settings.http_host, settings.web_metrics_port
    if port == 0:
        yield
        return
    try:
        server = HttpServer(host, port, None, site.metrics.registry)
    except OSError as error:
        why, hint = "The page's metrics are served there.", Remedy.USE_FREE_METRICS_PORT()
        raise not_listening(host, port, error, why=why, hint=hint) from None
    with closing(server):
        yield


class PageProcess:
    """Serves a site until it is told to stop, and says so in the log."""

    def __init__(
        self,
        site: Site,
        settings: Settings,
        log: FilteringBoundLogger,
        dropped_lines: Callable[[], int] = lambda: 0,
    ) -> None:
        """`dropped_lines` is how many lines of the log went nowhere so far."""
        counter = site.metrics.series.counter(of_worker.LINES_DROPPED)
        dropped = DroppedLines(log, dropped_lines, counter)
        self._server = _Server(site, [dropped.update, DescriptorLog(log).update])
        self._settings, self._log = settings, log
        self._began = time.monotonic()

    def stop(self) -> None:
        """Answer what has been asked, and nothing more."""
        self._server.should_exit = True

    def serve(self, listener: socket.socket, signal_received: Callable[[], str | None]) -> None:
        """Answer requests until `stop` is called."""
        self._log.info(LogEvent.STARTED, **self._described())
        try:
            self._server.run([listener])
        except BaseException as error:
            self._say_stopped("error", error=f"{type(error).__name__}: {first_line(error)}")
            raise
        self.say_stopped(signal_received())

    def say_stopped(self, signal_name: str | None, *, is_finished: bool = True) -> None:
        """Log the end; without `is_finished` a request could not be answered in time."""
        self._say_stopped("signal", signal=signal_name, is_finished=is_finished)

    def _say_stopped(self, why: str, **fields: object) -> None:
        uptime = round(time.monotonic() - self._began, 1)
        self._log.info(LogEvent.STOPPED, why=why, uptime_seconds=uptime, **fields)

    def _described(self) -> dict[str, object]:
        """What the process is and serves; no secret is among it."""
        settings = self._settings
        return {
            "python": platform.python_version(),
            "pid": os.getpid(),
            "database": describe_database(settings.database_url),
            "listens": place(settings.web_host, settings.web_port),
            "page": settings.web_base_url,
            "sign_in": settings.web_sign_in,
        }


class _Server(uvicorn.Server):
    """TLS, slow clients and limits for an address are the proxy's, signals the command's."""

    def __init__(self, site: Site, updates: Sequence[Callable[[], None]]) -> None:
        """`updates` are called each second."""
        self._updates = updates
        self._manager = ServiceManager()
        super().__init__(
            uvicorn.Config(
                app.build(site),
                http="h11",
                ws="none",
                proxy_headers=False,
                server_header=False,
                access_log=False,
                log_config=None,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
                callback_notify=self._each_second,
                timeout_notify=1,
            )
        )

    async def _each_second(self) -> None:
        self._manager.feed_watchdog()
        for update in self._updates:
            update()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._manager.tell(READY=1, STATUS="ready")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._manager.tell(STOPPING=1)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them as they are: the server's own handlers would end the process by the signal."""
        yield
