"""The checks of the registry, each with its failure staged on both databases."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert, make_url, text
from tests.builders import EPOCH, activated, numbered
from tests.worlds.registry import NOW, STREAM, apply_batch, batch_of, sentences

from sync_worker.cli.remedies import in_words
from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.inspection.attention import MANY_DEAD_LETTERS
from sync_worker.inspection.checks_machine import MachineChecks
from sync_worker.inspection.checks_registry import RegistryChecks
from sync_worker.inspection.doctor import Finding, State, run_checks
from sync_worker.inspection.status import status
from sync_worker.pipeline.apply import Applier
from sync_worker.registry import roles
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.tables import clinic, hold, own_system, patient_board
from sync_worker.remedies import Remedy

A, B = "SE2321000016-TA01", "SE2321000016-TB01"


def look(registry: Registry, name: str, now: datetime = NOW) -> Finding:
    checks = RegistryChecks(lambda: registry, Regions(), lambda: now).all()
    return run_checks(checks)[name]


def put(registry, table, *rows):
    with registry.transaction() as transaction:
        for row in rows:
            transaction.connection.execute(insert(table).values(**row))
        transaction.commit()


def apply(registry, *contents):
    batch, _ = batch_of(numbered(contents, topic="eservices.clinic.activation"))
    decoder = EventDecoder("eservices.clinic.activation", Regions(), timedelta(hours=1))
    apply_batch(Applier(registry, decoder, lambda: NOW), STREAM, batch)


def test_an_empty_registry_has_nothing_that_fails(registry):
    checks = RegistryChecks(lambda: registry, Regions(), lambda: NOW).all()
    states = {name: found.state for name, found in run_checks(checks).items()}
    assert State.FAIL not in {found for name, found in states.items() if name != "clock"}
    assert states["database"] == states["revision"] == states["dead_letters"] == State.OK


def test_the_schema_of_another_version_fails_and_the_rest_waits(registry, engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    finding = look(registry, "revision")
    assert (finding.state, finding.fix) == (State.FAIL, Remedy.UPGRADE_SCHEMA())
    assert look(registry, "dead_letters").state is State.SKIP


def test_a_dead_letter_warns_and_a_mass_of_them_fails(registry):
    assert look(registry, "dead_letters").state is State.OK
    apply(registry, b"{")
    assert look(registry, "dead_letters").state is State.WARN
    assert "faulty program" not in sentences(status(registry, Regions()))[0]
    with registry.transaction() as transaction:
        transaction.connection.execute(text("DELETE FROM position"))
        transaction.commit()
    apply(registry, *[b"{"] * (MANY_DEAD_LETTERS - 1), activated(A, 0, regionCode="11"))
    finding = look(registry, "dead_letters")
    assert finding.state is State.FAIL
    assert "99 invalid_json" in finding.detail or "100 invalid_json" in finding.detail
    assert "sync-worker deadletters" in str(in_words(finding.fix))
    assert "faulty program" in sentences(status(registry, Regions()))[0]


@pytest.mark.parametrize(("hours", "state"), [(1, State.WARN), (25, State.FAIL)])
def test_a_hold_warns_and_fails_when_it_waits_for_long(registry, hours, state):
    opened_at = NOW - timedelta(hours=hours)
    row = {"opened_at": opened_at, "kind": "mass_change", "region_code": "01", "revision": 1}
    put(registry, hold, {**row, "status": "open"}, {**row, "status": "approved"})
    finding = look(registry, "holds")
    assert (finding.state, str(in_words(finding.fix))) == (state, "sync-worker holds list")
    assert "region 01" in finding.detail


def test_a_clinic_in_tak_and_registered_here_warns(registry):
    put(registry, own_system, {"hsa_id": A}, {"hsa_id": B})
    put(registry, clinic, {"hsa_id": A, "registered_at": NOW}, {"hsa_id": B})
    finding = look(registry, "own_system")
    assert finding.state is State.WARN
    assert A in finding.detail
    assert B not in finding.detail
    assert f"clinics remove {A}" in str(in_words(finding.fix))


def test_registered_clinics_of_a_region_without_a_board_warn(registry):
    put(
        registry,
        clinic,
        {"hsa_id": A, "registered_at": NOW, "region_code": "03"},
        {"hsa_id": B, "registered_at": NOW, "region_code": "01"},
    )
    put(registry, patient_board, {"region_code": "01", "hsa_id": "SE2321000016-PN01", "name": "N"})
    finding = look(registry, "boards")
    assert finding.state is State.WARN
    assert "03 (1 clinics)" in finding.detail
    assert "01" not in finding.detail
    assert "regions show 03" in str(in_words(finding.fix))
    put(registry, patient_board, {"region_code": "03", "hsa_id": "SE2321000016-PN03", "name": "N"})
    assert look(registry, "boards").state is State.OK


@pytest.mark.parametrize(("region_code", "named"), [("26", "26"), (None, "none")])
def test_registered_clinics_of_an_unused_region_warn(registry, region_code, named):
    put(registry, clinic, {"hsa_id": A, "registered_at": NOW, "region_code": region_code})
    finding = look(registry, "boards")
    assert finding.state is State.WARN
    assert f"{named} (1 clinics)" in finding.detail
    assert "SYNC_WORKER_EVENTS_EXTRA_REGIONS" in str(in_words(finding.fix))


def test_a_silence_longer_than_is_usual_warns(registry):
    events = [activated(f"SE2321000016-T{n:03}", 60.0 * n, regionCode="01") for n in range(30)]
    apply(registry, *events[:10])
    assert look(registry, "newest_event").state is State.SKIP
    with registry.transaction() as transaction:
        transaction.connection.execute(text("DELETE FROM position"))
        transaction.commit()
    apply(registry, *events)
    newest = EPOCH + timedelta(minutes=60 * 29)
    assert look(registry, "newest_event", newest + timedelta(hours=2.9)).state is State.OK
    finding = look(registry, "newest_event", newest + timedelta(hours=3.1))
    assert finding.state is State.WARN
    assert "3.1 hours old" in finding.detail
    finding = look(registry, "newest_event", newest - timedelta(seconds=50))
    assert (finding.state, "50 s ahead of the clock" in finding.detail) == (State.OK, True)


def test_an_event_ahead_of_the_clock_warns(registry):
    apply(registry, activated(A, NOW + timedelta(minutes=55), regionCode="01"))
    finding = look(registry, "newest_event")
    assert finding.state is State.WARN
    assert "55.0 minutes ahead of the clock" in finding.detail
    (attention,) = sentences(status(registry, Regions(), clock=lambda: NOW))
    assert "55.0 minutes ahead of the clock" in attention
    assert sentences(status(registry, Regions(), clock=lambda: NOW + timedelta(hours=1))) == []


def test_a_database_that_is_not_there_fails_its_check(tmp_path):
    def missing() -> Registry:
        return Registry(open_engine(f"sqlite:///{tmp_path / 'missing.db'}"))

    checks = RegistryChecks(missing, Regions(), lambda: NOW).all()
    finding = run_checks(checks)["database"]
    assert (finding.state, finding.fix) == (State.FAIL, Remedy.CREATE_DATABASE_FILE())
    assert not list(tmp_path.iterdir())


def test_clocks_that_differ_warn_and_then_fail(registry, registry_url):
    if registry_url.startswith("sqlite"):
        assert look(registry, "clock").state is State.SKIP
        return
    with registry.snapshot() as connection:
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    assert look(registry, "clock", theirs).state is State.OK
    assert look(registry, "clock", theirs + timedelta(seconds=30)).state is State.WARN
    finding = look(registry, "clock", theirs - timedelta(hours=1))
    assert finding.state is State.FAIL
    assert "NTP" in str(in_words(finding.fix))


def test_the_size_of_a_server_is_reported(registry, registry_url):
    if registry_url.startswith("sqlite"):
        return
    (disk,) = (
        found
        for found in MachineChecks(lambda: registry, None, {}, lambda: NOW).all()
        if found.id == "disk"
    )
    assert "MiB" in disk.look().detail


@pytest.fixture
def as_role(engine, registry_url):
    """Opens the registry as a new role of PostgreSQL; the roles are gone afterwards."""
    made: list[str] = []
    opened: list[Registry] = []

    def open_as(*grants: str, name: str | None = None) -> Registry:
        role = name or f"doctor_{uuid4().hex[:8]}"
        made.append(role)
        with engine.begin() as connection:
            connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'made-up'"))
            for grant in grants:
                connection.execute(text(f"GRANT {grant} TO {role}"))
        url = make_url(registry_url).set(username=role, password="made-up")
        opened.append(Registry(open_engine(url.render_as_string(hide_password=False))))
        return opened[-1]

    yield open_as
    for registry in opened:
        registry.close()
    with engine.begin() as connection:
        for role in made:
            connection.execute(text(f"DROP OWNED BY {role}"))
            connection.execute(text(f"DROP ROLE {role}"))


@pytest.fixture
def given_roles(engine, registry_url):
    if registry_url.startswith("postgresql"):
        with engine.begin() as connection:
            roles.apply(connection, roles.statements(connection))


@pytest.mark.parametrize("role", roles.ROLES[:3])
def test_a_user_of_a_role_has_its_rights(registry_url, registry, given_roles, as_role, role):
    if registry_url.startswith("sqlite"):
        assert look(registry, "roles").state is State.SKIP
        return
    finding = look(as_role(role), "roles")
    assert finding.state is State.OK
    assert role in finding.detail


def test_a_user_that_lacks_a_right_fails_with_the_right(registry_url, engine, given_roles, as_role):
    if registry_url.startswith("sqlite"):
        return
    user = as_role(roles.WORKER)
    with engine.begin() as connection:
        connection.execute(text("REVOKE DELETE ON held_fact FROM complaints_worker"))
        connection.execute(text("REVOKE UPDATE (active) ON clinic FROM complaints_worker"))
        connection.execute(text("REVOKE USAGE ON SEQUENCE hold_id_seq FROM complaints_worker"))
    finding = look(user, "roles")
    assert finding.state is State.FAIL
    assert "DELETE on held_fact, USAGE on hold_id_seq" in finding.detail
    assert "UPDATE on clinic" in finding.detail
    assert "INSERT" not in finding.detail
    assert "db roles" in str(in_words(finding.fix))


def test_a_user_that_may_do_too_much_warns(registry, registry_url, given_roles, as_role):
    if registry_url.startswith("sqlite"):
        return
    assert look(registry, "roles").state is State.WARN  # the owner of the tables
    finding = look(as_role(roles.WORKER, "UPDATE ON patient_board"), "roles")
    assert finding.state is State.WARN
    assert "patient_board" in finding.detail


def test_a_user_who_may_not_read_the_revision_is_reported(registry_url, as_role):
    if registry_url.startswith("sqlite"):
        return
    finding = look(as_role(), "roles")
    assert finding.state is State.FAIL
    assert "SELECT on alembic_version" in finding.detail
