"""`sync-worker web`: the administrators' page."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from sync_worker import bootstrap
from sync_worker.cli import options
from sync_worker.cli.daemon_log import log_stream
from sync_worker.cli.invocation import Invocation, pass_invocation
from sync_worker.cli.output import color_is_welcome
from sync_worker.errors import Exit, UserError

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

_EXTRA = ("starlette", "uvicorn", "jinja2", "python_multipart", "authlib", "httpx2")


@click.command(
    cls=options.Command,
    changes=options.always,
    epilog=options.examples(
        "sync-worker web",
        "SYNC_WORKER_WEB_PORT=8080 SYNC_WORKER_WEB_BASE_URL=http://127.0.0.1:8080 sync-worker web",
    ),
)
@pass_invocation
def command(run: Invocation) -> None:
    """Serve the page where administrators add and remove clinics in a browser.

    Without settings it listens on this machine alone, and lets you sign in as one of several
    made-up people. For others to use it, it needs an identity provider or a trusted proxy, and a
    table of rights: see docs/web.md. TLS is the proxy's.

    SIGTERM and Ctrl-C finish the requests in progress. Several processes may run side by side on
    one database.
    """
    _require_extra()
    log = _log(run)
    with bootstrap.web.opened_site(run.settings, log) as site:
        server = bootstrap.web.server(site, run.settings)
        run.output.message(f"The page is at {run.settings.web_base_url}. Ctrl-C ends it.")
        server.run()
    if not server.started:
        raise UserError(
            Exit.UNREACHABLE,
            f"{run.settings.web_host}:{run.settings.web_port} cannot be listened on.",
            hint="Set SYNC_WORKER_WEB_HOST and SYNC_WORKER_WEB_PORT to an address of this machine "
            "that is free.",
            code="address",
        )


def _require_extra() -> None:
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise UserError(
            Exit.USAGE,
            "The administrators' page is not installed.",
            why=f"It needs {', '.join(missing)}, which come with the extra `web`.",
            hint="pip install 'sync-worker[web]'",
            code="configuration",
        )


def _log(run: Invocation) -> FilteringBoundLogger:
    stream = log_stream()
    return bootstrap.worker.log(
        run.settings,
        run.settings.log_level,
        stream,
        has_color=run.options.color and color_is_welcome(stream),
        redaction=run.options.redaction,
    )
