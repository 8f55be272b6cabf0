"""The page of a region, and what one does there."""

from datetime import timedelta

import pytest
from sqlalchemy import insert
from tests.worlds import page
from tests.worlds.page import Document
from tests.worlds.plans import A, B, changed, known
from tests.worlds.registry import NOW

from sync_worker.administration.messages.page import region as says
from sync_worker.language import Language
from sync_worker.registry.tables import own_system


def test_who_has_one_region_begins_there(anna):
    assert anna.page("/").heading == "Mottagningar i Region Stockholm"


def test_tables_group_the_digits_of_their_numbers(browser, registry):
    known(registry, *(f"SE2321000016-T{n}" for n in range(10_000)), registered_at=NOW)
    browser.sign_in(page.NATIONAL)
    for tongue, written in (("sv", "10\N{NO-BREAK SPACE}000"), ("en", "10,000")):
        cells = browser.get("/", sprak=tongue).text
        assert f">{written}</td>" in cells


def test_a_region_without_a_board_says_what_that_means(anna):
    shown = anna.page("/region", kod="01")
    assert "Ingen patientnämnd är angiven" in [heading.text for heading in shown.all("h2")]
    assert says.NO_BOARD_ORDER.form(Language.SWEDISH, is_one=False) in shown.main


def test_clinics_are_counted_by_the_statuses_that_some_have(anna, registry):
    known(registry, A)
    anna.post("/mottagning/lagg-till", kod="01", hsa_id=A)
    shown = anna.page("/region", kod="01")
    assert "1 mottagning är tillagd: 1 väntar på patientnämnden." in shown.main
    known(registry, B)
    anna.post("/mottagning/lagg-till", kod="01", hsa_id=B)
    changed(registry, B, active=False)
    assert (
        "2 mottagningar är tillagda: 1 väntar på patientnämnden och 1 inte aktiverad i "
        "e-tjänsterna." in anna.page("/region", kod="01").main
    )


def test_a_clinic_is_added_and_said_to_be(anna, registry):
    known(registry, A)
    answer = anna.post("/mottagning/lagg-till", kod="01", hsa_id=f" {A.lower()} ", anledning="17")
    shown = Document(answer.text)
    assert answer.url.path == "/region"
    assert shown.one("div", role="status").text == (
        f"Exempelkliniken ({A}) är tillagd. Den börjar ta emot ärenden när regionens patientnämnd "
        "är angiven."
    )
    assert shown.rows == ["Exempelkliniken"]
    assert anna.page("/region", kod="01").all("div", role="status") == []


def test_what_cannot_be_added_is_kept_in_the_form(anna, registry):
    known(registry, A, active=False)
    answer = anna.post("/mottagning/lagg-till", kod="01", hsa_id=A, anledning="Beställning 17")
    shown = Document(answer.text)
    assert answer.status_code == 422
    assert shown.one("title").text.startswith("Fel: Mottagningar i Region Stockholm")
    assert shown.one("input", id="hsa-id").get("value") == A
    assert shown.one("input", id="anledning").get("value") == "Beställning 17"
    assert "kunde inte läggas till" in shown.one("a", href="#hsa-id").text


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"active": False}, "inte aktiverad i e-tjänsterna. Aktivera den där"),
        ({"region_code": None}, "aldrig angett vilken region som administrerar den"),
        ({}, "när regionens patientnämnd är angiven"),
    ],
)
def test_who_adds_again_learns_why_it_receives_nothing(anna, registry, facts, told):
    known(registry, A, registered_at=NOW - timedelta(days=1), registered_by="someone", **facts)
    answer = anna.post("/mottagning/lagg-till", kod="01", hsa_id=A)
    said = Document(answer.text).one("div", role="status").text
    assert said.startswith(f"Exempelkliniken ({A}) var redan tillagd, 2026-01-31 av someone. Den")
    assert told in said


def test_who_adds_again_learns_that_it_is_in_tak(anna, registry):
    known(registry, A, registered_at=NOW)
    with registry.transaction() as transaction:
        transaction.connection.execute(insert(own_system).values(hsa_id=A))
        transaction.commit()
    answer = anna.post("/mottagning/lagg-till", kod="01", hsa_id=A)
    assert "står i TAK" in Document(answer.text).one("div", role="status").text


