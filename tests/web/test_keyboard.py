"""The page by keyboard alone: what Tab comes to, that it shows, and deeds from beginning to end."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.web import keyboard
from tests.web.registry_file import CLINICS, EMPTY, FULL
from tests.web.state import reached
from tests.web.states import STATES
from tests.worlds.page import NATIONAL, REGIONAL

_STATES = {state.name: state for state in STATES}
_SOME = ["sign in", "region without a board, odd names", "remove?", "corrected"]
_CONTROLS = """
return [...document.querySelectorAll(
  'a[href], button, input:not([type=hidden]), select, textarea, summary')]
  .filter(each => each.checkVisibility()).length
  - [...document.querySelectorAll('input[type=radio]:not(:checked)')]
    .filter(each => document.querySelector(`[name=${each.name}]:checked`)).length;
"""
_MENU = ["Regioner", "Lägg till från fil", "Mina importer", "Händelser"]
_FOOT = ["Hjälp", "Tillgänglighetsredogörelse", "Om tjänsten", "English"]


def test_the_order_is_that_of_the_page(tab, sites):
    tab.begin(sites.well.address, sites.well.session(NATIONAL))
    tab.open("/region", kod=EMPTY)
    assert keyboard.tabbed(tab) == [
        ("link", "Hoppa till innehållet"),
        ("link", "Administration – Synpunkter och klagomål"),
        ("button", "Logga ut"),
        *(("link", name) for name in _MENU),
        ("link", "e-tjanster@1177.se"),
        ("textbox", "HSA-id"),
        ("textbox", "Anledning (frivilligt)"),
        ("button", "Lägg till"),
        ("link", "Lägg till eller ta bort flera från fil"),
        ("link", "Aktiverade mottagningar som inte är tillagda"),
        ("searchbox", "Sök på namn eller HSA-id"),
        ("combobox", "Status"),
        ("button", "Sök"),
        ("link", "Händelser i Region Sörmland"),
        *(("link", name) for name in _FOOT),
        ("button", "Längre tid (i en ny flik)"),
    ]


@pytest.mark.parametrize("name", _SOME)
def test_tab_comes_to_every_control_once(tab, sites, name):
    reached(_STATES[name], "sv", tab, sites)
    controls = tab.run(_CONTROLS)
    stops = keyboard.tabbed(tab)
    assert [stop for stop in stops if not stop.name] == []
    assert len(stops) == controls, stops


@pytest.mark.parametrize("name", _SOME)
def test_what_has_the_focus_is_seen_to(tab, sites, name):
    reached(_STATES[name], "sv", tab, sites)
    assert keyboard.stops_without_ring(tab) == []


def test_the_skip_link_leads_past_the_menu(tab, sites):
    tab.begin(sites.well.address, sites.well.session(NATIONAL))
    tab.open("/")
    keyboard.reach(tab, "link", "Hoppa till innehållet")
    keyboard.pressed(tab, Keys.ENTER)
    keyboard.pressed(tab, Keys.TAB)
    assert keyboard.focused(tab) == ("link", "Region Stockholm")


def test_what_is_said_after_a_deed_has_the_focus(tab, sites):
    reached(_STATES["more time"], "sv", tab, sites)
    assert tab.run("return document.activeElement.getAttribute('role')") == "status"
    reached(_STATES["no id"], "sv", tab, sites)
    assert tab.run("return document.activeElement.className") == "errors"


def test_a_person_does_everything_by_keyboard(tab, sites):
    clinic = CLINICS[150]
    tab.begin(sites.well.address)
    tab.open("/logga-in")
    keyboard.reach(tab, "radio", "Anna Exempel (SE2321000016-ADM1)")
    keyboard.press_on(tab, "button", "Logga in")
    assert tab.heading == "Mottagningar i Region Stockholm"
    tab.open("/mottagning", hsa_id=clinic)
    keyboard.press_on(tab, "link", "Ta bort mottagningen")
    keyboard.reach(tab, "textbox", "Anledning (frivilligt)")
    keyboard.pressed(tab, "Beställning 18")
    keyboard.press_on(tab, "button", "Ta bort mottagningen", Keys.SPACE)
    assert "är borttagen" in tab.one("[role=status]").text
    keyboard.reach(tab, "textbox", "HSA-id")
    keyboard.pressed(tab, clinic)
    keyboard.press_on(tab, "button", "Lägg till")
    assert "är tillagd" in tab.one("[role=status]").text
    keyboard.press_on(tab, "button", "Logga ut")
    assert tab.heading == "Du är utloggad"


def test_errors_lead_to_their_fields(tab, sites):
    tab.begin(sites.well.address, sites.well.session(REGIONAL))
    tab.open("/region", kod=FULL)
    keyboard.press_on(tab, "button", "Lägg till")
    keyboard.pressed(tab, Keys.TAB)
    keyboard.pressed(tab, Keys.ENTER)
    assert keyboard.focused(tab) == ("textbox", "HSA-id")
