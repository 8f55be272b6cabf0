"""Whatever a server, a database, a role or an environment gives a session: nothing changes."""

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import COMMAND, open_engine, session
from tests.real.roles.world import settings
from tests.real.sessions import known_settings as known
from tests.services.postgres import create_database, drop_database

pytestmark = pytest.mark.real

HOSTILE = {
    "client_encoding": "LATIN1",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "iso_8601",
    "TimeZone": "Australia/Eucla",
    "array_nulls": "off",
    "backslash_quote": "on",
    "bytea_output": "escape",
    "check_function_bodies": "off",
    "client_min_messages": "debug1",
    "debug_parallel_query": "on",
    "default_transaction_deferrable": "on",
    "default_transaction_isolation": "serializable",
    "enable_hashjoin": "off",
    "enable_indexscan": "off",
    "exit_on_error": "on",
    "extra_float_digits": "-15",
    "idle_in_transaction_session_timeout": "1ms",
    "idle_session_timeout": "500ms",
    "jit_above_cost": "0",
    "lo_compat_privileges": "on",
    "lock_timeout": "1ms",
    "plan_cache_mode": "force_generic_plan",
    "plpgsql.extra_errors": "all",
    "quote_all_identifiers": "on",
    "restrict_nonsystem_relation_kind": "view",
    "row_security": "off",
    "session_replication_role": "replica",
    "standard_conforming_strings": "off",
    "statement_timeout": "500ms",
    "synchronize_seqscans": "on",
    "synchronous_commit": "off",
    "timezone_abbreviations": "India",
    "transaction_timeout": "500ms",
    "transform_null_equals": "on",
    "work_mem": "64kB",
    "xmloption": "document",
}
"""What nobody would set all at once; some are for superusers, as the tests' user is one."""

ENVIRONMENT = {
    "PGCLIENTENCODING": "SQL_ASCII",
    "PGDATESTYLE": "German",
    "PGTZ": "Asia/Kathmandu",
    "PGOPTIONS": "-c search_path=nowhere -c DateStyle=German -c bytea_output=escape",
}


@pytest.fixture
def hostile_url(postgres):
    """A database that gives its sessions everything that there is."""
    url = create_database(postgres.url, "hostile")
    with psycopg.connect(postgres.url, autocommit=True) as server:
        there = {row[0] for row in server.execute("SELECT name FROM pg_settings")}
        for setting, value in HOSTILE.items():
            if setting in there or "." in setting:
                alter = sql.SQL("ALTER DATABASE hostile SET {} TO {}")
                server.execute(alter.format(sql.SQL(setting), sql.Literal(value)))
    yield url
    drop_database(postgres.url, "hostile")


def test_every_setting_of_the_server_is_pinned_or_harmless(postgres):
    with psycopg.connect(postgres.url) as connection:
        settings = connection.execute(
            "SELECT name, category FROM pg_settings"
            " WHERE context IN ('user', 'superuser', 'backend', 'superuser-backend')"
        ).fetchall()
    limits = session._timeouts(COMMAND, 170_000)
    ours = {name.lower() for name in (*session.PINNED, *session._CORRECTED, *limits)}
    thought_of = ours | known.BY_BEGINNING.keys() | known.LEFT.keys() | known.HARMLESS.keys()
    unknown = [
        name
        for name, category in settings
        if name.lower() not in thought_of
        and category.split(" / ")[0] not in known.HARMLESS_CATEGORIES
    ]
    assert unknown == []


@pytest.mark.parametrize("is_reading", [False, True])
def test_a_transaction_has_the_pinned_settings_whatever_was_set(
    hostile_url, monkeypatch, is_reading
):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    registry = Registry(open_engine(hostile_url))
    limits = COMMAND.of_reading() if is_reading else COMMAND
    corrected = {name: value for name, (value, _) in session._CORRECTED.items()}
    wanted = {**session.PINNED, **corrected, **session._timeouts(limits, 0)}
    wanted["transaction_isolation"] = "repeatable read" if is_reading else "read committed"
    wanted["transaction_deferrable"] = "off"
    read = text(
        "SELECT lower(name), CASE WHEN unit = 'ms' THEN setting || unit ELSE setting END"
        " FROM pg_settings"
    )
    engine = registry._reading_engine if is_reading else registry._engine
    with engine.connect() as connection:
        given = {name: value for name, value in connection.execute(read)}  # noqa: C416 - rows are no pairs
    registry.close()
    given["datestyle"] = given["datestyle"].split(",")[0]
    assert {name: given[name] for name in wanted} == wanted


def test_a_user_whose_sessions_fire_no_triggers_is_refused(
    postgres, database_url, sync_worker, monkeypatch
):
    with psycopg.connect(postgres.url, autocommit=True) as server:
        server.execute("CREATE ROLE quiet LOGIN")
        server.execute("ALTER ROLE quiet SET session_replication_role = replica")
        try:
            settings(monkeypatch, database_url.replace("postgres@", "quiet@"))
            exit_code, said = sync_worker("db", "current")
        finally:
            server.execute("DROP ROLE quiet")
    assert (exit_code, "RESET session_replication_role" in said) == (4, True)


def test_commands_say_the_same_whatever_was_set(tell, hostile_url, database_url, monkeypatch):
    expected = tell(database_url)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert tell(hostile_url) == expected
