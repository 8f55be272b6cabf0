"""What support reads before a patient board is changed, and the line that changes it."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from tests.worlds import page
from tests.worlds.page import Document
from tests.worlds.plans import A, B, known
from tests.worlds.registry import NOW

from sync_worker.registry.registrations import Board
from sync_worker.registry.tables import patient_board
from sync_worker.web import command_lines
from sync_worker.web.pages.support import Order

BOARD = "SE2321000016-PN01"
NASTY = "Nämnden $(id) `id` 'x' \"y\" <b>; --yes"


@pytest.fixture
def eva(browser):
    """The browser of support."""
    return browser.sign_in(page.SUPPORT)


def planned(browser, hsa_id="", name="Nämnden", ticket="INC1", code="01"):
    return browser.get(
        "/support/patientnamnd", kod=code, hsa_id=hsa_id, namn=name, arende=ticket, visa="1"
    )


def present(registry):
    with registry.snapshot() as connection:
        return [tuple(row)[:3] for row in connection.execute(select(patient_board))]


def test_all_regions_are_listed_with_their_boards(eva):
    shown = eva.page("/support/patientnamnd")
    assert "Region Stockholm" in shown.rows
    assert len(shown.rows) == 21


def test_who_starts_receiving_is_named(eva, registry):
    known(registry, A, registered_at=NOW)
    known(registry, B, registered_at=NOW, region_code="03")
    shown = Document(planned(eva, BOARD).text)
    assert "1 mottagning börjar ta emot ärenden" in shown.main
    assert f"Exempelkliniken ({A})" in shown.main
    assert B not in shown.main
    assert present(registry) == []


def test_the_line_that_is_shown_does_what_it_says(eva, registry, folder, sync_worker):
    known(registry, A, registered_at=NOW)
    settings = {"SYNC_WORKER_DATABASE_URL": f"sqlite:///{folder / 'registry.db'}"}
    line = Document(planned(eva, BOARD.lower(), name=NASTY, ticket="INC 1'").text).one("code").text
    program, *words = shlex.split(line)
    assert program == "sync-worker"
    assert sync_worker(*words, "--yes", **settings).exit_code == 0
    assert present(registry) == [("01", BOARD, NASTY)]
    again = Document(planned(eva, BOARD, name=NASTY).text)
    assert "Det är redan så" in again.main
    assert again.all("code") == []

    clearing = Document(planned(eva).text)
    assert "1 mottagning slutar ta emot ärenden" in clearing.main
    assert sync_worker(*shlex.split(clearing.one("code").text)[1:], "--yes", **settings)[0] == 0
    assert present(registry) == []


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"hsa_id": "SE1-X"}, "hsa-id"),
        ({"hsa_id": "x" * 900}, "hsa-id"),
        ({"hsa_id": BOARD, "name": " "}, "namn"),
        ({"hsa_id": BOARD, "name": "x" * 201}, "namn"),
        ({"hsa_id": BOARD, "name": "två\nrader"}, "namn"),
        ({"hsa_id": BOARD, "name": "o\u202esett"}, "namn"),
        ({"ticket": ""}, "arende"),
        ({"ticket": "\x1b[2J"}, "arende"),
    ],
)
def test_an_order_that_cannot_be_is_kept_to_mend(eva, order, field):
    answer = planned(eva, **order)
    shown = Document(answer.text)
    assert answer.status_code == 422
    assert [link.get("href") for link in shown.all("a") if "#" in link.get("href")][1:] == [
        f"#{field}"
    ]
    assert shown.all("code") == []


def test_a_wrong_check_digit_is_said_and_no_more(eva):
    shown = Document(planned(eva, "SE2321000017-PN01").text)
    assert "Kontrollsiffran i SE2321000017-PN01 stämmer inte" in shown.main
    assert "boards set" in shown.one("code").text


def test_a_region_that_is_nowhere_is_not_found(eva):
    assert planned(eva, BOARD, code="99").status_code == 404


def test_a_region_out_of_use_may_only_lose_its_board(eva, registry):
    known(registry, A, region_code="99")
    assert planned(eva, BOARD, code="99").status_code == 422
    assert planned(eva, code="99").status_code == 200


@given(name=st.text(max_size=200), ticket=st.text(max_size=200))
def test_any_order_that_is_taken_is_one_line(name, ticket):
    order = Order(BOARD, name.strip(), ticket.strip())
    if order.errors():
        return
    board = order.board("01")
    assert board == Board("01", BOARD, name.strip())
    line = command_lines.set_board(board, order.ticket)
    assert line.splitlines() == [line]
    assert shlex.split(line)[2:] == [
        "set",
        "01",
        BOARD,
        "--name",
        board.name,
        "--ticket",
        order.ticket,
    ]
