"""Everybody at once on the same clinics and boards: whoever is added could be, at that moment."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import delete, event, insert, select, text
from tests.builders import ACTIVATION, activated, deactivated, numbered, record, region_changed
from tests.contract import audit
from tests.services.waiting import until
from tests.worlds.registry import BOARD, NOW, apply_batch

from sync_worker.administration import boards, clinics
from sync_worker.authorship import Authorship
from sync_worker.domain.admission import AdmissionOutcome
from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import Partition
from sync_worker.pipeline.apply import Applier
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.tables import change_log, clinic, own_system
from sync_worker.streams.protocol import FetchedBatch, OffsetRange

CLINICS = [f"SE2321000016-T{letter}0{n}" for letter in "ABCD" for n in range(3)]
ACT = Authorship("anna", None, NOW)
ROUNDS = {"sqlite": 100, "postgresql": 1_000}
OUTCOMES = {"added", "removed", "own_system", "not_active"}


class Everybody:
    """Administrators, support and workers; each method does one round of one of them.

    What people did is returned: they share nothing but the registry.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        decoder = EventDecoder(ACTIVATION, Regions(), timedelta(hours=1))
        self._applier = Applier(registry, decoder, lambda: NOW)
        self._offsets: Counter[int] = Counter()

    def add(self, rng: random.Random) -> list[str]:
        items = clinics.do(self._registry, clinics.ADD, some(rng), ("01",), ACT)
        return [item.reason or item.outcome for item in items]

    def remove(self, rng: random.Random) -> list[str]:
        items = clinics.do(self._registry, clinics.REMOVE, some(rng), ("01",), ACT)
        return [item.outcome for item in items]

    def replace_tak(self, rng: random.Random) -> list[str]:
        """Replace the whole list, as an import does."""
        with self._registry.transaction() as transaction:
            transaction.connection.execute(delete(own_system))
            transaction.connection.execute(insert(own_system), [{"hsa_id": i} for i in some(rng)])
            transaction.commit()
        return []

    def work(self, rng: random.Random, partition: int) -> None:
        """Apply a batch of a partition; every event is newer than those before it."""
        first = self._offsets[partition]
        documents = [any_event(rng, first + n) for n in range(8)]
        self._offsets[partition] += len(documents)
        records = [
            record(document, topic=ACTIVATION, partition=partition, offset=first + n)
            for n, document in enumerate(documents)
        ]
        move = OffsetRange(Partition(ACTIVATION, partition), first, first + len(records))
        apply_batch(self._applier, "archive:races", FetchedBatch(tuple(records), (move,)))


def some(rng):
    """Some of the clinics in any order, as people name them."""
    return rng.sample(CLINICS, rng.randint(1, 6))


def any_event(rng, minute):
    hsa_id = rng.choice(CLINICS)
    kind = rng.randrange(4)
    if kind == 0:
        return deactivated(hsa_id, minute / 1000)
    if kind == 1:
        return region_changed(hsa_id, minute / 1000, rng.choice(["01", "01", "03"]))
    return activated(hsa_id, minute / 1000, regionCode=rng.choice(["01", "01", "03"]))


