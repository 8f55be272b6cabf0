"""Programs of two versions on one schema: which run beside a migration, and which are refused."""

import threading
from datetime import timedelta

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import event, insert, select, text
from tests.builders import ACTIVATION, activated, record
from tests.services.waiting import until
from tests.worlds.expanding import Shape
from tests.worlds.next_version import (
    COMPATIBLE_FROM,
    CONTRACTED,
    EXPANDED,
    OURS,
    VERSIONS,
    become,
    create_migrations,
)
from tests.worlds.registry import (
    CLINICS,
    NOW,
    STREAM,
    apply_batch,
    batch_of,
    execute,
    log_of,
    registered,
    upgrade_to,
)

import sync_worker
from sync_worker.cli.remedies import in_words
from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.inspection.checks_registry import RegistryChecks
from sync_worker.inspection.doctor import State, run_checks
from sync_worker.pipeline.apply import Applier
from sync_worker.registry import schema
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.schema import WrongRevision
from sync_worker.registry.tables import clinic, schema_history

FIRST = "0018"
"""Before it, no migration says beside which programs it can stand."""


@pytest.fixture
def as_next(tmp_path):
    """Be the next version, or the one after it, while the schema is upgraded."""

    def upgraded(engine, revision):
        folder = create_migrations(tmp_path / revision, revision)
        with pytest.MonkeyPatch.context() as patch:
            for module, name in [
                *((schema, name) for name in ("_MIGRATIONS", "HEAD", "COMPATIBLE_FROM")),
                (sync_worker, "__version__"),
            ]:
                patch.setattr(module, name, getattr(module, name))
            become(folder)
            return schema.upgrade(engine)

    return upgraded


@pytest.fixture
def applied(registry):
    """Apply an event after those before it, in a transaction of its own."""
    decoder = EventDecoder(ACTIVATION, Regions(), timedelta(hours=1))
    applier = Applier(registry, decoder, lambda: NOW)
    ends: dict = {}

    def apply(content):
        nonlocal ends
        read = record(content, offset=sum(ends.values()))
        batch, ends = batch_of([read], ends)
        apply_batch(applier, STREAM, batch)

    return apply


def finding(registry):
    checks = RegistryChecks(lambda: registry, Regions(), lambda: NOW).all()
    return run_checks(checks)["revision"]


def migrations():
    scripts = ScriptDirectory(str(schema._MIGRATIONS)).walk_revisions()
    return [script.module for script in scripts if script.revision >= FIRST][::-1]


def test_every_migration_says_which_programs_keep_running():
    oldest = [migration.compatible_from for migration in migrations()]
    assert oldest == sorted(oldest)
    assert oldest[-1] == schema.COMPATIBLE_FROM
    for migration in migrations():
        assert len(migration.revision) == 4  # they are compared as text
        assert FIRST <= migration.compatible_from <= migration.revision


def test_the_history_names_program_and_version_of_each_migration(engine):
    with engine.connect() as connection:
        kept = list(connection.execute(select(schema_history)))
    described = [(m.revision, m.compatible_from, sync_worker.__version__) for m in migrations()]
    assert kept == described


def test_a_migration_that_others_run_beside_only_adds(registry_url, as_next):
    engine = open_engine(registry_url, create=True)
    upgrade_to(engine, FIRST)
    for earlier, later in zip(migrations(), migrations()[1:], strict=False):
        if earlier.compatible_from == later.compatible_from:
            with engine.connect() as connection:
                before = Shape(connection)
            upgrade_to(engine, later.revision)
            with engine.connect() as connection:
                assert before.breaks_for(Shape(connection)) == [], later.revision
    with engine.connect() as connection:
        before = Shape(connection)
    as_next(engine, EXPANDED)
    with engine.connect() as connection:
        assert before.breaks_for(Shape(connection)) == []
    as_next(engine, CONTRACTED)
    engine.dispose()


BREAKS = {
    "DROP TABLE reconciliation": ["reconciliation is gone"],
    "ALTER TABLE clinic RENAME COLUMN updated_at TO seen_at": ["clinic.updated_at is gone"],
    "ALTER TABLE hold ADD COLUMN x TEXT NOT NULL DEFAULT ''": [],
    "ALTER TABLE hold ADD COLUMN x TEXT": [],
    "CREATE UNIQUE INDEX one_name ON clinic (name)": ["clinic has another rule"],
    "CREATE INDEX by_name ON clinic (name)": [],
    "CREATE TABLE more (id TEXT PRIMARY KEY)": [],
    "DROP VIEW complaints_clinic": ["complaints_clinic is another view"],
}


