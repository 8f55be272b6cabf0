"""The schema: made by migrations alone, and equal to what the program thinks it is."""

import sqlite3
import threading
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from tests.worlds.registry import upgrade_to

from sync_worker.registry import holds, schema
from sync_worker.registry.dialect import MissingDatabase, open_engine
from sync_worker.registry.tables import metadata


def is_known(name, kind, _parents):
    """The table by which SQLite's triggers are told who is acting is nobody else's."""
    return (kind, name) != ("table", "acting")


def test_the_schema_equals_the_sum_of_its_migrations(engine):
    with engine.connect() as connection:
        options = {"compare_type": True, "include_name": is_known}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_the_head_that_the_program_names_is_the_last_migration():
    scripts = ScriptDirectory(str(schema._MIGRATIONS))
    assert scripts.get_heads() == [schema.HEAD]


def test_upgrading_twice_changes_nothing(engine):
    assert schema.upgrade(engine) == (schema.HEAD, schema.HEAD)


def test_holds_from_before_know_nothing_of_what_had_passed(registry_url):
    engine = open_engine(registry_url, create=True)
    upgrade_to(engine, "0006")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO hold (opened_at, kind, region_code, revision, status)"
                " VALUES (CURRENT_TIMESTAMP, 'mass_change', '01', 2, 'withdrawn')"
            )
        )
    schema.upgrade(engine)
    with engine.begin() as connection:
        shown = holds.shown(connection, 1)
        assert shown is not None
        assert (shown["status"], shown["passed"], shown["acknowledged_at"]) == (
            *("withdrawn", []),
            None,
        )
        assert holds.uncorrected(connection, "withdrawn") == []
    engine.dispose()


def test_upgrading_at_the_same_time_from_several_places_upgrades_once(registry_url):
    engines = [open_engine(registry_url, create=True) for _ in range(4)]
    before: list[str | None] = []
    threads = [
        threading.Thread(target=lambda e=engine: before.append(schema.upgrade(e)[0]))
        for engine in engines
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.dispose()
    assert sorted(before, key=str) == [*[schema.HEAD] * 3, None]


def test_a_file_that_another_process_prepares_is_waited_for(tmp_path):
    path = tmp_path / "registry.db"
    with closing(sqlite3.connect(path, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.3, other.rollback)
        release.start()
        engine = open_engine(f"sqlite:///{path}", create=True)
        with engine.connect() as connection:
            assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        release.join()
        engine.dispose()


def test_a_schema_of_a_newer_program_is_refused(engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(schema.WrongRevision, match="9999"):
        schema.upgrade(engine)
    with engine.connect() as connection, pytest.raises(schema.WrongRevision, match="9999"):
        schema.require_head(connection)


def test_a_database_without_a_schema_has_no_revision(registry_url):
    engine = open_engine(registry_url, create=True)
    with engine.connect() as connection:
        assert schema.current(connection) is None
    engine.dispose()


def test_a_sqlite_file_is_made_by_an_upgrade_alone(tmp_path):
    path = tmp_path / "missing.db"
    with pytest.raises(MissingDatabase):
        open_engine(f"sqlite:///{path}")
    assert not path.exists()


def test_an_upgrade_keeps_registrations_and_the_log(registry_url):
    engine = open_engine(registry_url, create=True)
    upgrade_to(engine, "0008")
    at = "'2026-01-01T00:00:00.000000Z'"
    with engine.begin() as connection:
        for statement in (
            f"INSERT INTO clinic (hsa_id, registered_at, registered_by) VALUES ('A', {at}, 'anna')",
            (
                "INSERT INTO change_log (at, change, hsa_id, actor)"
                f" VALUES ({at}, 'registered', 'A', 'anna')"
            ),
            "INSERT INTO acting (actor) VALUES ('left behind')",
        ):
            connection.execute(text(statement))
    assert schema.upgrade(engine)[0] == "0008"
    with engine.begin() as connection:
        connection.execute(text("UPDATE clinic SET registered_at = NULL"))
        found = connection.execute(text("SELECT change, hsa_id, actor FROM change_log ORDER BY id"))
        first, second = found
    engine.dispose()
    assert tuple(first) == ("registered", "A", "anna")
    assert tuple(second)[:2] == ("removed", "A")
    assert second.actor not in {"anna", "left behind"}


def test_a_sqlite_file_that_is_gone_is_not_written_to(tmp_path):
    file, elsewhere = tmp_path / "registry.db", tmp_path / "elsewhere.db"
    engine = open_engine(f"sqlite:///{file}", create=True)
    schema.upgrade(engine)
    file.rename(elsewhere)
    with pytest.raises(MissingDatabase):
        engine.connect()
    assert not file.exists()
    elsewhere.rename(file)
    with engine.connect() as connection:
        schema.require_head(connection)
    engine.dispose()


def test_a_sqlite_file_in_place_of_another_is_used(tmp_path):
    file, empty = tmp_path / "registry.db", tmp_path / "empty.db"
    engine = open_engine(f"sqlite:///{file}", create=True)
    schema.upgrade(engine)
    empty.touch()
    empty.replace(file)
    with engine.connect() as connection:
        assert schema.current(connection) is None
    engine.dispose()
