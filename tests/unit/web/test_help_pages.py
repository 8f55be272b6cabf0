"""What anybody may read: help, the accessibility statement, and what the service is."""

import pytest
from tests.worlds import page
from tests.worlds.plans import A, known

import sync_worker
from sync_worker.administration.messages.page import accessibility, common
from sync_worker.administration.messages.page.region import BOARD_CONTACT
from sync_worker.administration.messages.refusals import REFUSALS
from sync_worker.language import Language
from sync_worker.web import rendering

SUPPORT = "e-tjanster@1177.se"
PATHS = ("/hjalp", "/tillganglighet", "/om")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", ["sv", "en"])
def test_they_need_no_signing_in(browser, path, language):
    shown = browser.page(path, sprak=language)
    assert shown.one("html").get("lang") == language
    assert shown.one("title").text.startswith(shown.heading)
    assert "sync-worker" not in shown.main
    assert " --" not in shown.main


@pytest.mark.parametrize("path", [*PATHS, "/region?kod=01", "/importera"])
def test_every_address_can_be_followed(anna, path):
    shown = anna.page(path)
    links = shown.all("a", href=f"mailto:{SUPPORT}")
    assert [each.text for each in links] == [SUPPORT] * shown.main.count(SUPPORT)
    assert links


@pytest.mark.parametrize("name", [f"Skriv till {SUPPORT}", "https://evil.example/?a=1"])
def test_an_address_in_a_clinics_name_is_text(anna, registry, name):
    known(registry, A, name=name)
    shown = anna.page("/mottagning", hsa_id=A)
    assert shown.heading == name
    assert name not in [each.text for each in shown.all("a")]
    assert SUPPORT not in [each.text for each in shown.all("a")]


def test_an_address_stays_text_within_a_link():
    words = rendering.html(BOARD_CONTACT, Language.SWEDISH)
    assert f'<a href="mailto:{SUPPORT}">{SUPPORT}</a>.' in words
    assert rendering.without_links(words) == BOARD_CONTACT.sv


def test_help_tells_each_refusal_with_what_to_do(anna):
    shown = anna.page("/hjalp")
    assert shown.rows == [refusal.why.sv for refusal in REFUSALS.values()]
    assert [cell.text for cell in shown.all("td")] == [each.remedy.sv for each in REFUSALS.values()]


def test_help_tells_every_status(anna):
    main = anna.page("/hjalp").main
    assert [status for status in common.STATUSES.values() if status.sv not in main] == []


def test_help_begins_with_the_three_steps(anna):
    headings = [heading.text for heading in anna.page("/hjalp").all("h2")]
    assert [text.partition(":")[0] for text in headings[:4]] == [
        "Steg 1",
        "Steg 2",
        "Steg 3",
        "Sist",
    ]


def test_the_accessibility_statement_says_what_the_act_asks(registry):
    site = page.site(registry, public_body="Region Exempel")
    shown = page.Browser(site).page("/tillganglighet")
    for asked in (
        "Region Exempel ansvarar för sidan Administration – Synpunkter och klagomål.",
        "helt förenlig med lagen om tillgänglighet till digital offentlig service",
        "Vi känner inte till några brister.",
        f"Bedömningen är en självskattning, gjord {accessibility.ASSESSED_ON}.",
        f"uppdaterades senast {accessibility.UPDATED_ON}.",
    ):
        assert asked in shown.main
    assert shown.one("a", href="https://www.digg.se/tdosanmalan")


def test_the_version_is_told(browser):
    assert f"Version {sync_worker.__version__}" in browser.page("/om").main


@pytest.mark.parametrize("path", PATHS)
def test_every_page_leads_to_them(browser, path):
    shown = browser.sign_in(page.NOBODY).page("/om")
    assert shown.one("a", href=path)
