"""`reconcile --record`: what is kept, and what keeps nothing."""

import sqlite3

import pytest
from tests.worlds.command_line import A

ARCHIVE = "archive:stream.jsonl"
RECONCILE = ("reconcile", "--against", ARCHIVE)


def recorded(sync_worker):
    return sync_worker("status", "-o", "json").json["reconciled"]


def execute(database, statement):
    with sqlite3.connect(database) as connection:
        connection.execute(statement)


@pytest.fixture
def drifted(populated):
    execute(populated, f"UPDATE clinic SET region_code = '12' WHERE hsa_id = '{A}'")
    return populated


@pytest.mark.usefixtures("populated")
def test_a_recorded_result_is_shown_by_status(sync_worker):
    told = sync_worker(*RECONCILE, "--record", "--actor", "anna", "-o", "json")
    assert (told.exit_code, told.json["recorded"]) == (0, True)
    last = recorded(sync_worker)
    assert (last["against"], last["compared"], last["drift"]) == (ARCHIVE, 4, 0)
    assert (last["actor"], last["at"].endswith("Z")) == ("anna", True)
    assert "registration" in last["causes"]
    (line,) = (it for it in sync_worker("status").stdout.splitlines() if "reconciled" in it)
    assert f"against {ARCHIVE}: no drift is left" in line


@pytest.mark.usefixtures("populated")
def test_nothing_is_kept_without_the_option(sync_worker):
    assert "recorded" not in sync_worker(*RECONCILE, "-o", "json").json
    assert recorded(sync_worker) is None
    assert "reconciled    never" in sync_worker("status").stdout


@pytest.mark.usefixtures("drifted")
def test_drift_is_kept_and_so_is_its_repair(sync_worker):
    assert sync_worker(*RECONCILE, "--record").exit_code == 3
    last = recorded(sync_worker)
    assert (last["drift"], last["causes"]["edited"], last["not_repaired"]) == (1, 1, 1)
    assert "1 fact differs" in sync_worker("status").stdout
    assert sync_worker(*RECONCILE, "--record", "--apply", "--yes").exit_code == 0
    last = recorded(sync_worker)
    assert (last["drift"], last["repaired"], last["not_repaired"]) == (1, 1, 0)


def test_a_registration_that_differs_is_kept_as_not_repaired(sync_worker, populated):
    execute(populated, "DROP TRIGGER log_registration_update")
    execute(populated, f"UPDATE clinic SET registered_by = 'eva' WHERE hsa_id = '{A}'")
    assert sync_worker(*RECONCILE, "--record", "--apply", "--yes").exit_code == 3
    last = recorded(sync_worker)
    assert (last["causes"]["registration"], last["not_repaired"]) == (1, 1)


@pytest.mark.usefixtures("populated")
def test_one_region_proves_nothing_of_the_others(sync_worker):
    assert sync_worker(*RECONCILE, "--record", "--region", "01").exit_code == 0
    assert recorded(sync_worker) is None


@pytest.mark.usefixtures("drifted")
def test_a_reconcile_that_fails_keeps_the_result_before(sync_worker, folder):
    sync_worker(*RECONCILE, "--record")
    before = recorded(sync_worker)
    archive = folder / "stream.jsonl"
    archive.write_bytes(archive.read_bytes() + b"not a record\n")
    assert sync_worker(*RECONCILE, "--record").exit_code == 2
    assert recorded(sync_worker) == before


@pytest.mark.usefixtures("drifted")
def test_a_repair_that_is_refused_keeps_nothing(sync_worker):
    assert sync_worker(*RECONCILE, "--record", "--apply").exit_code == 2
    assert recorded(sync_worker) is None


@pytest.mark.usefixtures("populated")
def test_the_doctor_asks_for_a_reconcile_until_one_is_recorded(sync_worker):
    def found():
        items = sync_worker("doctor", "-o", "json").items
        return next(item for item in items if item["id"] == "reconciled")

    assert (found()["status"], "--record" in found()["fix"]) == ("warn", True)
    sync_worker(*RECONCILE, "--record")
    assert found()["status"] == "ok"
