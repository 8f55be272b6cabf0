"""A registry that is locked, edited by hand, or was long not compared; regions that close."""

import re
import time
from contextlib import closing
from itertools import count, islice

import psycopg
import pytest

from tests.builders import activated, region_changed
from tests.drill.operator import Place
from tests.real.worker.streams import CLINICS, REGISTERED

pytestmark = [pytest.mark.real, pytest.mark.drill]

TOO_MANY = 10_500


def test_a_forgotten_transaction_blocks_the_worker(operator):
    operator.has_a_worker()
    operator.reads("Somebody blocks the worker", "somebody-blocks-the-worker")
    operator.does("A session of psql locks all clinics and is forgotten; old records arrive.")
    session = psycopg.connect(operator.stage.database_url, application_name="psql")
    with closing(session) as forgotten:
        forgotten.execute("SELECT hsa_id FROM clinic FOR UPDATE")
        written_at = int((time.time() - 600) * 1000)
        operator.stage.send_events_of(written_at, [activated(one, 6000) for one in CLINICS])
        fix = operator.sees(Place.DOCTOR, r"SELECT pg_terminate_backend\(\d+\)")
        operator.sees(Place.DOCTOR, "psql")
        operator.sees(Place.STATUS, "needs attention: .*psql")
        operator.hears("SyncWorkerBehind")
        operator.does("The statement that doctor gives is typed.")
        operator.stage.execute(*re.findall(r"SELECT pg_terminate_backend\(\d+\)", fix)[:1])
        operator.sees(Place.STATUS, "behind +0 records")
    operator.hears_no_more("SyncWorkerBehind")


def test_more_comes_than_is_applied_is_told(operator):
    operator.has_a_worker()
    operator.reads("More comes than is applied", "it-is-behind")
    operator.does("The database lets nobody write clinics, and events keep coming.")
    moves = (region_changed(CLINICS[-1 - n % 20], 10 + n, "01", id=f"m{n}") for n in count())
    with closing(psycopg.connect(operator.stage.database_url)) as session:
        session.execute("LOCK TABLE clinic IN EXCLUSIVE MODE")
        operator.stage.send_events(islice(moves, TOO_MANY))
        while "SyncWorkerFallingBehind" not in operator.firing():
            operator.stage.send_events(islice(moves, 100))
        operator.hears("SyncWorkerFallingBehind")
        operator.sees(Place.STATUS, r"behind +\d{5} records")
        operator.does("The session ends.")
    operator.sees(Place.STATUS, "behind +0 records")
    operator.hears_no_more("SyncWorkerFallingBehind")


@pytest.mark.brief
def test_a_registry_edited_by_hand_is_found_and_repaired(operator):
    operator.has_a_worker()
    operator.reads("The registry was edited by hand", "is-the-registry-true")
    operator.does("A clinic's region is changed by plain SQL.")
    operator.stage.execute("UPDATE clinic SET region_code = '03' WHERE hsa_id = %s", CLINICS[-1])
    operator.types("reconcile", "--against", "topics", "--record")
    operator.hears("SyncWorkerDrift")
    operator.sees(Place.STATUS, "reconciled .*differ")
    operator.types("reconcile", "--against", "topics", "--record", "--apply", "-y")
    operator.hears_no_more("SyncWorkerDrift")
    operator.does("The schedule stops for nine days.")
    operator.stage.execute("UPDATE reconciliation SET at = at - interval '9 days'")
    operator.hears("SyncWorkerReconcileOverdue")
    operator.sees(Place.DOCTOR, "reconciled")
    operator.types("reconcile", "--against", "topics", "--record")
    operator.hears_no_more("SyncWorkerReconcileOverdue")


def test_a_registry_that_went_back_is_told(operator):
    operator.has_a_worker()
    operator.reads("A copy without the last transactions", "failover-a-standby-takes-over")
    operator.does("The positions are those of an earlier copy.")
    operator.stage.execute("TRUNCATE position")
    operator.sees(Place.LOG, '"event": "registry_went_back"')
    operator.hears("SyncWorkerRegistryWentBack")
    operator.sees(Place.STATUS, r"behind +0 records")
    operator.hears_no_more("SyncWorkerRegistryWentBack")


def test_a_region_that_closes_is_told(operator):
    operator.set_board("01")
    operator.has_a_worker()
    operator.reads("Far fewer clinics receive cases", "is-the-registry-true")
    operator.sees(Place.METRICS, f'sync_worker_clinics{{status="receiving"}} {len(REGISTERED)}.0')
    operator.does("The region's patient board is removed.")
    operator.stage.execute("DELETE FROM patient_board")
    operator.hears("SyncWorkerManyClinicsClosed")
    operator.sees(Place.STATUS, "regions +0 with the service on")
    operator.hears_no_more("SyncWorkerManyClinicsClosed")
