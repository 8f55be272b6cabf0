"""Several workers at once, an operator and an administrator beside them: the limit counts all."""

import random
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from tests.builders import ACTIVATION, activated, deactivated, record, region_changed
from tests.worlds.fold import Fold
from tests.worlds.registry import (
    NOW,
    apply_batch,
    apply_in_parts,
    batch_of,
    registered,
    values,
)

from sync_worker.administration import clinics as administration
from sync_worker.authorship import Authorship
from sync_worker.domain.mass_change_guard import Limits
from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.operations.approve_holds import HoldDecided, approve
from sync_worker.pipeline.apply import Applier
from sync_worker.registry import holds
from sync_worker.registry.errors import Fault, fault_of
from sync_worker.registry.tables import change_log, clinic, departure, held_fact

STREAM = "archive:test"
REGIONS = ["01", "03", "14"]
CLINICS = [f"SE2321000016-W{number:03}" for number in range(60)]
WORKERS = 4
APPROVAL = Authorship("anna", "Real", NOW)
LIMIT = 3


@pytest.fixture
def applier(registry):
    decoder = EventDecoder(ACTIVATION, Regions(), timedelta(days=1))
    return Applier(registry, decoder, lambda: NOW, Limits(LIMIT, 0, timedelta(minutes=60)))


@pytest.fixture
def opening(registry, applier):
    """All clinics known and registered, a third in each region."""
    documents = [
        activated(hsa_id, -1, regionCode=REGIONS[number % 3])
        for number, hsa_id in enumerate(CLINICS)
    ]
    records = [record(d, partition=9, offset=offset) for offset, d in enumerate(documents)]
    apply_in_parts(applier, records, [])
    registered(registry, *CLINICS)
    return documents


def coming(seed, number):
    """What one partition brings: any clinic's events may be in any of them."""
    chance = random.Random(f"{seed}-{number}")
    documents = []
    for _ in range(60):
        hsa_id, minute = chance.choice(CLINICS), chance.randint(0, 9)
        documents.append(
            chance.choice(
                [
                    deactivated(hsa_id, minute),
                    activated(hsa_id, minute),
                    region_changed(hsa_id, minute, chance.choice(REGIONS)),
                ]
            )
        )
    return documents


def in_threads(*works):
    """Do all of it at once; what any of them raised."""
    raised: list[BaseException] = []

    def guarded(work):
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told to the test
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)
    return raised


def patiently(engine, work):
    """SQLite lets one write at a time, and says so to whoever has waited long; no deadlock."""
    while True:
        try:
            return work()
        except DBAPIError as error:
            if engine.dialect.name != "sqlite" or fault_of(error) is not Fault.TRANSIENT:
                raise


def working(engine, applier, number, documents):
    records = [record(d, partition=number, offset=offset) for offset, d in enumerate(documents)]

    def work():
        ends: dict = {}
        rest = records
        while rest:
            part, rest = rest[:7], rest[7:]
            batch, ends = batch_of(part, ends)
            patiently(engine, lambda batch=batch: apply_batch(applier, STREAM, batch))

    return work


def approve_everything(engine, registry):
    with registry.snapshot() as connection:
        still_open = holds.listed(connection, "open")
    for hold in still_open:
        number = hold["id"]
        patiently(engine, lambda number=number: approve(registry, number, APPROVAL))
    return bool(still_open)


def left_without_a_person(registry):
    """By region, the clinics that an event deactivated there or moved away, from the log."""
    with registry.snapshot() as connection:
        entries = connection.execute(select(change_log).order_by(change_log.c.id)).all()
    at = dict(zip(CLINICS, (REGIONS[n % 3] for n in range(len(CLINICS))), strict=True))
    left: dict[str, set[str]] = {code: set() for code in REGIONS}
    ways_back: set[tuple[str, str]] = set()
    for entry in entries:
        if entry.change == "moved":
            is_back = (entry.hsa_id, entry.new_value) in ways_back
            if entry.actor is None and not is_back:
                left[entry.old_value].add(entry.hsa_id)
            if not is_back:
                ways_back.add((entry.hsa_id, entry.old_value))
            at[entry.hsa_id] = entry.new_value
        if entry.change == "deactivated" and entry.actor is None:
            left[at[entry.hsa_id]].add(entry.hsa_id)
    return left


