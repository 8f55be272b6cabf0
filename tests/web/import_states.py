"""The states of what is done to many clinics: the file, its plan, the receipt, and the ticks."""

from tests.web.registry_file import (
    CLINICS,
    CLOSED,
    ELSEWHERE,
    FULL,
    IN_TAK,
    NOT_ADDED,
    ODD,
    WAITING,
)
from tests.web.sites import Sites
from tests.web.state import Reach, State, opened
from tests.web.tab import Tab
from tests.worlds.page import BOTH, REGIONAL

REFUSED = ("SE1", "<b>Hamntorget</b>", WAITING, "SE2321000017-OKAND", ELSEWHERE, "\u202eabc", "=1")
"""Rows of all kinds below others; the same id twice."""
REMOVED = CLINICS[100:105]
REMOVING = "atgard-remove"
CONFIRM = "main form .actions button"


def given(*rows: str, action: str = "atgard") -> Reach:
    """By giving a file with these rows, if any."""

    def reach(tab: Tab, sites: Sites) -> None:
        tab.open("/importera")
        if rows:
            file = sites.folder / "lista.csv"
            file.write_text("\n".join(("HSA-id", *rows)), encoding="utf-8")
            tab.one("#fil").send_keys(str(file))
            tab.one(f"#{action}").click()
        tab.press(CONFIRM)

    return reach


def corrected(**rows: str) -> Reach:
    """By correcting some of the refused rows where they stand."""

    def reach(tab: Tab, sites: Sites) -> None:
        given(*REFUSED)(tab, sites)
        for summary in tab.all("main summary"):
            summary.click()
        tab.fill(**rows)
        tab.press("main details form button")

    return reach


def removed(tab: Tab, sites: Sites) -> None:
    """By removing clinics with a file, which are added first if they were removed before."""
    given(*REMOVED)(tab, sites)
    if tab.all(CONFIRM):
        tab.press(CONFIRM)
    given(*REMOVED, action=REMOVING)(tab, sites)
    tab.press(CONFIRM)


def nothing_ticked(path: str, region: str) -> Reach:
    """By pressing the button of a list in which nothing is ticked."""

    def reach(tab: Tab, _: Sites) -> None:
        tab.open(path, kod=region, sok="Exempelvårdcentralen 00")
        tab.press("main form table ~ .actions button")

    return reach


IMPORT_STATES = [
    State("file", REGIONAL, opened("/importera")),
    State("no file", REGIONAL, given(), status=422),
    State("file without ids", REGIONAL, given(""), status=422),
    State("plan of all kinds", REGIONAL, given(CLOSED, IN_TAK, WAITING, *CLINICS[:5], *REFUSED)),
    State("plan with nothing to do", REGIONAL, given(*CLINICS[:30])),
    State("plan of removal", REGIONAL, given(*CLINICS[110:150], action=REMOVING)),
    State("many refused", REGIONAL, given(*(f"SE{number}" for number in range(120)))),
    State("nothing corrected", REGIONAL, corrected(), status=422),
    State("corrected", REGIONAL, corrected(rad_2=NOT_ADDED[0])),
    State("receipt", BOTH, removed),
    State("the same file again", BOTH, given(*REMOVED, action=REMOVING)),
    State("imports", BOTH, opened("/importer")),
    State("no such import", REGIONAL, opened("/importera/plan", id="x"), status=404),
    State("activated", REGIONAL, opened("/region/aktiverade", kod=FULL)),
    State("nothing activated", BOTH, opened("/region/aktiverade", kod=ODD)),
    State("nothing ticked", REGIONAL, nothing_ticked("/region", FULL), status=422),
]
