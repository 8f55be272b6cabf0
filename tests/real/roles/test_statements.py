"""What plain SQL may do as each role: what has to work, and what must not.

Each runs in a transaction of its own that is rolled back. The owner is the server's superuser.
"""

from contextlib import ExitStack

import psycopg
import pytest

from sync_worker.registry.facts import FACTS
from sync_worker.registry.roles import ADMIN, READER, ROLES, SUPPORT, WORKER
from tests.real.roles.world import ACTIVE, IN_TAK, OWNER, REGISTERED, REMOVED, copy_of

ALL = {*ROLES, OWNER}
NOBODY: set[str] = set()
HELD = "active = false, activation_time = '2026-01-02Z', activation_sequence = ''"
UNREGISTER = f"UPDATE clinic SET registered_at = NULL WHERE hsa_id = '{REGISTERED}'; "
LOGGED = "INSERT INTO change_log (at, change) VALUES (now(), 'removed')"
SIGNED_IN = (
    "INSERT INTO web_session (id_hash, actor, rights, created_at, last_seen_at, idle_minutes)"
    " VALUES ('h', 'a', '{}', now(), now(), 60)"
)
PLANNED = (
    "INSERT INTO web_plan (id, maker, action, rows, counts, revision, created_at, expires_at)"
    " VALUES ('p', 'a', 'add', '', '{}', 1, now(), now())"
)
OFFICE = "(region_code, hsa_id, name) VALUES ('03', 'SE2321000016-PN03', 'N')"

