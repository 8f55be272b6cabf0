"""The page of a region, and what one does there."""

from tests.worlds import page
from tests.worlds.page import Document
from tests.worlds.plans import A, B, changed, known

from sync_worker.administration.messages.page import region as says
from sync_worker.language import Language


def test_who_has_one_region_begins_there(anna):
    assert anna.page("/").heading == "Mottagningar i Region Stockholm"


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
