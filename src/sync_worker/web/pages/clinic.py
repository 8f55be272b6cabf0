"""One clinic: whether it receives cases and why, what would change that, and what has happened."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from sync_worker.administration.messages.page import failures, session
from sync_worker.inspection import explanation, freshness, unknown_clinic
from sync_worker.registry import log_pages, queries
from sync_worker.registry.change_log import LogFilter
from sync_worker.web import problems
from sync_worker.web.access import Access
from sync_worker.web.problems import Refused
from sync_worker.web.rendering import link
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit

MOST_OF_HSA_ID = 200
"""Longer than any: what is cut off is none anyway."""
_NOT_OF_STATUS = "nothing_held"
"""What the explanation lists among the conditions; the page has a part of its own for it."""
_REGISTERED = "registered"
CONDITIONS_ID = "villkor"
"""Where the page says why the clinic cannot be added."""


def show(visit: Visit) -> Response:
    """The page of a clinic."""
    hsa_id = visit.query("hsa-id", most=MOST_OF_HSA_ID)
    if not hsa_id:
        raise Refused(problems.NOT_FOUND)
    return clinic_page(visit, hsa_id)


def clinic_page(
    visit: Visit,
    hsa_id: str,
    *,
    status: int = 200,
    errors: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> Response:
    """The page of a clinic; with errors, those of the form that adds it."""
    with visit.site.registry.snapshot() as connection:
        [meant] = queries.meant(connection, [hsa_id])
        explained = explanation.explain(connection, meant, visit.site.regions)
        if explained is None:
            return unknown_page(visit, connection, meant)
        _require_readable(visit, explained["region_code"])
        # All that has happened to it, in whichever region it was then.
        history = log_pages.newest(connection, None, LogFilter(hsa_ids=(meant,)))
        read_to = freshness.read_to(connection)
    conditions = {each["condition"]: each for each in explained["conditions"]}
    held = conditions.pop(_NOT_OF_STATUS)
    may_act = visit.rights.may_administer_clinic(explained["region_code"])
    return visit.render(
        "clinic.html",
        explained["name"] or meant,
        status=status,
        home=link("/mottagning", hsa_id=meant),
        clinic=explained,
        conditions=conditions.values(),
        held=held,
        may_add=may_act and _can_be_added(conditions[_REGISTERED]),
        may_remove=may_act and conditions[_REGISTERED]["met"],
        read_to=read_to,
        history=history,
        errors=errors or {},
        reason=_typed(visit, meant) if reason is None else reason,
    )


def unknown_page(visit: Visit, connection: Connection, hsa_id: str) -> Response:
    """The page that is shown in place of any about a clinic that no event has named."""
    return visit.render(
        "unknown_clinic.html",
        failures.CLINIC_NOT_FOUND_HEADING,
        status=404,
        hsa_id=hsa_id,
        unknown=unknown_clinic.describe(connection, hsa_id),
        read_to=freshness.read_to(connection),
    )


def _require_readable(visit: Visit, code: str | None) -> None:
    """Raise Refused where the clinic is another region's. Without a region it is anybody's."""
    if code is not None and not visit.rights.may_read(code):
        raise Refused(visit.other_region(code, session.WRONG_REGION))


def _can_be_added(registered: Mapping[str, Any]) -> bool:
    """Whether nothing but an administrator is missing."""
    if_met = registered["if_met"]
    return if_met is not None and if_met["refused"] is None


def _typed(visit: Visit, hsa_id: str) -> str:
    """The reason that somebody wrote here before they were signed out."""
    page = link("/mottagning", hsa_id=hsa_id)
    return visit.typed_at("/mottagning/lagg-till", page).text("anledning")


PAGES = (Page("/mottagning", Access.READERS, get=show),)
