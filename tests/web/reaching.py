"""Ways to states of the page: by an address, by a form, by what happened to a session."""

from tests.web.registry_file import CLINICS, EMPTY, FULL
from tests.web.sites import Sites
from tests.web.state import Reach, opened
from tests.web.tab import Tab
from tests.worlds.page import NATIONAL, REGIONAL


def added(hsa_id: str, reason: str = "", region: str = FULL) -> Reach:
    """By filling in the form that adds a clinic, and pressing its button."""

    def reach(tab: Tab, _: Sites) -> None:
        tab.open("/region", kod=region)
        tab.fill(hsa_id=hsa_id, anledning=reason)
        tab.press("form[action='/mottagning/lagg-till'] button")

    return reach


def added_from_its_page(hsa_id: str, reason: str) -> Reach:
    """By the form on the clinic's own page."""

    def reach(tab: Tab, _: Sites) -> None:
        tab.open("/mottagning", hsa_id=hsa_id)
        tab.fill(anledning=reason)
        tab.press("form[action='/mottagning/lagg-till'] button")

    return reach


def given(content: str | bytes, action: str = "add", reason: str = "Beställning 17") -> Reach:
    """By giving a file, which becomes a plan or is refused."""

    def reach(tab: Tab, sites: Sites) -> None:
        tab.open("/importera")
        tab.one("#fil").send_keys(str(sites.file("mottagningar.csv", content)))
        tab.run("document.querySelector(`[name=atgard][value=${arguments[0]}]`).click()", action)
        tab.fill(anledning=reason)
        tab.press("main form button")

    return reach


def confirmed(content: str, action: str = "add") -> Reach:
    """By giving a file and confirming its plan."""

    def reach(tab: Tab, sites: Sites) -> None:
        given(content, action)(tab, sites)
        tab.press("main form .actions button:not(.quiet)")

    return reach


def ordered(region: str, hsa_id: str) -> Reach:
    """By looking at what another board would change."""
    return opened(
        "/support/patientnamnd",
        kod=region,
        hsa_id=hsa_id,
        namn="Nämnden <b>",
        arende="INC 1'",
        visa="1",
    )


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
    # A browser opens another tab; what is there is looked at in this one.
    tab.run("document.querySelector(`form[action='/langre-tid']`).removeAttribute('target')")
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
