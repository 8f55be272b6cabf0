"""Records of unknown types are counted by type in the transaction that ignores them."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from tests.builders import ACTIVATION, activated, record
from tests.worlds.registry import NOW, apply_batch

from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import Partition
from sync_worker.pipeline.apply import Applier
from sync_worker.registry import unknown_types
from sync_worker.registry.tables import clinic, dead_letter, position, unknown_type
from sync_worker.registry.unknown_types import MOST_TYPES, OTHERS
from sync_worker.streams.protocol import FetchedBatch, OffsetRange

STREAM = "archive:test"
KNOWN, BAD, TOMBSTONE = "eservices.clinic.activated.v1", "bad", None
types = st.sampled_from([KNOWN, "other.thing", "another.thing", BAD, TOMBSTONE])
streams = st.lists(st.tuples(types, st.integers(0, 1)), min_size=1, max_size=30)


@pytest.fixture
def applier(registry):
    return Applier(registry, EventDecoder(ACTIVATION, Regions(), timedelta(hours=1)), lambda: NOW)


def records_of(stream):
    """Each in its partition of a topic where tombstones say nothing; `bad` is no event."""
    offsets: Counter[int] = Counter()
    for name, partition in stream:
        event = activated("SE2321000016-T001", 1, type=name)
        content = {TOMBSTONE: None, BAD: b"bad"}.get(name, event)
        yield record(content, topic="t", partition=partition, offset=offsets[partition])
        offsets[partition] += 1


def apply(applier, records, sizes):
    """Apply the records in batches of these sizes, and the rest."""
    ends: Counter[Partition] = Counter()
    rest = list(records)
    for size in [*sizes, len(rest)]:
        part, rest = rest[:size], rest[size:]
        counts = Counter(Partition(r.topic, r.partition) for r in part)
        moves = tuple(OffsetRange(at, ends[at], ends[at] + count) for at, count in counts.items())
        if part:
            apply_batch(applier, STREAM, FetchedBatch(tuple(part), moves))
        ends += counts


def counted(registry):
    with registry.snapshot() as connection:
        found = {of.type: of.records for of in unknown_types.listed(connection)}
        return found, unknown_types.in_a_row(connection)


def in_a_row(stream, partition):
    """Ignored tombstones count as neither."""
    names = [name for name, its in stream if its == partition and name is not TOMBSTONE]
    known = [at for at, name in enumerate(names) if name in (KNOWN, BAD)]
    return len(names) - (known[-1] + 1 if known else 0)


@given(streams, st.lists(st.integers(1, 5), max_size=6))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_counts_do_not_depend_on_how_records_are_batched(registry, applier, stream, sizes):
    with registry.transaction() as transaction:
        for table in (clinic, dead_letter, position, unknown_type):
            transaction.connection.execute(delete(table))
        transaction.commit()
    apply(applier, records_of(stream), sizes)
    expected = Counter(name for name, _ in stream if name not in (KNOWN, BAD, TOMBSTONE))
    most = max(in_a_row(stream, partition) for partition in (0, 1))
    assert counted(registry) == (expected, {(STREAM, "t"): most})


def test_a_partition_has_few_types_and_counts_the_others_together(registry, applier):
    stream = [(f"type.{number}", 0) for number in range(3 * MOST_TYPES)]
    apply(applier, records_of(stream), [5, 20])
    with registry.snapshot() as connection:
        rows = connection.scalar(select(func.count()).select_from(unknown_type))
    found, _ = counted(registry)
    assert rows == MOST_TYPES + 1
    assert found[OTHERS] == 2 * MOST_TYPES
    assert sum(found.values()) == 3 * MOST_TYPES
