"""A state of the page: who sees it, and how it is reached."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.web.sites import Sites
from tests.web.tab import Tab

LANGUAGES = ("sv", "en")
Reach = Callable[[Tab, Sites], None]


@dataclass(frozen=True, slots=True)
class State:
    """A page with something on it; `person` is None where nobody is signed in."""

    name: str
    person: str | None
    reach: Reach
    site: str = "well"
    """Which of the sites it is on."""
    status: int = 200

    @property
    def file_name(self) -> str:
        """Its name, as a file can have it."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


def opened(path: str, **query: str) -> Reach:
    """By opening an address."""

    def reach(tab: Tab, _: Sites) -> None:
        tab.open(path, **query)

    return reach


def reached(state: State, language: str, tab: Tab, sites: Sites) -> None:
    """Have the tab show a state, in a language."""
    server = sites.named(state.site)
    tab.begin(server.address, state.person and server.session(state.person), language)
    tab.complaints()
    state.reach(tab, sites)
    assert tab.status == state.status, tab.run("return document.body.innerText")
    assert tab.run("return document.documentElement.lang") == language
