"""The registry under test: the same suite for every database that there is."""

import shutil
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import delete, event, insert, text

from sync_worker.registry import schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.tables import change_log, clinic

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def registry_url(request, tmp_path):
    """The address of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'registry.db'}"
    return request.getfixturevalue("database_url")


@pytest.fixture
def engine(registry_url, upgraded):
    is_file = registry_url.startswith("sqlite")
    if is_file:
        shutil.copy(upgraded, registry_url.removeprefix("sqlite:///"))
    engine = open_engine(registry_url)
    name_tables_alone(engine)
    if not is_file:
        schema.upgrade(engine)
    yield engine
    engine.dispose()


def name_tables_alone(engine):
    """Let tests say `clinic`: the program names its tables with their schema, and looks in none."""

    def look_in_own_schema(connection):
        connection.exec_driver_sql("SET LOCAL search_path TO public, pg_temp")

    if engine.dialect.name == "postgresql":
        event.listen(engine, "begin", look_in_own_schema)


@pytest.fixture
def registry(engine):
    registry = Registry(engine)
    yield registry
    registry.close()


@pytest.fixture
def refusing(engine):
    """A database that refuses to store an activation by an event with the id "refused"."""
    refuse(engine, "activation_event_id")


def refuse(engine, column):
    """Have a database refuse to store an event with the id "refused" in this column."""
    with engine.begin() as connection:
        connection.execute(insert(clinic).values({"hsa_id": "-", column: "refused"}))
        connection.execute(
            text(f"CREATE UNIQUE INDEX refusing ON clinic ({column}) WHERE {column} = 'refused'")
        )


def upgrade_to(engine, revision):
    """Make the schema one of an earlier program, and say how its tables are named in a test."""
    name_tables_alone(engine)
    config = Config()
    config.set_main_option("script_location", str(schema._MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def apply_batch(applier, stream, batch):
    """Apply a batch by itself."""
    return applier.apply(stream, applier.judged(batch))


def empty_log(connection):
    """Take the log's entries away between the examples of one test: nothing else ever may."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE change_log DISABLE TRIGGER USER"))
        connection.execute(delete(change_log))
        connection.execute(text("ALTER TABLE change_log ENABLE ALWAYS TRIGGER refuse_log_change"))
        return
    is_guard = "type = 'trigger' AND name = 'refuse_log_delete'"
    made = connection.scalar(text(f"SELECT sql FROM sqlite_master WHERE {is_guard}"))
    connection.execute(text("DROP TRIGGER refuse_log_delete"))
    connection.execute(delete(change_log))
    connection.execute(text(made))