STATEMENTS = (
    # The view, and what is behind it
    ("SELECT hsa_id, name, region_code, status FROM complaints_clinic", {READER, OWNER}),
    ("DELETE FROM complaints_clinic", {OWNER}),
    ("UPDATE complaints_clinic SET name = 'N'", {OWNER}),
    ("SELECT * FROM clinic", {WORKER, ADMIN, OWNER}),
    ("SELECT hsa_id, active, region_code, name, registered_at FROM clinic", ALL - {READER}),
    ("SELECT registered_by FROM clinic", {WORKER, ADMIN, OWNER}),
    # Facts are the worker's
    ("INSERT INTO clinic (hsa_id, active) VALUES ('X', true)", {WORKER, OWNER}),
    ("INSERT INTO clinic (hsa_id, registered_at) VALUES ('X', now())", {OWNER}),
    (f"UPDATE clinic SET active = true WHERE hsa_id = '{REGISTERED}'", {WORKER, ADMIN, OWNER}),
    (f"UPDATE clinic SET active = false WHERE hsa_id = '{REGISTERED}'", {WORKER, OWNER}),
    (f"UPDATE clinic SET active = false WHERE hsa_id = '{ACTIVE}'", {WORKER, OWNER}),
    (f"UPDATE clinic SET region_code = '03' WHERE hsa_id = '{ACTIVE}'", {WORKER, OWNER}),
    (f"UPDATE clinic SET region_code = NULL WHERE hsa_id = '{ACTIVE}'", {WORKER, OWNER}),
    (f"UPDATE clinic SET name = 'N' WHERE hsa_id = '{ACTIVE}'", {WORKER, OWNER}),
    (f"UPDATE clinic SET name_time = now() WHERE hsa_id = '{ACTIVE}'", {WORKER, OWNER}),
    *(
        (
            f"UPDATE clinic SET {kept.event_id.name} = 'made up' WHERE hsa_id = '{ACTIVE}'",
            {WORKER, OWNER},
        )
        for kept in FACTS.values()
    ),
    (f"UPDATE clinic SET hsa_id = 'Y' WHERE hsa_id = '{ACTIVE}'", {OWNER}),
    (f"DELETE FROM clinic WHERE hsa_id = '{ACTIVE}'", {OWNER}),
    ("TRUNCATE clinic", {OWNER}),
    ("SELECT * FROM clinic FOR UPDATE", {WORKER, ADMIN, OWNER}),
    ("SELECT hsa_id FROM clinic FOR UPDATE", {WORKER, ADMIN, OWNER}),
    # What is held of a clinic is merged by the admin who removes it, and by no other way
    (
        f"UPDATE clinic SET {HELD}, activation_event_id = 'held' WHERE hsa_id = '{REMOVED}'",
        {WORKER, ADMIN, OWNER},
    ),
    (
        f"UPDATE clinic SET {HELD}, activation_event_id = 'made up' WHERE hsa_id = '{REMOVED}'",
        {WORKER, OWNER},
    ),
    (
        (
            f"UPDATE clinic SET {HELD}, activation_event_id = 'held', region_code = '03'"
            f" WHERE hsa_id = '{REMOVED}'"
        ),
        {WORKER, OWNER},
    ),
    (
        f"UPDATE clinic SET {HELD}, activation_event_id = 'held' WHERE hsa_id = '{REGISTERED}'",
        {WORKER, OWNER},
    ),
    (
        (
            f"{UNREGISTER} UPDATE clinic SET {HELD}, activation_event_id = 'held'"
            f" WHERE hsa_id = '{REGISTERED}';"
            f" DELETE FROM held_fact WHERE hsa_id = '{REGISTERED}';"
            " UPDATE hold SET revision = revision + 1 WHERE id = 1"
        ),
        {ADMIN, OWNER},
    ),
    (f"DELETE FROM held_fact WHERE hsa_id = '{REMOVED}'", {WORKER, ADMIN, OWNER}),
    (f"DELETE FROM held_fact WHERE hsa_id = '{REGISTERED}'", {WORKER, OWNER}),
    ("UPDATE held_fact SET value = 'true'", {WORKER, OWNER}),
    (
        (
            "INSERT INTO held_fact (hsa_id, fact, hold_id, value, time, sequence, event_id)"
            f" VALUES ('{ACTIVE}', 'activation', 1, 'false', now(), '', 'e')"
        ),
        {WORKER, OWNER},
    ),
    ("SELECT * FROM hold, held_fact", {WORKER, ADMIN, OWNER}),
    ("SELECT * FROM hold FOR UPDATE", {WORKER, ADMIN, OWNER}),
    ("UPDATE hold SET status = 'withdrawn' WHERE id = 2", {WORKER, ADMIN, OWNER}),
    ("UPDATE hold SET status = 'approved' WHERE id = 2", {WORKER, OWNER}),
    ("UPDATE hold SET status = 'withdrawn' WHERE id = 1", {WORKER, OWNER}),
    ("UPDATE hold SET region_code = '04' WHERE id = 1", {WORKER, OWNER}),
    (
        (
            "INSERT INTO hold (opened_at, kind, region_code, revision, status)"
            " VALUES (now(), 'mass_change', '04', 1, 'open')"
        ),
        {WORKER, OWNER},
    ),
    ("DELETE FROM hold WHERE id = 2", {OWNER}),
    ("SELECT * FROM departure, guard_region", {WORKER, ADMIN, OWNER}),
    ("DELETE FROM departure", {WORKER, OWNER}),
    ("DELETE FROM guard_region", {OWNER}),
    ("SELECT * FROM approved_fact", {WORKER, OWNER}),
    ("UPDATE approved_fact SET new_value = 'x'", {OWNER}),
    # The registration is the admins'
    (f"UPDATE clinic SET registered_at = now() WHERE hsa_id = '{ACTIVE}'", {ADMIN, OWNER}),
    ("UPDATE clinic SET registered_by = 'x'", {ADMIN, OWNER}),
    (UNREGISTER, {ADMIN, OWNER}),
    ("UPDATE clinic SET updated_at = now()", {WORKER, ADMIN, OWNER}),
    ("SELECT lock_own_system()", {ADMIN, OWNER}),
    # Boards and TAK are support's
    ("SELECT * FROM patient_board, own_system", {WORKER, ADMIN, SUPPORT, OWNER}),
    (f"INSERT INTO patient_board {OFFICE}", {SUPPORT, OWNER}),
    ("UPDATE patient_board SET name = 'N'", {SUPPORT, OWNER}),
    ("UPDATE patient_board SET region_code = '04'", {SUPPORT, OWNER}),
    ("DELETE FROM patient_board", {SUPPORT, OWNER}),
    ("TRUNCATE patient_board", {OWNER}),
    (f"INSERT INTO own_system (hsa_id) VALUES ('{ACTIVE}')", {SUPPORT, OWNER}),
    (f"UPDATE own_system SET hsa_id = '{ACTIVE}'", {SUPPORT, OWNER}),
    (f"DELETE FROM own_system WHERE hsa_id = '{IN_TAK}'", {SUPPORT, OWNER}),
    ("TRUNCATE own_system", {OWNER}),
    ("LOCK TABLE own_system IN SHARE MODE", {SUPPORT, OWNER}),
    # The log is added to, and by nobody changed
    ("SELECT * FROM change_log", {WORKER, ADMIN, OWNER}),
    (LOGGED, {WORKER, ADMIN, OWNER}),
    ("INSERT INTO change_log (id, at, change) VALUES (0, now(), 'removed')", {OWNER}),
    ("INSERT INTO change_log (at, change, login) VALUES (now(), 'x', 'y')", {OWNER}),
    ("INSERT INTO change_log (at, change, was_active) VALUES (now(), 'removed', '')", {OWNER}),
    ("INSERT INTO change_log (at, change, was_named) VALUES (now(), 'removed', 'N')", {OWNER}),
    ("UPDATE change_log SET login = 'x'", NOBODY),
    ("UPDATE change_log SET actor = 'x'", NOBODY),
    ("UPDATE change_log SET actor = 'x' WHERE false", NOBODY),
    ("DELETE FROM change_log", NOBODY),
    ("TRUNCATE change_log", NOBODY),
    (f"{LOGGED} ON CONFLICT (id) DO UPDATE SET actor = 'x'", NOBODY),
    ("SET session_replication_role = replica; DELETE FROM change_log", NOBODY),
    ("SELECT nextval('change_log_id_seq')", {WORKER, ADMIN, OWNER}),
    ("SELECT setval('change_log_id_seq', 1)", {OWNER}),
    # Records and positions are the worker's
    ("SELECT * FROM dead_letter, position", {WORKER, OWNER}),
    ("SELECT * FROM position", {WORKER, ADMIN, OWNER}),
    # An administrator sees which records are dead letters, and nothing of what they hold
    (
        (
            "SELECT id, received_at, topic, partition, record_offset, named, reason, status"
            " FROM dead_letter"
        ),
        {WORKER, ADMIN, OWNER},
    ),
    *(
        (f"SELECT {column} FROM dead_letter", {WORKER, OWNER})
        for column in ("key", "value", "headers", "detail", "digest")
    ),
    ("UPDATE position SET next_offset = 0", {WORKER, OWNER}),
    ("DELETE FROM position", {OWNER}),
    ("SELECT * FROM worker", {WORKER, ADMIN, OWNER}),
    ("UPDATE worker SET ready = true", {WORKER, OWNER}),
    ("DELETE FROM worker", {WORKER, OWNER}),
    ("UPDATE dead_letter SET status = 'discarded', closed_at = now()", {WORKER, OWNER}),
    ("UPDATE dead_letter SET value = NULL", {OWNER}),
    ("DELETE FROM dead_letter", {WORKER, OWNER}),
    # Who is signed in to the page, and what it was asked to do, is the administrators'
    *(
        (statement, {ADMIN, OWNER})
        for statement in (
            "SELECT * FROM web_session, web_plan",
            "SELECT * FROM web_plan FOR UPDATE",
            SIGNED_IN,
            "UPDATE web_session SET last_seen_at = now()",
            "DELETE FROM web_session",
            PLANNED,
            "UPDATE web_plan SET done_at = now()",
            "DELETE FROM web_plan",
        )
    ),
    ("TRUNCATE web_session, web_plan", {OWNER}),
    # The schema is the owner's
    ("SELECT version_num FROM alembic_version", ALL - {READER}),
    ("UPDATE alembic_version SET version_num = '0001'", {OWNER}),
    ("CREATE TABLE mine (id int)", {OWNER}),
    ("CREATE FUNCTION mine() RETURNS int LANGUAGE sql RETURN 1", {OWNER}),
    ("ALTER TABLE change_log DISABLE TRIGGER ALL", {OWNER}),
    ("ALTER TABLE clinic DISABLE TRIGGER log_registration_removal", {OWNER}),
    ("DROP TRIGGER log_board_insert ON patient_board", {OWNER}),
    ("DROP VIEW complaints_clinic", {OWNER}),
    (
        (
            "CREATE TEMP TABLE mine (region_code text, hsa_id text);"
            " CREATE TRIGGER t AFTER INSERT ON mine FOR EACH ROW"
            " EXECUTE FUNCTION log_board_insert()"
        ),
        {OWNER},
    ),
    (f"GRANT {WORKER} TO {READER}", {OWNER}),
)


