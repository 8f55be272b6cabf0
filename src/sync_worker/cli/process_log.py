"""The log of a command that is a process of its own: of the worker, and of the page."""

from typing import TYPE_CHECKING

from sync_worker.cli import standard_streams
from sync_worker.cli.daemon_log import log_stream
from sync_worker.cli.invocation import Invocation
from sync_worker.cli.output import color_is_welcome
from sync_worker.telemetry import logging

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger


def opened_log(run: Invocation) -> "FilteringBoundLogger":
    """The log on stderr, at the level of the settings unless -v or -q say otherwise."""
    level: str = run.settings.log_level
    if run.options.verbosity:
        quiet = "error" if level == "error" else "warning"
        level = "debug" if run.options.verbosity > 0 else quiet
    stream = log_stream()
    return logging.configure(
        level,
        run.settings.log_format,
        stream,
        has_color=run.options.color and color_is_welcome(stream),
        redaction=run.options.redaction,
    )


def dropped_lines() -> int:
    """How many lines of the log went nowhere so far."""
    return standard_streams.dropped_lines(log_stream())