@pytest.fixture
def rounds(engine):
    """How many each does at the least; where transactions take turns, each waits for its own."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda new, _: new.execute("PRAGMA busy_timeout = 60000"))
        engine.dispose()
    return ROUNDS[engine.dialect.name]


@pytest.fixture
def several_write(engine):
    """A database where transactions that write are under way at the same time."""
    if engine.dialect.name == "sqlite":
        pytest.skip("here a transaction that writes is alone")


def test_in_commit_order_no_ineligible_clinic_is_added(registry, engine, rounds):
    with engine.begin() as connection:
        audit.install(connection)
    everybody = Everybody(registry)
    seen: set[str] = set()
    is_over = threading.Event()

    def repeat(one_round, count, seed):
        """Go on past the count while an outcome is missing.

        Turns need not be fair: one may have removed all through before another adds anybody.
        """
        rng = random.Random(seed)
        outcomes: Counter[str] = Counter()
        for done in range(100 * count):
            if done >= count and seen >= OUTCOMES:
                break
            told = one_round(rng)
            outcomes.update(told)
            seen.update(told)
        return outcomes

    def work(partition):
        rng = random.Random(partition)
        while not is_over.is_set():
            everybody.work(rng, partition)

    with ThreadPoolExecutor() as threads:
        workers = [threads.submit(work, partition) for partition in range(2)]
        people = [
            threads.submit(repeat, everybody.add, rounds // 2, "anna"),
            threads.submit(repeat, everybody.add, rounds // 2, "bo"),
            threads.submit(repeat, everybody.remove, rounds, "cilla"),
            threads.submit(repeat, everybody.replace_tak, rounds, "eva"),
        ]
        failures = [failure for person in people if (failure := person.exception())]
        is_over.set()
        failures += [failure for worker in workers if (failure := worker.exception())]
    assert failures == []
    outcomes: Counter[str] = sum((person.result() for person in people), Counter())
    assert outcomes.keys() >= OUTCOMES
    with registry.snapshot() as connection:
        registered = audit.registrations(connection)
        logged = connection.scalars(
            select(change_log.c.hsa_id).where(change_log.c.change == "registered")
        ).all()
    assert Counter(hsa_id for hsa_id, _ in registered) == Counter(logged)
    assert len(logged) == outcomes["added"]
    could_be = audit.State(active=True, region_code="01", is_registered=True, in_tak=False)
    assert [found for found in registered if found[1] != could_be] == []
    assert deadlocks(engine) == 0


def deadlocks(engine):
    """How many the server has found; those that somebody tried again after, too."""
    if engine.dialect.name == "sqlite":
        return 0
    engine.dispose()
    with engine.connect() as connection:
        named = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return connection.scalar(text(named))


def test_of_several_who_set_a_missing_board_one_succeeds(registry):
    plans = [
        boards.plan(registry, "01", BOARD._replace(hsa_id=f"SE2321000016-PN0{n}")) for n in range(8)
    ]
    assert sum(all_at_once(registry, plans)) == 1


def test_of_several_who_replace_or_clear_a_board_one_does(registry):
    boards.put(registry, boards.plan(registry, "01", BOARD), ACT)
    plans = [
        boards.plan(registry, "01", BOARD._replace(name=f"Nämnd {n}") if n % 2 else None)
        for n in range(8)
    ]
    assert sum(all_at_once(registry, plans)) == 1


def all_at_once(registry, plans):
    """Whether each plan was done."""
    together = threading.Barrier(len(plans))

    def put(planned):
        together.wait()
        try:
            boards.put(registry, planned, ACT)
        except boards.BoardChanged:
            return False
        return True

    with ThreadPoolExecutor(len(plans)) as threads:
        return list(threads.map(put, plans))


@pytest.mark.usefixtures("several_write")
def test_an_add_that_waited_for_tak_sees_what_came(registry, engine):
    """The one race that no row of a clinic stands for."""
    apply_batch(Everybody(registry)._applier, "archive:races", first_activation())
    with engine.connect() as support, ThreadPoolExecutor() as threads:
        support.execute(insert(own_system).values(hsa_id=CLINICS[0]))
        adding = threads.submit(clinics.do, registry, clinics.ADD, CLINICS[:1], ("01",), ACT)
        until_somebody_waits(engine)
        support.commit()
        (item,) = adding.result()
    assert (item.outcome, item.reason) == (AdmissionOutcome.REFUSED, "own_system")


@pytest.mark.usefixtures("several_write")
def test_tak_waits_for_an_add_the_worker_for_neither(registry, engine):
    everybody = Everybody(registry)
    apply_batch(everybody._applier, "archive:races", first_activation())
    with engine.connect() as support, ThreadPoolExecutor() as threads:
        support.execute(insert(own_system).values(hsa_id=CLINICS[0]))
        adding = threads.submit(clinics.do, registry, clinics.ADD, CLINICS[:1], ("01",), ACT)
        until_somebody_waits(engine)
        # It holds no clinic while it waits: somebody's forgotten session stops no worker.
        apply_batch(everybody._applier, "archive:others", first_activation())
        support.rollback()
        (item,) = adding.result()
    assert item.outcome is AdmissionOutcome.ADDED


@pytest.mark.usefixtures("several_write")
def test_an_add_that_waited_sees_what_the_worker_wrote(registry, engine):
    apply_batch(Everybody(registry)._applier, "archive:races", first_activation())
    with engine.connect() as worker, ThreadPoolExecutor() as threads:
        worker.execute(text("UPDATE clinic SET active = false"))
        adding = threads.submit(clinics.do, registry, clinics.ADD, CLINICS[:1], ("01",), ACT)
        until_somebody_waits(engine)
        worker.commit()
        (item,) = adding.result()
    assert (item.outcome, item.reason) == (AdmissionOutcome.REFUSED, "not_active")


@pytest.mark.usefixtures("several_write")
def test_an_add_ignores_a_clinic_first_named_after_its_locks(registry, engine):
    """There was no row to lock, so a worker could move the clinic before it is registered."""
    came = [first_activation()]

    def name_the_clinic(_connection, _cursor, statement, *_):
        if came and "clinic.hsa_id" in statement and "FOR UPDATE" in statement:
            apply_batch(Everybody(registry)._applier, "archive:races", came.pop())

    event.listen(engine, "after_cursor_execute", name_the_clinic)
    (refused,) = clinics.do(registry, clinics.ADD, CLINICS[:1], ("01",), ACT)
    assert (refused.outcome, refused.reason) == (AdmissionOutcome.REFUSED, "unknown_clinic")
    (added,) = clinics.do(registry, clinics.ADD, CLINICS[:1], ("01",), ACT)
    assert added.outcome is AdmissionOutcome.ADDED


@pytest.mark.usefixtures("several_write")
def test_no_clinic_is_locked_before_all_have_rows(registry, engine):
    """Locked first, and then created, they would not be locked in one order: a deadlock."""
    everybody = Everybody(registry)
    apply_batch(everybody._applier, "archive:races", first_activation())
    names_both = numbered([activated(hsa_id, 1) for hsa_id in CLINICS[:2]], topic=ACTIVATION)
    batch = FetchedBatch(tuple(names_both), (OffsetRange(Partition(ACTIVATION, 0), 0, 2),))
    with engine.connect() as other, ThreadPoolExecutor() as threads:
        other.execute(insert(clinic).values(hsa_id=CLINICS[1]))
        applying = threads.submit(apply_batch, everybody._applier, "archive:others", batch)
        until_somebody_waits(engine)
        known = select(clinic.c.hsa_id).where(clinic.c.hsa_id == CLINICS[0])
        assert other.scalar(known.with_for_update(nowait=True)) == CLINICS[0]
        other.commit()
        assert applying.result().total.applied == 2


def first_activation():
    document = activated(CLINICS[0], 0, regionCode="01")
    return FetchedBatch((record(document),), (OffsetRange(Partition(ACTIVATION, 0), 0, 1),))


def until_somebody_waits(engine):
    """Until a session of this database waits for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def somebody_waits():
        with engine.connect() as connection:
            return connection.scalar(waiting) > 0

    until(somebody_waits, "somebody to wait", 30)


@pytest.mark.usefixtures("several_write")
def test_each_statement_sees_earlier_commits_whatever_the_servers_default(registry_url, engine):
    with engine.begin() as connection:
        name = connection.scalar(text("SELECT current_database()"))
        default = "SET default_transaction_isolation = 'serializable'"
        connection.execute(text(f'ALTER DATABASE "{name}" {default}'))
    fresh = open_engine(registry_url)
    with fresh.connect() as connection:
        assert connection.scalar(text("SHOW transaction_isolation")) == "read committed"
    fresh.dispose()
