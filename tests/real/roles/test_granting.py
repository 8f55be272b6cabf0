"""`db roles`: whatever stood there before, each role ends with its rights and no others."""

import threading
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from sync_worker.registry import roles, schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.roles import ADMIN, READER, RIGHTS, ROLES, SUPPORT, WORKER
from sync_worker.registry.tables import metadata
from tests.real.roles.world import ACTIVE, OWNER, settings
from tests.services.postgres import create_database, drop_database

RIGHTS_THAT_THERE_ARE = """
SELECT relname, relacl::text FROM pg_class WHERE relnamespace = %(schema)s::regnamespace
UNION ALL
SELECT relname || '.' || attname, attacl::text FROM pg_attribute
JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = %(schema)s::regnamespace
UNION ALL
SELECT proname, proacl::text FROM pg_proc WHERE pronamespace = %(schema)s::regnamespace
ORDER BY 1, 2
"""


@pytest.fixture
def owner_url(users, database, monkeypatch):
    url = users.url(OWNER, database)
    settings(monkeypatch, url)
    return url


@pytest.fixture
def owner(owner_url):
    with psycopg.connect(owner_url, autocommit=True) as connection:
        yield connection


def rights(connection, schema_name="public"):
    return connection.execute(RIGHTS_THAT_THERE_ARE, {"schema": schema_name}).fetchall()


def test_granting_again_changes_nothing(owner, sync_worker):
    before = rights(owner)
    assert sync_worker("db", "roles", "--apply").exit_code == 0
    assert rights(owner) == before


def test_without_apply_nothing_is_changed(owner, sync_worker):
    owner.execute("REVOKE SELECT ON complaints_clinic FROM complaints_reader")
    before = rights(owner)
    assert sync_worker("db", "roles").exit_code == 0
    assert rights(owner) == before


@pytest.mark.parametrize(
    "grant",
    [
        "GRANT UPDATE ON patient_board TO complaints_worker",
        "GRANT UPDATE (name) ON patient_board TO complaints_admin",
        "GRANT ALL ON change_log TO PUBLIC",
        "GRANT SELECT ON clinic TO complaints_reader",
        "GRANT ALL ON SEQUENCE change_log_id_seq TO complaints_support",
        "GRANT EXECUTE ON FUNCTION log_board_insert() TO PUBLIC",
        "GRANT EXECUTE ON FUNCTION lock_own_system() TO PUBLIC",
    ],
)
def test_what_should_not_be_there_is_taken_away(owner, grant, sync_worker):
    before = rights(owner)
    owner.execute(grant.encode())
    assert rights(owner) != before
    assert sync_worker("db", "roles", "--apply").exit_code == 0
    assert rights(owner) == before


def test_nobody_but_the_owner_may_add_to_the_schema(owner, sync_worker):
    owner.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
    assert sync_worker("db", "roles", "--apply").exit_code == 0
    may = "SELECT has_schema_privilege(%s, 'public', 'CREATE')"
    assert {owner.execute(may, [role]).fetchone()[0] for role in ROLES} == {False}


def test_what_is_printed_does_the_same_in_another_client(owner, sync_worker):
    wanted = rights(owner)
    owner.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC")
    done = sync_worker("db", "roles")
    assert done.exit_code == 0
    owner.execute(done.stdout.encode())
    assert rights(owner) == wanted


