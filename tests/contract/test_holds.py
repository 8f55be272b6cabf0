"""Holds: what is alarmed, what people do about them, and what is never held."""

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, text
from tests.builders import activated, deactivated, region_changed
from tests.worlds.guard import Stage
from tests.worlds.registry import NOW, refuse, registered, rows, sentences

from sync_worker.administration import clinics as administration
from sync_worker.authorship import Authorship
from sync_worker.domain.admission import AdmissionOutcome, Refusal
from sync_worker.domain.mass_change_guard import Limits
from sync_worker.domain.regions import Regions
from sync_worker.inspection.status import status
from sync_worker.operations.approve_holds import (
    HoldChanged,
    HoldDecided,
    UnknownHold,
    approve,
)
from sync_worker.pipeline.listener import DeadLettered, MassChangeHeld, MovedWithoutBoard
from sync_worker.registry import change_log, holds, queries
from sync_worker.registry.positions import Counts
from sync_worker.registry.tables import clinic, departure, patient_board

A, B, C, D = (f"SE2321000016-T{letter}01" for letter in "ABCD")
NONE = Limits(0, 0, timedelta(minutes=60))
APPROVAL = Authorship("anna", "The closures are real", NOW)
ACT = Authorship("berit", "Order 18", NOW)


@pytest.fixture
def stage(registry):
    """Clinics of region 01, three of them registered, and no departure allowed."""
    stage = Stage(registry, NONE)
    stage.read([activated(hsa_id, 0, regionCode="01") for hsa_id in (A, B, C, D)])
    registered(registry, A, B, C)
    return stage


@pytest.fixture
def history(registry):
    def call(hsa_id):
        with registry.snapshot() as connection:
            return change_log.of_clinic(connection, hsa_id)

    return call


def shown(registry, number=1):
    with registry.snapshot() as connection:
        return holds.shown(connection, number)


def do(registry, verb, *hsa_ids, acting_for=None):
    planned = administration.plan(registry, verb, hsa_ids, acting_for)
    done = administration.do(registry, verb, hsa_ids, acting_for, ACT)
    assert planned == done
    return [(item.outcome, item.reason) for item in done]


def test_a_first_load_into_an_empty_registry_holds_nothing(registry):
    stage = Stage(registry, NONE)
    stage.read([activated(A, 0, regionCode="01"), deactivated(A, 1), region_changed(A, 2, "03")])
    assert stage.listed() == []
    assert rows(registry) == {A: (False, "03", None)}


def test_an_alarm_is_raised_and_says_how_much_waits(stage):
    stage.read([deactivated(A, 1), region_changed(B, 1, "03"), deactivated(D, 1)])
    stage.read([deactivated(B, 2)])
    assert stage.warnings == [MassChangeHeld(1, "01", 2, 2), MassChangeHeld(1, "01", 3, 1)]
    assert stage.total == Counts(applied=8)
    (attention, *_) = sentences(status(stage.registry, Regions()))
    assert attention == (
        "hold 1 holds back changes of 2 clinics in region 01: sync-worker holds show 1"
    )


def test_a_hold_shows_present_and_held_values(stage, registry):
    stage.read([deactivated(B, 1), region_changed(A, 1, "03"), deactivated(A, 1)])
    hold = shown(registry)
    assert hold is not None
    assert hold["items"] == [
        {"hsa_id": A, "fact": "activation", "old": True, "new": False},
        {"hsa_id": A, "fact": "region", "old": "01", "new": "03"},
        {"hsa_id": B, "fact": "activation", "old": True, "new": False},
    ]
    assert (hold["count"], hold["revision"], hold["status"]) == (2, 3, "open")
    with registry.snapshot() as connection:
        clinic_shown = queries.clinic_shown(connection, A)
    assert clinic_shown is not None
    assert clinic_shown["held"]["activation"]["value"] is False
    assert clinic_shown["held"]["region"]["value"] == "03"
    assert clinic_shown["held"]["name"] is None
    assert (clinic_shown["active"], clinic_shown["region_code"]) == (True, "01")


def test_what_is_held_and_withdrawn_is_logged_with_its_event(stage, history):
    stage.read([deactivated(A, 1, id="held"), activated(A, 2, id="corrected")])
    withdrawn, held, _ = history(A)
    assert (held["change"], held["old"], held["new"], held["event_id"], held["offset"]) == (
        *("held", True, False),
        *("held", 4),
    )
    assert (withdrawn["change"], withdrawn["old"], withdrawn["new"]) == ("withdrawn", False, True)
    assert (withdrawn["event_id"], withdrawn["offset"]) == ("corrected", 5)
    assert [h["status"] for h in stage.listed()] == ["withdrawn"]
    assert [h["count"] for h in stage.listed()] == [0]


def test_the_register_takes_the_version_of_the_correction(stage, registry):
    stage.read([region_changed(A, 1, "03"), region_changed(A, 2, "01", id="corrected")])
    with registry.snapshot() as connection:
        clinic_shown = queries.clinic_shown(connection, A)
    assert clinic_shown is not None
    assert clinic_shown["facts"]["region"]["event_id"] == "corrected"
    assert clinic_shown["held"]["region"] is None


