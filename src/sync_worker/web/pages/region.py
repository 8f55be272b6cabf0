"""A region: its patient board, the form to add a clinic, and the clinics that are registered."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from sync_worker.administration.messages.page import region as says
from sync_worker.domain.clinic_status import Status
from sync_worker.inspection import freshness, region_overview
from sync_worker.registry import clinic_pages, log_pages
from sync_worker.registry.clinic_pages import PAGE_SIZE, ClinicPage, PageRequest
from sync_worker.web.access import Access
from sync_worker.web.rendering import link
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit

MOVES_SHOWN_FOR = timedelta(days=30)
SHOWN_STATUSES = (
    Status.RECEIVING,
    Status.SERVICE_OFF,
    Status.DEACTIVATED,
    Status.OWN_SYSTEM,
)
"""The statuses that a registered clinic can have."""


def show(visit: Visit) -> Response:
    """The page of a region."""
    return region_page(visit, visit.readable_region(visit.query("kod")))


def region_page(
    visit: Visit,
    code: str,
    *,
    status: int = 200,
    errors: Mapping[str, Any] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """The page of a region; with errors, those of the form that adds a clinic."""
    name = visit.site.regions.name(code)
    with visit.site.registry.snapshot() as connection:
        page = clinic_pages.registered(connection, [code], _wanted(visit))
        overview = region_overview.overview(connection, code, visit.site.regions)
        read_to = freshness.read_to(connection)
        moves = log_pages.moves(connection, code, visit.now - MOVES_SHOWN_FOR)
    return visit.render(
        "region.html",
        says.HEADING(region=name),
        status=status,
        home=f"/region?kod={code}",
        region=overview,
        read_to=read_to,
        moves=moves,
        moves_shown_for=MOVES_SHOWN_FOR,
        page=page,
        paging=_paging(page),
        statuses=SHOWN_STATUSES,
        chosen=_chosen_status(visit),
        search=visit.query("sok"),
        errors=errors or {},
        typed=_typed(visit, code) if typed is None else typed,
        may_act=visit.rights.may_administer(code),
    )


def _wanted(visit: Visit) -> PageRequest:
    is_whole = visit.query("visa") == "alla"
    return PageRequest(
        status=_chosen_status(visit),
        search=visit.query("sok") or None,
        offset=0 if is_whole else (visit.page_number - 1) * PAGE_SIZE,
        limit=None if is_whole else PAGE_SIZE,
    )


def _chosen_status(visit: Visit) -> Status | None:
    wanted = visit.query("status")
    return next((status for status in SHOWN_STATUSES if status.value == wanted), None)


def _paging(page: ClinicPage) -> dict[str, int]:
    pages = max((page.total + PAGE_SIZE - 1) // PAGE_SIZE, 1)
    return {
        "page": page.offset // PAGE_SIZE + 1,
        "pages": 1 if len(page.items) > PAGE_SIZE else pages,
        "first": page.offset + 1,
        "last": page.offset + len(page.items),
        "total": page.total,
    }


def _typed(visit: Visit, code: str) -> Mapping[str, str]:
    """What somebody wrote here before they were signed out."""
    form = visit.typed_at("/mottagning/lagg-till", link("/region", kod=code))
    return {name: form.text(name) for name in ("hsa-id", "anledning")}


PAGES = (Page("/region", Access.READERS, get=show),)
