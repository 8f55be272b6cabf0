"""Replacing the list from TAK on PostgreSQL, where others write at the same time."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import delete, insert, text

from sync_worker.administration import clinics, imports, tak
from sync_worker.administration.csv_files.reader import FileEntry
from sync_worker.authorship import Authorship
from sync_worker.domain.admission import Refusal
from sync_worker.registry import registrations, schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.tables import clinic, own_system
from tests.contract import audit
from tests.services.waiting import until
from tests.worlds.registry import NOW, name_tables_alone

A, B = "SE2321000016-TA01", "SE2321000016-TB01"
ACT = Authorship("support1", "INC7", NOW)
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    name_tables_alone(engine)
    schema.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def registry(engine):
    return Registry(engine)


def test_a_row_being_written_by_plain_sql_is_waited_for(registry, engine):
    planned = tak.plan(registry, [A])
    with ThreadPoolExecutor(1) as threads:
        with engine.begin() as by_hand:
            by_hand.execute(insert(own_system).values(hsa_id=B))
            replaced = threads.submit(tak.put, registry, planned, ACT)
            with engine.connect() as watching:
                until(lambda: watching.scalar(WAITING), "somebody waits for the list")
        with pytest.raises(tak.TakChanged):
            replaced.result(60)
    with registry.snapshot() as connection:
        assert connection.scalars(text("SELECT hsa_id FROM own_system")).all() == [B]


def test_an_addition_during_an_import_sees_the_new_list(registry, engine):
    with engine.begin() as connection:
        connection.execute(insert(clinic).values(hsa_id=A, active=True, region_code="01"))
    with ThreadPoolExecutor(1) as threads:
        with registry.transaction() as transaction:
            registrations.lock_own_systems(transaction.connection)
            registrations.change_own_systems(transaction.connection, [A], [])
            added = threads.submit(clinics.do, registry, clinics.ADD, [A], None, ACT)
            with engine.connect() as watching:
                until(lambda: watching.scalar(WAITING), "somebody waits for the list")
            transaction.commit()
        assert [item.reason for item in added.result(60)] == [Refusal.OWN_SYSTEM]


ROUNDS = 300
CLINICS = [f"SE2321000016-T{letter}0{n}" for letter in "ABCD" for n in range(3)]
ADMINISTRATOR = Authorship("anna", None, NOW)


def by_plain_sql(registry, some):
    with registry.transaction() as transaction:
        transaction.connection.execute(delete(own_system))
        transaction.connection.execute(insert(own_system), [{"hsa_id": hsa_id} for hsa_id in some])
        transaction.commit()


def by_import(registry, some):
    # Somebody else may have changed the list since; that is told, and tried again.
    with suppress(tak.TakChanged):
        tak.put(registry, tak.plan(registry, some), ACT)


def from_file(verb):
    def do(registry, some):
        entries = [FileEntry(line, hsa_id) for line, hsa_id in enumerate(some, start=1)]
        planned = imports.plan(registry, verb, entries, None)
        imports.do(registry, planned, ADMINISTRATOR)

    return do


def test_no_clinic_is_added_from_a_file_while_in_tak(registry, engine):
    with engine.begin() as connection:
        known = [{"hsa_id": each, "active": True, "region_code": "01"} for each in CLINICS]
        connection.execute(insert(clinic), known)
        audit.install(connection)

    def repeat(seed, one_round):
        rng = random.Random(seed)
        for _ in range(ROUNDS):
            one_round(registry, rng.sample(CLINICS, rng.randint(1, 6)))

    adding, removing = from_file(clinics.ADD), from_file(clinics.REMOVE)
    with ThreadPoolExecutor() as threads:
        people = [
            threads.submit(repeat, seed, one_round)
            for seed, one_round in enumerate((adding, adding, removing, by_import, by_plain_sql))
        ]
        failures = [failure for person in people if (failure := person.exception())]
    assert failures == []
    with registry.snapshot() as connection:
        registered = audit.registrations(connection)
    assert registered
    assert [hsa_id for hsa_id, state in registered if state.in_tak] == []
