"""One plan confirmed from many places, or by a process that dies: one deed and one receipt."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError
from tests.services.waiting import until
from tests.worlds.plans import (
    ANNA,
    A,
    B,
    asked,
    changed,
    confirmed,
    known,
    logged,
    looked,
    planned,
    registered,
)
from tests.worlds.registry import NOW, name_tables_alone, refuse

from sync_worker.administration import plans
from sync_worker.administration.plan_documents import OpenPlan, Person, Receipt
from sync_worker.registry import web_plans
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine

MANY = [f"SE2321000016-T{number:04}" for number in range(300)]
DIES_AS_IT_COMMITS = """
import os, sys
from datetime import datetime
from sqlalchemy import event
from sync_worker.administration import plans
from sync_worker.administration.plan_documents import Person
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine

url, plan_id, now = sys.argv[1:]
engine = open_engine(url)
event.listen(engine, "commit", lambda _: os._exit(9))
plans.confirm(Registry(engine), plan_id, 1, Person("anna", ("01",)), datetime.fromisoformat(now))
"""


@pytest.fixture
def processes(registry_url, engine):
    """Two processes' registries of one database, in which who writes waits for their turn."""
    engines = [open_engine(registry_url) for _ in range(2)]
    for each in engines:
        name_tables_alone(each)
        if each.dialect.name == "sqlite":
            event.listen(each, "connect", lambda new, _: new.execute("PRAGMA busy_timeout = 60000"))
    yield [Registry(each) for each in engines]
    for each in engines:
        each.dispose()


def at_once(deeds):
    """What each of them gives, all begun at the same time."""
    together = threading.Barrier(len(deeds))

    def do(deed):
        together.wait()
        return deed()

    with ThreadPoolExecutor(len(deeds)) as threads:
        return [done.result() for done in [threads.submit(do, deed) for deed in deeds]]


def test_fifty_confirmations_at_once_are_one_deed(registry, processes):
    known(registry, *MANY)
    plan_id = planned(registry, *MANY)

    def confirm(number):
        return lambda: plans.confirm(processes[number % 2], plan_id, 1, ANNA, NOW)

    receipts = at_once([confirm(number) for number in range(50)])
    assert all(isinstance(receipt, Receipt) for receipt in receipts)
    assert all(receipt == receipts[0] for receipt in receipts)
    assert receipts[0].about.counts == {"added": 300}
    assert sorted(logged(registry)) == [("registered", hsa_id, None) for hsa_id in MANY]


def test_looks_and_confirmations_at_once_leave_one_receipt(registry, processes):
    known(registry, *MANY)
    plan_id = planned(registry, *MANY)
    changed(registry, MANY[0], active=False)

    def look(number):
        return lambda: plans.look(processes[number % 2], plan_id, ANNA, NOW)

    def confirm(number):
        return lambda: plans.confirm(processes[number % 2], plan_id, 2, ANNA, NOW)

    at_once([deed(number) for number in range(8) for deed in (look, confirm)])
    present = plans.look(registry, plan_id, ANNA, NOW)
    if isinstance(present, OpenPlan):  # each was confirmed before it was revised
        assert registered(registry) == set()
        present = confirmed(registry, plan_id, revision=2)
    assert isinstance(present, Receipt)
    assert present.about.revision == 2
    assert present.about.counts == {"added": 299, "not_active": 1}
    assert len(logged(registry)) == 299


def test_plans_made_at_once_do_not_meet(registry, processes):
    deeds = [lambda n=n: plans.make(processes[n % 2], asked("x"), ANNA, NOW) for n in range(30)]
    ids = at_once(deeds)
    planned(registry)
    open_ids = {plan.id for plan in plans.listed(registry, "anna", NOW)}
    assert len(open_ids & set(ids)) == plans.MOST_OPEN - 1


@pytest.mark.parametrize("is_kept", [True, False])
def test_who_confirms_waits_for_who_has_claimed(registry, engine, processes, is_kept):
    known(registry, A)
    plan_id = planned(registry, A)
    with registry.transaction() as first, ThreadPoolExecutor() as threads:
        plan = web_plans.find(first.connection, plan_id)
        assert plan is not None
        assert web_plans.claim(first.connection, plan, "bo", NOW)
        second = threads.submit(plans.confirm, processes[0], plan_id, 1, ANNA, NOW)
        until_somebody_waits(engine, second)
        if is_kept:
            rows = web_plans.rows(first.connection, plan_id)
            web_plans.keep_receipt(first.connection, plan, rows)
            first.commit()
        else:
            first.connection.rollback()
        found = second.result()
    assert isinstance(found, Receipt)
    assert found.about.done_by == ("bo" if is_kept else "anna")
    assert registered(registry) == (set() if is_kept else {A})


def until_somebody_waits(engine, waiting):
    """SQLite does not tell who waits."""
    if engine.dialect.name == "sqlite":
        assert not waiting.done()
        return
    waits = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def somebody_waits():
        with engine.connect() as connection:
            return connection.scalar(waits)

    until(somebody_waits, "somebody to wait")


def test_a_deed_that_fails_leaves_the_plan_unclaimed(registry, engine):
    refuse(engine, "registered_by")
    known(registry, A, B)
    person = Person("refused", None)
    plan_id = planned(registry, A, B, person=person)
    with pytest.raises(IntegrityError):
        plans.confirm(registry, plan_id, 1, person, NOW)
    assert looked(registry, plan_id, person).about.done_at is None
    assert registered(registry) == set()
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX refusing"))
    assert confirmed(registry, plan_id, person).about.counts == {"added": 2}


def test_a_process_that_dies_as_it_commits_did_nothing(registry, registry_url):
    known(registry, A)
    plan_id = planned(registry, A)
    command = [sys.executable, "-c", DIES_AS_IT_COMMITS, registry_url, plan_id, NOW.isoformat()]
    assert subprocess.run(command, check=False, timeout=60).returncode == 9
    assert looked(registry, plan_id).about.done_at is None
    assert registered(registry) == set()
    assert confirmed(registry, plan_id).about.counts == {"added": 1}
    assert logged(registry) == [("registered", A, None)]
