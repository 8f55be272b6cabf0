"""The list of a region's clinics as csv: all that its search finds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from sync_worker.administration.messages.page import common
from sync_worker.registry import clinic_pages
from sync_worker.web import downloads, lists
from sync_worker.web.access import Access
from sync_worker.web.pages.region import chosen_status
from sync_worker.web.rendering import plain
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit
from sync_worker.web.wording import status_words

_FILE_NAME = "mottagningar.csv"
_COLUMNS = (
    common.COLUMN_HSA_ID,
    common.COLUMN_CLINIC,
    common.COLUMN_STATUS,
    common.COLUMN_UPDATED,
)
"""The HSA-ids first, so that the file can be imported."""


def download(visit: Visit) -> Response:
    """All of the list that is asked for, as csv."""
    code = visit.readable_region(visit.query("kod"))
    wanted = replace(lists.wanted(visit, chosen_status(visit)), offset=0, limit=None)
    with visit.site.registry.snapshot() as connection:
        clinics = clinic_pages.registered(connection, [code], wanted).items
    header = [plain(column, visit.language) for column in _COLUMNS]
    return downloads.csv(_FILE_NAME, header, _rows(visit, clinics))


def _rows(visit: Visit, clinics: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    for clinic in clinics:
        status = plain(status_words(clinic), visit.language)
        changed = clinic["updated_at"]
        since = "" if changed is None else downloads.moment(changed)
        yield [clinic["hsa_id"], clinic["name"] or "", status, since]


PAGES = (Page("/region.csv", Access.READERS, get=download),)
