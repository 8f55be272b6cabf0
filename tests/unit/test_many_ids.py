"""Rows with one of many HSA-ids are found by the index: SQLite, too, reads no table whole."""

import pytest
from sqlalchemy import delete, select, update

from sync_worker.registry import dialect
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.tables import REGISTERED, clinic, own_system


@pytest.fixture
def connection(upgraded):
    engine = open_engine(f"sqlite:///{upgraded}")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize(
    "statement_where",
    [
        lambda is_one: select(clinic.c.name).where(is_one(clinic)),
        lambda is_one: select(clinic.c.name).where(REGISTERED, is_one(clinic)),
        lambda is_one: update(clinic).where(is_one(clinic)).values(name=None),
        lambda is_one: delete(own_system).where(is_one(own_system)),
    ],
    ids=["select", "select with more", "update", "delete"],
)
def test_many_ids_are_looked_up_in_the_index(connection, statement_where):
    statement = statement_where(lambda table: dialect.among(connection, table.c.hsa_id, ["A", "B"]))
    written = statement.compile(connection, compile_kwargs={"literal_binds": True})
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {written}").all()
    details = [row[3] for row in plan]
    assert details[0].startswith("SEARCH")
    assert "(hsa_id=?)" in details[0]
