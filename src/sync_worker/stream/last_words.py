"""What the client said while it looked for a broker; what it raises tells no reason.

It tries again and again until its time is over, and says the reason to its log alone.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class LastWords(logging.Handler):
    """Keeps the last reason for which a connection failed.

    What the other side answered, or a file or a protocol that is wrong, goes before a connection
    that was only lost: a broker that refuses a login often closes it before its answer is read.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lost = self._reason = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the exception that the message is about; some are of our own giving up."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        for error in arguments:
            if isinstance(error, Exception) and not record.getMessage().startswith(_GIVEN_UP):
                self._keep(error)

    def after(self, error: BaseException) -> str:
        """The error, and the reason behind it where there is one."""
        reason = self._reason or self._lost
        return f"{error}; the last try failed with {reason}" if reason else str(error)

    def _keep(self, error: Exception) -> None:
        if getattr(error, "retriable", False):
            self._lost = str(error)
        else:
            self._reason = str(error)


@contextmanager
def listening() -> Iterator[LastWords]:
    """Hear what all clients of this process say meanwhile; what is logged of it does not change."""
    logger, words = logging.getLogger("kafka"), LastWords()
    logger.addHandler(words)
    try:
        yield words
    finally:
        logger.removeHandler(words)


_GIVEN_UP = "Bootstrap failed"
