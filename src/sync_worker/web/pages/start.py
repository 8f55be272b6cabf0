"""Where somebody begins: their region, or the list of those that they may see."""

from starlette.responses import Response

from sync_worker.administration.messages.page import region as says
from sync_worker.inspection import region_overview
from sync_worker.web.access import Access
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit


def start(visit: Visit) -> Response:
    """The region of who has one; a list for who has several."""
    codes = visit.rights.readable_regions(visit.site.regions)
    if len(codes) == 1:
        return visit.go_to("/region", kod=codes[0])
    if not codes:
        return visit.go_to("/drift")
    with visit.site.registry.snapshot() as connection:
        rows = region_overview.overviews(connection, codes, visit.site.regions)
    return visit.render("start.html", says.REGIONS_HEADING, rows=rows)


PAGES = (Page("/", Access.RIGHTS, get=start),)