def test_approving_merges_what_is_listed_and_is_logged(stage, registry, history):
    stage.read([deactivated(A, 1, id="held"), region_changed(B, 1, "03")])
    assert approve(registry, 1, APPROVAL) == [MovedWithoutBoard(B, "03")]
    assert rows(registry)[A][:2] == (False, "01")
    assert rows(registry)[B][:2] == (True, "03")
    newest = history(A)[0]
    assert (newest["change"], newest["old"], newest["new"]) == ("deactivated", True, False)
    assert (newest["actor"], newest["reason"]) == ("anna", "The closures are real")
    assert newest["event_id"] == "held"
    with registry.snapshot() as connection:
        last = connection.execute(
            text("SELECT change, region_code, new_value, actor, reason FROM change_log ORDER BY id")
        ).all()[-1]
    assert tuple(last) == ("hold_approved", "01", "1", "anna", "The closures are real")


def test_an_approved_hold_still_shows_what_was_approved(stage, registry):
    stage.read([deactivated(A, 1), region_changed(B, 1, "03")])
    open_hold = shown(registry)
    approve(registry, 1, APPROVAL)
    approved = shown(registry)
    assert approved is not None
    assert open_hold is not None
    assert (approved["status"], approved["count"]) == ("approved", 2)
    assert approved["items"] == open_hold["items"]
    assert approved["closed_at"] == NOW


def test_only_a_move_that_takes_effect_is_warned_of(stage, registry):
    with registry.transaction() as transaction:
        transaction.connection.execute(
            insert(patient_board).values(region_code="14", hsa_id="P", name="P")
        )
        transaction.commit()
    stage.read([region_changed(A, 1, "03"), region_changed(B, 1, "14")])
    assert not any(isinstance(warning, MovedWithoutBoard) for warning in stage.warnings)
    assert approve(registry, 1, APPROVAL) == [MovedWithoutBoard(A, "03")]


@pytest.mark.parametrize("correction", [activated(A, 2), None])
def test_a_decided_hold_cannot_be_approved(stage, registry, correction):
    stage.read([deactivated(A, 1)])
    if correction is None:
        approve(registry, 1, APPROVAL)
    else:
        stage.read([correction])
    with pytest.raises(HoldDecided):
        approve(registry, 1, APPROVAL)


def test_a_hold_that_there_never_was_cannot_be_approved(registry):
    with pytest.raises(UnknownHold):
        approve(registry, 1, APPROVAL)


@pytest.mark.parametrize(
    "meanwhile",
    [
        [deactivated(B, 2)],
        [activated(A, 2)],
        [region_changed(A, 2, "03")],
        [region_changed(C, 2, "03")],
    ],
)
def test_a_list_changed_since_it_was_shown_is_not_approved(stage, registry, meanwhile):
    stage.read([deactivated(A, 1), region_changed(C, 1, "14")])
    before = rows(registry)
    stage.read(meanwhile)
    with pytest.raises(HoldChanged):
        approve(registry, 1, APPROVAL, revision=2)
    assert rows(registry) == before


def test_a_newer_version_of_the_same_value_keeps_the_list(stage, registry):
    stage.read([deactivated(A, 1)])
    stage.read([deactivated(A, 2, id="newer"), activated(B, 2, name="Ett")])
    approve(registry, 1, APPROVAL, revision=1)
    stage.read([deactivated(A, 2, id="newer")])
    assert stage.total.superseded == 1
    assert rows(registry)[A][0] is False


def test_a_held_fact_older_than_the_row_changes_nothing(stage, registry, engine):
    stage.read([deactivated(A, 1)])
    with engine.begin() as connection:
        connection.execute(clinic.update().where(clinic.c.hsa_id == A).values(activation_time=NOW))
    approve(registry, 1, APPROVAL)
    assert rows(registry)[A][0] is True


def test_removing_a_clinic_merges_what_is_held_of_it(stage, registry, history):
    stage.read([deactivated(A, 1, id="held"), region_changed(A, 1, "03"), deactivated(B, 1)])
    assert do(registry, administration.REMOVE, A) == [(AdmissionOutcome.REMOVED, None)]
    assert rows(registry)[A][:2] == (False, "03")
    changes = [(entry["change"], entry["actor"], entry["reason"]) for entry in history(A)]
    assert changes[:3] == [
        ("removed", "berit", "Order 18"),
        ("moved", "berit", "Order 18"),
        ("deactivated", "berit", "Order 18"),
    ]
    hold = shown(registry)
    assert hold is not None
    assert (hold["status"], hold["count"], hold["revision"]) == ("open", 1, 5)
    do(registry, administration.REMOVE, B)
    assert [h["status"] for h in stage.listed()] == ["withdrawn"]


def test_a_removal_beside_a_hold_leaves_it_alone(stage, registry):
    stage.read([deactivated(A, 1)])
    do(registry, administration.REMOVE, B)
    assert [(h["status"], h["revision"]) for h in stage.listed()] == [("open", 1)]


