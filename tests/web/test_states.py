"""Each state of the page, in both languages: what everybody can see, reach and understand."""

import pytest

from tests.web import axe as axes
from tests.web import layout
from tests.web.state import LANGUAGES, reached
from tests.web.states import STATES
from tests.web.tab import NARROW, WIDE

_LINKS = """
return [...document.querySelectorAll('a[href]')]
  .filter(each => !each.closest('table')) // whose row says of which clinic it is
  .map(each => [each.textContent.trim(), each.getAttribute('href')]);
"""
_CASES = [(state, language) for state in STATES for language in LANGUAGES]


@pytest.fixture(
    scope="module", params=_CASES, ids=[f"{state.name}-{language}" for state, language in _CASES]
)
def shown(request, tab, sites):
    """The tab, showing a state; pytest runs all tests of one before those of the next."""
    state, language = request.param
    reached(state, language, tab, sites)
    return tab


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "320"])
def test_axe_finds_nothing(shown, axe, size):
    shown.size(size)
    assert axes.findings(shown, axe) == []


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "320"])
def test_targets_are_large_enough(shown, size):
    shown.size(size)
    assert layout.small_targets(shown) == []


def test_nothing_is_wider_than_a_narrow_window(shown):
    assert layout.reflow_faults(shown) == []


def test_text_with_more_space_fits(shown):
    assert layout.spacing_faults(shown) == []


def test_nothing_is_cut_off_at_twice_the_size(shown):
    assert layout.zoom_faults(shown) == []


def test_the_validator_finds_nothing_in_the_page(shown, validator):
    assert validator.findings(shown.source) == []


def test_links_of_one_name_lead_to_one_place(shown):
    led_to: dict[str, set[str]] = {}
    for name, address in shown.run(_LINKS):
        led_to.setdefault(name, set()).add(address)
    assert {name: to for name, to in led_to.items() if len(to) > 1} == {}


def test_the_browser_complains_of_nothing(shown):
    is_expected = "the server responded with a status of"
    assert [message for message in shown.complaints() if is_expected not in message] == []
