"""The stderr of a daemon: where its log is in JSON, each line is an event of that log.

This holds from the first moment, also where the settings are what is wrong. So what decides it is
looked up without the parser of options and without the settings; and nothing heavy is imported
before it is needed, since a signal that comes early counts.
"""

import io
import os
import re
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TextIO

from sync_worker import bootstrap
from sync_worker.cli.remedies import in_words
from sync_worker.config.sources import SECRETS_DIR, read_settings, variable
from sync_worker.errors import Exit, UserError
from sync_worker.language import Language, worded
from sync_worker.telemetry.log_events import LogEvent
from sync_worker.telemetry.redaction import Redaction

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

_VALUED = re.compile(r"-[vq]*o|--output")
"""The option of all commands that takes a value, where that follows as a word of its own."""
_ENDING = ("--archive", "--until-idle", "--help")
"""With these `run` is not a daemon: somebody waits for its end."""
_DAEMONS = ("run", "web")
_FORMAT, _NAME = variable("log_format"), variable("worker_name")
_ENDS: Mapping[Exit, LogEvent] = {
    Exit.UNEXPECTED: LogEvent.UNEXPECTED,
    Exit.UNREACHABLE: LogEvent.UNREACHABLE,
    Exit.INTERRUPTED: LogEvent.INTERRUPTED,
}
"""What an end is called in the log; all others are refusals."""


def is_daemon(arguments: Sequence[str]) -> bool:
    """Whether a command line is that of a daemon, as far as it can be read."""
    words = iter(arguments)
    for word in words:
        if _VALUED.fullmatch(word):
            next(words, None)
        elif not word.startswith("-"):
            is_ending = any(rest.partition("=")[0] in _ENDING for rest in words)
            return word in _DAEMONS and not is_ending
    return False


def of_process(arguments: Sequence[str], redaction: Redaction) -> "DaemonLog | None":
    """The log of this process, if that is a daemon whose log is in JSON."""
    if not is_daemon(arguments):
        return None
    names = (_FORMAT, _NAME, SECRETS_DIR)
    places = {name: os.environ[name] for name in names if name in os.environ}
    given = read_settings(places, [_FORMAT, _NAME]).values
    stated = given[_FORMAT].text if _FORMAT in given else ""
    is_json = stated == "json" or (stated != "console" and not sys.stderr.isatty())
    name = given[_NAME].text if _NAME in given else None
    return DaemonLog(sys.stderr, name, redaction) if is_json else None


class DaemonLog:
    """The log of a daemon before it has read its settings, and after its worker has ended."""

    def __init__(self, stream: TextIO, worker_name: str | None, redaction: Redaction) -> None:
        self._stream = stream
        self._worker_name = worker_name
        self._redaction = redaction

    @cached_property
    def _log(self) -> "FilteringBoundLogger":
        logging = import_module("sync_worker.telemetry.logging")
        named: Any = SimpleNamespace(worker_name=self._worker_name)
        log: FilteringBoundLogger = logging.configure(
            "info", "json", self._stream, redaction=self._redaction
        )
        return log.bind(**bootstrap.identity(bootstrap.worker_name(named)))

    def take_stderr(self) -> None:
        """Have stderr be written to through the log alone from now on."""
        sys.stderr = LogLines(self._stream, self._tell_line)

    def tell_end(
        self, error: UserError, cause: BaseException, language: Language, *, has_traceback: bool
    ) -> None:
        """Say why the daemon ends or does not start, for people and for programs."""
        fields: dict[str, object] = {
            "error": worded(error.message, language),
            "why": worded(error.why, language),
            "hint": worded(in_words(error.hint), language),
            "code": error.code,
            "exit_code": int(error.exit_code),
        }
        if error.exit_code is Exit.UNEXPECTED:
            process_log = import_module("sync_worker.telemetry.process_log")
            fields["traceback"] = process_log.traceback_of(cause, is_whole=has_traceback)
        self._log.error(_ENDS.get(error.exit_code, LogEvent.REFUSED), **fields)

    def _tell_line(self, text: str) -> None:
        self._log.warning(LogEvent.STDERR, text=text)


class LogLines(io.TextIOBase):
    """Stands in for stderr: each line that is written is told to the log.

    `wrapped` is the stream itself, to which the log writes.
    """

    def __init__(self, wrapped: TextIO, tell: Callable[[str], None]) -> None:
        self.wrapped = wrapped
        self._tell = tell
        self._begun = threading.local()

    def write(self, text: str) -> int:
        """Tell the lines that are whole; the rest waits for more from the same thread."""
        *lines, self._begun.text = (getattr(self._begun, "text", "") + text).split("\n")
        for line in lines:
            if line.strip():
                self._tell(line)
        return len(text)

    def flush(self) -> None:
        self.wrapped.flush()

    def isatty(self) -> bool:
        return self.wrapped.isatty()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.wrapped.fileno()

    # Else click would write to the stream beneath.
    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "backslashreplace"


def log_stream() -> TextIO:
    """The stream that a log writes to: stderr itself."""
    return sys.stderr.wrapped if isinstance(sys.stderr, LogLines) else sys.stderr
