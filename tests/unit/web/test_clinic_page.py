"""The page of a clinic: why it receives cases or not, and what one does about it there."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.worlds import page
from tests.worlds.page import Document
from tests.worlds.plans import A, B, changed, known
from tests.worlds.registry import NOW

from sync_worker.authorship import Authorship
from sync_worker.registry import change_log
from sync_worker.registry.change_log import LogEntry

ODD_IDS = ("..", ".", "A/B", "A" * 64, "SE\u202e12", "<SCRIPT>ALERT(1)</SCRIPT>", "Å?&=#%", "%00")
PERSON = Authorship("SE2321000016-ADM1", "Beställning 17", NOW)


def logged(registry, *entries):
    with registry.transaction() as transaction:
        change_log.append(transaction.connection, entries)
        transaction.commit()


def conditions(shown):
    return [item.text for item in shown.all("li", class_="met")]


def test_each_condition_is_told_with_what_would_change_it(anna, registry):
    known(registry, A)
    shown = anna.page("/mottagning", hsa_id=A)
    assert shown.heading == "Exempelkliniken"
    assert f"Exempelkliniken ({A}) tar inte emot ärenden: den är inte tillagd." in shown.main
    assert "Inte uppfyllt. Tillagd: nej, ingen har lagt till den." in shown.main
    assert "Om den läggs till väntar den fortfarande på regionens patientnämnd." in shown.main
    assert "Uppfyllt. Eget system (TAK): nej." in conditions(shown)
    assert "Till Region Stockholm" in [each.text for each in shown.all("a", href="/region?kod=01")]


def test_a_clinic_without_a_name_is_called_by_its_id(anna, registry):
    known(registry, A, name=None)
    assert anna.page("/mottagning", hsa_id=A).heading == A


def test_a_clinic_is_added_on_its_own_page(anna, registry):
    known(registry, A)
    shown = anna.page("/mottagning", hsa_id=A)
    fields = {field.get("name"): field.get("value") for field in shown.all("input", type="hidden")}
    fields |= {"anledning": "Beställning 17", "tillbaka": f"/mottagning?hsa-id={A}"}
    answer = anna.post("/mottagning/lagg-till", **fields)
    added = Document(answer.text)
    assert answer.url.path == "/mottagning"
    assert f"Exempelkliniken ({A}) är tillagd." in added.one("div", role="status").text
    assert added.one("a", href=f"/mottagning/ta-bort?hsa-id={A}").text == "Ta bort mottagningen"
    assert "Anledning: Beställning 17" in added.main


def test_a_refusal_comes_back_to_the_clinics_page(anna, registry):
    known(registry, A, active=False)
    back = f"/mottagning?hsa-id={A}"
    answer = anna.post("/mottagning/lagg-till", kod="01", hsa_id=A, tillbaka=back)
    shown = Document(answer.text)
    assert answer.status_code == 422
    assert shown.heading == "Exempelkliniken"
    assert "kunde inte läggas till" in shown.one("a", href="#villkor").text
    assert shown.one("h2", id="villkor")


def test_too_long_a_reason_is_kept_on_the_clinics_page(anna, registry):
    known(registry, A)
    fields = {"hsa-id": A, "anledning": "x" * 501, "tillbaka": f"/mottagning?hsa-id={A}"}
    answer = anna.post("/mottagning/lagg-till", kod="01", **fields)
    assert answer.status_code == 422
    assert Document(answer.text).one("input", id="anledning").get("value") == "x" * 501


def test_a_reason_survives_signing_in_again(anna, site, registry):
    known(registry, A)
    site.now.now += page.IDLE
    back = f"/mottagning?hsa-id={A}"
    anna.post("/mottagning/lagg-till", kod="01", hsa_id=A, anledning="17", tillbaka=back)
    anna.sign_in(page.REGIONAL)
    shown = anna.page("/mottagning", hsa_id=A)
    assert shown.one("input", id="anledning").get("value") == "17"


def test_a_reader_is_offered_nothing_to_do(browser, registry):
    known(registry, A)
    shown = browser.sign_in(page.READER).page("/mottagning", hsa_id=A)
    assert shown.all("form", action="/mottagning/lagg-till") == []


def test_history_is_told_newest_first_in_swedish_time(anna, registry):
    known(registry, A)
    later = NOW + timedelta(hours=1)
    moved = LogEntry(later, "moved", A, old_value="03", new_value="01")
    logged(
        registry,
        LogEntry.by(PERSON, "registered")._replace(hsa_id=A),
        moved._replace(event_id="e-1", topic="regions", partition=2, record_offset=1041),
    )
    shown = anna.page("/mottagning", hsa_id=A)
    assert shown.rows == ["2026-02-01 14.00", "2026-02-01 13.00"]
    assert [cell.text for cell in shown.all("td")] == [
        "Bytte administrativ region Från Region Uppsala till Region Stockholm",
        "Händelse e-1, regions, partition 2, plats 1041.",
        "Tillagd",
        "SE2321000016-ADM1 Anledning: Beställning 17",
    ]


def test_another_regions_clinic_says_whose_it_is(anna, registry):
    known(registry, B, region_code="03")
    logged(registry, LogEntry.by(PERSON, "registered")._replace(hsa_id=B))
    answer = anna.get("/mottagning", hsa_id=B)
    assert answer.status_code == 403
    assert "Mottagningen administreras av Region Uppsala." in Document(answer.text).main
    assert "Beställning 17" not in answer.text


def test_a_clinic_without_a_region_is_shown(anna, registry):
    known(registry, A, region_code=None)
    shown = anna.page("/mottagning", hsa_id=A)
    assert "Administrativ region: okänd, e-tjänsterna har aldrig angett den." in shown.main
    assert shown.all("form", action="/mottagning/lagg-till") == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", "/mottagning"), ("get", "/mottagning/ta-bort"), ("post", "/mottagning/ta-bort")],
)
def test_an_unknown_id_tells_the_nearest(anna, registry, method, path):
    known(registry, A)
    answer = getattr(anna, method)(path, hsa_id=A.replace("16-", "61-"))
    shown = Document(answer.text)
    assert answer.status_code == 404
    assert shown.heading == "Mottagningen är inte känd"
    assert "Kontrollsiffran i numret stämmer inte" in shown.main
    assert shown.one("a", href=f"/mottagning?hsa-id={A}").text == f"Menade du {A}?"


@pytest.mark.parametrize("hsa_id", ODD_IDS)
def test_odd_ids_come_through(anna, registry, hsa_id):
    assert anna.get("/mottagning", hsa_id=hsa_id).status_code == 404
    known(registry, hsa_id, name=None)
    shown = anna.page("/mottagning", hsa_id=hsa_id)
    form = shown.one("form", action="/mottagning/lagg-till")
    assert form
    assert hsa_id in [each.get("value") for each in shown.all("input", name="hsa-id")]


@pytest.mark.parametrize("raw", ["%00", "A%00B", "%ED%A0%80", "%FF", "+", ""])
def test_what_no_id_can_be_is_refused(anna, raw):
    assert anna.client.get(f"/mottagning?hsa-id={raw}").status_code in {400, 404}


def test_a_form_with_a_nul_is_refused(anna, registry):
    known(registry, A)
    answer = anna.post("/mottagning/lagg-till", kod="01", hsa_id=A, anledning="a\0b")
    assert answer.status_code == 400


@pytest.fixture
def added(anna, registry):
    """A clinic that is registered."""
    known(registry, A)
    anna.post("/mottagning/lagg-till", kod="01", hsa_id=A)


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(name=NAMES)
@example(name="<script>alert(1)</script>")
@example(name="\u202e\u2066vänd")
@example(name="\u3164")
@example(name="{{ 7 * 7 }} {hsa_id} %s")
def test_no_name_breaks_a_page(anna, registry, added, name):
    changed(registry, A, name=name)
    for path in (f"/mottagning?hsa-id={A}", "/region?kod=01", f"/mottagning/ta-bort?hsa-id={A}"):
        answer = anna.client.get(path)
        assert answer.status_code == 200
        shown = Document(answer.text)
        assert shown.all("script") == []
        assert "sync-worker" not in shown.main
        assert shown.heading
    assert name.isspace() or anna.page("/region", kod="01").rows != [""]
