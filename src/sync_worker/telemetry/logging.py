"""The log: one line per event, readable on a terminal, as JSON elsewhere."""

import json
from typing import TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from sync_worker.printable import printable_json
from sync_worker.telemetry.redaction import Redaction


def configure(
    level: str,
    log_format: str,
    stream: TextIO,
    *,
    redaction: Redaction,
    has_color: bool = False,
) -> FilteringBoundLogger:
    """A logger that writes events of `level` and above to `stream`.

    `level` is debug, info, warning or error. `log_format` is console, json, or auto: console on a
    terminal, else JSON. Times are in UTC and end in Z.
    """
    for_people = stream.isatty() if log_format == "auto" else log_format == "console"
    logger = structlog.wrap_logger(
        structlog.WriteLogger(stream),  # a line at once: several threads write there
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redaction.processor,
            _renderer(for_people=for_people, has_color=has_color),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    return cast("FilteringBoundLogger", logger)


def _renderer(*, for_people: bool, has_color: bool) -> Processor:
    if not for_people:
        return structlog.processors.JSONRenderer(
            serializer=lambda event, **options: printable_json(json.dumps(event, **options)),
            ensure_ascii=False,
        )
    # Strings are written as literals, because text from outside must not move the cursor.
    return structlog.dev.ConsoleRenderer(
        colors=has_color,
        repr_native_str=True,
        exception_formatter=structlog.dev.plain_traceback,
    )
