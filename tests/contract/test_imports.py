"""Files of clinics on every database: planned, judged again under lock, written set by set."""

import pytest
from sqlalchemy import insert, select, update
from tests.worlds.registry import NOW

from sync_worker.administration import clinics, imports, tak
from sync_worker.administration.csv_files.reader import FileEntry
from sync_worker.authorship import Authorship
from sync_worker.registry.tables import change_log, clinic, own_system

ACT = Authorship("anna", "Order 17", NOW)
MANY = [f"SE2321000016-T{number:04}" for number in range(2_500)]
A, B, C = MANY[:3]
ODD = 'ÅÄÖ-{"X",\\}'
"""An id that events may name, with all that is dear to arrays and quotes."""


def rows_of(*hsa_ids):
    return [FileEntry(line, hsa_id) for line, hsa_id in enumerate(hsa_ids, start=1)]


@pytest.fixture
def known(registry):
    """Clinics of region 01 that are active in the e-services."""

    def put(*hsa_ids, **facts):
        values = {"active": True, "region_code": "01", "name": "Exempelkliniken", **facts}
        with registry.transaction() as transaction:
            transaction.connection.execute(
                insert(clinic), [{"hsa_id": each, **values} for each in hsa_ids]
            )
            transaction.commit()

    return put


def planned(registry, verb, *hsa_ids, **options):
    return imports.plan(registry, verb, rows_of(*hsa_ids), ("01",), **options)


def reasons(items):
    return [(item.reason or item.outcome).value for item in items]


def registered(registry):
    with registry.snapshot() as connection:
        found = select(clinic.c.hsa_id).where(clinic.c.registered_at.is_not(None))
        return set(connection.scalars(found))


def changed_by_another(registry, hsa_id, **values):
    with registry.transaction() as transaction:
        transaction.connection.execute(
            update(clinic).where(clinic.c.hsa_id == hsa_id).values(**values)
        )
        transaction.commit()


def test_thousands_are_added_and_removed_at_once_each_logged(registry, known):
    known(*MANY)
    told: list[float] = []
    done = imports.do(registry, planned(registry, clinics.ADD, *MANY), ACT, tell=told.append)
    assert set(reasons(done.items)) == {"added"}
    assert registered(registry) == set(MANY)
    assert told == sorted(told)
    assert told[-1] == 1
    imports.do(registry, planned(registry, clinics.REMOVE, *MANY), ACT)
    assert registered(registry) == set()
    with registry.snapshot() as connection:
        entries = connection.execute(select(change_log.c.change, change_log.c.actor)).all()
    assert len(entries) == 2 * len(MANY)
    assert {tuple(entry) for entry in entries} == {("registered", "anna"), ("removed", "anna")}


def test_nothing_in_a_file_makes_the_database_fail(registry, known):
    known(ODD, A)
    odd = [ODD, ODD.lower(), "SE\x00", "\ud800", "x" * 65, "a b", "", "%", "'; --", A]
    plan = planned(registry, clinics.ADD, *odd)
    assert reasons(plan.items) == [
        "added",
        *["malformed_hsa_id"] * 8,
        "added",
    ]
    assert set(reasons(imports.do(registry, plan, ACT).items)) == {"added", "malformed_hsa_id"}
    assert registered(registry) == {ODD, A}


def test_what_changed_since_the_plan_is_judged_again(registry, known):
    known(A, B)
    known(C, active=False)
    plan = planned(registry, clinics.ADD, A, B, C)
    assert reasons(plan.items) == ["added", "added", "not_active"]
    changed_by_another(registry, A, active=False)
    changed_by_another(registry, B, registered_at=NOW, registered_by="berit")
    changed_by_another(registry, C, active=True)
    done = imports.do(registry, plan, ACT)
    assert reasons(done.items) == ["not_active", "already_registered", "changed_meanwhile"]
    assert [item.hsa_id for item in done.changed] == [A, B, C]
    assert registered(registry) == {B}


def test_all_or_nothing_is_judged_again_too(registry, known):
    known(A, B)
    plan = planned(registry, clinics.ADD, A, B, all_or_nothing=True)
    changed_by_another(registry, B, region_code="03")
    done = imports.do(registry, plan, ACT, all_or_nothing=True)
    assert reasons(done.items) == ["not_done", "other_region"]
    assert registered(registry) == set()


def test_the_reasons_come_in_the_order_of_the_contract(registry, known):
    known(A, active=False, region_code="03")
    known(B, active=False)
    known(C, region_code=None)
    with registry.transaction() as transaction:
        transaction.connection.execute(insert(own_system), [{"hsa_id": each} for each in (A, B)])
        transaction.commit()
    plan = planned(registry, clinics.ADD, "x", "x", A, A, B, C, MANY[9])
    assert reasons(plan.items) == [
        "malformed_hsa_id",
        "malformed_hsa_id",
        "other_region",
        "duplicate_in_file",
        "own_system",
        "region_unknown",
        "unknown_clinic",
    ]


def test_a_new_list_of_tak_is_logged_with_its_actor(registry, known):
    known(*MANY[:5])
    tak.put(registry, tak.plan(registry, MANY), ACT)
    done = tak.put(registry, tak.plan(registry, [*MANY[2:], "SE2321000016-NEW"]), ACT)
    assert (done.added, done.removed) == (["SE2321000016-NEW"], MANY[:2])
    with registry.snapshot() as connection:
        assert set(connection.scalars(select(own_system.c.hsa_id))) == {*done.kept, *done.added}
        entries = connection.execute(
            select(
                change_log.c.change, change_log.c.hsa_id, change_log.c.actor, change_log.c.reason
            )
            .order_by(change_log.c.id)
            .offset(len(MANY))
        ).all()
    assert [tuple(entry) for entry in entries] == [
        ("own_system_removed", MANY[0], "anna", "Order 17"),
        ("own_system_removed", MANY[1], "anna", "Order 17"),
        ("own_system_added", "SE2321000016-NEW", "anna", "Order 17"),
    ]


def test_what_stops_receiving_is_reported_as_of_the_change(registry, known):
    known(A, registered_at=NOW, registered_by="berit")
    with registry.transaction() as transaction:
        transaction.connection.exec_driver_sql(
            "INSERT INTO patient_board (region_code, hsa_id, name) VALUES ('01', 'SE1', 'Nämnden')"
        )
        transaction.commit()
    plan = tak.plan(registry, [A])
    assert plan.stops_receiving == [A]
    changed_by_another(registry, A, active=False)
    assert tak.put(registry, plan, ACT).stops_receiving == []


def test_a_list_that_changed_since_the_plan_is_left_alone(registry):
    plan = tak.plan(registry, [A])
    tak.put(registry, tak.plan(registry, [B]), ACT)
    with pytest.raises(tak.TakChanged):
        tak.put(registry, plan, ACT)
    with registry.snapshot() as connection:
        assert set(connection.scalars(select(own_system.c.hsa_id))) == {B}
