"""What ends a request without its page: said in words, with what was kept and what to do."""

from dataclasses import dataclass
from typing import NamedTuple

from sync_worker.administration.messages.page import failures, imports, session
from sync_worker.language import FilledMessage, Message
from sync_worker.web.forms import MOST_FILE_BYTES

Words = Message | FilledMessage


class NextPage(NamedTuple):
    """A page that a problem leads to: its address, and what it is called."""

    address: str
    name: Words


@dataclass(frozen=True, slots=True)
class Problem:
    """A page that says what is wrong: its status, heading, and sentences."""

    status: int
    heading: Words
    text: Words
    offers_sign_in: bool = False
    next_page: str = "/"
    """Where signing in leads."""
    retry_after_seconds: int | None = None
    is_of_form: bool = False
    """What was sent has to be sent in another way: the page leads back to the form."""
    leads_to: NextPage | None = None


class Refused(Exception):
    """A request is answered with a problem instead of its page."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem.status))
        self.problem = problem


RETRY_SECONDS = 10

NOT_FOUND = Problem(404, failures.NOT_FOUND_HEADING, failures.NOT_FOUND)
WRONG_METHOD = Problem(405, failures.WRONG_METHOD_HEADING, failures.WRONG_METHOD)
TOO_MUCH = Problem(413, failures.TOO_MUCH_HEADING, failures.TOO_MUCH, is_of_form=True)
BAD_REQUEST = Problem(400, failures.BAD_REQUEST_HEADING, failures.BAD_REQUEST)
UNREADABLE_FORM = Problem(
    400, failures.UNREADABLE_FORM_HEADING, failures.UNREADABLE_FORM, is_of_form=True
)
OTHER_HOST = Problem(400, failures.OTHER_HOST_HEADING, failures.OTHER_HOST)
OTHER_ORIGIN = Problem(403, failures.OTHER_ORIGIN_HEADING, failures.OTHER_ORIGIN)
UNAVAILABLE = Problem(
    503,
    failures.UNAVAILABLE_HEADING,
    failures.UNAVAILABLE,
    retry_after_seconds=RETRY_SECONDS,
)
OTHER_REVISION = Problem(
    503,
    failures.UNAVAILABLE_HEADING,
    failures.OTHER_REVISION,
    retry_after_seconds=RETRY_SECONDS,
)
BUSY = Problem(
    503,
    failures.UNAVAILABLE_HEADING,
    failures.BUSY(seconds=RETRY_SECONDS),
    retry_after_seconds=RETRY_SECONDS,
)
BUSY_WITH_ANOTHER_FILE = Problem(
    503,
    failures.UNAVAILABLE_HEADING,
    imports.TOO_MANY_AT_ONCE,
    retry_after_seconds=RETRY_SECONDS,
    is_of_form=True,
)
FILE_TOO_LARGE = Problem(
    413,
    failures.FILE_TOO_LARGE_HEADING,
    failures.FILE_TOO_LARGE(most=MOST_FILE_BYTES // 2**20),
    is_of_form=True,
)
UNKNOWN_OUTCOME = Problem(503, failures.UNKNOWN_OUTCOME_HEADING, failures.UNKNOWN_OUTCOME)
"""The commit was sent and no answer came: what was to be done may be done."""


def unexpected(reference: str) -> Problem:
    """A fault of ours; the log has it under the reference."""
    return Problem(500, failures.UNEXPECTED_HEADING, failures.UNEXPECTED(reference=reference))


def no_region(code: str) -> Problem:
    """There is no such region."""
    return Problem(404, failures.REGION_NOT_FOUND_HEADING, failures.REGION_NOT_FOUND(code=code))


def no_rights(actor: str) -> Problem:
    """Signed in, and without any right."""
    return Problem(403, session.NO_RIGHTS_HEADING, session.NO_RIGHTS(actor=actor))


def sign_in_first(heading: Words, text: Words, next_page: str) -> Problem:
    """Somebody has to sign in, or to sign in again."""
    return Problem(401, heading, text, offers_sign_in=True, next_page=next_page)
