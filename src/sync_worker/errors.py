"""The error that ends a command, and the exit code for each case (contract 4).

An exception of any room that people are to read is a `UserError`: it carries its own sentences and
its own exit code. How an error is printed is a matter of the command line.
"""

from enum import IntEnum
from typing import Any

from sync_worker.language import FilledMessage, Language, worded
from sync_worker.remedies import Advice

Words = str | FilledMessage
"""A sentence in English, or a message that is in both languages."""

Hint = Words | Advice
"""What to do about it: in words, or as advice that the outermost layer puts into words."""


class Exit(IntEnum):
    """Exit codes (contract 4)."""

    DONE = 0
    UNEXPECTED = 1
    """Our bug, or something that nobody foresaw."""
    USAGE = 2
    """Usage, configuration, or a confirmation that was needed."""
    ATTENTION = 3
    """Done, and something needs attention."""
    REFUSED = 4
    """Refused by a rule or a permission."""
    UNREACHABLE = 5
    """Kafka or the database cannot be reached."""
    NOT_FOUND = 6
    """A clinic, a region code, a dead letter, a file."""
    INTERRUPTED = 130
    """By a signal, as shells report SIGINT."""


class UserError(Exception):
    """The command ends: `message` says what is wrong, `why` the cause, `hint` what to do.

    Each is a sentence without secrets. `code` is a word for programs; without one it is the exit
    code's name in lower case.
    """

    def __init__(
        self, exit_code: Exit, message: Words, *, why: Words = "", hint: Hint = "", code: str = ""
    ) -> None:
        super().__init__(worded(message, Language.ENGLISH))
        self.exit_code = exit_code
        self.code = code or exit_code.name.lower()
        self.message, self.why, self.hint = message, why, hint

    def __reduce__(self) -> tuple[Any, ...]:
        """How another process raises it as it is, whatever its class is called with."""
        return _uncalled, (type(self), self.args), self.__dict__


def _uncalled(kind: type[UserError], args: tuple[Any, ...]) -> UserError:
    return kind.__new__(kind, *args)
