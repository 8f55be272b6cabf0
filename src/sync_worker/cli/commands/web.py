"""`sync-worker web`: the administrators' page."""

import sys
from importlib.util import find_spec

import click

from sync_worker import bootstrap
from sync_worker.cli import options, signals
from sync_worker.cli.daemon_log import log_stream
from sync_worker.cli.invocation import invocation
from sync_worker.cli.process_log import dropped_lines, opened_log
from sync_worker.errors import Exit, UserError
from sync_worker.telemetry import process_log

_EXTRA = ("starlette", "uvicorn", "jinja2", "python_multipart", "authlib", "httpx2")


@click.command(
    cls=options.Command,
    changes=options.always,
    epilog=options.examples(
        "sync-worker web",
        "SYNC_WORKER_WEB_PORT=8080 SYNC_WORKER_WEB_BASE_URL=http://127.0.0.1:8080 sync-worker web",
    ),
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Serve the page where administrators add and remove clinics in a browser.

    Without settings it listens on this machine alone, and lets you sign in as one of several
    made-up people. For others to use it, it needs an identity provider or a trusted proxy, and a
    table of rights: see docs/web.md. TLS is the proxy's.

    SIGTERM and Ctrl-C finish the requests in progress and end with 0. Several processes may run
    side by side on one database.
    """
    shutdown = signals.ShutdownHandler(Exit.DONE)
    # Heavy parts are imported from here on, so that a signal that comes early counts.
    _require_extra()
    run = invocation(ctx)
    log = opened_log(run).bind(**bootstrap.identity(bootstrap.worker_name(run.settings)))
    with (
        process_log.captured(log),
        bootstrap.web.opened_site(run.settings, log) as site,
        bootstrap.web.measured(site, run.settings),
        bootstrap.web.listening(run.settings) as listener,
    ):
        process = bootstrap.web.PageProcess(site, run.settings, log, dropped_lines)
        shutdown.attach(process)
        if log_stream() is sys.stderr:  # else each of its lines is an event, as `started` is
            run.output.message(f"The page is at {run.settings.web_base_url}. Ctrl-C ends it.")
        shutdown.last_words = lambda: process.say_stopped(shutdown.received, is_finished=False)
        process.serve(listener, lambda: shutdown.received)


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
