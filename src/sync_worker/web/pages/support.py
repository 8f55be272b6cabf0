"""What support reads before it sets or clears a patient board, which is done by command alone (R2).

The form is sent in the address: it changes nothing, and what it shows can be passed on.
"""

from typing import NamedTuple

from starlette.responses import Response

from sync_worker.administration.messages.page import region as of_region
from sync_worker.administration.messages.page import support as says
from sync_worker.domain import hsa_id as hsa_ids
from sync_worker.inspection import board_preview, region_overview
from sync_worker.inspection.board_preview import BoardPreview
from sync_worker.inspection.region_overview import RegionOverview
from sync_worker.language import FilledMessage, Message
from sync_worker.printable import printable_line
from sync_worker.registry.registrations import Board
from sync_worker.web import command_lines
from sync_worker.web.access import Access
from sync_worker.web.problems import Refused, no_region
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit
from sync_worker.web.wording import region_name

MOST_OF_NAME = 200
_MOST_TYPED = 1_000
"""Longer than anything that is allowed, so that nothing is cut off unseen."""


class Order(NamedTuple):
    """What somebody ordered: a board, or none where the HSA-id is empty; and the ticket."""

    hsa_id: str
    name: str
    ticket: str

    def errors(self) -> dict[str, Message | FilledMessage]:
        """What is wrong with it, by field."""
        found: dict[str, Message | FilledMessage] = {}
        if self.hsa_id and not hsa_ids.has_the_form(self.hsa_id):
            found["hsa-id"] = says.INVALID_HSA_ID
        if self.hsa_id and not self.name:
            found["namn"] = says.NAME_MISSING
        if not self.ticket:
            found["arende"] = says.TICKET_MISSING
        return found | {
            field: says.UNREADABLE(most=MOST_OF_NAME)
            for field, text in (("namn", self.name), ("arende", self.ticket))
            if len(text) > MOST_OF_NAME or printable_line(text) != text
        }

    def board(self, region_code: str) -> Board | None:
        """The board of the region, if it is to have one."""
        return Board(region_code, self.hsa_id, self.name) if self.hsa_id else None


def boards(visit: Visit) -> Response:
    """All patient boards; or of one region, what an order would change."""
    code = visit.query("kod")
    with visit.site.registry.snapshot() as connection:
        regions = region_overview.overviews(connection, None, visit.site.regions)
    if not code:
        return visit.render("boards.html", says.LIST_HEADING, regions=regions)
    chosen = next((region for region in regions if region.region_code == code), None)
    if chosen is None:
        raise Refused(no_region(code))
    return _region(visit, chosen)


def _region(visit: Visit, region: RegionOverview) -> Response:
    order = Order(
        hsa_ids.cleaned(visit.query("hsa-id", _MOST_TYPED)),
        visit.query("namn", _MOST_TYPED),
        visit.query("arende", _MOST_TYPED),
    )
    is_asked = bool(visit.query("visa"))
    errors = order.errors() if is_asked else {}
    if order.hsa_id and region.name is None:
        errors["hsa-id"] = of_region.REGION_NOT_IN_USE(code=region.region_code)
    preview = None
    if is_asked and not errors:
        wanted = order.board(region.region_code)
        preview = board_preview.preview(visit.site.registry, region.region_code, wanted)
    return visit.render(
        "board_preview.html",
        says.HEADING(region=region_name(visit.site.regions, region.region_code)),
        status=422 if errors else 200,
        region=region,
        order=order,
        errors=errors,
        preview=preview,
        command=None if preview is None else _command(preview, order.ticket),
        is_check_digit_wrong=hsa_ids.is_miscopied(order.hsa_id),
    )


def _command(preview: BoardPreview, ticket: str) -> str:
    wanted = preview.plan.wanted
    if wanted is None:
        return command_lines.clear_board(preview.plan.region_code, ticket)
    return command_lines.set_board(wanted, ticket)


PAGES = (Page("/support/patientnamnd", Access.SUPPORT, get=boards),)