@pytest.mark.parametrize("clinic_form", [{}, {"tillbaka": f"/mottagning?hsa-id={A}"}])
def test_a_refusal_says_once_how_far_events_are_read(anna, registry, clinic_form):
    known(registry, A, active=False)
    answer = anna.post("/mottagning/lagg-till", kod="01", hsa_id=A, **clinic_form)
    never_read = says.NEVER_READ.form(Language.SWEDISH, is_one=False)
    assert Document(answer.text).main.count(never_read) == 1


@pytest.mark.parametrize("typed", [f"{A} {B}", f"{A.lower()},\t{B};", f"{A}, {B}, {A}, {B}"])
def test_several_ids_at_once_are_led_to_the_file(anna, registry, typed):
    known(registry, A, B)
    answer = anna.post("/mottagning/lagg-till", kod="01", hsa_id=typed)
    shown = Document(answer.text)
    assert answer.status_code == 422
    assert shown.one("a", href="#hsa-id").text == (
        "Skriv ett HSA-id i taget, eller läs in flera från en fil."
    )


def test_what_is_no_id_is_repeated_as_typed(anna):
    answer = anna.post("/mottagning/lagg-till", kod="01", hsa_id="Hamntorget")
    assert Document(answer.text).one("a", href="#hsa-id").text.startswith("Hamntorget kunde inte")


def test_a_search_without_hits_leads_to_the_activated(anna, registry):
    known(registry, A, name="Solen")
    shown = anna.page("/region", kod="01", sok="solen")
    link = shown.one("a", href="/region/aktiverade?kod=01&sok=solen")
    assert link.text == "Sök bland aktiverade, inte tillagda"
    assert Document(anna.get(link.get("href")).text).rows == ["Solen"]


@pytest.mark.parametrize("facts", [{"active": False}, {"region_code": "03"}, None])
def test_a_search_for_an_id_leads_to_its_page(anna, registry, facts):
    if facts is not None:
        known(registry, A, **facts)
    shown = anna.page("/region", kod="01", sok=f" {A.lower()}")
    link = shown.one("a", href=f"/mottagning?hsa-id={A}")
    assert link.text == f"Visa vad som är känt om {A}"
    told = {True: "inte aktiverad", False: "Region Uppsala"}[facts is None or "active" in facts]
    assert (told if facts else "förekommer inte i någon") in anna.get(link.get("href")).text


def test_a_search_shows_its_list_first(anna):
    shown = anna.page("/region", kod="01")
    [action] = [form.get("action") for form in shown.all("form", role="search")]
    assert shown.one("h2", id=action.removeprefix("/region#")).text == "Tillagda mottagningar"


def test_what_was_typed_survives_signing_in_again(anna, site, registry):
    known(registry, A)
    site.now.now += page.IDLE
    answer = anna.post("/mottagning/lagg-till", kod="01", hsa_id=A, tillbaka="/region?kod=01")
    assert answer.status_code == 401
    assert Document(answer.text).heading == "Du har loggats ut"
    anna.sign_in(page.REGIONAL)
    shown = anna.page("/region", kod="01")
    assert shown.one("input", id="hsa-id").get("value") == A
    assert shown.rows == []


def test_another_persons_typed_text_is_not_shown(anna, site, registry):
    site.now.now += page.IDLE
    anna.post("/mottagning/lagg-till", kod="01", hsa_id=A, tillbaka="/region?kod=01")
    anna.sign_in(page.BOTH)
    assert anna.page("/region", kod="01").one("input", id="hsa-id").get("value") == ""


def test_removing_is_asked_first_and_told_after(anna, registry):
    known(registry, A)
    anna.post("/mottagning/lagg-till", kod="01", hsa_id=A)
    assert anna.page("/mottagning/ta-bort", hsa_id=A).heading == "Ta bort Exempelkliniken?"
    assert anna.page("/region", kod="01").rows == ["Exempelkliniken"]
    removed = Document(anna.post("/mottagning/ta-bort", hsa_id=A).text)
    assert "är borttagen" in removed.one("div", role="status").text
    again = Document(anna.post("/mottagning/ta-bort", hsa_id=A).text)
    assert again.one("div", role="status").text == "Den var redan borttagen."


def test_another_regions_clinic_is_neither_shown_nor_touched(anna, registry):
    known(registry, B, region_code="03")
    assert anna.get("/region", kod="03").status_code == 403
    assert anna.get("/mottagning/ta-bort", hsa_id=B).status_code == 403
    assert anna.post("/mottagning/ta-bort", hsa_id=B).status_code == 403
    answer = anna.post("/mottagning/lagg-till", kod="01", hsa_id=B)
    assert answer.status_code == 422
    assert "Region Uppsala" in Document(answer.text).one("a", href="#hsa-id").text
