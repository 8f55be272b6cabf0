"""Who blocks the worker: staged on a real PostgreSQL with the sessions of others."""

import re
import threading
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import make_url

from sync_worker.domain.regions import Regions
from sync_worker.inspection.checks_locks import LONG_OPEN, LockChecks
from sync_worker.inspection.doctor import State, run_checks
from sync_worker.inspection.status import status
from sync_worker.registry import roles, schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from tests.worlds.registry import sentences

DEADLINE_SECONDS = 60


def now():
    return datetime.now(UTC)


def look(registry, clock=now):
    (check,) = LockChecks(lambda: registry, clock).all()
    return run_checks([check.__class__(check.id, check.look)])["locks"]


@pytest.fixture
def registry(database_url):
    """A registry with a clinic."""
    engine = open_engine(database_url)
    schema.upgrade(engine)
    with psycopg.connect(database_url) as owner:
        owner.execute("INSERT INTO clinic (hsa_id) VALUES ('B')")
    registry = Registry(engine)
    yield registry
    registry.close()


class Stage:
    """Sessions of others in the database, each with what it has open."""

    def __init__(self, url):
        self._url = url
        self._stack = ExitStack()
        self._threads = []

    def connect(self, application, user="postgres"):
        address = make_url(self._url).set(drivername="postgresql", username=user)
        text = address.render_as_string(hide_password=False)
        connection = psycopg.connect(text, application_name=application)
        self._stack.callback(connection.close)
        return connection

    def holds(self, application, *statements, user="postgres"):
        """A session whose transaction stays open; its process id."""
        connection = self.connect(application, user)
        for statement in statements:
            connection.execute(statement)
        return connection.info.backend_pid

    def waits(self, application, *statements, user="postgres"):
        """A session whose last statement waits for a lock; its process id."""
        connection = self.connect(application, user)
        thread = threading.Thread(target=self._wait, args=(connection, statements), daemon=True)
        self._threads.append(thread)
        thread.start()
        pid = connection.info.backend_pid
        deadline = time.monotonic() + DEADLINE_SECONDS
        with psycopg.connect(self._url, autocommit=True) as owner:
            is_waiting = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted"
            while owner.execute(is_waiting, [pid]).fetchone() == (0,):
                assert time.monotonic() < deadline
                time.sleep(0.01)
        return pid

    def _wait(self, connection, statements):
        try:
            for statement in statements:
                connection.execute(statement)
            connection.commit()
        except psycopg.Error:
            pass  # it is ended with the test

    def close(self):
        with psycopg.connect(self._url, autocommit=True) as owner:
            owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        for thread in self._threads:
            thread.join(DEADLINE_SECONDS)
        self._stack.close()


@pytest.fixture
def stage(registry, database_url):
    staged = Stage(database_url)
    yield staged
    staged.close()


UPDATE = "UPDATE clinic SET name = name WHERE hsa_id = 'B'"


def test_whoever_blocks_the_worker_is_named_with_the_remedy(registry, stage):
    blocker = stage.holds("psql", UPDATE)
    worker = stage.waits("sync-worker w1", UPDATE)
    finding = look(registry)
    assert finding.state is State.FAIL
    assert finding.detail.startswith(f"Pid {blocker} (psql, user postgres, from 127.0.0.1)")
    assert "idle in transaction" in finding.detail
    assert "RowExclusiveLock on clinic" in finding.detail
    assert f"pid {worker} (sync-worker w1, user postgres, " in finding.detail
    assert "waits for a row of clinic since" in finding.detail
    assert f"SELECT pg_terminate_backend({blocker}), which this user may run" in str(finding.fix)


def test_status_says_who_blocks_the_worker(registry, stage):
    blocker = stage.holds("psql", UPDATE)
    stage.waits("sync-worker w1", UPDATE)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (told := sentences(status(registry, Regions()))):
        assert time.monotonic() < deadline
    assert f"pid {blocker} (psql, " in told[0]
    assert f"SELECT pg_terminate_backend({blocker})" in told[0]


