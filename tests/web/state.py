"""A state of the page: what it is called, who sees it, and how it is reached."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.web.sites import Sites
from tests.web.tab import Tab

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


def opened(path: str, **query: str) -> Reach:
    """By opening an address."""

    def reach(tab: Tab, _: Sites) -> None:
        tab.open(path, **query)

    return reach
