"""The log: events with names and values on stderr, for people or for machines."""

import logging
import sys

import structlog
from structlog.typing import FilteringBoundLogger, Processor

_LEVELS = logging.getLevelNamesMapping()


def configured(level: str, log_format: str, *, color: bool) -> FilteringBoundLogger:
    """A log on stderr.

    `level` is debug, info, warning or error; `log_format` is console, json, or auto: console on a
    terminal, JSON lines elsewhere.
    """
    on_terminal = sys.stderr.isatty()
    as_json = log_format == "json" or (log_format == "auto" and not on_terminal)
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=color and on_terminal)
    )
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level.upper()]),
    )
    return log
