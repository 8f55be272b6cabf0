"""A process that is frozen in the middle of a transaction holds up the others for a while only."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, insert, text, update

from sync_worker.events.record import Partition
from sync_worker.pipeline.apply import Applier
from sync_worker.registry import schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import WORKER, open_engine, session
from sync_worker.registry.tables import clinic
from sync_worker.streams.protocol import FetchedBatch, OffsetRange
from tests.builders import ACTIVATION, REGION, activated, record, region_changed
from tests.services.waiting import until
from tests.worlds.decoding import DECODER
from tests.worlds.registry import NOW, apply_batch

A = "SE2321000016-FR01"


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url, limits=WORKER)
    schema.upgrade(engine)
    yield engine
    engine.dispose()


def test_of_a_batch_each_statement_is_sent_by_itself(engine):
    """Of several in one go, the server counts the time between them as work, and ends nothing."""
    several = []

    def look(_connection, _cursor, statement, _parameters, _context, is_several):
        if is_several:
            several.append(statement)

    documents = [activated(A, 1), region_changed(A, 2, "03")]
    records = [
        record(documents[0], topic=ACTIVATION, partition=0, offset=0),
        *(
            record(documents[0], topic=ACTIVATION, partition=1, offset=n)._replace(value=b"{")
            for n in range(150)
        ),
        record(documents[1], topic=REGION, partition=0, offset=0),
    ]
    moves = (
        OffsetRange(Partition(ACTIVATION, 0), 0, 1),
        OffsetRange(Partition(ACTIVATION, 1), 0, 150),
        OffsetRange(Partition(REGION, 0), 0, 1),
    )
    event.listen(engine, "before_cursor_execute", look)
    applied = apply_batch(
        Applier(Registry(engine), DECODER, lambda: NOW),
        "archive:test",
        FetchedBatch(tuple(records), moves),
    )
    assert (applied.total.applied, applied.total.dead_lettered) == (2, 150)
    assert several == []


def test_the_server_ends_a_transaction_whose_statement_never_ends(database_url, engine):
    with engine.connect() as connection:
        if driver(connection).info.server_version < session._KNOWS_TRANSACTION_TIMEOUT:
            pytest.skip("this server ends only those that are idle")
    with engine.begin() as connection:
        connection.execute(insert(clinic).values(hsa_id=A))
    frozen_engine = open_engine(database_url, limits=replace(WORKER, transaction=0.5))
    frozen = frozen_engine.connect()
    frozen.execute(update(clinic).values(name="frozen"))
    half_a_statement(frozen)
    states = text("SELECT state FROM pg_stat_activity WHERE pid = :pid")
    pid = {"pid": driver(frozen).info.backend_pid}

    def is_gone():
        with engine.connect() as connection:
            return not connection.scalars(states, pid).all()

    until(is_gone, "the server to end it")
    with engine.begin() as connection:
        connection.execute(update(clinic).values(name="free"))
    frozen.invalidate()
    frozen.close()
    frozen_engine.dispose()


def half_a_statement(connection):
    """Send what a process that is frozen while it sends a statement has sent."""
    raw = driver(connection).pgconn
    raw.enter_pipeline_mode()
    raw.send_prepare(b"", b"SELECT 1")
    raw.send_flush_request()
    raw.flush()


def driver(connection) -> Any:
    return connection.connection.dbapi_connection