def test_what_breaks_programs_of_before_is_found(engine):
    with engine.connect() as connection:
        before = Shape(connection)
        found = {}
        for change in BREAKS:
            connection.rollback()
            connection.execute(text(change))
            found[change] = before.breaks_for(Shape(connection))
    assert found == BREAKS


def test_this_version_runs_beside_a_migration_that_adds(registry, engine, applied, as_next):
    applied(activated(CLINICS[0], 0, name="Kliniken"))
    registered(registry, CLINICS[0])
    assert as_next(engine, EXPANDED) == (OURS, EXPANDED)
    applied(activated(CLINICS[0], 1, name="Kliniken Norr"))
    assert [entry[3] for entry in log_of(registry)][-1] == "Kliniken Norr"
    found = finding(registry)
    assert found.state is State.WARN
    assert f"at revision {EXPANDED}, for a later program: version 98.0" in found.detail
    assert "version 98.0" in str(in_words(found.fix))
    assert schema.upgrade(engine) == (EXPANDED, EXPANDED)


def test_what_it_costs_to_run_on_is_one_statement(registry, engine, applied, as_next):
    applied(activated(CLINICS[0], 0))
    statements = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_):
        statements.append(statement)

    applied(activated(CLINICS[0], 1))
    as_head = len(statements)
    event.remove(engine, "before_cursor_execute", note)
    as_next(engine, EXPANDED)
    event.listen(engine, "before_cursor_execute", note)
    statements.clear()
    applied(activated(CLINICS[0], 2))
    assert len(statements) == as_head + 1


def test_a_migration_that_takes_something_away_stops_it(registry, engine, applied, as_next):
    applied(activated(CLINICS[0], 0, name="Kliniken"))
    as_next(engine, EXPANDED)
    assert as_next(engine, CONTRACTED) == (EXPANDED, CONTRACTED)
    with pytest.raises(WrongRevision) as stopped:
        applied(activated(CLINICS[0], 1, name="Kliniken Norr"))
    refusal = stopped.value
    assert str(refusal) == f"The database's schema is at revision {CONTRACTED}."
    assert f"Programs for revision {EXPANDED} and later work on it" in str(refusal.why)
    assert "version 99.0" in str(in_words(refusal.hint))
    found = finding(registry)
    assert found.state is State.FAIL
    assert "99.0" in str(in_words(found.fix))
    with pytest.raises(WrongRevision):
        schema.upgrade(engine)
    with registry.snapshot() as connection:
        assert connection.scalar(text("SELECT name FROM clinic")) == "Kliniken"


def test_rights_are_given_by_the_program_of_the_schema_alone(engine, as_next):
    as_next(engine, EXPANDED)
    with engine.connect() as connection:
        schema.require_compatible(connection)
        with pytest.raises(WrongRevision, match=EXPANDED):
            schema.require_head(connection)


def test_what_a_refused_program_writes_is_committed_before(registry, engine, as_next):
    """SQLite has one writer at a time; on PostgreSQL it takes a lock."""
    upgraded = threading.Thread(target=as_next, args=(engine, CONTRACTED))
    with registry.transaction() as transaction:
        schema.require_still_compatible(transaction.connection)
        upgraded.start()
        if engine.dialect.name == "postgresql":
            until(lambda: waits_for_a_lock(engine), "the upgrade to wait for the transaction")
        else:
            upgraded.join(0.5)  # as long as it takes where nothing keeps it
        assert schema.current(transaction.connection) == OURS
        transaction.connection.execute(insert(clinic).values(hsa_id="written"))
        transaction.commit()
    upgraded.join()
    with registry.transaction() as transaction, pytest.raises(WrongRevision):
        schema.require_still_compatible(transaction.connection)
    with registry.snapshot() as connection:
        assert connection.scalar(text("SELECT hsa_id FROM clinic")) == "written"


def waits_for_a_lock(engine):
    with engine.connect() as connection:
        return connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))


def test_a_revision_set_by_hand_has_no_program_beside_it(engine):
    execute(engine, "UPDATE alembic_version SET version_num = '9999'")
    with engine.connect() as connection:
        assert not schema.is_compatible(connection)
        assert schema.newer(connection) is None


def test_the_versions_staged_here_are_one_after_the_other():
    assert OURS < EXPANDED < CONTRACTED
    assert COMPATIBLE_FROM[EXPANDED] <= OURS < COMPATIBLE_FROM[CONTRACTED]
    assert sync_worker.__version__ not in VERSIONS.values()
