"""A plan is reviewed and confirmed at one address, where its receipt is afterwards."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.worlds import page
from tests.worlds.page import Browser, Document
from tests.worlds.plans import A, B, C, changed, known, logged, planned, registered

from sync_worker.administration import plan_rows
from sync_worker.administration.clinics import REMOVE
from sync_worker.administration.csv_files import reader
from sync_worker.administration.csv_files.reader import FileEntry
from sync_worker.administration.plan_documents import Person
from sync_worker.web.rights import Grant, Rights, Role

ACTOR = "SE2321000016-ADM1"
ANNA = Person(ACTOR, ("01",))
COLLEAGUE = Person("SE2321000016-ADM8", ("01",))
PLAN, REFUSED = "/importera/plan", "/importera/plan/avvisade.csv"
UNKNOWN = "SE2321000016-1HX9"


@pytest.fixture
def made(registry):
    """Makes a plan of Anna's for ids; its id."""

    def make(*hsa_ids, person=ANNA, **about):
        return planned(registry, *hsa_ids, person=person, **about)

    return make


def confirm(browser, plan_id, revision=1):
    """Press the button."""
    address = f"{PLAN}?id={plan_id}"
    return browser.post(address, revision=revision, tillbaka=address)


def test_a_plan_says_what_becomes_of_each_row(anna, registry, made):
    known(registry, A, B)
    known(registry, C, active=False)
    anna.post("/mottagning/lagg-till", kod="01", hsa_id=B)
    shown = anna.page(PLAN, id=made(A, B, C, "vårdcentral", UNKNOWN, A))
    assert "1 mottagning läggs till. 1 är redan tillagd. 4 rader avvisas." in shown.main
    assert shown.all("details")[0].get("open") == ""
    assert shown.main.count("1 rad. ") == 4
    why = [heading.text for heading in shown.all("h3")]
    assert why[0].startswith("Det är inte ett giltigt HSA-id: ")
    assert why[1:] == [
        "Samma HSA-id förekommer tidigare i filen.",
        "Mottagningen har aldrig förekommit i en händelse från e-tjänsterna.",
        "Mottagningen är inte aktiverad i e-tjänsterna.",
    ]
    assert shown.rows == ["vårdcentral", f"Exempelkliniken {A}", UNKNOWN, f"Exempelkliniken {C}"]
    assert [cell.text for cell in shown.all("td", data_label="Rad")] == ["4", "6", "5", "3"]


def test_what_is_confirmed_is_done_and_gets_a_receipt(anna, registry, made):
    known(registry, A, B)
    plan_id = made(A, B, "SE1", reason="Beställning 17")
    answer = confirm(anna, plan_id)
    shown = Document(answer.text)
    assert str(answer.url).endswith(f"{PLAN}?id={plan_id}")
    assert shown.heading == "2 mottagningar lades till"
    assert f"Utfört av {ACTOR}" in shown.main
    assert "Anledning: Beställning 17." in shown.main
    assert "1 rad avvisades." in shown.main
    assert registered(registry) == {A, B}
    assert {entry[2] for entry in logged(registry, ACTOR)} == {"Beställning 17"}


def test_a_removal_is_confirmed_as_an_addition_is(anna, registry, made):
    known(registry, A)
    confirm(anna, made(A))
    shown = Document(confirm(anna, made(A, verb=REMOVE)).text)
    assert shown.heading == "1 mottagning togs bort"
    assert registered(registry) == set()


def test_a_second_press_gets_the_same_receipt(anna, site, registry, made):
    known(registry, A)
    plan_id = made(A)
    confirm(anna, plan_id)
    site.now.now += timedelta(seconds=3)
    shown = Document(confirm(anna, plan_id).text)
    assert shown.heading == "1 mottagning lades till"
    assert "Inget har gjorts en gång till." in shown.one("div", role="status").text
    assert len(logged(registry, ACTOR)) == 1


def test_a_plan_is_confirmed_in_two_tabs_once(anna, site, registry, made):
    known(registry, A)
    plan_id = made(A)
    shown = anna.page(PLAN, id=plan_id)
    revision = shown.one("input", name="revision").get("value")
    confirm(anna, plan_id)
    site.now.now += timedelta(minutes=3)
    assert anna.page(PLAN, id=plan_id).heading == "1 mottagning lades till"
    assert "redan" in Document(confirm(anna, plan_id, revision).text).one("div", role="status").text


