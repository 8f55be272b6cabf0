"""Reading a file of clinics into a plan, which is reviewed before anything is done."""

from collections.abc import Mapping
from functools import reduce
from hashlib import sha256
from typing import NamedTuple

from starlette.responses import Response

from sync_worker.administration import plans
from sync_worker.administration.csv_files import reader
from sync_worker.administration.csv_files.decoding import Unreadable
from sync_worker.administration.csv_files.reader import FileContents
from sync_worker.administration.messages import files as says_of_files
from sync_worker.administration.messages import plans as says_of_plans
from sync_worker.administration.messages.page import imports as says
from sync_worker.administration.plan_documents import VERBS, Person, PlanRequest
from sync_worker.administration.plans import TooManyRows
from sync_worker.errors import Words
from sync_worker.files import csv_cells
from sync_worker.language import FilledMessage, Message
from sync_worker.web import problems, reasons
from sync_worker.web.access import Access
from sync_worker.web.forms import MOST_FILE_BYTES, File, Form
from sync_worker.web.problems import Refused
from sync_worker.web.routing import FORM_BYTES, Page
from sync_worker.web.uploads import Busy
from sync_worker.web.visit import Visit

PATH = "/importera"
PLAN_PATH = "/importera/plan"
_BETWEEN_CELLS = (b";", b",", b"\t", b"\n", b"\r")
_MOST_CELLS = 1_000_000
"""Fifty for each row that there may be."""
Errors = dict[str, Message | Words]


class Typed(NamedTuple):
    """What the form has beside the file."""

    action: str = ""
    reason: str = ""

    @classmethod
    def of(cls, form: Form) -> "Typed":
        """What was sent."""
        return cls(form.text("atgard"), form.text("anledning"))


class Unusable(Exception):
    """No plan can be made of a file."""

    def __init__(self, words: Message | FilledMessage) -> None:
        super().__init__()
        self.words = words


def ask(visit: Visit) -> Response:
    """The form, with what somebody chose before they were signed out.

    A proxy asks for it with `for-stor=1` where a file is so large that it does not pass it on.
    """
    if visit.query("for-stor"):
        raise Refused(problems.FILE_TOO_LARGE)
    return _form(visit, Typed.of(visit.typed_at(PATH, PATH)))


def give(visit: Visit) -> Response:
    """Plan what the file says, and show the plan; or say on the form what is wrong."""
    typed, file = Typed.of(visit.form), visit.form.file
    errors: Errors = {}
    if typed.action not in VERBS:
        errors["atgard"] = says.ACTION_MISSING
    errors |= reasons.errors("anledning", typed.reason)
    if file is None or not file.name:
        errors = {"fil": says.NO_FILE} | errors
    elif len(file.content) > MOST_FILE_BYTES:
        raise Refused(problems.FILE_TOO_LARGE)
    elif errors:
        # A browser forgets the file as it shows the form again.
        errors = {"fil": says.FILE_AGAIN} | errors
    if file is None or errors:
        return _form(visit, typed, errors)
    try:
        with visit.site.uploads.one_of(visit.actor):
            return _plan(visit, file, typed)
    except Busy as busy:
        problem = problems.BUSY_WITH_ANOTHER_FILE if busy.is_own else problems.BUSY
        raise Refused(problem) from None
    except Unusable as unusable:
        return _form(visit, typed, {"fil": unusable.words})


def person(visit: Visit) -> Person:
    """Who plans, with the regions of their rights."""
    return Person(visit.actor, visit.rights.acting_for)


def planned(visit: Visit, request: PlanRequest) -> Response:
    """Keep a plan, and have the browser open it.

    Raises:
        Unusable: it is more than a plan can have.
    """
    try:
        plan_id = plans.make(visit.site.registry, request, person(visit), visit.now)
    except TooManyRows:
        count = len(request.entries)
        what = says_of_plans.TOO_MANY_ROWS(count=count, most=plans.MOST_ROWS)
        raise Unusable(says.UNREADABLE(what=what, remedy=says_of_plans.SPLIT)) from None
    visit.site.metrics.plan("made")
    return visit.go_to(PLAN_PATH, id=plan_id)


def _plan(visit: Visit, file: File, typed: Typed) -> Response:
    contents = _read(file.content)
    request = PlanRequest(
        VERBS[typed.action],
        contents.entries,
        typed.reason or None,
        file.name,
        sha256(file.content).hexdigest(),
    )
    answer = planned(visit, request)
    if contents.remarks:
        visit.tell(reduce(_together, contents.remarks), "note")
    return answer


def _together(first: FilledMessage, others: FilledMessage) -> FilledMessage:
    return says.REMARKS(first=first, others=others)


def _read(content: bytes) -> FileContents:
    """What the file says; raises Unusable where that is nothing, or not what was meant."""
    # Reading takes a while for each cell: five million of them would take a minute.
    if sum(map(content.count, _BETWEEN_CELLS)) > _MOST_CELLS:
        what = says.TOO_MANY_CELLS(most=_MOST_CELLS)
        raise Unusable(says.UNREADABLE(what=what, remedy=says_of_files.CHECK_FILE))
    try:
        contents = reader.read(content)
    except Unreadable as error:
        raise Unusable(says.UNREADABLE(what=error.message, remedy=error.hint)) from None
    said = {remark.message: remark for remark in contents.remarks}
    for doubt in (says_of_files.EMPTY, says_of_files.OTHER_COLUMN):
        if doubt in said:
            raise Unusable(said[doubt])
    is_table = says_of_files.FIRST_COLUMN in said
    if is_table and not any(csv_cells.is_hsa_id(entry.text) for entry in contents.entries):
        raise Unusable(says.NO_ID_COLUMN)
    return contents


def _form(visit: Visit, typed: Typed, errors: Mapping[str, object] | None = None) -> Response:
    return visit.render(
        "importing.html",
        says.HEADING,
        status=422 if errors else 200,
        home=PATH,
        typed=typed,
        errors=errors or {},
        most_megabytes=MOST_FILE_BYTES // 2**20,
        most_rows=plans.MOST_ROWS,
    )


PAGES = (
    Page(
        PATH,
        Access.ADMINISTRATORS,
        get=ask,
        post=give,
        takes_file=True,
        max_body_bytes=MOST_FILE_BYTES + FORM_BYTES,
        too_much=problems.FILE_TOO_LARGE,
    ),
)
