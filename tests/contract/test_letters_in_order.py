"""Dead letters are numbered in the order read, and are found by the clinics that they name."""

import random
import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select
from tests.builders import ACTIVATION, REGION, activated, record
from tests.worlds.guard import through_the_database
from tests.worlds.registry import NOW, apply_batch, batch_of

from sync_worker.domain.regions import Regions
from sync_worker.events.decode_result import Reason, Rejection
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import Origin, Partition
from sync_worker.pipeline.apply import Applier
from sync_worker.registry import dead_letters, schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dead_letters import DeadLetterFilter
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.tables import dead_letter, position

STREAM = "archive:test"
A, B = "SE2321000016-TA01", "SE2321000016-TB01"
BAD = Rejection(Reason.INVALID_JSON, "-")
places = st.lists(
    st.tuples(st.sampled_from([REGION, ACTIVATION]), st.integers(0, 3)), min_size=1, max_size=30
)


def addresses(registry):
    """Of all letters, by their ids."""
    columns = (dead_letter.c.topic, dead_letter.c.partition, dead_letter.c.record_offset)
    with registry.snapshot() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by("id"))]


def bad_records(places):
    """A bad record at each place, the offsets counted up in each partition."""
    ends: dict = {}
    records = []
    for topic, partition in places:
        offset = ends.get((topic, partition), 0)
        ends[topic, partition] = offset + 1
        records.append(record(b"{", topic=topic, partition=partition, offset=offset))
    return records


@through_the_database
@given(places, st.lists(st.integers(1, 9), max_size=4))
def test_ids_follow_the_order_read_whatever_the_transactions(registry, places, sizes):
    with registry.transaction() as transaction:
        for table in (dead_letter, position):
            transaction.connection.execute(delete(table))
        transaction.commit()
    applier = Applier(
        registry, EventDecoder(ACTIVATION, Regions(), timedelta(minutes=10)), lambda: NOW
    )
    records = bad_records(places)
    rest, ends = list(records), dict[Partition, int]()
    for size in [*sizes, len(records)]:
        part, rest = rest[:size], rest[size:]
        if part:
            batch, ends = batch_of(part, ends)
            apply_batch(applier, STREAM, batch)
    assert addresses(registry) == [read.address for read in records]


def test_a_later_dead_letter_has_a_greater_id(registry):
    first, second = bad_records([(REGION, 0)] * 2)
    with registry.transaction() as transaction:
        dead_letters.add(transaction.connection, Origin(STREAM), [(first, BAD)], NOW)
        dead_letters.add(transaction.connection, Origin(STREAM), [(second, BAD), (first, BAD)], NOW)
        transaction.commit()
    assert addresses(registry) == [first.address, second.address]


@pytest.fixture
def server(database_url):
    """A registry that several write at a time."""
    engine = open_engine(database_url)
    schema.upgrade(engine)
    registry = Registry(engine)
    yield registry
    registry.close()


@pytest.mark.real
def test_workers_dead_lettering_the_same_records_never_deadlock(server):
    raised: list[BaseException] = []

    def set_aside(records):
        try:
            with server.transaction() as transaction:
                rejected = [(read, BAD) for read in records]
                dead_letters.add(transaction.connection, Origin(STREAM), rejected, NOW)
                transaction.commit()
        except BaseException as error:  # noqa: BLE001 - told to the test
            raised.append(error)

    for round_ in range(20):
        records = bad_records([(f"t{round_}", number % 7) for number in range(500)])
        shuffled = random.Random(round_).sample(records, len(records))
        orders = (records, records[::-1], shuffled)
        threads = [threading.Thread(target=set_aside, args=(order,)) for order in orders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert raised == []
    assert len(addresses(server)) == 20 * 500


def test_a_dead_letter_is_found_by_each_clinic_named(registry):
    documents = [
        record(activated(A, 0, regionCode="11"), offset=0),
        record(activated(A, 0, subject=B), offset=1, key=A.lower()),
        record(b"{", offset=2, key=B),
        record(b"{", offset=3, key=f"{A}0"),
        record(b"{", offset=4, key=f" {A} and more"),
        record(b"{", offset=5, key=b"\xff"),
    ]
    applier = Applier(
        registry, EventDecoder(ACTIVATION, Regions(), timedelta(minutes=10)), lambda: NOW
    )
    apply_batch(applier, STREAM, batch_of(documents)[0])
    with registry.snapshot() as connection:
        numbers = {
            hsa_id: [
                head.number
                for head in dead_letters.matching(connection, DeadLetterFilter(hsa_id=hsa_id))
            ]
            for hsa_id in (A, B, "SE2321000016-TC01", "%", "_")
        }
    assert numbers == {A: [1, 2], B: [2, 3], "SE2321000016-TC01": [], "%": [], "_": []}
