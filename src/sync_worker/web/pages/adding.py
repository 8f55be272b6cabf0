"""Adding one clinic: done at once, since removing it undoes that."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection
from starlette.responses import Response

from sync_worker.administration import clinics
from sync_worker.administration.clinics import Item
from sync_worker.administration.messages import explanations
from sync_worker.administration.messages.page import adding as says
from sync_worker.administration.messages.refusals import REFUSALS
from sync_worker.domain import hsa_id as hsa_ids
from sync_worker.domain.admission import AdmissionOutcome, Refusal
from sync_worker.domain.clinic_status import Status
from sync_worker.errors import Words
from sync_worker.files import csv_cells
from sync_worker.inspection.wording import sentences
from sync_worker.language import FilledMessage
from sync_worker.registry import queries
from sync_worker.web import reasons
from sync_worker.web.access import Access
from sync_worker.web.pages.clinic import CONDITIONS_ID, clinic_page
from sync_worker.web.pages.region import region_page
from sync_worker.web.rendering import day
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit
from sync_worker.web.wording import clinic_named, region_name

MOST_OF_HSA_ID = 64
_PRESSED_TWICE = timedelta(minutes=1)
_BETWEEN_IDS = re.compile(r"[\s,;]+")


class Typed(NamedTuple):
    """What the form to add a clinic has."""

    hsa_id: str
    reason: str

    def errors(self) -> dict[str, Words]:
        """What is wrong with it, by field, before anybody asks the registry."""
        found: dict[str, Words] = {}
        if not self.hsa_id:
            found["hsa-id"] = says.EMPTY_HSA_ID()
        elif sum(map(csv_cells.is_hsa_id, _BETWEEN_IDS.split(self.hsa_id))) > 1:
            found["hsa-id"] = says.ONE_AT_A_TIME()
        elif len(self.hsa_id) > MOST_OF_HSA_ID:
            found["hsa-id"] = says.HSA_ID_TOO_LONG(most=MOST_OF_HSA_ID)
        return found | reasons.errors("anledning", self.reason)


def add(visit: Visit) -> Response:
    """Add the clinic, and say so on the region's page; or say there why it cannot be added."""
    code = visit.readable_region(visit.form.text("kod"))
    typed = Typed(visit.form.text("hsa-id"), visit.form.text("anledning"))
    errors = typed.errors()
    if not errors:
        item = _judged(visit, typed)
        if item.outcome is not AdmissionOutcome.REFUSED:
            if _is_from_clinic(visit):
                return visit.go_to("/mottagning", hsa_id=item.hsa_id)
            return visit.go_to("/region", kod=code)
        errors["hsa-id"] = _refused(visit, item, typed.hsa_id)
    return _form_again(visit, code, typed, errors)


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
    visit.site.metrics.done("one", [item])
    return item


def _is_from_clinic(visit: Visit) -> bool:
    """Whether the form is that of a clinic's own page, which names the clinic itself."""
    return visit.form.text("tillbaka").startswith("/mottagning?")


def _form_again(visit: Visit, code: str, typed: Typed, errors: dict[str, Words]) -> Response:
    """The page that the form is on, with what is wrong."""
    if _is_from_clinic(visit) and typed.hsa_id:
        if "hsa-id" in errors:
            errors[CONDITIONS_ID] = errors.pop("hsa-id")
        return clinic_page(visit, typed.hsa_id, status=422, errors=errors, reason=typed.reason)
    fields = {"hsa-id": typed.hsa_id, "anledning": typed.reason}
    return region_page(visit, code, status=422, errors=errors, typed=fields)


def _refused(visit: Visit, item: Item, typed: str) -> Words:
    """Why a clinic cannot be added, and what to do.

    How far events are read stands on the page that shows this.
    """
    assert item.reason is not None  # a refusal has one
    if item.reason is Refusal.OTHER_REGION:
        with visit.site.registry.snapshot() as connection:
            return _other_region(visit, queries.clinic_listed(connection, item.hsa_id))
    why, remedy = REFUSALS[item.reason]
    # What is not an HSA-id is repeated as it was written.
    named = typed if item.reason is Refusal.MALFORMED_HSA_ID else item.hsa_id
    said = says.REFUSED(hsa_id=named, why=why, remedy=remedy)
    if item.reason is Refusal.UNKNOWN_CLINIC and hsa_ids.is_miscopied(item.hsa_id):
        return sentences([said, explanations.WRONG_CHECK_DIGIT()])
    return said


def _other_region(visit: Visit, clinic: Mapping[str, Any] | None) -> FilledMessage:
    code = None if clinic is None else clinic["region_code"]
    region = region_name(visit.site.regions, code)
    return says.OTHER_REGION(region=region, own=visit.own_regions())


def _result(visit: Visit, connection: Connection, item: Item) -> FilledMessage:
    """What became of it, and why it receives no cases, where it does not."""
    clinic = queries.clinic_shown(connection, item.hsa_id)
    assert clinic is not None  # it has just been judged
    done, hindrance = _deed(visit, clinic, item), _hindrance(clinic)
    if hindrance is None:
        return done
    return explanations.SENTENCES(first=done, rest=hindrance)


def _deed(visit: Visit, clinic: Mapping[str, Any], item: Item) -> FilledMessage:
    """What became of it. Who presses twice is told the same twice."""
    named = clinic_named(item.hsa_id, clinic["name"])
    at, by = clinic["registered_at"], clinic["registered_by"]
    is_same_deed = by == visit.actor and at is not None and visit.now - at < _PRESSED_TWICE
    if item.outcome is AdmissionOutcome.ADDED or is_same_deed:
        receives = clinic["status"] == Status.RECEIVING.value
        return (says.ADDED_RECEIVES if receives else says.ADDED)(clinic=named)
    if at is None or by is None:
        return says.ALREADY_ADDED_BY_UNKNOWN(clinic=named)
    return says.ALREADY_ADDED(clinic=named, date=day(at), actor=by)


def _hindrance(clinic: Mapping[str, Any]) -> FilledMessage | None:
    """Why a registered clinic does not receive cases; None where it does."""
    status = Status(clinic["status"])
    if status is Status.SERVICE_OFF and clinic["region_code"] is None:
        return says.NOT_RECEIVING_WITHOUT_REGION()
    return None if status is Status.RECEIVING else says.NOT_RECEIVING[status]()


PAGES = (Page("/mottagning/lagg-till", Access.ADMINISTRATORS, post=add),)
