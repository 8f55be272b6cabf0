"""Regions as the administrators' page shows them, the same on every database."""

from datetime import timedelta

import pytest
from sqlalchemy import insert
from tests.worlds.registry import NOW

from sync_worker.domain.regions import Regions
from sync_worker.inspection import freshness, operations_overview
from sync_worker.inspection.board_preview import preview
from sync_worker.inspection.freshness import ReadTo
from sync_worker.inspection.operations_overview import OpenDeadLetters, TopicRead
from sync_worker.inspection.region_overview import (
    ClinicCounts,
    ClinicNamed,
    overview,
    overviews,
)
from sync_worker.registry import registrations, workers
from sync_worker.registry.held_changes import HeldChanges
from sync_worker.registry.registrations import Board
from sync_worker.registry.tables import clinic, dead_letter, held_fact, hold, own_system, position
from sync_worker.registry.workers import Condition, Process, WorkerState

BOARD = Board("01", "SE2321000016-PN01", "Patientnämnden")
CLINICS = {
    "1A": ("Östra", "01", True, True),
    "1B": ("Beta", "01", True, False),
    "1C": ("Åsen", "01", True, True),
    "1D": ("Ängen", "01", True, True),
    "1E": ("Ny", "01", False, True),
    "3A": ("Tre", "03", True, True),
    "3B": ("Fyra", "03", True, False),
    "9A": ("Nio", "99", True, True),
}
"""HSA-id → name, region, whether registered, whether active."""


@pytest.fixture(autouse=True)
def world(registry, engine):
    """Region 01 with a board, two clinics in TAK and a hold; 03 without; 99 not in use."""
    with engine.begin() as connection:
        for hsa_id, (name, region_code, is_registered, active) in CLINICS.items():
            values = {"name": name, "region_code": region_code, "active": active}
            registered_at = NOW if is_registered else None
            connection.execute(
                insert(clinic).values(hsa_id=hsa_id, registered_at=registered_at, **values)
            )
        for hsa_id in ("1C", "1D", "1E"):
            connection.execute(insert(own_system).values(hsa_id=hsa_id))
        registrations.set_board(connection, BOARD)
        for number, status in ((1, "approved"), (2, "open")):
            values = {"id": number, "opened_at": NOW, "kind": "mass_change", "revision": 1}
            connection.execute(insert(hold).values(region_code="01", status=status, **values))
        for hsa_id, fact in (("1B", "activation"), ("1A", "activation"), ("1A", "region")):
            version = {"time": NOW, "sequence": "", "event_id": "e", "value": "03"}
            connection.execute(
                insert(held_fact).values(hsa_id=hsa_id, fact=fact, hold_id=2, **version)
            )


def of(registry, code):
    with registry.snapshot() as connection:
        return overview(connection, code, Regions())


def test_a_region_is_shown_with_its_board_and_counts(registry):
    stockholm = of(registry, "01")
    assert (stockholm.name, stockholm.board) == ("Region Stockholm", BOARD)
    assert stockholm.counts == ClinicCounts(4, receiving=1, deactivated=1, own_system=2)
    assert (stockholm.service_on, stockholm.lacks_board) == (True, False)
    assert stockholm.counts.service_off == 0


def test_what_needs_action_in_a_region_is_listed(registry):
    stockholm = of(registry, "01")
    assert [each.hsa_id for each in stockholm.in_tak] == ["1C", "1D"]
    assert stockholm.held == HeldChanges(2, NOW, ("1A", "1B"))
    assert stockholm.needs_action == 3


def test_a_region_without_a_board_says_who_waits_for_it(registry):
    uppsala = of(registry, "03")
    assert (uppsala.board, uppsala.service_on, uppsala.lacks_board) == (None, False, True)
    assert uppsala.counts.service_off == 1
    assert uppsala.needs_action == 1


def test_an_empty_region_needs_nothing(registry):
    norrbotten = of(registry, "25")
    assert norrbotten.counts == ClinicCounts()
    assert norrbotten.needs_action == 0


