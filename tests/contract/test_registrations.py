"""Registrations: whoever writes them, and however, the change log says so, and once."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from tests.builders import activated, numbered
from tests.worlds.registry import NOW, STREAM, apply_batch, batch_of, execute, sentences

from sync_worker.administration import clinics
from sync_worker.authorship import Authorship
from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.inspection.checks_registry import RegistryChecks
from sync_worker.inspection.doctor import State, run_checks
from sync_worker.inspection.status import status
from sync_worker.pipeline.apply import Applier
from sync_worker.registry import change_log, registrations, tables
from sync_worker.registry.change_log import LogFilter
from sync_worker.registry.tables import clinic

A, B = "SE2321000016-TA01", "SE2321000016-TB01"
ACT = Authorship("anna", "Order 17", NOW)


@pytest.fixture
def known(engine):
    """Clinic A is registered by the program, B is not."""
    with engine.begin() as connection:
        for hsa_id in (A, B):
            values = {"active": True, "activation_time": NOW, "region_code": "01"}
            connection.execute(insert(clinic).values(hsa_id=hsa_id, region_time=NOW, **values))


@pytest.fixture
def logged(registry, known):
    """The entries since clinic A was registered by the program, or all of them."""
    clinics.do(registry, clinics.ADD, [A], None, ACT)

    def call(*, of_all=False):
        with registry.snapshot() as connection:
            entries = list(change_log.listed(connection, LogFilter()))
        return entries if of_all else entries[1:]

    return call


def changes(entries):
    return [(one["change"], one["hsa_id"], one["old"], one["new"]) for one in entries]


def test_commands_are_logged_once_with_actor_and_reason(registry, logged):
    clinics.do(registry, clinics.REMOVE, [A], None, ACT)
    entries = logged(of_all=True)
    assert [(e["change"], e["hsa_id"]) for e in entries] == [("registered", A), ("removed", A)]
    assert {(e["actor"], e["reason"]) for e in entries} == {("anna", "Order 17")}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE clinic SET registered_at = NULL", [("removed", A, None, None)]),
        (
            "UPDATE clinic SET registered_at = NULL, registered_by = NULL, active = false",
            [("removed", A, None, None)],
        ),
        (f"DELETE FROM clinic WHERE hsa_id = '{A}'", [("removed", A, None, None)]),
        ("DELETE FROM clinic", [("removed", A, None, None)]),
        ("UPDATE clinic SET registered_by = 'eva'", [("registered", A, "anna", "eva")]),
        (
            f"UPDATE clinic SET registered_at = '2020-01-01T00:00:00.000000Z' WHERE hsa_id = '{A}'",
            [("registered", A, "anna", "anna")],
        ),
        (
            (
                f"UPDATE clinic SET registered_at = '2026-01-01T00:00:00.000000Z',"
                f" registered_by = 'eva' WHERE hsa_id = '{B}'"
            ),
            [("registered", B, None, "eva")],
        ),
        (
            "INSERT INTO clinic (hsa_id, registered_at) VALUES ('X', '2026-01-01T00:00:00Z')",
            [("registered", "X", None, None)],
        ),
        (
            f"UPDATE clinic SET hsa_id = 'X' WHERE hsa_id = '{A}'",
            [("registered", "X", None, "anna"), ("removed", A, None, None)],
        ),
        (f"UPDATE clinic SET hsa_id = 'X', registered_at = NULL WHERE hsa_id = '{A}'", None),
        (f"UPDATE clinic SET hsa_id = 'X' WHERE hsa_id = '{B}'", []),
        ("UPDATE clinic SET active = false, name = 'N', region_code = '03'", []),
        ("UPDATE clinic SET registered_at = registered_at, registered_by = registered_by", []),
        ("INSERT INTO clinic (hsa_id) VALUES ('X')", []),
        (f"INSERT INTO clinic (hsa_id) VALUES ('{A}') ON CONFLICT DO NOTHING", []),
        (f"DELETE FROM clinic WHERE hsa_id = '{B}'", []),
    ],
)
def test_plain_sql_on_registrations_is_logged(engine, logged, statement, expected):
    execute(engine, statement)
    entries = logged()
    expected = [("removed", A, None, None)] if expected is None else expected
    assert sorted(changes(entries), key=str) == expected
    assert {"anna", None}.isdisjoint(entry["actor"] for entry in entries)
    assert all((entry["login"] is None) == (engine.dialect.name == "sqlite") for entry in entries)


def test_emptying_a_table_is_logged_by_clinic(engine, logged):
    if engine.dialect.name != "postgresql":
        pytest.skip("this database knows no TRUNCATE")
    execute(engine, "TRUNCATE clinic")
    (entry,) = logged()
    assert (entry["change"], entry["hsa_id"], entry["region_code"]) == ("removed", A, "01")


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE clinic SET registered_at = NULL WHERE hsa_id = '{A}'",
        f"UPDATE clinic SET hsa_id = 'X' WHERE hsa_id = '{A}'",
        f"DELETE FROM clinic WHERE hsa_id = '{A}'",
        "TRUNCATE clinic",
    ],
)
@pytest.mark.parametrize("active", ["true", "false"])
def test_a_removal_is_logged_with_what_the_clinic_was(engine, logged, statement, active):
    if statement.startswith("TRUNCATE") and engine.dialect.name != "postgresql":
        pytest.skip("this database knows no TRUNCATE")
    execute(engine, f"UPDATE clinic SET active = {active}, name = 'Ett' WHERE hsa_id = '{A}'")
    execute(engine, statement)
    assert what_was(engine) == [(A, "01", active, "Ett")]


def test_a_removal_tells_never_stated_from_not_logged(engine, logged):
    execute(engine, f"UPDATE clinic SET active = NULL, region_code = NULL WHERE hsa_id = '{A}'")
    execute(engine, f"UPDATE clinic SET registered_at = NULL WHERE hsa_id = '{A}'")
    assert what_was(engine) == [(A, None, "", None)]


def what_was(engine):
    """What the log has of the clinics that were removed."""
    log = tables.change_log.c
    columns = (log.hsa_id, log.region_code, log.was_active, log.was_named)
    with engine.begin() as connection:
        removals = select(*columns).where(log.change == "removed").order_by(log.id)
        return [tuple(row) for row in connection.execute(removals)]


def test_many_changed_by_one_statement_are_logged_each(engine, logged):
    rows = [{"hsa_id": f"SE2321000016-{n:05}", "region_code": "01"} for n in range(2_000)]
    with engine.begin() as connection:
        connection.execute(insert(clinic), rows)
    execute(engine, "UPDATE clinic SET registered_at = '2026-01-01T00:00:00.000000Z'")
    entries = logged()
    assert len({entry["hsa_id"] for entry in entries}) == len(entries) == len(rows) + 2


def test_a_workers_write_is_not_logged_as_a_registration(registry, engine, logged):
    decoder = EventDecoder("eservices.clinic.activation", Regions(), timedelta(hours=1))
    applier = Applier(registry, decoder, lambda: NOW)
    renamed = numbered([activated(A, NOW + timedelta(minutes=1), name="Ny")])
    apply_batch(applier, STREAM, batch_of(renamed)[0])
    assert [change for change, *_ in changes(logged())] == ["renamed"]


def test_an_actor_is_named_in_one_transaction_alone(registry, engine, logged):
    """A row or a setting that somebody left behind names nobody, and keeps nobody out."""
    if engine.dialect.name == "sqlite":
        for foreign_keys in ("OFF", "ON"):
            with pytest.raises(DBAPIError, match=r"FOREIGN KEY|foreign key"):
                _by_another_client(engine, foreign_keys, "INSERT INTO acting (actor) VALUES ('x')")
    execute(engine, "UPDATE clinic SET registered_at = NULL")
    clinics.do(registry, clinics.ADD, [A], None, ACT)
    execute(engine, "UPDATE clinic SET registered_at = NULL")
    assert [entry["actor"] == "anna" for entry in logged()] == [False, True, False]


def _by_another_client(engine, foreign_keys, statement):
    """As another program would, which knows nothing of how ours opens a connection."""
    with engine.connect() as connection:
        connection.rollback()
        driver = connection.connection.driver_connection
        driver.execute(f"PRAGMA foreign_keys = {foreign_keys}")
        try:
            connection.execute(text(statement))
            connection.commit()
        finally:
            connection.rollback()
            driver.execute("PRAGMA foreign_keys = ON")


@pytest.mark.parametrize("transaction", ["1", "", "x"])
def test_a_setting_that_outlived_its_transaction_names_nobody(engine, logged, transaction):
    if engine.dialect.name != "postgresql":
        pytest.skip("this database knows no settings")
    with engine.connect() as connection:
        for name, value in (("actor", "x"), ("transaction", transaction)):
            connection.execute(text(f"SET sync_worker.{name} = '{value}'"))
        connection.commit()
        connection.execute(text("UPDATE clinic SET registered_at = NULL"))
        connection.commit()
    (entry,) = logged()
    assert entry["actor"] == entry["login"] != "x"


def past_the_triggers(engine, *statements):
    """As a restore of one table does, which fires none."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                connection.execute(text(statement))
            return
        of_clinic = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        triggers = connection.execute(text(f"{of_clinic} AND tbl_name = 'clinic'")).all()
        for trigger in triggers:
            connection.execute(text(f"DROP TRIGGER {trigger.name}"))
        for statement in statements:
            connection.execute(text(statement))
        for trigger in triggers:
            connection.execute(text(trigger.sql))


