"""Rows that people wrote by hand on bad days: they never stop the worker or a list."""

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from tests.worlds.registry import ACT, BOARD, NOW, sentences

from sync_worker.administration import boards
from sync_worker.administration.boards import regions
from sync_worker.domain.regions import Regions
from sync_worker.inspection.status import status
from sync_worker.registry import clinics, queries
from sync_worker.registry.registrations import Board
from sync_worker.registry.tables import clinic

A = "SE2321000016-TA01"


def execute(engine, statement):
    with engine.begin() as connection:
        connection.execute(text(statement))


@pytest.fixture
def registered(engine):
    with engine.begin() as connection:
        values = {"active": True, "activation_time": NOW, "region_code": "01", "region_time": NOW}
        connection.execute(insert(clinic).values(hsa_id=A, registered_at=NOW, **values))


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("nonsense", ["'yesterday'", "''", "'2026-13-45T00:00:00.000000Z'"])
def test_a_time_that_is_none_counts_as_the_oldest(registry, engine, nonsense):
    if engine.dialect.name != "sqlite":
        pytest.skip("this database takes instants alone")
    execute(engine, f"UPDATE clinic SET activation_time = {nonsense}, updated_at = {nonsense}")
    with registry.snapshot() as connection:
        shown = queries.clinic_shown(connection, A)
        known = clinics.lock_or_create(connection, [A])[A]
    assert shown is not None
    assert shown["updated_at"] is None
    assert known.facts.activation is not None
    assert known.facts.activation.time.year == 1


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE clinic SET active = 7",
        "INSERT INTO own_system (hsa_id) VALUES ('se2321000016-ta01')",
        "INSERT INTO own_system (hsa_id) VALUES (' SE2321000016-TA01')",
        "INSERT INTO patient_board (region_code, hsa_id, name) VALUES ('1', 'X', 'N')",
    ],
)
def test_what_would_mean_nothing_is_refused_when_it_is_written(engine, statement):
    with pytest.raises(DBAPIError, match=r"(?i)constraint|type integer"):
        execute(engine, statement)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ("region_code = NULL", "1 registered clinic belongs to no region"),
        ("region_code = '99'", "1 registered clinic belongs to region 99, which is not in use"),
        (
            "region_code = '03'",
            "1 registered clinic belongs to region 03, which has no patient board",
        ),
    ],
)
def test_a_registered_clinic_in_an_unknown_region_is_pointed_out(registry, engine, edit, sentence):
    execute(engine, f"UPDATE clinic SET {edit}")
    (attention,) = sentences(status(registry, Regions()))
    assert attention.startswith(sentence)


def test_a_board_of_an_unused_region_switches_nothing_on(registry, engine):
    execute(engine, "INSERT INTO patient_board (region_code, hsa_id, name) VALUES ('99', 'X', 'N')")
    assert status(registry, Regions())["regions"] == {"service_on": 0}
    assert not any(region["service_on"] for region in regions(registry, Regions()))


def test_a_board_set_by_somebody_else_is_left_alone(registry):
    planned = boards.plan(registry, "01", BOARD)
    other = Board("01", "SE2321000016-PN09", "En annan")
    boards.put(registry, boards.plan(registry, "01", other), ACT)
    with pytest.raises(boards.BoardChanged):
        boards.put(registry, planned, ACT)
    assert boards.plan(registry, "01", BOARD).present == other
