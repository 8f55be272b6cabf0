"""A region: its patient board, the form to add a clinic, and the clinics that are registered."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from sync_worker.administration.messages.page import region as says
from sync_worker.domain import hsa_id as hsa_ids
from sync_worker.domain.clinic_status import Status
from sync_worker.files import csv_cells
from sync_worker.inspection import freshness, region_overview
from sync_worker.registry import clinic_pages, log_pages
from sync_worker.web import lists
from sync_worker.web.access import Access
from sync_worker.web.forms import Form
from sync_worker.web.rendering import link
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit

MOVES_SHOWN_FOR = timedelta(days=30)
REMOVING_PATH = "/region/ta-bort"
TICKED, TICKS_REASON = "mottagning", "anledning-valda"
"""The fields of a list's form."""
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
    ticks: Form | None = None,
) -> Response:
    """The page of a region; with errors, those of one of its forms, which was sent so."""
    name = visit.site.regions.name(code)
    home, chosen = lists.address(visit, "/region", kod=code), chosen_status(visit)
    search = visit.query("sok")
    ticks = ticks or visit.typed_at(REMOVING_PATH, home)
    return visit.render(
        "region.html",
        says.HEADING(region=name),
        status=status,
        home=home,
        moves_shown_for=MOVES_SHOWN_FOR,
        statuses=SHOWN_STATUSES,
        chosen=chosen,
        search=search,
        searched_id=hsa_ids.cleaned(search) if csv_cells.is_hsa_id(search) else "",
        errors=errors or {},
        typed=_typed(visit, code) if typed is None else typed,
        ticked=frozenset(ticks.texts(TICKED)),
        ticks_reason=ticks.text(TICKS_REASON),
        removing=lists.address(visit, REMOVING_PATH),
        may_act=visit.rights.may_administer(code),
        **_present(visit, code, chosen),
    )


def _present(visit: Visit, code: str, chosen: Status | None) -> dict[str, Any]:
    """How the region and its clinics are now, from one moment."""
    with visit.site.registry.snapshot() as connection:
        page = clinic_pages.registered(connection, [code], lists.wanted(visit, chosen))
        return {
            "page": page,
            "paging": lists.paging(page),
            "region": region_overview.overview(connection, code, visit.site.regions),
            "read_to": freshness.read_to(connection),
            "moves": log_pages.moves(connection, code, visit.now - MOVES_SHOWN_FOR),
        }


def chosen_status(visit: Visit) -> Status | None:
    """The status that alone is asked for; None for all of them."""
    wanted = visit.query("status")
    return next((status for status in SHOWN_STATUSES if status.value == wanted), None)


def _typed(visit: Visit, code: str) -> Mapping[str, str]:
    """What somebody wrote here before they were signed out."""
    form = visit.typed_at("/mottagning/lagg-till", link("/region", kod=code))
    return {name: form.text(name) for name in ("hsa-id", "anledning")}


PAGES = (Page("/region", Access.READERS, get=show),)
