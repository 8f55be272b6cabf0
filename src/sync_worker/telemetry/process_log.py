"""What others say within the process of a daemon, put into its log.

Libraries log, Python warns, and threads end by an error. A program that reads the log finds one
event for each, not lines of which some belong together.
"""

import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from structlog.typing import FilteringBoundLogger

from sync_worker.registry.errors import first_line
from sync_worker.telemetry.log_events import LogEvent

_MAX_LINES = 200


def traceback_of(error: BaseException, *, is_whole: bool = False) -> list[str]:
    """Where an error came from, in lines, the innermost call last.

    Without `is_whole` there is no source, and of each message only the first line; of an error of
    the database that is what the database said, without the statement. What is left out could hold
    what a record says.
    """
    if is_whole:
        return "".join(traceback.format_exception(error)).splitlines()
    lines: list[str] = []
    link: BaseException | None = error
    while link is not None and len(lines) < _MAX_LINES:
        calls = traceback.extract_tb(link.__traceback__)
        lines += (f"{call.filename}:{call.lineno} in {call.name}" for call in calls)
        lines.append(f"{type(link).__name__}: {first_line(link)}")
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return lines


class _LibraryHandler(logging.Handler):
    """Logs what libraries log, where nobody else has a handler for it."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        fields: dict[str, Any] = {"logger": record.name, "text": record.getMessage()}
        if error is not None:
            fields["traceback"] = traceback_of(error)
        write = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        write(LogEvent.LIBRARY, **fields)


@contextmanager
def captured(log: FilteringBoundLogger) -> Iterator[None]:
    """Put into the log what libraries, Python and threads say, while the body runs."""
    former = logging.lastResort, warnings.showwarning, threading.excepthook, sys.unraisablehook
    logging.lastResort = _LibraryHandler(log)

    def on_warning(message: Warning | str, category: type[Warning], *place: Any) -> None:
        file, line, *_ = place
        log.warning(
            LogEvent.PYTHON_WARNING,
            category=category.__name__,
            text=str(message),
            place=f"{file}:{line}",
        )

    def on_thread(arguments: threading.ExceptHookArgs) -> None:
        name = arguments.thread.name if arguments.thread else None
        if arguments.exc_value is not None and arguments.exc_type is not SystemExit:
            log_unexpected(log, arguments.exc_value, thread=name)

    def on_unraisable(arguments: "sys.UnraisableHookArgs") -> None:
        if arguments.exc_value is not None:
            log_unexpected(log, arguments.exc_value, detail=arguments.err_msg)

    warnings.showwarning = on_warning  # type: ignore[assignment]
    threading.excepthook = on_thread
    sys.unraisablehook = on_unraisable
    try:
        yield
    finally:
        logging.lastResort, warnings.showwarning, threading.excepthook, sys.unraisablehook = former


def log_unexpected(log: FilteringBoundLogger, error: BaseException, **fields: Any) -> None:
    """Log an error that nobody foresaw, with where it came from."""
    log.error(
        LogEvent.UNEXPECTED,
        error=f"{type(error).__name__}: {first_line(error)}",
        traceback=traceback_of(error),
        **fields,
    )