def test_the_statement_of_the_remedy_ends_the_block(registry, stage, database_url):
    stage.holds("psql", UPDATE)
    stage.waits("sync-worker w1", UPDATE)
    statement = str(look(registry).fix).partition(": ")[2].partition(", which")[0]
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(statement)
    assert look(registry).state is State.OK


def test_a_chain_of_blockers_leads_to_its_root(registry, stage):
    root = stage.holds("psql", "SELECT 1 FROM clinic")
    between = stage.waits("pgAdmin", "ALTER TABLE clinic ADD COLUMN more int")
    worker = stage.waits("sync-worker w1", "SELECT 1 FROM clinic")
    finding = look(registry)
    assert finding.state is State.FAIL
    assert finding.detail.startswith(f"Pid {root} (psql,")
    assert f"pid {between} (pgAdmin, " in finding.detail
    assert f"pid {worker} (" in finding.detail
    assert f"behind pid {between}" in finding.detail
    assert f"pg_terminate_backend({root})" in str(finding.fix)
    assert str(between) not in str(finding.fix)


@pytest.mark.parametrize(
    ("statement", "lock"),
    [
        ("ALTER TABLE clinic ADD COLUMN more int", "AccessExclusiveLock on clinic"),
        ("LOCK TABLE clinic IN SHARE ROW EXCLUSIVE MODE", "ShareRowExclusiveLock on clinic"),
    ],
)
def test_a_lock_on_a_whole_table_is_named(registry, stage, statement, lock):
    stage.holds("migrate", statement)
    stage.waits("sync-worker w1", UPDATE)
    finding = look(registry)
    assert (finding.state, lock in finding.detail) == (State.FAIL, True)
    assert "waits for clinic since" in finding.detail


def test_an_advisory_lock_that_ours_wait_for_is_named(registry, stage):
    take = "SELECT pg_advisory_xact_lock(hashtext('schema'))"
    blocker = stage.holds("psql", take)
    stage.waits("sync-worker db upgrade", take)
    finding = look(registry)
    assert (finding.state, "waits for its turn" in finding.detail) == (State.FAIL, True)
    assert f"Pid {blocker} (" in finding.detail


def test_whoever_blocks_others_than_us_warns(registry, stage):
    stage.holds("psql", "SELECT 1 FROM clinic")
    stage.waits("pgAdmin", "ALTER TABLE clinic ADD COLUMN more int")
    assert look(registry).state is State.WARN


@pytest.mark.parametrize("statement", ["SELECT 1 FROM clinic", UPDATE])
def test_a_forgotten_transaction_warns_before_anybody_waits(registry, stage, statement):
    forgotten = stage.holds("psql", statement)
    assert look(registry).state is State.OK
    finding = look(registry, lambda: now() + LONG_OPEN + timedelta(minutes=1))
    assert finding.state is State.WARN
    assert f"Pid {forgotten} (psql, " in finding.detail
    assert re.search(r"\(11\.\d minutes\), idle in transaction", finding.detail)
    assert f"pg_terminate_backend({forgotten})" in str(finding.fix)


def test_an_old_transaction_elsewhere_that_locks_nothing_is_fine(registry, stage):
    stage.holds("psql", "SELECT 1")
    assert look(registry, lambda: now() + timedelta(hours=1)).state is State.OK


def test_behind_a_pooler_the_same_is_told(pooler, registry, stage, database_url):
    blocker = stage.holds("psql", UPDATE)
    stage.waits("sync-worker w1", UPDATE)
    through = Registry(open_engine(pooler.through(database_url)))
    finding = look(through)
    through.close()
    assert finding.state is State.FAIL
    assert f"SELECT pg_terminate_backend({blocker})" in str(finding.fix)


@contextmanager
def user_of(url, *granted):
    """A user of the server with these roles, and the registry as he sees it."""
    name = f"locks_{threading.get_native_id()}_{time.monotonic_ns()}"
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'made-up'")
        for role in granted:
            owner.execute(f"GRANT {role} TO {name}")
    address = make_url(url).set(username=name, password="made-up")
    registry = Registry(open_engine(address.render_as_string(hide_password=False)))
    try:
        yield registry
    finally:
        registry.close()
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute(f"DROP ROLE {name}")


