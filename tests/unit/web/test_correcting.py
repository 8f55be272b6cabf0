"""Refused rows are corrected on the page, and somebody's plans and receipts are listed."""

from datetime import timedelta

import pytest
from tests.worlds import page
from tests.worlds.page import Document
from tests.worlds.plans import A, B, C, changed, known, planned, registered

from sync_worker.administration.plan_documents import Person

ACTOR = "SE2321000016-ADM1"
ANNA = Person(ACTOR, ("01",))
PLAN, CORRECT, LIST = "/importera/plan", "/importera/plan/ratta", "/importer"


@pytest.fixture
def made(registry):
    """Makes a plan for ids; its id."""

    def make(*hsa_ids, person=ANNA, **about):
        return planned(registry, *hsa_ids, person=person, **about)

    return make


def correct(browser, plan_id, rows, **fields):
    """Send corrected rows: line → id."""
    named = {f"rad-{line}": text for line, text in rows.items()}
    return browser.client.post(
        CORRECT,
        params={"id": plan_id},
        data={"tillbaka": f"{PLAN}?id={plan_id}", **named, **fields},
        headers=page.FROM_HERE,
    )


def inputs(shown):
    """The rows that can be corrected: name → what is there."""
    return {
        element.get("name"): element.get("value")
        for element in shown.all("input", type="text")
        if element.get("name").startswith("rad-")
    }


def test_refused_rows_but_duplicates_can_be_corrected(anna, registry, made):
    known(registry, A)
    known(registry, C, active=False)
    shown = anna.page(PLAN, id=made(A, "SE1", A, f"{C.lower()} ", ""))
    assert inputs(shown) == {"rad-2": "SE1", "rad-5": "", "rad-4": C.lower()}
    assert len(shown.all("fieldset")) == 2


def test_corrected_rows_become_a_plan_of_their_own(anna, registry, made):
    known(registry, A, B)
    plan_id = made(A, "SE1", "SE2", reason="17", file_name="x.csv", file_digest="0" * 64)
    answer = correct(anna, plan_id, {2: B, 3: "  "})
    shown = Document(answer.text)
    assert answer.url.params["id"] != plan_id
    assert "Rättade rader · Anledning: 17" in shown.main
    assert "1 mottagning läggs till. Inga rader avvisas." in shown.main
    confirmed = anna.post(f"{PLAN}?id={answer.url.params['id']}", revision=1)
    assert Document(confirmed.text).heading == "1 mottagning lades till"
    assert registered(registry) == {B}


def test_rows_of_a_receipt_can_be_corrected_too(anna, registry, made):
    known(registry, A, B)
    plan_id = made(A, "SE1")
    receipt = Document(anna.post(f"{PLAN}?id={plan_id}", revision=1).text)
    assert inputs(receipt) == {"rad-2": "SE1"}
    assert "1 mottagning läggs till." in Document(correct(anna, plan_id, {2: B}).text).main


def test_rows_of_a_receipt_can_be_tried_again(anna, registry, made):
    known(registry, A)
    known(registry, B, active=False)
    plan_id = made(A, B)
    anna.post(f"{PLAN}?id={plan_id}", revision=1)
    changed(registry, B, active=True)
    assert "1 mottagning läggs till." in Document(correct(anna, plan_id, {2: B}).text).main


def test_what_is_corrected_wrongly_is_refused_again(anna, made):
    shown = Document(correct(anna, made("SE1"), {1: "SE2"}).text)
    assert inputs(shown) == {"rad-1": "SE2"}


@pytest.mark.parametrize("rows", [{1: " ", 2: ""}, {1: "SE1", 2: "SE2 "}, {1: "", 2: "SE2"}])
def test_nothing_corrected_is_said_so(anna, made, rows):
    answer = correct(anna, made("SE1", "SE2"), rows)
    shown = Document(answer.text)
    assert answer.status_code == 422
    assert shown.one("a", href="#ratta").text == "Rätta minst en rad innan du granskar på nytt."
    assert shown.one("title").text.startswith("Fel: ")


def test_a_line_that_the_plan_lacks_is_not_taken(anna, registry, made):
    known(registry, A, B)
    shown = Document(correct(anna, made("SE1"), {1: A, 7: B}).text)
    assert "1 mottagning läggs till." in shown.main


def test_fifty_rows_are_corrected_at_once(anna, made):
    shown = anna.page(PLAN, id=made(*(f"SE{number}" for number in range(60))))
    assert len(inputs(shown)) == 50
    assert "De första 50 raderna visas." in shown.main


@pytest.mark.parametrize("regions", [("01",), ("03",)])
def test_another_persons_rows_are_not_corrected(anna, made, regions):
    plan_id = made("SE1", person=Person("bo", regions))
    assert correct(anna, plan_id, {1: A}).status_code == 403
    assert all(
        element.get("id") != "ratta"
        for element in Document(anna.get(PLAN, id=plan_id).text).elements
    )


def test_rows_of_no_plan_are_not_corrected(anna):
    assert correct(anna, "made-up", {1: A}).status_code == 404


def test_corrections_survive_signing_in_on_their_plan_alone(anna, site, made):
    first, second = made("SE1"), made("SE2")
    site.now.now += page.IDLE
    assert correct(anna, first, {1: A}).status_code == 401
    anna.sign_in(page.REGIONAL)
    assert inputs(anna.page(PLAN, id=second)) == {"rad-1": "SE2"}
    assert inputs(anna.page(PLAN, id=first)) == {"rad-1": A}


def test_plans_and_receipts_are_listed_the_newest_first(anna, site, registry, made):
    known(registry, A, B)
    done = made(A, file_name="a.csv", file_digest="0" * 64)
    anna.post(f"{PLAN}?id={done}", revision=1)
    waiting = made(A, B, now=site.now.now + timedelta(minutes=1))
    made(A, person=Person("bo", ("01",)))
    shown = anna.page(LIST)
    links = [element.get("href") for element in shown.all("a") if PLAN in element.get("href")]
    assert links == [f"{PLAN}?id={waiting}", f"{PLAN}?id={done}"]
    assert shown.rows == ["Lägg till 1 mottagning", "1 mottagning lades till"]
    assert "Väntar på att du bekräftar" in shown.main
    assert "Från filen a.csv" in shown.main


def test_an_expired_plan_is_listed_without_a_link(anna, site, made):
    made(A)
    site.now.now += timedelta(hours=25)
    anna.sign_in(page.REGIONAL)
    shown = anna.page(LIST)
    assert "Gäller inte längre" in shown.main
    assert [element for element in shown.all("a") if PLAN in element.get("href")] == []


def test_who_has_planned_nothing_is_told_so(anna):
    assert "Du har inte importerat något de senaste 90 dagarna." in anna.page(LIST).main


def test_a_plan_with_nothing_to_do_waits_for_nobody(anna, made):
    made("SE1")
    shown = anna.page(LIST)
    assert "Det finns inget att göra: inget ändras." in shown.main
    assert "Väntar" not in shown.main
