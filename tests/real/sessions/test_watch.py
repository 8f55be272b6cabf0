"""Calls that take long: those that may are let finish, those that may not are ended."""

from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sync_worker.registry.dialect import UPGRADE, WORKER, open_engine, unanswered_seconds
from sync_worker.registry.errors import Fault, fault_of, first_line

pytestmark = pytest.mark.real


@pytest.fixture
def engine_of(database_url):
    """Opens engines with time limits."""
    engines = []

    def opened(limits):
        engines.append(open_engine(database_url, limits=limits))
        return engines[-1]

    yield opened
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize("kept", ["statement", "transaction"])
def test_a_call_that_the_server_does_not_end_is_ended_here(engine_of, kept):
    engine = engine_of(replace(WORKER, **{kept: 1.0}))
    unlimited = text("SET LOCAL statement_timeout = 0; SET LOCAL transaction_timeout = 0")
    with engine.connect() as connection:
        connection.execute(unlimited)
        with pytest.raises(DBAPIError) as ended:
            connection.execute(text("SELECT pg_sleep(30)"))
    assert fault_of(ended.value) is Fault.TOO_LONG
    assert "not finished after" in first_line(ended.value)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    assert unanswered_seconds(engine) == 0


def test_a_call_that_takes_long_is_let_finish_while_the_server_is_there(engine_of):
    with engine_of(UPGRADE).connect() as connection:
        assert connection.scalar(text("SELECT 1 FROM pg_sleep(9)")) == 1
