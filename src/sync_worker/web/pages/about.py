"""What anybody may read: help, the accessibility statement, and what the service is."""

from starlette.responses import Response

import sync_worker
from sync_worker.administration.messages.page import accessibility
from sync_worker.administration.messages.page import help as says
from sync_worker.administration.messages.page.common import STATUSES
from sync_worker.administration.messages.refusals import REFUSALS
from sync_worker.web.access import Access
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit


def show_help(visit: Visit) -> Response:
    """The steps of connecting a clinic, and what to do about each refusal."""
    refusals, statuses = REFUSALS.values(), STATUSES.values()
    return visit.render("help.html", says.HEADING, refusals=refusals, statuses=statuses)


def show_accessibility(visit: Visit) -> Response:
    """The accessibility statement."""
    return visit.render("accessibility.html", accessibility.HEADING)


def show_about(visit: Visit) -> Response:
    """What the service is, and which version of it this is."""
    return visit.render("about.html", says.ABOUT_HEADING, version=sync_worker.__version__)


PAGES = (
    Page("/hjalp", Access.ALL, get=show_help),
    Page("/tillganglighet", Access.ALL, get=show_accessibility),
    Page("/om", Access.ALL, get=show_about),
)
