"""Removing one clinic: asked first, since it stops receiving cases."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from sync_worker.administration import clinics
from sync_worker.administration.messages.page import adding as says
from sync_worker.administration.messages.refusals import REFUSALS
from sync_worker.domain.admission import AdmissionOutcome
from sync_worker.domain.clinic_status import Status
from sync_worker.errors import Words
from sync_worker.language import FilledMessage, Message
from sync_worker.registry import queries
from sync_worker.web import problems, reasons
from sync_worker.web.access import Access
from sync_worker.web.pages.clinic import MOST_OF_HSA_ID, unknown_page
from sync_worker.web.problems import Problem, Refused
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit
from sync_worker.web.wording import clinic_named


def ask(visit: Visit) -> Response:
    """What removing a clinic means, and whether to do it."""
    return _answered(visit, visit.query("hsa-id", most=MOST_OF_HSA_ID), _question)


def remove(visit: Visit) -> Response:
    """Remove the clinic, and say so on its region's page."""
    return _answered(visit, visit.form.text("hsa-id"), _remove)


def _remove(visit: Visit, clinic: dict[str, Any]) -> Response:
    reason = visit.form.text("anledning")
    if errors := reasons.errors("anledning", reason):
        return _question(visit, clinic, status=422, errors=errors, reason=reason)
    _do(visit, clinic, reason)
    code = clinic["region_code"]
    return visit.go_to("/region", kod=code) if code else visit.go_to("/")


def _do(visit: Visit, clinic: dict[str, Any], reason: str) -> None:
    """Remove it, and keep the result with that; raises Refused where it may not be."""
    author, acting_for = visit.authorship(reason), visit.rights.acting_for
    with visit.site.registry.transaction() as transaction:
        connection, hsa_ids = transaction.connection, [clinic["hsa_id"]]
        [item] = clinics.do_within(connection, clinics.REMOVE, hsa_ids, acting_for, author)
        if item.reason is not None:
            visit.site.metrics.done("one", [item])
            why, remedy = REFUSALS[item.reason]
            text = says.REMOVAL_REFUSED(hsa_id=item.hsa_id, why=why, remedy=remedy)
            raise Refused(Problem(409, _heading(clinic), text))
        is_removed = item.outcome is AdmissionOutcome.REMOVED
        named = clinic_named(clinic["hsa_id"], clinic["name"])
        result = says.REMOVED(clinic=named) if is_removed else says.ALREADY_REMOVED
        visit.tell_with(connection, result)
        transaction.commit()
    visit.site.metrics.done("one", [item])


def _answered(
    visit: Visit, hsa_id: str, answer: Callable[[Visit, dict[str, Any]], Response]
) -> Response:
    """The answer about a clinic that this person may act on; or the page of an unknown one.

    Raises:
        Refused: it is another region's, or none is named.
    """
    if not hsa_id:
        raise Refused(problems.NOT_FOUND)
    with visit.site.registry.snapshot() as connection:
        [meant] = queries.meant(connection, [hsa_id])
        clinic = queries.clinic_shown(connection, meant)
        if clinic is None:
            return unknown_page(visit, connection, meant)
    code = clinic["region_code"]
    if not visit.rights.may_administer_clinic(code):
        raise Refused(visit.other_region(code))
    return answer(visit, clinic)


def _question(
    visit: Visit,
    clinic: dict[str, Any],
    *,
    status: int = 200,
    errors: dict[str, Words] | None = None,
    reason: str = "",
) -> Response:
    return visit.render(
        "remove.html",
        _heading(clinic),
        status=status,
        clinic=clinic,
        consequences=_consequences(clinic),
        errors=errors or {},
        reason=reason,
    )


def _heading(clinic: dict[str, Any]) -> FilledMessage:
    return says.REMOVE_HEADING(name=clinic["name"] or clinic["hsa_id"])


def _consequences(clinic: dict[str, Any]) -> list[Message]:
    """What removing it means, as it is now."""
    if not clinic["registered"]:
        return [says.NEVER_ADDED]
    by_status = {
        Status.RECEIVING: says.REMOVE_CONSEQUENCE,
        Status.DEACTIVATED: says.REMOVE_DEACTIVATED,
    }
    found = [by_status.get(Status(clinic["status"]), says.REMOVE_NOT_RECEIVING)]
    is_held = any(value is not None for value in clinic["held"].values())
    return [*found, says.REMOVE_HELD] if is_held else found


PAGES = (Page("/mottagning/ta-bort", Access.ADMINISTRATORS, get=ask, post=remove),)