@pytest.fixture(scope="module")
def connections(postgres, users, template):
    """A connection for each role's user, to one database."""
    with copy_of(postgres, template) as name, ExitStack() as stack:
        yield {
            role: stack.enter_context(psycopg.connect(users.url(role, name)))
            for role in (*ROLES, OWNER)
        }


@pytest.mark.parametrize(("statement", "permitted"), STATEMENTS, ids=[s for s, _ in STATEMENTS])
def test_a_statement_is_permitted_to_exactly_these_roles(connections, statement, permitted):
    answers = {role: outcome(connection, statement) for role, connection in connections.items()}
    assert {role for role, answer in answers.items() if answer is None} == permitted
    assert set(answers.values()) <= {None, "42501"}, answers


def outcome(connection, statement):
    """None where the statement works, else its SQLSTATE."""
    try:
        connection.execute(statement)
    except psycopg.Error as error:
        return error.sqlstate
    finally:
        connection.rollback()
    return None


@pytest.mark.parametrize(
    ("role", "statement", "expected"),
    [
        (SUPPORT, f"INSERT INTO patient_board {OFFICE}", [("board_set", "03", None)]),
        (SUPPORT, "UPDATE patient_board SET name = 'N'", [("board_set", "01", None)]),
        (SUPPORT, "DELETE FROM patient_board", [("board_cleared", "01", None)]),
        (OWNER, "TRUNCATE patient_board", [("board_cleared", "01", None)]),
        (
            SUPPORT,
            f"INSERT INTO own_system VALUES ('{ACTIVE}')",
            [("own_system_added", None, ACTIVE)],
        ),
        (SUPPORT, "DELETE FROM own_system", [("own_system_removed", None, IN_TAK)]),
        (OWNER, "TRUNCATE own_system", [("own_system_removed", None, IN_TAK)]),
    ],
)
def test_plain_sql_is_logged_as_the_user_who_logged_in(users, database, role, statement, expected):
    with psycopg.connect(users.url(OWNER, database)) as owner:
        ((before,),) = owner.execute("SELECT max(id) FROM change_log").fetchall()
    with psycopg.connect(users.url(role, database)) as connection:
        logs_in_as = connection.info.user
        connection.execute(statement)
    with psycopg.connect(users.url(OWNER, database)) as owner:
        columns = "actor, change, region_code, hsa_id"
        newer = f"SELECT {columns} FROM change_log WHERE id > {before} ORDER BY id"
        logged = owner.execute(newer).fetchall()
    assert logged == [(logs_in_as, *entry) for entry in expected]