def test_admission_judges_by_the_newest_that_is_known(stage, registry):
    stage.read([region_changed(A, 1, "03"), deactivated(B, 1)])
    refused = (AdmissionOutcome.REFUSED, Refusal.OTHER_REGION)
    assert do(registry, administration.ADD, A, acting_for=["01"]) == [refused]
    already = (AdmissionOutcome.ALREADY_REGISTERED, None)
    assert do(registry, administration.ADD, A, acting_for=["03"]) == [already]
    assert do(registry, administration.REMOVE, A, acting_for=["01"]) == [refused]
    with registry.transaction() as transaction:
        transaction.connection.execute(
            text("UPDATE clinic SET registered_at = NULL WHERE hsa_id = :id"), {"id": B}
        )
        transaction.commit()
    assert do(registry, administration.ADD, B) == [(AdmissionOutcome.REFUSED, Refusal.NOT_ACTIVE)]


def test_a_removed_clinic_can_be_added_to_the_held_region(stage, registry):
    stage.read([region_changed(A, 1, "03")])
    do(registry, administration.REMOVE, A, acting_for=["03"])
    added = do(registry, administration.ADD, A, acting_for=["03"])
    assert added == [(AdmissionOutcome.ADDED, None)]


def test_the_percentage_is_of_clinics_that_moved_away_too(registry):
    stage = Stage(registry, Limits(1, 50, timedelta(minutes=60)))
    ten = [f"SE2321000016-T{number:02}" for number in range(10)]
    stage.read([activated(hsa_id, 0, regionCode="01") for hsa_id in ten])
    registered(registry, *ten)
    stage.read([region_changed(hsa_id, 1, "03") for hsa_id in ten[:3]])
    stage.read([deactivated(hsa_id, 1) for hsa_id in ten[3:5]])
    assert stage.listed() == []
    stage.read([deactivated(ten[5], 1)])
    assert [(hold["region_code"], hold["count"]) for hold in stage.listed()] == [("01", 1)]


def test_who_left_before_the_window_is_forgotten(stage, registry):
    stage.limits = Limits(1, 0, timedelta(minutes=60))
    stage.read([deactivated(A, 1)])
    stage.minute = 61
    stage.read([deactivated(B, 1)])
    assert rows(registry)[B][0] is False
    with registry.snapshot() as connection:
        kept = connection.execute(select(departure.c.hsa_id)).scalars().all()
    assert kept == [B]


def test_neither_time_nor_a_setting_ends_a_hold(stage):
    stage.read([deactivated(A, 1)])
    stage.minute, stage.limits = 10_000, Limits(100, 100, timedelta(minutes=1))
    stage.read([deactivated(B, 1)])
    assert [(h["status"], h["count"]) for h in stage.listed()] == [("open", 2)]


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE hold SET status = 'withdrawn'",
        "DELETE FROM held_fact",
        "UPDATE clinic SET active = false, activation_time = NULL",
        "UPDATE clinic SET region_code = NULL",
        "UPDATE clinic SET region_code = '99'",
        "UPDATE clinic SET registered_at = NULL",
        "DELETE FROM clinic",
    ],
)
def test_edits_by_hand_stop_neither_worker_nor_approval(stage, registry, edit):
    stage.read([deactivated(A, 1), region_changed(B, 1, "03")])
    with registry.transaction() as transaction:
        transaction.connection.execute(text(edit))
        transaction.commit()
    stage.read([deactivated(A, 2), region_changed(A, 2, "03"), region_changed(B, 3, "14")])
    stage.read([activated(A, 4, regionCode="01"), deactivated(B, 4), deactivated(C, 4)])
    assert stage.total.read == stage.total.applied
    for hold in stage.listed("open"):
        approve(registry, hold["id"], APPROVAL)
    assert rows(registry)[A][:2] == (True, "01")
    assert rows(registry)[B][:2] == (False, "14")
    assert rows(registry)[C][0] is False


@pytest.mark.parametrize("sizes", [[], [1, 1, 1], [2]])
def test_a_record_refused_by_the_database_leaves_holds_alone(stage, registry, engine, sizes):
    refuse(engine, "name_event_id")
    stage.limits = Limits(1, 0, timedelta(minutes=60))
    stage.read(
        [
            deactivated(A, 1),
            activated(B, 1, name="Ett", id="refused"),
            region_changed(B, 2, "03"),
            deactivated(C, 2),
        ],
        sizes,
    )
    assert stage.total == Counts(applied=7, dead_lettered=1)
    assert sum(isinstance(warning, DeadLettered) for warning in stage.warnings) == 1
    assert rows(registry)[A][0] is False
    assert [(h["region_code"], h["count"], h["revision"]) for h in stage.listed()] == [("01", 2, 2)]


def test_a_batch_without_departures_leaves_nothing_in_the_guards_tables(stage, registry):
    stage.read([activated(A, 1, name="Nytt"), deactivated(D, 1), region_changed(D, 1, "03")])
    with registry.snapshot() as connection:
        assert connection.scalar(text("SELECT count(*) FROM guard_region")) == 0
        assert connection.scalar(select(func.count()).select_from(departure)) == 0