@pytest.fixture
def given_roles(registry):
    with registry.transaction() as transaction:
        connection = transaction.connection
        roles.apply(connection, roles.statements(connection))
        transaction.commit()


@pytest.mark.parametrize("role", roles.ROLES)
def test_every_role_is_told_who_blocks(database_url, stage, given_roles, role):
    blocker = stage.holds("psql", UPDATE)
    worker = stage.waits("sync-worker w1", UPDATE)
    with user_of(database_url, role) as registry:
        finding = look(registry)
    assert finding.state is State.FAIL
    assert f"Pid {blocker} (psql, user postgres) has had a transaction open" in finding.detail
    assert "since when is not shown to this user" in finding.detail
    assert f"pid {worker} (sync-worker w1, user postgres)" in finding.detail
    fix = f"SELECT pg_terminate_backend({blocker}), to be run by a superuser"
    assert fix in str(finding.fix)


def test_a_role_with_more_rights_is_told_more(database_url, stage, given_roles):
    blocker = stage.holds("psql", UPDATE)
    stage.waits("sync-worker w1", UPDATE)
    with user_of(database_url, roles.WORKER, "pg_read_all_stats") as registry:
        detail = look(registry).detail
    assert (
        f"Pid {blocker} (psql, user postgres, from 127.0.0.1) has had a transaction open since 20"
        in detail
    )
    assert "idle in transaction" in detail


def test_a_hidden_transaction_that_wrote_warns(database_url, stage, given_roles):
    blocker = stage.holds("psql", UPDATE)
    with user_of(database_url, roles.WORKER) as registry:
        finding = look(registry)
    assert finding.state is State.WARN
    assert f"Pid {blocker} (" in finding.detail
    assert "GRANT pg_read_all_stats" in str(finding.fix)


def test_whoever_may_end_it_is_told_so(database_url, stage, given_roles):
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("CREATE ROLE locks_anna LOGIN IN ROLE complaints_worker")
    try:
        blocker = stage.holds("psql", UPDATE, user="locks_anna")
        stage.waits("sync-worker w1", UPDATE)
        with user_of(database_url, roles.WORKER) as registry:
            other = str(look(registry).fix)
        with user_of(database_url, roles.WORKER, "pg_signal_backend") as registry:
            permitted = str(look(registry).fix)
    finally:
        stage.close()
        with psycopg.connect(database_url, autocommit=True) as owner:
            owner.execute("DROP ROLE locks_anna")
    statement = f"Ask locks_anna to end it, or end it: SELECT pg_terminate_backend({blocker})"
    by_others = "to be run by locks_anna, a member of pg_signal_backend or a superuser"
    assert other == f"{statement}, {by_others}"
    assert permitted == f"{statement}, which this user may run"


def test_a_prepared_transaction_that_blocks_is_named(registry, stage, database_url):
    with psycopg.connect(database_url, autocommit=True) as owner:
        if owner.execute("SHOW max_prepared_transactions").fetchone() == ("0",):
            pytest.skip("the server at the given address prepares no transactions")
        gid = f"it's {time.monotonic_ns()}"
        owner.execute(f"BEGIN; {UPDATE}; PREPARE TRANSACTION '{gid.replace(chr(39), chr(39) * 2)}'")
        try:
            stage.waits("sync-worker w1", UPDATE)
            finding = look(registry)
        finally:
            statement = str(finding.fix).partition("or end it: ")[2].partition(", which")[0]
            owner.execute(statement)
    assert finding.state is State.FAIL
    assert finding.detail.startswith("The prepared transaction")
    assert owner.closed
    assert look(registry).state is State.OK


def test_a_transaction_that_ends_soon_is_not_told(registry, stage):
    connection = stage.connect("psql")
    connection.execute(UPDATE)
    stage.waits("sync-worker w1", UPDATE)
    timer = threading.Timer(0.3, connection.rollback)
    timer.start()
    assert look(registry).state is State.OK
    timer.join()
