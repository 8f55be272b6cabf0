"""Refused rows, corrected on the page of their plan instead of in the file."""

from collections.abc import Sequence

from starlette.responses import Response

from sync_worker.administration.csv_files.reader import FileEntry
from sync_worker.administration.messages.page import imports as says
from sync_worker.administration.plan_documents import OpenPlan, PlanRequest, Receipt
from sync_worker.domain import hsa_id as hsa_ids
from sync_worker.web.access import Access
from sync_worker.web.forms import Form
from sync_worker.web.pages.importing import planned
from sync_worker.web.pages.planned import (
    CORRECTING_PATH,
    document,
    not_theirs,
    plan_page,
    typed_rows,
)
from sync_worker.web.problems import Refused
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit


def correct(visit: Visit) -> Response:
    """Make a plan of the rows that were corrected, and of these alone."""
    found = document(visit)
    if found.about.maker != visit.actor:
        raise Refused(not_theirs(visit, ()))
    entries = _corrected(found, visit.form)
    if not entries or _is_as_it_was(found, entries):
        return plan_page(visit, found, status=422, errors={"ratta": says.CORRECTED_NONE})
    about = found.about
    return planned(visit, PlanRequest(found.verb, entries, about.reason, about.file_name))


def _corrected(found: OpenPlan | Receipt, form: Form) -> list[FileEntry]:
    """The rows of the form, in their order in the plan, without those that were emptied.

    Only lines that the plan has count, whatever else a form may say.
    """
    typed = typed_rows(form)
    texts = {row.item.line: typed.get(row.item.line, "") for row in found.rows}
    return [FileEntry(line, text) for line, text in texts.items() if not hsa_ids.is_blank(text)]


def _is_as_it_was(found: OpenPlan | Receipt, entries: Sequence[FileEntry]) -> bool:
    """Whether a plan of these rows would say what the page says already.

    Of a receipt's rows it may not: those were judged when it was done.
    """
    before = {row.item.line: row.text.strip() for row in found.rows}
    return isinstance(found, OpenPlan) and all(
        before[entry.line] == entry.text for entry in entries
    )


PAGES = (Page(CORRECTING_PATH, Access.ADMINISTRATORS, post=correct),)
