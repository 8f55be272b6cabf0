"""The page by keyboard alone, and what it says to who does not see it."""

from typing import NamedTuple

from selenium.webdriver.common.keys import Keys

from tests.web.tab import Tab

_MOST_STOPS = 500
_AROUND = """
const box = document.activeElement.getBoundingClientRect();
return {x: box.x + scrollX - 8, y: box.y + scrollY - 8,
        width: box.width + 16, height: box.height + 16, scale: 1};
"""
"""The control that has the focus, with room for a ring around it."""
_KIND = """
const each = document.activeElement, parent = each.parentElement;
return [each.tagName, each.className, parent.tagName, !!each.closest('header')].join();
"""


class Stop(NamedTuple):
    """What has the focus: its role and name, as a screen reader hears them."""

    role: str
    name: str


def tabbed(tab: Tab) -> list[Stop]:
    """All that Tab comes to, from the top of the page until it leaves it.

    Raises:
        AssertionError: it never leaves it.
    """
    tab.run("document.activeElement.blur(); getSelection().removeAllRanges()")
    tab.run("document.body.tabIndex = -1; document.body.focus()")
    tab.run("document.body.removeAttribute('tabindex')")
    stops: list[Stop] = []
    while len(stops) < _MOST_STOPS:
        pressed(tab, Keys.TAB)
        if tab.run("return document.activeElement === document.body"):
            return stops
        stops.append(focused(tab))
    raise AssertionError(f"Tab goes on for ever: {stops[-5:]}")


def focused(tab: Tab) -> Stop:
    element = tab.driver.switch_to.active_element
    return Stop(element.aria_role, element.accessible_name)


def pressed(tab: Tab, *keys: str) -> None:
    """Press keys where the focus is."""
    tab.driver.switch_to.active_element.send_keys(*keys)


def reach(tab: Tab, role: str, name: str) -> None:
    """Press Tab until a control has the focus."""
    passed: list[Stop] = []
    while len(passed) < _MOST_STOPS:
        pressed(tab, Keys.TAB)
        passed.append(focused(tab))
        if passed[-1] == (role, name):
            return
    raise AssertionError(f"no {role} {name!r} among {passed}")


def press_on(tab: Tab, role: str, name: str, key: str = Keys.ENTER) -> None:
    """Press a key on a control, and be on the page that follows."""
    with tab.leaving(name):
        reach(tab, role, name)
        pressed(tab, key)


def stops_without_ring(tab: Tab) -> list[Stop]:
    """What looks the same whether it has the focus or not; one of each kind is looked at."""
    found, kinds = [], set()
    for _ in tabbed(tab):
        pressed(tab, Keys.TAB)
        kind, box = tab.run(_KIND), tab.run(_AROUND)
        if kind in kinds:
            continue
        kinds.add(kind)
        with_focus = tab.picture(box)
        stop = focused(tab)
        tab.run("window.lastFocus = document.activeElement; lastFocus.blur()")
        if tab.picture(box) == with_focus:
            found.append(stop)
        tab.run("lastFocus.focus({focusVisible: true})")
    return found
