"""Clinics are ticked in a list, and become a plan to add or to remove them."""

import pytest
from tests.worlds import page
from tests.worlds.page import Document
from tests.worlds.plans import A, B, C, D, known, registered
from tests.worlds.registry import NOW

from sync_worker.registry.tables import own_system

ADDING, REMOVING = "/region/aktiverade", "/region/ta-bort"
MANY = [f"SE2321000016-T{number:04}" for number in range(250)]


def tick(browser, path, *hsa_ids, code="01", query="", **fields):
    """Send a list's form with these clinics ticked."""
    listed = "/region" if path == REMOVING else path
    back = f"{listed}?kod={code}{'&' if query else ''}{query}"
    data = {"kod": code, "tillbaka": back, "mottagning": list(hsa_ids), **fields}
    return browser.client.post(f"{path}?{query}", data=data, headers=page.FROM_HERE)


def boxes(shown):
    """The clinics that can be ticked, and whether they are."""
    found = shown.all("input", type="checkbox")
    return {box.get("value"): box.get("checked") is not None for box in found}


@pytest.fixture
def in_tak(registry):
    """D has a system of its own."""
    with registry.transaction() as transaction:
        transaction.connection.execute(own_system.insert().values(hsa_id=D))
        transaction.commit()


@pytest.mark.usefixtures("in_tak")
def test_what_is_activated_and_not_added_is_listed(anna, registry):
    known(registry, A, D)
    known(registry, B, active=False)
    known(registry, C, region_code="03")
    shown = anna.page(ADDING, kod="01")
    assert boxes(shown) == {A: False}
    assert "administreras av Region Stockholm" in shown.main


def test_every_box_names_its_clinic_as_no_other_does(anna, registry):
    known(registry, A, B)
    shown = anna.page(ADDING, kod="01")
    names = [box.get("aria-label") for box in shown.all("input", type="checkbox")]
    assert names == [f"Välj Exempelkliniken ({hsa_id})" for hsa_id in (A, B)]


def test_ticked_clinics_become_a_plan_to_add_them(anna, registry):
    known(registry, A, B, C)
    answer = tick(anna, ADDING, A, C, **{"anledning-valda": "17"})
    shown = Document(answer.text)
    assert answer.url.path == "/importera/plan"
    assert "Från listan · Anledning: 17" in shown.main
    assert shown.one("input", name="revision").get("value") == "1"
    assert registered(registry) == set()
    confirmed = anna.post(str(answer.url.raw_path, "ascii"), revision=1)
    assert Document(confirmed.text).heading == "2 mottagningar lades till"
    assert registered(registry) == {A, C}
    assert boxes(anna.page(ADDING, kod="01")) == {B: False}


def test_ticked_clinics_become_a_plan_to_remove_them(anna, registry):
    known(registry, A, B, registered_at=NOW)
    assert boxes(anna.page("/region", kod="01")) == {A: False, B: False}
    answer = tick(anna, REMOVING, B)
    assert Document(answer.text).heading == "Granska innan du tar bort"
    anna.post(str(answer.url.raw_path, "ascii"), revision=1)
    assert registered(registry) == {A}


@pytest.mark.parametrize("path", [ADDING, REMOVING])
def test_something_must_be_ticked(anna, registry, path):
    known(registry, A, registered_at=NOW if path == REMOVING else None)
    answer = tick(anna, path, **{"anledning-valda": "17"})
    shown = Document(answer.text)
    assert answer.status_code == 422
    assert shown.one("a", href="#valda").text == "Välj minst en mottagning i listan."
    assert shown.one("input", id="valda").get("type") == "checkbox"
    assert shown.one("input", id="anledning-valda").get("value") == "17"


@pytest.mark.parametrize("path", [ADDING, REMOVING])
def test_ticks_are_kept_with_a_reason_that_is_too_long(anna, registry, path):
    known(registry, A, B, registered_at=NOW if path == REMOVING else None)
    answer = tick(anna, path, A, **{"anledning-valda": "å" * 501})
    assert answer.status_code == 422
    assert boxes(Document(answer.text)) == {A: True, B: False}


@pytest.mark.parametrize("path", [ADDING, REMOVING])
def test_ticks_survive_signing_in_again(anna, site, registry, path):
    known(registry, A, B, registered_at=NOW if path == REMOVING else None)
    listed = "/region" if path == REMOVING else path
    site.now.now += page.IDLE
    assert tick(anna, path, B, query="sok=exempel", **{"anledning-valda": "1"}).status_code == 401
    anna.sign_in(page.REGIONAL)
    shown = anna.page(listed, kod="01", sok="exempel")
    assert boxes(shown) == {A: False, B: True}
    assert shown.one("input", id="anledning-valda").get("value") == "1"
    assert boxes(anna.page(listed, kod="01", sok="exempel")) == {A: False, B: False}


@pytest.mark.parametrize("path", [ADDING, REMOVING])
def test_a_refused_list_is_the_one_that_was_searched(anna, registry, path):
    registered_at = NOW if path == REMOVING else None
    known(registry, *MANY, name="Solen", registered_at=registered_at)
    known(registry, A, registered_at=registered_at)
    shown = Document(tick(anna, path, query="sok=solen&sida=2").text)
    assert list(boxes(shown)) == MANY[100:200]
    assert shown.one("input", id="sok").get("value") == "solen"
    listed = "/region" if path == REMOVING else path
    following = [link.get("href") for link in shown.all("a") if link.text == "Nästa sida"]
    part = "#listan" if path == REMOVING else ""
    assert following == [f"{listed}?kod=01&sok=solen&sida=3{part}"]
    assert list(boxes(Document(anna.get(following[0]).text))) == MANY[200:]


def test_a_list_is_paged_and_searched(anna, registry):
    known(registry, *MANY, name="Solen")
    known(registry, A, name="Månen")
    assert list(boxes(anna.page(ADDING, kod="01"))) == [A, *MANY[:99]]
    assert list(boxes(anna.page(ADDING, kod="01", sida=3))) == MANY[199:]
    assert list(boxes(anna.page(ADDING, kod="01", sok="måne"))) == [A]
    assert "stämmer med sökningen" in anna.page(ADDING, kod="01", sok="jorden").main
    assert "listan slutar på sida 3" in anna.page(ADDING, kod="01", sida=9).main


def test_a_list_of_nothing_says_so(anna):
    shown = anna.page(ADDING, kod="01")
    assert "redan tillagda eller har ett eget system" in shown.main
    assert shown.all("input", type="checkbox") == []


def test_who_reads_only_ticks_nothing(browser, registry):
    known(registry, A, registered_at=NOW)
    reader = browser.sign_in(page.READER)
    assert boxes(reader.page("/region", kod="01")) == {}
    assert tick(reader, REMOVING, A).status_code == 403
    assert registered(registry) == {A}


def test_another_regions_clinic_is_refused_in_the_plan(anna, registry):
    known(registry, A)
    known(registry, B, region_code="03")
    shown = Document(tick(anna, ADDING, A, B).text)
    assert "1 mottagning läggs till. 1 rad avvisas." in shown.main
    assert "Mottagningen administreras av en annan region. 1 rad. Låt" in shown.main


@pytest.mark.parametrize("hsa_id", ["", "..", "<b>", "å" * 200, "x\ty", "'; DROP TABLE clinic"])
def test_a_made_up_tick_is_refused_in_the_plan(anna, hsa_id):
    shown = Document(tick(anna, ADDING, hsa_id).text)
    assert "1 rad avvisas." in shown.main
    assert shown.all("b") == []
