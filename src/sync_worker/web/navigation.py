"""Where one can go from a page."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import URL

from sync_worker.administration.messages.page import common
from sync_worker.language import Message
from sync_worker.web.rendering import link
from sync_worker.web.visit import Visit


def menu(visit: Visit) -> list[tuple[str, Message]]:
    """The addresses of the parts of the site that somebody may see, each with its name."""
    rights = visit.rights
    items: list[tuple[str, Message]] = []
    codes = rights.readable_regions(visit.site.regions)
    if len(codes) > 1:
        items.append(("/", common.MENU_REGIONS))
    elif codes:
        items.append((link("/region", kod=codes[0]), common.MENU_CLINICS))
    if rights.is_administrator:
        if len(codes) == 1:
            items.append((link("/region/aktiverade", kod=codes[0]), common.MENU_ACTIVATED))
        items += [("/importera", common.MENU_IMPORT), ("/importer", common.MENU_IMPORTS)]
    if codes:
        items.append(("/handelser", common.MENU_LOG))
    if rights.is_support:
        items.append(("/support/patientnamnd", common.MENU_SUPPORT))
    if rights.is_operator or rights.is_support:
        items.append(("/drift", common.MENU_OPERATIONS))
    return items


def in_language(address: str, language: str) -> str:
    """The same page in another language."""
    return _with(address, sprak=language)


def another_page(address: str, number: int) -> str:
    """Another page of the list that has this address."""
    return _with(address, sida=number)


def _with(address: str, **query: object) -> str:
    url = URL(address).include_query_params(**query)
    parts = urlsplit(str(url))
    return f"{parts.path}?{parts.query}"


GLOBALS: Mapping[str, Callable[..., Any]] = {
    "menu": menu,
    "in_language": in_language,
    "another_page": another_page,
}
"""For templates."""