def test_several_at_once_do_it_one_after_the_other(owner, owner_url):
    wanted = rights(owner)
    failures: list[DBAPIError] = []

    def apply():
        registry = Registry(open_engine(owner_url))
        try:
            with registry.transaction() as transaction:
                roles.apply(transaction.connection, roles.statements(transaction.connection))
                transaction.commit()
        except DBAPIError as error:
            failures.append(error)
        finally:
            registry.close()

    threads = [threading.Thread(target=apply) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert rights(owner) == wanted


@pytest.mark.parametrize("name", ["complaints", 'we"ird %s :name $1'])
def test_tables_in_a_schema_of_their_own_are_served_there(
    users, database, owner, name, sync_worker
):
    identifier = sql.Identifier(name)
    owner.execute(sql.SQL("CREATE SCHEMA {}").format(identifier))
    for user in (owner.info.user, *users.names.values()):
        setting = sql.SQL("ALTER ROLE {} IN DATABASE {} SET search_path = {}")
        owner.execute(setting.format(sql.Identifier(user), sql.Identifier(database), identifier))
    assert sync_worker("db", "upgrade").exit_code == 0
    assert sync_worker("db", "roles", "--apply").exit_code == 0
    with psycopg.connect(users.url(SUPPORT, database)) as support:
        support.execute("INSERT INTO patient_board VALUES ('03', 'SE2321000016-PN03', 'N')")
    with psycopg.connect(users.url(READER, database)) as reader:
        assert reader.execute("SELECT * FROM complaints_clinic").fetchall() == []
    log = sql.SQL("SELECT change, actor FROM {}.change_log").format(identifier)
    assert owner.execute(log).fetchall() == [("board_set", users.names[SUPPORT])]


def test_a_schema_can_be_named_in_the_address(owner, owner_url):
    owner.execute("CREATE SCHEMA elsewhere")
    address = make_url(owner_url).update_query_dict({"options": "-csearch_path=elsewhere"})
    engine = open_engine(address.render_as_string(hide_password=False))
    schema.upgrade(engine)
    with engine.connect() as connection:
        granted = roles.statements(connection)
    engine.dispose()
    assert any('"elsewhere"."clinic"' in statement for statement in granted)


def test_who_does_not_own_the_tables_grants_nothing(
    users, database, owner, monkeypatch, sync_worker
):
    before = rights(owner)
    settings(monkeypatch, users.url(WORKER, database))
    done = sync_worker("db", "roles", "--apply", "-o", "json")
    assert (done.exit_code, done.error["code"]) == (4, "permission")
    assert rights(owner) == before


@pytest.fixture
def plain_owner_url(postgres, template):
    """An empty database that belongs to a user who is no superuser and may create no roles."""
    name = f"plain_{uuid4().hex[:8]}"
    url = create_database(postgres.url, name)
    with psycopg.connect(postgres.url, autocommit=True) as server:
        identifier = sql.Identifier(name)
        server.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'made-up'").format(identifier))
        server.execute(sql.SQL("ALTER DATABASE {0} OWNER TO {0}").format(identifier))
    address = make_url(url).set(username=name, password="made-up")
    yield address.render_as_string(hide_password=False)
    drop_database(postgres.url, name)
    with psycopg.connect(postgres.url, autocommit=True) as server:
        server.execute(sql.SQL("DROP ROLE {}").format(identifier))


def test_an_owner_without_createrole_grants_rights_to_existing_roles(
    plain_owner_url, monkeypatch, sync_worker
):
    settings(monkeypatch, plain_owner_url)
    assert sync_worker("db", "upgrade").exit_code == 0
    assert sync_worker("db", "roles", "--apply").exit_code == 0
    with psycopg.connect(plain_owner_url, autocommit=True) as owner:
        may = "SELECT has_table_privilege(%s, 'complaints_clinic', 'SELECT')"
        assert owner.execute(may, [READER]).fetchall() == [(True,)]
        owner.execute("INSERT INTO clinic (hsa_id, active) VALUES ('X', true)")
        owner.execute("UPDATE clinic SET active = false, registered_at = now()")
        owner.execute("INSERT INTO change_log (at, change) VALUES (now(), 'removed')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only added to"):
            owner.execute("DELETE FROM change_log")


def test_every_table_and_function_that_there_is_was_thought_of(owner):
    """A new table needs a line in RIGHTS for each role that uses it, or in this test."""
    used_by_none_alone = {"alembic_version", "complaints_clinic"}
    known = {table for of_role in RIGHTS.values() for table in of_role}
    assert known - used_by_none_alone == set(metadata.tables)
    found = owner.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'v', 'S', 'p', 'm')"
        " UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    ).fetchall()
    thought_of = {*roles._RELATIONS, *roles._COUNTED.values(), *roles._FUNCTIONS}
    assert {name for (name,) in found} == thought_of


def test_an_admin_can_add_and_remove_after_an_upgrade(users, database, owner, sync_worker):
    assert sync_worker("db", "upgrade").exit_code == 0
    assert sync_worker("db", "roles", "--apply").exit_code == 0
    with pytest.MonkeyPatch.context() as patch:
        settings(patch, users.url(ADMIN, database))
        assert sync_worker("clinics", "add", ACTIVE).exit_code == 0
        assert sync_worker("clinics", "remove", ACTIVE, "--yes").exit_code == 0