NAMED = (
    "SELECT set_config('sync_worker.actor', 'boss', {is_local}),"
    " set_config('sync_worker.transaction', txid_current()::text, {is_local})"
)
BY_REPLICATION = (
    "SET session_replication_role = replica;"
    " INSERT INTO change_log (at, change, login) VALUES (now(), 'x', 'boss')"
)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (WORKER, "INSERT INTO change_log (at, change, actor) VALUES (now(), 'x', 'boss')"),
        (ADMIN, "INSERT INTO change_log (at, change, actor) VALUES (now(), 'x', 'boss')"),
        (OWNER, "INSERT INTO change_log (at, change, login) VALUES (now(), 'x', 'boss')"),
        (OWNER, "INSERT INTO change_log (at, change, login) VALUES (now(), 'x', NULL)"),
        (ADMIN, f"{UNREGISTER}; SET ROLE complaints_admin"),
        (SUPPORT, "UPDATE patient_board SET name = 'N'"),
        (SUPPORT, f"{NAMED.format(is_local=True)}; UPDATE patient_board SET name = 'N'"),
        (OWNER, BY_REPLICATION),
    ],
)
def test_the_log_has_who_logged_in_whatever_is_claimed(users, database, role, statement):
    with psycopg.connect(users.url(role, database)) as connection:
        logs_in_as = connection.info.user
        connection.execute(statement)
    assert last_entry(users, database, "login") == (logs_in_as,)


def test_an_actor_named_in_one_transaction_is_forgotten_in_another(users, database):
    with psycopg.connect(users.url(SUPPORT, database)) as support:
        support.execute(NAMED.format(is_local=False))
        support.commit()
        support.execute("UPDATE patient_board SET name = 'N'")
    support_user = users.names[SUPPORT]
    assert last_entry(users, database, "actor, login") == (support_user, support_user)


def test_what_a_trigger_logs_is_of_the_database_clock(users, database):
    with psycopg.connect(users.url(ADMIN, database)) as admin:
        admin.execute("UPDATE clinic SET registered_at = '2020-01-01Z', registered_by = 'boss'")
    changed = last_entry(
        users, database, "change, new_value, actor, at > now() - interval '1 hour'"
    )
    assert changed == ("registered", "boss", users.names[ADMIN], True)


@pytest.mark.parametrize("shadow", ["change_log", "clinic", "own_system"])
def test_a_temporary_table_takes_no_entry_of_the_log(users, database, shadow):
    with psycopg.connect(users.url(SUPPORT, database)) as support:
        support.execute(f"CREATE TEMP TABLE {shadow} (hsa_id text, at text, change text)")
        support.execute("UPDATE patient_board SET name = 'N'")
        support.execute("DELETE FROM public.own_system")
    assert last_entry(users, database, "change, login") == (
        "own_system_removed",
        users.names[SUPPORT],
    )


def test_functions_search_the_catalogue_first_and_temporary_tables_last(users, database):
    with psycopg.connect(users.url(OWNER, database)) as owner:
        found = owner.execute(
            "SELECT proname, proconfig FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        ).fetchall()
    paths = {"search_path=pg_catalog, pg_temp", "search_path=public, pg_temp"}
    assert len(found) > 15
    assert {name for name, settings in found if not set(settings or ()) & paths} == set()


def last_entry(users, database, columns):
    with psycopg.connect(users.url(OWNER, database)) as owner:
        newest = f"SELECT {columns} FROM change_log ORDER BY id DESC LIMIT 1"
        return owner.execute(newest.encode()).fetchone()