def test_confirmations_at_once_are_one_deed(site, registry, made):
    known(registry, A, B)
    plan_id = made(A, B)
    browsers = [Browser(site).sign_in(page.REGIONAL) for _ in range(8)]
    with ThreadPoolExecutor(len(browsers)) as threads:
        answers = list(threads.map(lambda browser: confirm(browser, plan_id), browsers))
    headings = {Document(answer.text).heading for answer in answers}
    assert headings == {"2 mottagningar lades till"}
    assert len(logged(registry, ACTOR)) == 2


def test_a_plan_that_has_changed_is_shown_and_not_done(anna, registry, made):
    known(registry, A, B)
    plan_id = made(A, B)
    anna.page(PLAN, id=plan_id)
    changed(registry, B, active=False)
    anna.page(PLAN, id=plan_id)  # in another tab
    answer = confirm(anna, plan_id, revision=1)
    shown = Document(answer.text)
    assert answer.status_code == 409
    assert "Sedan du granskade har 1 rad ändrats." in shown.one("div", role="status").text
    assert "Nytt: Mottagningen är inte aktiverad i e-tjänsterna. Förut: Läggs till." in shown.main
    assert registered(registry) == set()
    revision = shown.one("input", name="revision").get("value")
    assert Document(confirm(anna, plan_id, revision).text).heading == "1 mottagning lades till"


def test_what_changes_after_the_last_look_is_left_alone(anna, registry, made):
    known(registry, A, B)
    plan_id = made(A, B)
    changed(registry, B, active=False)
    shown = Document(confirm(anna, plan_id).text)
    assert shown.heading == "1 mottagning lades till"
    assert "1 rad stämde inte längre med granskningen och lämnades orörd." in shown.main
    assert registered(registry) == {A}


def test_a_plan_with_nothing_to_do_has_no_button(anna, made):
    shown = anna.page(PLAN, id=made("SE1"))
    assert "Det finns inget att göra" in shown.main
    assert shown.all("input", name="revision") == []


def test_the_same_file_given_again_is_told_with_its_receipt(anna, registry, made):
    known(registry, A)
    first = made(A, file_name="lista.csv", file_digest="0" * 64)
    confirm(anna, first)
    shown = anna.page(PLAN, id=made(A, file_name="lista.csv", file_digest="0" * 64))
    assert "Du läste in samma fil" in shown.main
    assert Document(anna.get(shown.one("a", href=f"{PLAN}?id={first}").get("href")).text).heading


def test_a_plan_is_too_old_after_a_day(anna, site, made):
    plan_id = made(A)
    site.now.now += timedelta(hours=24)
    anna.sign_in(page.REGIONAL)
    for answer in (
        anna.get(PLAN, id=plan_id),
        confirm(anna, plan_id),
        anna.get(REFUSED, id=plan_id),
    ):
        assert answer.status_code == 410
        assert Document(answer.text).heading == "Granskningen gäller inte längre"


@pytest.mark.parametrize(
    ("planned", "again"),
    [
        ({"file_name": "a.csv", "file_digest": "0" * 64}, "/importera"),
        ({}, "/region/aktiverade?kod=01"),
        ({"verb": REMOVE}, "/region?kod=01"),
    ],
)
def test_an_expired_plan_leads_to_where_it_is_begun(anna, site, made, planned, again):
    plan_id = made(A, **planned)
    site.now.now += timedelta(hours=24)
    anna.sign_in(page.REGIONAL)
    shown = Document(anna.get(PLAN, id=plan_id).text)
    assert shown.all("a", href=again)[-1].text in shown.main


@pytest.mark.parametrize("plan_id", ["", "made-up", ".."])
def test_there_is_no_such_plan(anna, plan_id):
    for answer in (anna.get(PLAN, id=plan_id), anna.get(REFUSED, id=plan_id)):
        assert answer.status_code == 404
        assert Document(answer.text).heading == "Importen finns inte"
    assert confirm(anna, "made-up").status_code == 404


def test_a_colleagues_plan_is_shown_and_not_confirmed(anna, registry, made):
    known(registry, A)
    plan_id = made(A, person=COLLEAGUE)
    shown = anna.page(PLAN, id=plan_id)
    assert "Bara den som läste in filen kan bekräfta den." in shown.main
    assert shown.all("input", name="revision") == []
    assert confirm(anna, plan_id).status_code == 403
    assert registered(registry) == set()