@pytest.mark.parametrize("codes", [[], ["03"], ["03", "01"]])
def test_only_the_readers_regions_are_listed(registry, codes):
    with registry.snapshot() as connection:
        found = overviews(connection, codes, Regions())
    assert [each.region_code for each in found] == sorted(codes)


def test_a_national_reader_sees_also_regions_not_in_use(registry):
    with registry.snapshot() as connection:
        found = {each.region_code: each for each in overviews(connection, None, Regions())}
    assert set(found) == {*Regions(), "99"}
    assert (found["99"].name, found["99"].lacks_board) == (None, True)
    with registry.snapshot() as connection:
        assert found["01"] == overview(connection, "01", Regions())


def test_how_far_events_are_read_is_told_by_the_workers(registry):
    with registry.snapshot() as connection:
        assert freshness.read_to(connection) == ReadTo(None, is_stale=False)
        now = workers.now(connection)
    process = Process("worker-0", "one", 7, "1.0", now - timedelta(hours=1))
    with registry.transaction() as transaction:
        workers.report(transaction.connection, process, Condition((), None, ()), now)
        transaction.commit()
    with registry.snapshot() as connection:
        found = freshness.read_to(connection)
    assert found.at is not None
    assert abs(found.at - now) < timedelta(seconds=1)
    assert not found.is_stale


def test_a_board_change_names_the_clinics_that_it_concerns(registry):
    setting = preview(registry, "03", Board("03", "SE2321000016-PN03", "Nämnden"))
    assert setting.starts_receiving == [ClinicNamed("3A", "Tre")]
    assert setting.stops_receiving == []
    clearing = preview(registry, "01", None)
    assert (clearing.plan.present, clearing.plan.wanted) == (BOARD, None)
    assert clearing.stops_receiving == [ClinicNamed("1A", "Östra")]
    replacing = preview(registry, "01", BOARD._replace(hsa_id="SE2321000016-PN09"))
    assert (replacing.starts_receiving, replacing.stops_receiving) == ([], [])


def test_operators_see_topics_holds_workers_and_dead_letters(registry):
    with registry.transaction() as transaction:
        now = workers.now(transaction.connection)
        silent_since = now - timedelta(hours=1)
        process = Process("worker-0", "one", 7, "1.0", silent_since)
        workers.report(transaction.connection, process, Condition((), None, ()), silent_since)
        for offset, reason in enumerate(("invalid_json", "unknown_region", "unknown_region")):
            values = {"topic": "t", "partition": 0, "record_offset": offset, "digest": "d"}
            texts = {"stream": "s", "topic_id": "", "headers": "[]", "detail": "", "status": "open"}
            received_at = NOW + timedelta(minutes=offset)
            transaction.connection.execute(
                insert(dead_letter).values(
                    received_at=received_at, reason=reason, **values, **texts
                )
            )
        for partition, hours in ((0, 1), (1, 2)):
            counts = dict.fromkeys(("applied", "superseded", "ignored", "dead_lettered"), 1)
            at = NOW + timedelta(hours=hours)
            transaction.connection.execute(
                insert(position).values(
                    stream="s",
                    topic="t",
                    partition=partition,
                    next_offset=4,
                    newest_event_at=at,
                    **counts,
                )
            )
        transaction.commit()
    with registry.snapshot() as connection:
        found = operations_overview.overview(connection)
    assert found.topics == [TopicRead("s", "t", 2, NOW + timedelta(hours=2), None)]
    assert [(seen.report.process, seen.state) for seen in found.workers] == [
        (process, WorkerState.SILENT)
    ]
    assert found.holds == {"01": HeldChanges(2, NOW, ("1A", "1B"))}
    assert found.dead_letters == [
        OpenDeadLetters("unknown_region", 2, NOW + timedelta(minutes=1)),
        OpenDeadLetters("invalid_json", 1, NOW),
    ]
    assert found.read_to.is_stale