def assert_all_is_listed_that_had_passed(registry, left):
    """Whoever opened it, each hold lists the changes by which the region's clinics had left it."""
    with registry.snapshot() as connection:
        log = connection.execute(select(change_log).where(change_log.c.event_id.is_not(None)))
        logged = {(entry.hsa_id, entry.change, entry.event_id) for entry in log}
        numbers = [hold["id"] for hold in holds.listed(connection, None)]
        shown = [holds.shown(connection, number) for number in numbers]
    assert shown
    names = {"activation": "deactivated", "region": "moved"}
    for hold in filter(None, shown):
        assert {change["hsa_id"] for change in hold["passed"]} == left[hold["region_code"]]
        for change in hold["passed"]:
            assert (change["hsa_id"], names[change["fact"]], change["event_id"]) in logged


@pytest.mark.parametrize("seed", range(4))
def test_workers_together_let_no_more_pass_than_one(engine, registry, applier, opening, seed):
    bringing = [coming(seed, number) for number in range(WORKERS)]
    raised = in_threads(*(working(engine, applier, n, d) for n, d in enumerate(bringing)))
    assert raised == []
    left = left_without_a_person(registry)
    assert {len(clinics) for clinics in left.values()} == {LIMIT}
    with registry.snapshot() as connection:
        counted = connection.execute(
            select(departure.c.region_code, departure.c.hsa_id).where(
                departure.c.counted_at.is_not(None)
            )
        ).all()
    assert {(row.region_code, row.hsa_id) for row in counted} == {
        (code, hsa_id) for code, clinics in left.items() for hsa_id in clinics
    }
    assert_all_is_listed_that_had_passed(registry, left)
    while approve_everything(engine, registry):
        pass
    fold = Fold()
    for document in [*opening, *(document for part in bringing for document in part)]:
        fold.read(document)
    assert values(registry) == fold.values()


@pytest.mark.parametrize("seed", range(2))
def test_an_operator_approves_while_workers_work(engine, registry, applier, opening, seed):
    bringing = [coming(seed, number) for number in range(WORKERS)]
    is_over = threading.Event()

    def work():
        raised = in_threads(*(working(engine, applier, n, d) for n, d in enumerate(bringing)))
        is_over.set()
        assert raised == []

    def operate():
        while not is_over.is_set():
            try:
                approve_everything(engine, registry)
            except HoldDecided:
                continue  # by the other operator, or by corrections

    assert in_threads(work, operate, operate) == []
    while approve_everything(engine, registry):
        pass
    fold = Fold()
    for document in [*opening, *(document for part in bringing for document in part)]:
        fold.read(document)
    assert values(registry) == fold.values()
    assert max(len(clinics) for clinics in left_without_a_person(registry).values()) <= LIMIT
    with registry.snapshot() as connection:
        assert connection.execute(select(held_fact)).all() == []


def test_an_administrator_removes_clinics_while_workers_work(engine, registry, applier, opening):
    bringing = [coming("removing", number) for number in range(WORKERS)]
    act = Authorship("berit", "Order 18", NOW)

    def remove():
        for hsa_id in CLINICS[::2]:
            patiently(
                engine,
                lambda i=hsa_id: administration.do(registry, administration.REMOVE, [i], None, act),
            )

    works = [working(engine, applier, n, d) for n, d in enumerate(bringing)]
    assert in_threads(*works, remove) == []
    with registry.snapshot() as connection:
        of_removed = connection.execute(
            select(held_fact.c.hsa_id)
            .join(clinic, clinic.c.hsa_id == held_fact.c.hsa_id)
            .where(clinic.c.registered_at.is_(None))
        ).all()
        still_open = holds.listed(connection, "open")
        held = {h["id"]: holds.of_hold(connection, h["id"]) for h in still_open}
    assert of_removed == []
    assert all(len(held[hold["id"]]) == hold["count"] > 0 for hold in still_open)
    while approve_everything(engine, registry):
        pass
    fold = Fold()
    for document in [*opening, *(document for part in bringing for document in part)]:
        fold.read(document)
    assert values(registry) == fold.values()
