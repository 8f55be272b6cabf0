"""The change log on the page: what is on it for whom, its filters, its pages, and its csv."""

from datetime import timedelta

import pytest
from tests.worlds import page
from tests.worlds.plans import A, B, known
from tests.worlds.registry import NOW

from sync_worker.administration.messages.page import log as says
from sync_worker.files import csv_cells, csv_rows
from sync_worker.registry import change_log, log_pages
from sync_worker.registry.change_log import CHANGES, OF_THE_REGISTRY, LogEntry

ACTOR = "SE2321000016-ADM1"


def logged(registry, *entries):
    with registry.transaction() as transaction:
        change_log.append(transaction.connection, entries)
        transaction.commit()


def entry(change, hsa_id=A, minute=0, **about):
    return LogEntry(NOW + timedelta(minutes=minute), change, hsa_id)._replace(**about)


def cells(shown):
    """What stands in each row, but for whom it is about."""
    texts = [cell.text for cell in shown.all("td")]
    return [tuple(texts[start : start + 3]) for start in range(0, len(texts), 3)]


def rows_of(answer):
    """The rows of a csv, as whoever wrote their cells meant them."""
    assert answer.status_code == 200
    rows = csv_rows.rows(answer.content.decode("utf-8-sig"), ";")
    return [[csv_cells.unescaped(cell) for cell in row.cells] for row in rows]


@pytest.fixture(autouse=True)
def clinics(registry):
    known(registry, A, name="Alfa")
    known(registry, B, name="Beta", region_code="03")


def test_the_newest_change_comes_first(anna, registry):
    logged(
        registry,
        entry("registered", actor=ACTOR, reason="Beställning 17"),
        entry("renamed", minute=1, old_value="Gamla", new_value="Alfa", event_id="e-1"),
        entry("board_set", None, 2, region_code="01", new_value="SE2321000016-PN01"),
    )
    shown = anna.page("/handelser", kod="01")
    assert shown.heading == "Händelser i Region Stockholm"
    assert shown.rows == ["Region Stockholm", "Alfa", "Alfa"]
    assert cells(shown) == [
        ("2026-02-01 13.02", "Patientnämnd angiven SE2321000016-PN01", "Direkt i databasen"),
        ("2026-02-01 13.01", "Bytte namn Från Gamla till Alfa", "Händelse e-1"),
        ("2026-02-01 13.00", "Tillagd", f"{ACTOR} Anledning: Beställning 17"),
    ]


@pytest.mark.parametrize(
    ("person", "about"),
    [(page.REGIONAL, {"Alfa"}), (page.BOTH, {"Alfa", "Beta"}), (page.NATIONAL, {"Alfa", "Beta"})],
)
def test_each_sees_their_own_regions_alone(browser, registry, person, about):
    logged(registry, entry("registered"), entry("registered", B))
    browser.sign_in(person)
    assert set(browser.page("/handelser").rows) == about
    rows = rows_of(browser.get("/handelser.csv"))[1:]
    assert {row[5] for row in rows} == about


def test_filters_add_up(anna, registry):
    known(registry, "SE2321000016-TC01")
    logged(
        registry,
        entry("registered", actor=ACTOR),
        entry("removed", actor=ACTOR),
        entry("removed", actor="SE2321000016-ADM3"),
        entry("removed", "SE2321000016-TC01", actor=ACTOR),
    )
    query = {"vad": "removed", "av": f" {ACTOR} ", "hsa_id": A.lower()}
    shown = anna.page("/handelser", **query)
    assert [row[1:] for row in cells(shown)] == [("Borttagen", ACTOR)]
    assert len(rows_of(anna.get("/handelser.csv", **query))) == 2
    assert shown.one("option", selected="").text == "Borttagen"


def test_a_filter_that_nothing_fits_says_so(anna):
    assert "Inget har hänt än." in anna.page("/handelser").main
    assert "Ingen händelse stämmer med urvalet." in anna.page("/handelser", av="ingen").main


@pytest.mark.parametrize(
    ("person", "is_offered"), [(page.REGIONAL, False), (page.BOTH, False), (page.NATIONAL, True)]
)
def test_only_what_can_be_seen_is_offered(browser, registry, person, is_offered):
    logged(registry, *(entry(change, None, actor="drift") for change in OF_THE_REGISTRY))
    browser.sign_in(person)
    shown = browser.page("/handelser", vad="letters_purged")
    offered = {option.get("value") for option in shown.all("option")}
    assert bool(offered & set(OF_THE_REGISTRY)) is is_offered
    assert set(CHANGES) - set(OF_THE_REGISTRY) <= offered
    assert bool(shown.rows) is is_offered


def test_a_number_of_repairs_is_no_region(browser, registry):
    logged(registry, entry("repaired", None, new_value="12", actor="drift"))
    browser.sign_in(page.NATIONAL)
    [(_, what, _)] = cells(browser.page("/handelser"))
    assert what == "Rättad efter jämförelse med e-tjänsterna 12"


def test_older_changes_are_on_further_pages(anna, registry):
    logged(registry, *(entry("renamed", new_value=f"Namn {number}") for number in range(205)))
    first = anna.page("/handelser", vad="renamed")
    [older] = [link.get("href") for link in first.all("a") if link.text == "Äldre händelser"]
    second = anna.page(older)
    [older] = [link.get("href") for link in second.all("a") if link.text == "Äldre händelser"]
    third = anna.page(older)
    texts = [row[1] for shown in (first, second, third) for row in cells(shown)]
    assert texts == [f"Bytte namn Namn {number}" for number in reversed(range(205))]
    assert "Äldre händelser" not in third.main
    assert "Nyare händelser" in third.main
    assert "Det finns inga äldre händelser." in anna.page("/handelser", sida="999999").main


def test_a_csv_has_all_of_it_in_order(anna, registry, monkeypatch):
    monkeypatch.setattr(log_pages, "_BATCH", 7)
    logged(registry, *(entry("renamed", new_value=f"Namn {number}") for number in range(21)))
    header, *rows = rows_of(anna.get("/handelser.csv"))
    assert header[:6] == ["När", "Vad", "Från", "Till", "HSA-id", "Mottagning"]
    assert [row[3] for row in rows] == [f"Namn {number}" for number in reversed(range(21))]
    assert rows[0][0] == "2026-02-01 13:00:00"


def test_no_cell_of_a_csv_is_run(anna, registry):
    hostile = "=cmd|' /C calc'!A0"
    logged(registry, entry("renamed", new_value=hostile, reason=f"x;{hostile}", actor="+1;\n2"))
    answer = anna.get("/handelser.csv")
    assert hostile not in answer.text.replace(f"'{hostile}", "")
    [_, row] = rows_of(answer)
    assert (row[3], row[8], row[7]) == (hostile, f"x;{hostile}", "+1;\n2")
    assert answer.headers["content-disposition"] == 'attachment; filename="handelser.csv"'
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize("path", ["/handelser", "/handelser.csv"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("kod=03", 403),
        ("kod=99", 404),
        ("kod=' OR 1=1", 404),
        ("av=%00", 400),
        ("hsa-id=%ED%A0%80", 200),
        ("vad=%22%3E%3Cscript%3E", 200),
        ("sida=-1", 200),
        ("hsa-id=" + "x" * 5000, 200),
    ],
)
def test_odd_filters_are_answered(anna, path, query, status):
    answer = anna.client.get(f"{path}?{query}")
    assert answer.status_code == status
    assert "<script" not in answer.text


def test_every_change_has_words():
    assert set(says.CHANGES) == set(CHANGES)
    assert len({message.sv for message in says.CHANGES.values()}) == len(CHANGES)
