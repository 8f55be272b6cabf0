"""Records that are wrong, too many, or too early."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import activated, deactivated, event, region_changed
from tests.drill.operator import BOARD, Place
from tests.real.worker.streams import CLINICS, REGISTERED

pytestmark = [pytest.mark.real, pytest.mark.drill]


def in_minutes(minutes):
    return datetime.now(UTC) + timedelta(minutes=minutes)


def test_a_few_records_become_dead_letters(operator):
    operator.has_a_worker()
    operator.reads("Records become dead letters", "dead-letters")
    operator.does("Three moves into a region that does not exist are published.")
    operator.stage.send_events([region_changed(CLINICS[0], n, "11", id=f"b{n}") for n in range(3)])
    operator.hears("SyncWorkerDeadLetters")
    operator.hears("SyncWorkerOpenDeadLetters")
    operator.sees(Place.LOG, '"event": "dead_lettered"')
    operator.sees(Place.STATUS, "dead letters +3 open")
    operator.types("deadletters", "list")
    operator.types("deadletters", "discard", "--all", "--reason", "the publisher's test", "-y")
    operator.hears_no_more("SyncWorkerOpenDeadLetters")
    operator.hears_no_more("SyncWorkerDeadLetters")
    operator.sees(Place.STATUS, r"dead letters +0 open")


def test_poison_is_told_from_single_bad_records(operator):
    operator.has_a_worker()
    operator.reads("Every record becomes a dead letter", "dead-letters")
    operator.does("A publisher sends 300 records that are not JSON.")
    operator.stage.send_events([b"{not json"] * 300)
    operator.hears("SyncWorkerManyDeadLetters")
    operator.sees(Place.STATUS, "dead letters +300 open")
    operator.hears_no_more("SyncWorkerManyDeadLetters")


def test_events_ahead_of_the_clock_are_told(operator):
    operator.has_a_worker()
    operator.reads("An event is ahead of the clock", "alarms")
    operator.stage.send_events([activated(CLINICS[0], in_minutes(5))])
    operator.hears("SyncWorkerAheadOfClock")
    operator.sees(Place.LOG, '"event": "ahead_of_clock"')
    operator.hears_no_more("SyncWorkerAheadOfClock")


def test_a_topic_of_unknown_types_is_told(operator):
    operator.has_a_worker()
    operator.reads("Most records are of unknown types", "ignored-events")
    other = event("eservices.clinic.painted.v1", CLINICS[0], 5) | {"type": "eservices.painted.v1"}
    operator.stage.send_events([other | {"id": f"painted-{n}"} for n in range(60)])
    operator.hears("SyncWorkerUnknownTypes")
    operator.sees(Place.STATUS, "unknown")
    operator.hears_no_more("SyncWorkerUnknownTypes")


def test_a_mass_change_is_held_and_approved(operator):
    operator.has_a_worker()
    operator.reads("A mass change waits for a person", "holds-mass-changes-that-wait-for-a-person")
    operator.does("All of a region's clinics are deactivated.")
    operator.stage.send_events([deactivated(hsa_id, 6000) for hsa_id in REGISTERED])
    operator.hears("SyncWorkerHold")
    operator.sees(Place.STATUS, "holds +1 open")
    operator.sees(Place.METRICS, "sync_worker_held_clinics [1-9]")
    operator.types("holds", "show", "1")
    operator.types("holds", "approve", "1", "-y")
    operator.sees(Place.STATUS, "holds +0 open")
    operator.hears_no_more("SyncWorkerHold")


def test_a_clinic_moves_where_there_is_no_board(operator):
    operator.has_a_worker()
    operator.reads("A clinic moves into a region without a board", "alarms")
    operator.does("A move into region 03 is published, which has no board.")
    operator.stage.send_events([region_changed(REGISTERED[0], 6000, "03")])
    operator.hears("SyncWorkerMovedWithoutBoard")
    operator.sees(Place.LOG, '"event": "moved_without_board"')
    operator.hears_no_more("SyncWorkerMovedWithoutBoard")


def test_an_event_that_names_a_board_is_told(operator):
    operator.set_board("01")
    operator.has_a_worker()
    operator.reads("An event names a patient board's HSA-id", "alarms")
    operator.does("A deactivation of the board's HSA-id is published.")
    operator.stage.send_events([deactivated(BOARD, 6000)])
    operator.hears("SyncWorkerPatientBoardNamed")
    operator.sees(Place.LOG, '"event": "patient_board_named"')
    operator.hears_no_more("SyncWorkerPatientBoardNamed")
