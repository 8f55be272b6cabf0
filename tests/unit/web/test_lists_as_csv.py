"""The list of a region's clinics as csv, and whole on one page to be printed."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.worlds.page import Document
from tests.worlds.plans import A, B, changed, known
from tests.worlds.registry import NOW

from sync_worker.administration.csv_files.reader import read
from sync_worker.files import csv_cells, csv_rows

MANY = [f"SE2321000016-T{number:04}" for number in range(150)]
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


def rows_of(answer):
    """The rows of a csv, as whoever wrote their cells meant them."""
    assert answer.status_code == 200
    rows = csv_rows.rows(answer.content.decode("utf-8-sig"), ";")
    return [[csv_cells.unescaped(cell) for cell in row.cells] for row in rows]


@pytest.fixture
def many(registry):
    """More registered clinics than a page has, and one of another region."""
    known(registry, *MANY, registered_at=NOW)
    known(registry, B, region_code="03", registered_at=NOW)


def test_a_csv_has_all_clinics_of_the_region(anna, many):
    answer = anna.get("/region.csv", kod="01")
    header, *rows = rows_of(answer)
    assert header == ["HSA-id", "Mottagning", "Status", "Ändrad"]
    assert [row[0] for row in rows] == MANY
    assert answer.headers["content-disposition"] == 'attachment; filename="mottagningar.csv"'


def test_a_csv_is_what_the_search_shows(anna, registry, many):
    changed(registry, MANY[7], name="Lilla kliniken", active=False)
    shown = anna.page("/region", kod="01", sok="lilla", status="deactivated")
    assert shown.rows == ["Lilla kliniken"]
    [address] = [link.get("href") for link in shown.all("a") if link.text.endswith("(csv)")]
    [_, row] = rows_of(anna.get(address))
    status = "Tar inte emot ärenden: inte aktiverad i e-tjänsterna"
    assert row[:3] == [MANY[7], "Lilla kliniken", status]


def test_a_csv_can_be_imported_again(anna, many):
    content = anna.get("/region.csv", kod="01").content
    assert [entry.text for entry in read(content).entries] == MANY


def test_another_regions_csv_is_refused(anna, many):
    assert anna.get("/region.csv", kod="03").status_code == 403
    assert anna.get("/region.csv", kod="99").status_code == 404
    assert anna.get("/region.csv").status_code == 404


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(name=NAMES)
@example(name="=cmd|' /C calc'!A0")
@example(name='";=1+1\r\n@x')
@example(name="\\x3d\u202e")
def test_every_name_comes_back_from_the_csv(anna, registry, one, name):
    changed(registry, A, name=name)
    answer = anna.get("/region.csv", kod="01")
    [_, row] = rows_of(answer)
    assert row[:2] == [A, name]
    for line in answer.content.decode("utf-8-sig").splitlines():
        assert not line.startswith(("=", "+", "-", "@"))


@pytest.fixture
def one(registry):
    known(registry, A, registered_at=NOW)


def test_the_whole_list_is_shown_to_be_printed(anna, many):
    first = anna.page("/region", kod="01")
    [address] = [link.get("href") for link in first.all("a") if link.text.endswith("utskrift")]
    whole = anna.page(address)
    assert (len(first.rows), len(whole.rows)) == (100, 150)
    head = whole.one("p", class_="printed").text
    assert head == "Mottagningar i Region Stockholm, 2026-02-01 13.00"


def test_further_pages_keep_the_search(anna, many):
    first = anna.page("/region", kod="01", sok="exempel", status="service_off")
    [address] = [link.get("href") for link in first.all("a") if link.text == "Nästa sida"]
    second = Document(anna.get(address).text)
    assert second.one("input", id="sok").get("value") == "exempel"
    assert len(second.rows) == 50
    [english] = [link.get("href") for link in second.all("a") if link.text == "English"]
    assert len(anna.page(english).rows) == 50
