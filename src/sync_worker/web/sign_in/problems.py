"""Why somebody could not sign in, in the words of the page that says so."""

from dataclasses import dataclass

from sync_worker.administration.messages.page import session as says
from sync_worker.language import Message


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason, and the status that its page is sent with.

    The text is filled with a `reference`, which the log has too; not every text names it.
    """

    code: str
    text: Message
    status: int


class SignInError(Exception):
    """Somebody is not signed in; the exception's text is for the log and names no person."""

    def __init__(
        self, problem: Problem, detail: str = "", *, may_start_again: bool = False
    ) -> None:
        super().__init__(detail or problem.code)
        self.problem = problem
        self.may_start_again = may_start_again
        """Whether to send them to sign in once more, with `protocol.AGAIN`, instead of a page."""


REFUSED = Problem("refused", says.SIGN_IN_REFUSED, 403)
UNAVAILABLE = Problem("unavailable", says.SIGN_IN_UNAVAILABLE, 503)
LOST_START = Problem("lost_start", says.SIGN_IN_MIXED_UP, 400)
CLOCK_SKEW = Problem("clock_skew", says.SIGN_IN_CLOCKS_DIFFER, 503)
WEAK = Problem("weak", says.SIGN_IN_TOO_WEAK, 403)
NOBODY = Problem("nobody", says.SIGN_IN_NAMES_NOBODY, 403)
UNTRUSTED = Problem("untrusted", says.SIGN_IN_NOT_TRUSTED, 403)
AMBIGUOUS = Problem("ambiguous", says.SIGN_IN_AMBIGUOUS, 400)
INVALID = Problem("invalid", says.SIGN_IN_INVALID, 400)
