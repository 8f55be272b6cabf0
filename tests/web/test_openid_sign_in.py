"""Signing in and out at a certified identity provider of another make, in the browser.

The page is on 127.0.0.1 and the provider on localhost: two sites, as they are in operation.
"""

import shutil
import time

import pytest

from sync_worker.administration.messages.page import session as says
from tests.harness.command import Installed
from tests.services import finding
from tests.web.openid import (
    ANNA,
    PEOPLE,
    answer_kept,
    proves,
    says_who,
    settings,
    shown,
    signs_in,
    starts,
    told,
)
from tests.web.server import Server

SOON_SECONDS = 15


@pytest.fixture(scope="module")
def serve(tmp_path_factory, upgraded, provider):
    """Serves another page that signs people in at the provider; all end after the tests."""
    served = []

    def another() -> Server:
        command = Installed(tmp_path_factory.mktemp("page"))
        shutil.copy(upgraded, command.database)
        served.append(Server(command, **settings(provider.issuer)))
        return served[-1]

    yield another
    for server in served:
        server.stop()


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """The provider, which is not started."""
    made = finding.openid_provider(tmp_path_factory.mktemp("provider"), PEOPLE)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def address(serve, provider):
    """The page's, which is there during all tests; so is the provider, but for what follows."""
    page = serve().address
    provider.start(page)
    return page


@pytest.fixture
def page(tab, address):
    """The tab, in which nobody is signed in, neither here nor there."""
    tab.begin(address)
    tab.complaints()
    return tab


@pytest.fixture
def breakable(provider, address):
    """The provider, for a test that stops it; runs again afterwards, with other keys."""
    yield provider
    provider.stop()
    provider.start(address)


def test_somebody_signs_in_with_the_rights_of_claims(page):
    signs_in(page, "anna")
    where, text = shown(page)
    assert (where, page.status) == ("/region?kod=01", 200)
    assert ANNA in text
    assert starts(page) == {}
    page.open("/region", kod="03")
    assert page.status == 403


def test_claims_without_rights_are_named_on_the_page(page):
    signs_in(page, "cia", "/")
    assert page.status == 403
    assert says.NO_RIGHTS_HEADING.sv in shown(page)[1]


def test_a_proof_that_is_too_weak_is_refused(page):
    signs_in(page, "bo")
    assert told(page) == (403, says.SIGN_IN_TOO_WEAK.sv)


def test_somebody_without_an_hsa_id_is_nobody(page):
    signs_in(page, "dan")
    assert told(page) == (403, says.SIGN_IN_NAMES_NOBODY.sv)


def test_cancelling_at_the_provider_leads_back(page):
    page.open("/logga-in")
    page.press("a[href$='/abort']")
    assert "state=" in page.driver.current_url
    assert told(page) == (403, says.SIGN_IN_REFUSED.sv)
    page.press("main a[href^='/logga-in']")
    proves(page, "anna")
    assert ANNA in shown(page)[1]


def test_two_tabs_both_sign_in(page):
    page.open("/logga-in", vidare="/region?kod=01")
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    try:
        signs_in(page, "anna", "/handelser?kod=01")
        assert (shown(page)[0], page.status) == ("/handelser?kod=01", 200)
    finally:
        page.driver.close()
        page.driver.switch_to.window(first)
    says_who(page, "anna")  # the provider knows already that the page may be told
    assert (shown(page)[0], page.status) == ("/region?kod=01", 200)


def test_signing_out_ends_both_sessions(page):
    signs_in(page, "anna")
    session = page.cookies["__Host-session"]
    page.open("/logga-in", vidare="/region?kod=01")
    assert shown(page)[0] == "/region?kod=01"  # the provider asks nothing: its session lasts
    page.press("form[action='/logga-ut'] button")
    page.press("button[value=yes]")
    where, text = shown(page)
    assert where.startswith("/utloggad?")
    assert says.SIGNED_OUT.sv in text
    page.set_cookie("__Host-session", session, httpOnly=True)
    page.open("/region", kod="01")
    assert page.status == 401
    page.open("/logga-in")
    assert page.all("[name=login]")  # the provider asks who it is
    assert [message for message in page.complaints() if "form-action" in message] == []


def test_an_answer_counts_once(page, provider):
    answer = answer_kept(page, "anna", provider)
    begun = starts(page)
    page.driver.get(answer)
    assert ANNA in shown(page)[1]
    page.driver.get(answer)
    assert (shown(page)[0], page.status) == ("/region?kod=01", 200)  # of the session there is
    page.cdp("Network.deleteCookies", name="__Host-session", url=page.address)
    for name, value in begun.items():
        page.set_cookie(name, value, httpOnly=True)
    page.driver.get(answer)
    assert told(page) == (400, says.SIGN_IN_MIXED_UP.sv)


def test_an_answer_of_another_browser_signs_nobody_in(page, provider):
    answer = answer_kept(page, "anna", provider)
    page.begin(page.address)
    page.driver.get(answer)
    assert "__Host-session" not in page.cookies
    assert page.all("[name=login]")


@pytest.mark.parametrize("lost", ["stop", "freeze"])
def test_a_provider_lost_on_the_way_is_unavailable(page, breakable, lost):
    answer = answer_kept(page, "anna", breakable)
    getattr(breakable, lost)()
    before = time.monotonic()
    page.driver.get(answer)
    assert told(page) == (503, says.SIGN_IN_UNAVAILABLE.sv)
    assert time.monotonic() - before < SOON_SECONDS


def test_a_page_starts_without_the_provider(page, breakable, serve):
    breakable.stop()
    page.begin(serve().address)
    before = time.monotonic()
    page.open("/logga-in")
    assert told(page) == (503, says.SIGN_IN_UNAVAILABLE.sv)
    assert time.monotonic() - before < SOON_SECONDS
    breakable.start(page.address)
    page.press("main a[href^='/logga-in']")
    proves(page, "anna")
    assert ANNA in shown(page)[1]


@pytest.mark.parametrize("clock_seconds", [3600, -1800])
def test_a_clock_that_differs_is_named(page, breakable, clock_seconds):
    breakable.stop()
    breakable.start(page.address, clock_seconds=clock_seconds)
    signs_in(page, "anna")
    assert told(page) == (503, says.SIGN_IN_CLOCKS_DIFFER.sv)


def test_a_clock_that_differs_little_is_accepted(page, breakable):
    breakable.stop()
    breakable.start(page.address, clock_seconds=60)
    signs_in(page, "anna")
    assert ANNA in shown(page)[1]
