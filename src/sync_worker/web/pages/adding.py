"""Adding one clinic: done at once, since removing it undoes that."""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection
from starlette.responses import Response

from sync_worker.administration import clinics
from sync_worker.administration.clinics import Item
from sync_worker.administration.messages.page import adding as says
from sync_worker.administration.messages.refusals import REFUSALS
from sync_worker.domain.admission import AdmissionOutcome, Refusal
from sync_worker.domain.clinic_status import Status
from sync_worker.language import FilledMessage, Message
from sync_worker.registry import queries
from sync_worker.web.access import Access
from sync_worker.web.pages.region import region_page
from sync_worker.web.rendering import day
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit
from sync_worker.web.wording import clinic_named, region_name

MOST_OF_HSA_ID = 64
MOST_OF_REASON = 500
_PRESSED_TWICE = timedelta(minutes=1)


class Typed(NamedTuple):
    """What the form to add a clinic has."""

    hsa_id: str
    reason: str

    def errors(self) -> dict[str, Message | FilledMessage]:
        """What is wrong with it, by field, before anybody asks the registry."""
        found: dict[str, Message | FilledMessage] = {}
        if not self.hsa_id:
            found["hsa-id"] = says.EMPTY_HSA_ID
        elif len(self.hsa_id) > MOST_OF_HSA_ID:
            found["hsa-id"] = says.HSA_ID_TOO_LONG(most=MOST_OF_HSA_ID)
        if len(self.reason) > MOST_OF_REASON:
            found["anledning"] = says.REASON_TOO_LONG(most=MOST_OF_REASON)
        return found


def add(visit: Visit) -> Response:
    """Add the clinic, and say so on the region's page; or say there why it cannot be added."""
    code = visit.readable_region(visit.form.text("kod"))
    typed = Typed(visit.form.text("hsa-id"), visit.form.text("anledning"))
    errors = typed.errors()
    if not errors:
        item = _judged(visit, typed)
        if item.outcome is not AdmissionOutcome.REFUSED:
            return visit.go_to("/region", kod=code)
        errors["hsa-id"] = refused(visit, item)
    return region_page(
        visit,
        code,
        status=422,
        errors=errors,
        typed={"hsa-id": typed.hsa_id, "anledning": typed.reason},
    )


def _judged(visit: Visit, typed: Typed) -> Item:
    """Added, unless it is refused; and its result kept with it."""
    author, acting_for = visit.authorship(typed.reason), visit.rights.acting_for
    with visit.site.registry.transaction() as transaction:
        connection = transaction.connection
        hsa_ids = [typed.hsa_id]
        [item] = clinics.do_within(connection, clinics.ADD, hsa_ids, acting_for, author)
        if item.outcome is not AdmissionOutcome.REFUSED:
            visit.tell_with(connection, _result(visit, connection, item))
            transaction.commit()
    return item


def refused(visit: Visit, item: Item) -> FilledMessage:
    """Why a clinic cannot be added, and what to do."""
    assert item.reason is not None  # a refusal has one
    if item.reason is Refusal.OTHER_REGION:
        with visit.site.registry.snapshot() as connection:
            clinic = queries.clinic_listed(connection, item.hsa_id)
        code = None if clinic is None else clinic["region_code"]
        region = region_name(visit.site.regions, code)
        return says.OTHER_REGION(region=region, own=visit.own_regions())
    why, remedy = REFUSALS[item.reason]
    return says.REFUSED(hsa_id=item.hsa_id, why=why, remedy=remedy)


def _result(visit: Visit, connection: Connection, item: Item) -> FilledMessage:
    """What became of it. Who presses twice is told the same twice."""
    clinic = queries.clinic_shown(connection, item.hsa_id)
    assert clinic is not None  # it has just been judged
    named = clinic_named(item.hsa_id, clinic["name"])
    at, by = clinic["registered_at"], clinic["registered_by"]
    is_same_deed = by == visit.actor and at is not None and visit.now - at < _PRESSED_TWICE
    if item.outcome is AdmissionOutcome.ADDED or is_same_deed:
        receives = clinic["status"] == Status.RECEIVING.value
        return (says.ADDED_RECEIVES if receives else says.ADDED_WAITS_FOR_BOARD)(clinic=named)
    if at is None or by is None:
        return says.ALREADY_ADDED_BY_UNKNOWN(clinic=named)
    return says.ALREADY_ADDED(clinic=named, date=day(at), actor=by)


PAGES = (Page("/mottagning/lagg-till", Access.ADMINISTRATORS, post=add),)