LOST = f"UPDATE clinic SET registered_at = NULL, registered_by = NULL WHERE hsa_id = '{A}'"
RESTORED = (
    "UPDATE clinic SET registered_at = '2026-01-01T00:00:00Z', registered_by = 'eva' WHERE hsa_id"
)


def drifted(registry):
    with registry.snapshot() as connection:
        return registrations.drifted(connection)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (LOST, (A, False, True, "anna")),
        (f"DELETE FROM clinic WHERE hsa_id = '{A}'", (A, False, True, "anna")),
        (f"{RESTORED} = '{B}'", (B, True, False, "eva")),
        ("UPDATE clinic SET registered_by = 'eva'", (A, True, True, "anna")),
        (
            (
                "INSERT INTO change_log (at, change, hsa_id, actor) VALUES"
                f" ('2026-01-03Z', 'removed', '{A}', 'eva')"
            ),
            (A, True, False, "anna"),
        ),
    ],
)
@pytest.mark.usefixtures("logged")
def test_what_came_past_the_triggers_is_drift(registry, engine, statement, expected):
    assert drifted(registry) == {}
    past_the_triggers(engine, statement)
    (one,) = drifted(registry).values()
    assert (one.hsa_id, one.is_registered, one.is_expected, one.registered_by) == expected
    assert one.registered_at is not None
    findings = run_checks(RegistryChecks(lambda: registry, Regions(), lambda: NOW).all())
    assert findings["registrations"].state is State.FAIL
    assert one.hsa_id in findings["registrations"].detail
    (attention,) = [t for t in sentences(status(registry, Regions())) if "change log" in t]
    assert one.hsa_id in attention