@pytest.mark.parametrize("regions", [("03",), ("01", "03"), None])
def test_another_regions_plan_is_not_shown(anna, registry, made, regions):
    known(registry, A)
    plan_id = made(A, person=Person("bo", regions))
    for answer in (anna.get(PLAN, id=plan_id), anna.get(REFUSED, id=plan_id)):
        assert answer.status_code == 403
        assert A not in answer.text
    assert confirm(anna, plan_id).status_code == 403


def test_another_regions_plan_names_the_region(anna, made):
    answer = anna.get(PLAN, id=made(A, person=Person("bo", ("03",))))
    assert "Sidan gäller Region Uppsala" in Document(answer.text).main


def rights_of(*codes):
    regional = Grant(Role.REGIONAL_ADMINISTRATOR, frozenset(codes))
    return lambda _: Rights(frozenset({regional}))


def test_rights_that_shrank_shrink_the_deed(registry):
    known(registry, A)
    known(registry, B, region_code="03")
    plan_id = planned(registry, A, B, person=Person(ACTOR, ("01", "03")))
    anna = Browser(page.site(registry, rights_of=rights_of("01"))).sign_in(page.REGIONAL)
    shown = Document(confirm(anna, plan_id).text)
    assert shown.heading == "1 mottagning lades till"
    assert "lämnades orörd" in shown.main
    assert registered(registry) == {A}


def test_a_plan_is_closed_to_who_lost_all_its_regions(registry, made):
    known(registry, A)
    plan_id = made(A)
    anna = Browser(page.site(registry, rights_of=rights_of("03"))).sign_in(page.REGIONAL)
    assert anna.get(PLAN, id=plan_id).status_code == 403
    assert confirm(anna, plan_id).status_code == 403
    assert registered(registry) == set()


def test_the_refused_rows_can_be_given_again(anna, registry, made):
    known(registry, A)
    answer = anna.get(REFUSED, id=made(A, "SE1", "=1+1", UNKNOWN))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert [entry.text for entry in reader.read(answer.content).entries] == ["SE1", "=1+1", UNKNOWN]
    upload = {"fil": ("avvisade-rader.csv", answer.content)}
    chosen = {"atgard": "add"}
    again = anna.client.post("/importera", data=chosen, files=upload, headers=page.FROM_HERE)
    assert "3 rader avvisas." in Document(again.text).main


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text(max_size=90) | st.from_regex(r"['\s]*[=+@-].*"), min_size=1, max_size=5))
def test_refused_rows_say_what_was_given_and_run_nothing(anna, made, texts):
    content = anna.get(REFUSED, id=made(*texts)).content
    kept = [plan_rows.shortened(FileEntry(1, text)).text for text in texts]
    assert [entry.text for entry in reader.read(content).entries] == kept
    for cells in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"):
        assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))]


def test_a_refused_clinic_leads_to_what_says_why(anna, registry, made):
    known(registry, A, region_code="03")
    shown = anna.page(PLAN, id=made(A, "SE1"))
    link = shown.one("a", href=f"/mottagning?hsa-id={A}")
    assert link.text == "Exempelkliniken"
    assert "Region Uppsala" in anna.get(link.get("href")).text


def test_a_large_plan_shows_some_rows_of_each_reason(anna, registry, made):
    ids = [f"SE2321000016-T{number:05}" for number in range(2_000)]
    known(registry, *ids)
    shown = anna.page(PLAN, id=made(*ids, *(f"SE{number}" for number in range(300))))
    assert shown.all("details")[0].get("open") is None
    assert "2000 mottagningar läggs till." in shown.main
    assert len(shown.rows) == 50
    assert "De första 50 visas." in shown.main


def test_an_id_that_was_copied_wrong_is_told_so(anna, made):
    shown = anna.page(PLAN, id=made("SE2321000017-1HX9"))
    assert "Kontrollsiffran i numret stämmer inte" in shown.main


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\u202eabc", "{{ 7 * 7 }}", " "])
def test_a_clinics_name_is_only_a_text(anna, registry, made, name):
    known(registry, A, name=name)
    known(registry, B, name=name, active=False)
    plan_id = made(A, B)
    for shown in (anna.page(PLAN, id=plan_id), Document(confirm(anna, plan_id).text)):
        assert shown.all("script") == []
        assert "\u202e" not in shown.main
        assert "49" not in shown.main
