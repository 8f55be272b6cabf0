"""What the page keeps, it keeps as the administrators' role, and nobody else may."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from sync_worker.administration import plans
from sync_worker.administration.clinics import REMOVE
from sync_worker.domain.regions import Regions
from sync_worker.inspection import (
    board_preview,
    explanation,
    operations_overview,
    region_overview,
)
from sync_worker.registry import clinic_pages, log_pages, web_sessions
from sync_worker.registry.change_log import LogFilter
from sync_worker.registry.clinic_pages import PageRequest
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.errors import is_denied
from sync_worker.registry.roles import ADMIN, READER, SUPPORT, WORKER
from sync_worker.registry.tables import web_plan
from tests.harness.command import DEADLINE_SECONDS
from tests.harness.page_process import PageProcess
from tests.real.roles.world import ACTIVE, CLOSED, REGISTERED
from tests.worlds.plans import ANNA, asked, confirmed, logged, looked, planned, registered
from tests.worlds.registry import NOW


@pytest.fixture
def registry_of(users, database):
    """The registry as the user of a role is logged in to it."""
    opened = []

    def open_as(role):
        opened.append(Registry(open_engine(users.url(role, database))))
        return opened[-1]

    yield open_as
    for registry in opened:
        registry.close()


def test_an_administrator_plans_reviews_and_confirms(registry_of):
    registry = registry_of(ADMIN)
    add, remove = planned(registry, ACTIVE, CLOSED), planned(registry, REGISTERED, verb=REMOVE)
    before = registered(registry)
    assert confirmed(registry, add).about.counts == {"added": 1, "not_active": 1}
    assert looked(registry, remove).about.counts == {"removed": 1}
    # What is held of the clinic takes effect as it is removed: a fact, which triggers permit.
    assert confirmed(registry, remove).about.counts == {"removed": 1}
    assert registered(registry) == (before | {ACTIVE}) - {REGISTERED}
    registrations = {("registered", ACTIVE, None), ("removed", REGISTERED, None)}
    assert registrations <= set(logged(registry))


def test_an_administrators_plan_is_revised_and_forgotten(registry_of):
    registry = registry_of(ADMIN)
    first, second = planned(registry, ACTIVE), planned(registry, ACTIVE)
    confirmed(registry, first)
    assert looked(registry, second).about.revision == 2
    planned(registry, now=NOW + timedelta(days=100))
    assert plans.look(registry, second, ANNA, NOW) is None


def test_an_administrator_signs_in_and_out(registry_of):
    registry = registry_of(ADMIN)
    with registry.transaction() as transaction:
        session_id = web_sessions.create(transaction.connection, "anna", "{}", NOW)
        id_hash = web_sessions.hash_of(session_id)
        web_sessions.keep(transaction.connection, id_hash, "result", 1)
        transaction.commit()
    later = NOW + timedelta(minutes=5)
    assert web_sessions.find(registry, session_id, later) is not None
    with registry.transaction() as transaction:
        assert web_sessions.take(transaction.connection, id_hash, "result") == 1
        web_sessions.end(transaction.connection, session_id)
        transaction.commit()
    assert web_sessions.find(registry, session_id, later) is None


@pytest.mark.parametrize("role", [WORKER, SUPPORT, READER])
def test_nobody_else_makes_reads_or_changes_a_plan(registry_of, role):
    plan_id = planned(registry_of(ADMIN), ACTIVE)
    registry = registry_of(role)
    deeds = (
        lambda: plans.make(registry, asked(ACTIVE), ANNA, NOW),
        lambda: plans.look(registry, plan_id, ANNA, NOW),
        lambda: plans.confirm(registry, plan_id, 1, ANNA, NOW),
        lambda: changed_by_hand(registry),
        lambda: web_sessions.find(registry, "made up", NOW),
    )
    for deed in deeds:
        with pytest.raises(DBAPIError) as refused:
            deed()
        assert is_denied(refused.value)


@pytest.mark.parametrize("role", [WORKER, SUPPORT])
def test_the_page_does_not_start_as_another_role(installed, users, database, role):
    page = PageProcess(installed, SYNC_WORKER_DATABASE_URL=users.url(role, database))
    try:
        assert page.process.wait(DEADLINE_SECONDS) == 4
    finally:
        page.kill()
    assert "complaints_admin" in page.output


def changed_by_hand(registry):
    with registry.transaction() as transaction:
        transaction.connection.execute(update(web_plan).values(maker="bo"))


def test_an_administrators_login_may_read_all_that_the_page_shows(registry_of):
    registry = registry_of(ADMIN)
    with registry.snapshot() as connection:
        assert clinic_pages.registered(connection, ["01"], PageRequest()).total == 1
        not_added = clinic_pages.activated_not_added(connection, ["01"], PageRequest())
        # The deactivation of the other one is held: it would be refused.
        assert [item["hsa_id"] for item in not_added.items] == [ACTIVE]
        assert log_pages.newest(connection, ["01"], LogFilter()).items
        assert log_pages.moves(connection, "01", NOW) == ([], [])
        region = region_overview.overview(connection, "01", Regions())
        assert region.counts.registered == 1
        assert region.held is not None
        assert explanation.explain(connection, REGISTERED, Regions()) is not None
        seen = operations_overview.overview(connection)
        assert (set(seen.holds), bool(seen.topics)) == ({"01"}, True)
        assert seen.dead_letters
    assert board_preview.preview(registry, "01", None).stops_receiving