@pytest.mark.parametrize("verb", [clinics.ADD, clinics.REMOVE])
@pytest.mark.parametrize("statement", [LOST, f"{RESTORED} = '{A}'", f"{RESTORED} = '{B}'"])
@pytest.mark.usefixtures("logged")
def test_adding_or_removing_settles_it_whatever_is_right(registry, engine, statement, verb):
    past_the_triggers(engine, statement)
    (hsa_id,) = drifted(registry)
    items = clinics.do(registry, verb, [hsa_id], None, ACT)
    assert {item.outcome for item in items} <= {verb.done, verb.already}
    assert drifted(registry) == {}


@pytest.mark.usefixtures("logged")
def test_what_is_so_already_is_confirmed_without_a_change(registry, engine, logged):
    past_the_triggers(engine, LOST)
    items = clinics.plan(registry, clinics.REMOVE, [A, B], None)
    clinics.confirm(registry, clinics.REMOVE, items, None, ACT)
    clinics.confirm(registry, clinics.REMOVE, items, None, ACT)
    assert changes(logged()) == [("removed", A, None, None)]


def test_the_drift_of_many_is_found_in_one_pass(registry, engine):
    """20 000 clinics and 40 000 entries: a scan of the log for each would take hours."""
    instant = "text" if engine.dialect.name == "sqlite" else "timestamptz"
    with engine.begin() as connection:
        connection.execute(insert(clinic), [{"hsa_id": f"{n:05}"} for n in range(20_000)])
        for change in ("registered", "removed"):
            columns = "(at, change, hsa_id, actor)"
            values = f"SELECT CAST('{NOW.isoformat()}' AS {instant}), '{change}', hsa_id, 'anna'"
            connection.execute(text(f"INSERT INTO change_log {columns} {values} FROM clinic"))
    past_the_triggers(engine, "UPDATE clinic SET registered_at = '2026-01-01Z'")
    began = time.monotonic()
    assert len(drifted(registry)) == 20_000
    assert time.monotonic() - began < 30
