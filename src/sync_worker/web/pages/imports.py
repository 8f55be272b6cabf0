"""Somebody's plans and receipts, so that none is lost with its address."""

from starlette.responses import Response

from sync_worker.administration import plans
from sync_worker.administration.messages.page import imports as says
from sync_worker.web import plan_view
from sync_worker.web.access import Access
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit


def show(visit: Visit) -> Response:
    """The plans and receipts of who asks, the newest first."""
    return visit.render(
        "imports.html",
        says.LIST_HEADING,
        plans=plans.listed(visit.site.registry, visit.actor, visit.now),
        days=plans.RECEIPT_LASTS.days,
        source=plan_view.source,
        summary=plan_view.summary,
        count_of=plan_view.count_of,
    )


PAGES = (Page("/importer", Access.ADMINISTRATORS, get=show),)
