"""What only a browser shows: no scripts, the way back, paper, and colours that a reader forces."""

import subprocess
from importlib.resources import files

import pytest

from tests.services import finding
from tests.web.reaching import confirmed
from tests.web.registry_file import CLINICS, FULL
from tests.web.state import reached
from tests.web.states import STATES
from tests.web.tab import WIDE
from tests.worlds.page import REGIONAL

BARELY_WIDE = (800, 900, 1)
"""A window in which tables are still tables, and have little room."""
_STATES = {state.name: state for state in STATES}
_LINES = """
return ['button', '.result', '.errors', 'input', 'select'].flatMap(
  kind => [...document.querySelectorAll(kind)].filter(each => each.type !== 'hidden'))
  .filter(each => !parseFloat(getComputedStyle(each).borderTopWidth)
    && !['radio', 'checkbox', 'file'].includes(each.type))
  .map(each => each.outerHTML.slice(0, 120));
"""

_LINES_OF_AN_ID = """
const id = document.querySelector(arguments[0]);
id.textContent = arguments[1];
return id.getClientRects().length;
"""
_ROWS_OUT_OF_LINE = """
const lineEnd = each => each.getClientRects()[0].bottom;
return [...document.querySelectorAll('tbody tr')].filter(row => {
  const name = row.querySelector('th bdi') || row.querySelector('th a');
  return Math.abs(lineEnd(row.querySelector('td.id bdi')) - lineEnd(name)) > 6;
}).map(row => row.textContent);
"""


def test_scripts_are_off_in_all_these_tests(tab, sites):
    page = "data:text/html,<title>quiet</title><script>document.title = 'run'</script>"
    tab.begin(sites.well.address)
    tab.driver.get(page)
    assert tab.driver.title == "quiet"
    with tab.running_scripts():
        tab.driver.get(page)
        assert tab.driver.title == "run"


def test_a_person_does_everything_without_scripts(tab, sites):
    tab.begin(sites.well.address)
    tab.open("/region", kod=FULL)
    tab.press("main .button")
    tab.press("main form button")
    assert tab.heading == "Mottagningar i Region Stockholm"
    confirmed(f"{CLINICS[160]}\n", "remove")(tab, sites)
    assert tab.heading == "1 mottagning togs bort"
    confirmed(f"{CLINICS[160]}\n")(tab, sites)
    assert tab.heading == "1 mottagning lades till"
    tab.press("form[action='/logga-ut'] button")
    assert tab.heading == "Du är utloggad"


def test_back_after_signing_out_shows_no_list(tab, sites):
    tab.begin(sites.well.address, sites.well.new_session(REGIONAL))
    tab.open("/region", kod=FULL)
    tab.press("form[action='/logga-ut'] button")
    with tab.leaving("the way back"):
        tab.driver.back()
    assert tab.heading == "Du behöver logga in"
    assert tab.all("table") == []


def test_a_list_is_printed_whole_without_the_menu(tab, sites, tmp_path):
    reached(_STATES["all on one page"], "sv", tab, sites)
    (tmp_path / "list.pdf").write_bytes(tab.printed())
    command = [finding.pdftotext(), "-layout", "list.pdf", "-"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    sheets = done.stdout.rstrip("\f").split("\f")
    assert [each for each in CLINICS[:20] if each not in done.stdout] == []
    assert [number for number, sheet in enumerate(sheets) if "HSA-id" not in sheet] == []
    assert [
        word for word in ("Logga ut", "Mina importer", "Lägg till") if word in done.stdout
    ] == []


@pytest.mark.parametrize(
    ("name", "cell"),
    [("region without a board, odd names", "td.id bdi"), ("log of odd names", "td.person bdi")],
)
def test_an_id_of_usual_length_stays_whole(tab, sites, name, cell):
    reached(_STATES[name], "sv", tab, sites)
    tab.size(BARELY_WIDE)
    assert tab.run(_LINES_OF_AN_ID, cell, "SE165565594230-1HAM9") == 1


def test_long_names_begin_beside_their_ids(tab, sites):
    reached(_STATES["region without a board, odd names"], "sv", tab, sites)
    tab.size(WIDE)
    assert tab.run(_ROWS_OUT_OF_LINE) == []


def test_the_validator_finds_nothing_in_the_style_sheet(validator):
    style = files("sync_worker.web").joinpath("static", "style.css").read_text(encoding="utf-8")
    assert validator.findings(style, "text/css") == []


def test_what_is_framed_stays_so_in_forced_colours(tab, sites):
    for name in ("id too long", "more time", "search"):
        reached(_STATES[name], "sv", tab, sites)
        forced = [{"name": "forced-colors", "value": "active"}]
        tab.cdp("Emulation.setEmulatedMedia", features=forced)
        try:
            assert tab.run("return matchMedia('(forced-colors: active)').matches")
            assert tab.run(_LINES) == []
        finally:
            tab.cdp("Emulation.setEmulatedMedia", features=[])
