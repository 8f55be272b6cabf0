"""Statements that each transaction has are prepared, and mean what they mean to SQLAlchemy."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError
from tests.builders import ACTIVATION, activated, numbered
from tests.worlds.registry import CLINICS, NOW, STREAM, apply_batch, batch_of, registered

from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.pipeline.apply import Applier
from sync_worker.registry import dialect
from sync_worker.registry.clinics import _LOCK_ALL_OR_NONE, lock_or_create
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.errors import Fault, fault_of


@pytest.fixture
def applier(registry):
    decoder = EventDecoder(ACTIVATION, Regions(), timedelta(hours=1))
    return Applier(registry, decoder, lambda: NOW)


def batches(count):
    """So many batches with an event each, of one clinic."""
    ends: dict = {}
    for document in numbered([activated(CLINICS[0], n) for n in range(count)]):
        batch, ends = batch_of([document], ends)
        yield batch


def prepared(registry):
    """The names of what the session has prepared."""
    with registry.transaction() as transaction:
        if transaction.connection.dialect.name != "postgresql":
            pytest.skip("this database prepares nothing")
        names = transaction.connection.exec_driver_sql("SELECT name FROM pg_prepared_statements")
        transaction.commit()  # the driver forgets them where it rolls back
        return names.scalars().all()


def test_rows_are_those_that_sqlalchemy_gives(registry, applier):
    for batch in batches(2):
        apply_batch(applier, STREAM, batch)
    registered(registry, CLINICS[0])
    with registry.transaction() as transaction:
        connection = transaction.connection
        parameters = {"hsa_ids": dialect.listed(connection, CLINICS[:1]), "all": 1}
        rows = dialect.execute_often(connection, _LOCK_ALL_OR_NONE, parameters)
        assert [tuple(row) for row in rows] == [
            tuple(row) for row in connection.execute(_LOCK_ALL_OR_NONE, parameters)
        ]
        assert {type(value) for value in rows[0]} > {str, type(NOW)}


def test_a_session_prepares_each_statement_once(registry, applier):
    counts = []
    for batch in batches(4):
        apply_batch(applier, STREAM, batch)
        counts.append(len(prepared(registry)))
    assert 0 < counts[1] == counts[2] == counts[3]


def test_a_statement_of_many_clinics_is_not_prepared(registry):
    with registry.transaction() as transaction:
        lock_or_create(transaction.connection, [f"SE2321000016-M{n:03}" for n in range(11)])
        transaction.commit()
    assert not prepared(registry)


def refused(applier, batch):
    with pytest.raises(DBAPIError) as failed:
        apply_batch(applier, STREAM, batch)
    return fault_of(failed.value)


def test_a_statement_is_repeated_whose_table_was_altered(registry, applier, registry_url):
    first, second, third = batches(3)
    apply_batch(applier, STREAM, first)
    apply_batch(applier, STREAM, second)
    assert prepared(registry)
    # By another session: the driver forgets by itself what its own session changes.
    other = open_engine(registry_url)
    with other.begin() as connection:
        position = dialect.schema_in_use(connection) + ".position"
        connection.exec_driver_sql(f"ALTER TABLE {position} ALTER topic_id TYPE varchar(99)")
    other.dispose()
    assert refused(applier, third) is Fault.TRANSIENT
    apply_batch(applier, STREAM, third)


def test_a_session_that_is_handed_on_prepares_nothing_more(registry, applier):
    first, second, third = batches(3)
    apply_batch(applier, STREAM, first)
    apply_batch(applier, STREAM, second)
    names = prepared(registry)
    assert names
    with registry.transaction() as transaction:
        for name in names:
            transaction.connection.exec_driver_sql(f"DEALLOCATE {name}")
        transaction.commit()
    assert refused(applier, third) is Fault.TRANSIENT
    apply_batch(applier, STREAM, third)
    assert not prepared(registry)
