"""Behind PgBouncer in transaction mode, where each transaction may meet another session."""

import psycopg
import pytest
from sqlalchemy import text

from sync_worker.events.record import Partition
from sync_worker.registry import positions, schema
from sync_worker.registry.clinics import lock_or_create
from sync_worker.registry.dialect import open_engine
from tests.services.postgres import create_database, drop_database

pytestmark = pytest.mark.real

NAME = text("SELECT current_setting('application_name')")


@pytest.fixture
def behind(pooler, postgres):
    """The address, by way of the pooler, of a database that nobody else uses."""
    yield pooler.through(create_database(postgres.url, "behind"))
    drop_database(postgres.url, "behind")


def sessions(address):
    """What somebody else finds in each of the pooler's two sessions."""
    # Both at once: each transaction keeps one.
    # With a name: the pooler leaves a session that of the last client that had one.
    somebody = f"{address}?application_name=somebody"
    with psycopg.connect(somebody) as one, psycopg.connect(somebody) as other:
        return [found_in(one), found_in(other)]


def found_in(connection):
    # Those with a point are there once their language is in use.
    settings = "SELECT name, setting FROM pg_settings WHERE name NOT LIKE '%.%'"
    left = [
        "SELECT count(*) FROM pg_prepared_statements",
        "SELECT count(*) FROM pg_cursors",
        "SELECT count(*) FROM pg_listening_channels()",
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
        "SELECT count(*) FROM pg_class WHERE relpersistence = 't'",
    ]
    return [connection.execute(query).fetchall() for query in (settings, *left)]


def test_commands_say_the_same_behind_a_pooler_and_leave_nothing(tell, behind, database_url):
    before = sessions(behind)
    assert tell(behind) == tell(database_url)
    assert sessions(behind) == before


def test_a_pooler_passes_on_by_what_name_each_client_goes(behind):
    for name in ("sync-worker one", "sync-worker two"):
        engine = open_engine(behind, application=name)
        with engine.connect() as connection:
            assert connection.scalar(NAME) == name
        engine.dispose()


def test_a_name_in_the_url_is_left_alone(behind):
    engine = open_engine(f"{behind}?application_name=theirs", application="sync-worker one")
    with engine.connect() as connection:
        assert connection.scalar(NAME) == "theirs"
    engine.dispose()


def test_nothing_is_prepared_in_a_session_that_is_handed_on(behind):
    engine = open_engine(behind)
    schema.upgrade(engine)
    for _ in range(2):
        with engine.connect() as connection:
            positions.claim(connection, "archive:test", {Partition("topic", 0): 0})
            lock_or_create(connection, ["SE2321000016-T001"])
            connection.commit()
    engine.dispose()
    prepared = text("SELECT count(*) FROM pg_prepared_statements")
    with engine.connect() as connection:
        assert connection.scalar(prepared) == 0
    engine.dispose()
