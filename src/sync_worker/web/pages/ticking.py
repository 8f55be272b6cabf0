"""Clinics that are ticked in a list: a plan to add those that are not added, or to remove others.

Who has several regions ticks in the list of one; the plan is judged for all of theirs.
"""

from starlette.responses import Response

from sync_worker.administration.clinics import ADD, REMOVE, RegistrationChange
from sync_worker.administration.csv_files.reader import FileEntry
from sync_worker.administration.messages.page import region as says
from sync_worker.administration.plan_documents import PlanRequest
from sync_worker.errors import Words
from sync_worker.inspection import freshness
from sync_worker.language import Message
from sync_worker.registry import clinic_pages
from sync_worker.web import lists, reasons
from sync_worker.web.access import Access
from sync_worker.web.forms import Form
from sync_worker.web.pages.importing import planned
from sync_worker.web.pages.region import REMOVING_PATH, TICKED, TICKS_REASON, region_page
from sync_worker.web.problems import Refused
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit

PATH = "/region/aktiverade"
Errors = dict[str, Message | Words]


def show(visit: Visit) -> Response:
    """The clinics of a region that could be added."""
    code = _administered(visit, visit.query("kod"))
    home = lists.address(visit, PATH, kod=code)
    return _activated_page(visit, code, visit.typed_at(PATH, home))


def add(visit: Visit) -> Response:
    """Plan to add those that are ticked."""
    code = _administered(visit, visit.form.text("kod"))
    errors = _errors(visit.form)
    if errors:
        return _activated_page(visit, code, visit.form, errors)
    return planned(visit, _request(ADD, visit.form))


def remove(visit: Visit) -> Response:
    """Plan to remove those that are ticked."""
    code = _administered(visit, visit.form.text("kod"))
    errors = _errors(visit.form)
    if errors:
        return region_page(visit, code, status=422, errors=errors, ticks=visit.form)
    return planned(visit, _request(REMOVE, visit.form))


def _administered(visit: Visit, code: str) -> str:
    """The code of a region in which this person may act; raises Refused where it is not one."""
    if not visit.rights.may_administer(visit.readable_region(code)):
        raise Refused(visit.other_region(code))
    return code


def _errors(form: Form) -> Errors:
    errors: Errors = {}
    if not form.texts(TICKED):
        errors["valda"] = says.TICK_SOME
    return errors | reasons.errors(TICKS_REASON, form.text(TICKS_REASON))


def _request(verb: RegistrationChange, form: Form) -> PlanRequest:
    entries = [FileEntry(line, hsa_id) for line, hsa_id in enumerate(form.texts(TICKED), start=1)]
    return PlanRequest(verb, entries, form.text(TICKS_REASON) or None)


def _activated_page(visit: Visit, code: str, ticks: Form, errors: Errors | None = None) -> Response:
    with visit.site.registry.snapshot() as connection:
        page = clinic_pages.activated_not_added(connection, [code], lists.wanted(visit))
        read_to = freshness.read_to(connection)
    return visit.render(
        "activated.html",
        says.ACTIVATED_HEADING,
        status=422 if errors else 200,
        home=lists.address(visit, PATH, kod=code),
        code=code,
        page=page,
        paging=lists.paging(page),
        search=visit.query("sok"),
        read_to=read_to,
        adding=lists.address(visit, PATH),
        ticked=frozenset(ticks.texts(TICKED)),
        ticks_reason=ticks.text(TICKS_REASON),
        errors=errors or {},
    )


PAGES = (
    Page(PATH, Access.ADMINISTRATORS, get=show, post=add),
    Page(REMOVING_PATH, Access.ADMINISTRATORS, post=remove),
)
