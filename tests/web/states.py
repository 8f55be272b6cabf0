"""The states of the page: for each a name, who sees it, and how it is reached."""

from tests.web.import_states import IMPORT_STATES
from tests.web.registry_file import (
    CLINICS,
    CLOSED,
    ELSEWHERE,
    EMPTY,
    FULL,
    IN_TAK,
    LONG_ID,
    ODD,
    ODD_NAMES,
    OTHER,
    WAITING,
)
from tests.web.sites import Sites
from tests.web.state import Reach, State, opened
from tests.web.tab import Tab
from tests.worlds.page import BOTH, NATIONAL, NOBODY, OPERATOR, READER, REGIONAL, SUPPORT


def added(hsa_id: str, reason: str = "", region: str = FULL) -> Reach:
    """By filling in the form that adds a clinic, and pressing its button."""

    def reach(tab: Tab, _: Sites) -> None:
        tab.open("/region", kod=region)
        tab.fill(hsa_id=hsa_id, anledning=reason)
        tab.press("form[action='/mottagning/lagg-till'] button")

    return reach


def removal_reasoned(tab: Tab, _: Sites) -> None:
    """With a reason that is too long."""
    tab.open("/mottagning/ta-bort", hsa_id=CLINICS[0])
    tab.fill(anledning="x" * 501)
    tab.press("main form button")


def timed_out(tab: Tab, sites: Sites) -> None:
    """With a session in which nothing was done for long."""
    session = sites.well.new_session(REGIONAL)
    sites.let_idle_out(session)
    tab.set_cookie("__Host-session", session, httpOnly=True)
    tab.open("/region", kod=FULL)


def ended_elsewhere(tab: Tab, _: Sites) -> None:
    tab.set_cookie("__Host-session", "annan", httpOnly=True)
    tab.open("/region", kod=FULL)


def signed_out(tab: Tab, sites: Sites) -> None:
    tab.set_cookie("__Host-session", sites.well.new_session(REGIONAL), httpOnly=True)
    tab.open("/region", kod=EMPTY)
    tab.press("form[action='/logga-ut'] button")


def had_more_time(tab: Tab, sites: Sites) -> None:
    tab.set_cookie("__Host-session", sites.well.new_session(NATIONAL), httpOnly=True)
    tab.open("/region", kod=EMPTY)
    tab.press("form[action='/langre-tid'] button")


def from_another_origin(tab: Tab, sites: Sites) -> None:
    """By a form of another site that posts to ours."""
    tab.driver.get(sites.foreign_form(f"{tab.address}/mottagning/lagg-till"))
    tab.press("button")


def by_another_name(tab: Tab, _: Sites) -> None:
    language = tab.cookies["lang"]
    tab.address = tab.address.replace("127.0.0.1", "localhost")
    tab.set_cookie("lang", language)
    tab.open("/")


_REGION = [
    State("regions", NATIONAL, opened("/")),
    State("region with a board", REGIONAL, opened("/region", kod=FULL)),
    State("region of a reader", READER, opened("/region", kod=FULL)),
    State("region of support", SUPPORT, opened("/region", kod=FULL)),
    State("last page", REGIONAL, opened("/region", kod=FULL, sida="3")),
    State("page too high", REGIONAL, opened("/region", kod=FULL, sida="99")),
    State("all on one page", REGIONAL, opened("/region", kod=FULL, visa="alla")),
    State("search", REGIONAL, opened("/region", kod=FULL, sok="Exempelvårdcentralen 00")),
    State("search without hits", REGIONAL, opened("/region", kod=FULL, sok="å" * 100)),
    State("status without hits", REGIONAL, opened("/region", kod=FULL, status="service_off")),
    State("deactivated alone", REGIONAL, opened("/region", kod=FULL, status="deactivated")),
    State("region without a board, odd names", BOTH, opened("/region", kod=ODD)),
    State("empty region", NATIONAL, opened("/region", kod=EMPTY)),
]
_ADDING = [
    State("added", REGIONAL, added(WAITING, "Beställning 17")),
    State("added already", REGIONAL, added(CLINICS[7])),
    State("no id", REGIONAL, added(""), status=422),
    State("id too long", REGIONAL, added("A" * 65, "x" * 501), status=422),
    State("refused: malformed", REGIONAL, added("<b>Hamntorget</b>"), status=422),
    State("refused: unknown", REGIONAL, added("SE2321000016-OKAND"), status=422),
    State("refused: other region", REGIONAL, added(ELSEWHERE), status=422),
    State("refused: right to left", REGIONAL, added("SE2321000016-\u202eXYZ"), status=422),
]
_REMOVING = [
    State("remove?", REGIONAL, opened("/mottagning/ta-bort", hsa_id=CLINICS[3])),
    State("remove deactivated?", REGIONAL, opened("/mottagning/ta-bort", hsa_id=CLOSED)),
    State("remove in TAK?", REGIONAL, opened("/mottagning/ta-bort", hsa_id=IN_TAK)),
    State("remove with a long id?", BOTH, opened("/mottagning/ta-bort", hsa_id=LONG_ID)),
    *(
        State(f"remove odd {number}?", BOTH, opened("/mottagning/ta-bort", hsa_id=hsa_id))
        for number, hsa_id in enumerate(ODD_NAMES)
    ),
    State("remove what is not added?", NATIONAL, opened("/mottagning/ta-bort", hsa_id=ELSEWHERE)),
    State("remove for a long reason", REGIONAL, removal_reasoned, status=422),
]
_SESSIONS = [
    State("sign in", None, opened("/logga-in")),
    State("nobody", None, opened("/region", kod=FULL), status=401),
    State("idle", None, timed_out, status=401),
    State("ended elsewhere", None, ended_elsewhere, status=401),
    State("signed out", None, signed_out),
    State("more time", None, had_more_time),
    State("no rights", NOBODY, opened("/"), status=403),
    State("wrong role", OPERATOR, opened("/region", kod=FULL), status=403),
    State("wrong region", REGIONAL, opened("/region", kod=OTHER), status=403),
]
_FAILURES = [
    State("no such page", REGIONAL, opened("/finns-inte"), status=404),
    State("no such page for nobody", None, opened("/finns-inte"), status=404),
    State("no such region", NATIONAL, opened("/region", kod="<b>"), status=404),
    State("no such clinic", REGIONAL, opened("/mottagning/ta-bort", hsa_id=".."), status=404),
    State("wrong method", REGIONAL, opened("/logga-ut"), status=405),
    State("too much", REGIONAL, added("SE", "x" * 70_000), status=413),
    State("other origin", REGIONAL, from_another_origin, status=403),
    State("other host", None, by_another_name, status=400),
    State("other revision", None, opened("/region", kod=FULL), site="newer", status=503),
    State("broken", None, ended_elsewhere, site="broken", status=500),
]
STATES = [*_REGION, *_ADDING, *_REMOVING, *_SESSIONS, *_FAILURES, *IMPORT_STATES]
LANGUAGES = ("sv", "en")


def reached(state: State, language: str, tab: Tab, sites: Sites) -> None:
    """Have the tab show a state, in a language."""
    server = sites.named(state.site)
    tab.begin(server.address, state.person and server.session(state.person), language)
    tab.complaints()
    state.reach(tab, sites)
    assert tab.status == state.status
    assert tab.run("return document.documentElement.lang") == language
