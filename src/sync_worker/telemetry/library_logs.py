"""What libraries log by themselves: Python writes it to stderr, and here it is redacted first."""

import logging

from sync_worker.files.shown import in_lines
from sync_worker.telemetry.redaction import Redaction


class _Redacted(logging.Formatter):
    def __init__(self, redaction: Redaction) -> None:
        super().__init__()
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        return in_lines(self._redaction(super().format(record)))


def redact(redaction: Redaction) -> None:
    """Have everything that nobody else handles pass the redaction, tracebacks too."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_Redacted(redaction))
