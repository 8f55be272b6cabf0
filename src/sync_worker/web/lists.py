"""The lists of clinics on the page: which part of one is shown, and at which address."""

from sync_worker.domain.clinic_status import Status
from sync_worker.registry.clinic_pages import PAGE_SIZE, ClinicPage, PageRequest
from sync_worker.web.rendering import link
from sync_worker.web.visit import Visit

_NARROWED_BY = ("sok", "status", "sida", "visa")


def wanted(visit: Visit, status: Status | None = None) -> PageRequest:
    """The part of a list that the address asks for."""
    is_whole = visit.query("visa") == "alla"
    return PageRequest(
        status=status,
        search=visit.query("sok") or None,
        offset=0 if is_whole else (visit.page_number - 1) * PAGE_SIZE,
        limit=None if is_whole else PAGE_SIZE,
    )


def paging(page: ClinicPage) -> dict[str, int]:
    """Where in its list a page stands."""
    pages = max((page.total + PAGE_SIZE - 1) // PAGE_SIZE, 1)
    return {
        "page": page.offset // PAGE_SIZE + 1,
        "pages": 1 if len(page.items) > PAGE_SIZE else pages,
        "first": page.offset + 1,
        "last": page.offset + len(page.items),
        "total": page.total,
    }


def address(visit: Visit, path: str, **query: object) -> str:
    """An address at which a list is the same as at this one."""
    return link(path, **query, **{name: visit.query(name) for name in _NARROWED_BY})
