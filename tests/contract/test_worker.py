"""The worker on an archive: however much is read at once, and however much a transaction takes."""

import gc
import time
import weakref
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from tests.builders import ACTIVATION, activated, archive_line, deactivated, numbered
from tests.worlds.fold import Fold
from tests.worlds.registry import (
    CLINICS,
    NOW,
    apply_batch,
    batch_of,
    empty,
    events,
    log_of,
    registered,
    rows,
    through_the_database,
    values,
)

from sync_worker.authorship import Authorship
from sync_worker.domain.mass_change_guard import Limits
from sync_worker.domain.regions import Regions
from sync_worker.events.decode_result import Reason
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import Partition
from sync_worker.operations.reset_positions import Selection, do, plan
from sync_worker.pipeline import transaction_buffer
from sync_worker.pipeline import worker as worker_module
from sync_worker.pipeline.apply import Applier
from sync_worker.pipeline.listener import DeadLettered, SetBack
from sync_worker.pipeline.retry import INTERACTIVE
from sync_worker.pipeline.transaction_buffer import TransactionLimits
from sync_worker.pipeline.transaction_writer import TransactionWriter
from sync_worker.pipeline.worker import Worker
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import COMMAND, open_engine
from sync_worker.registry.positions import Counts
from sync_worker.registry.tables import dead_letter, position
from sync_worker.streams.archive.reader import ArchiveSource
from sync_worker.streams.protocol import StreamError, StreamUnavailable

UNLIMITED = Limits(max_percent=100)
DECODER = EventDecoder(ACTIVATION, Regions(), timedelta(hours=1))


@dataclass
class Transactions:
    """A `PipelineListener` that remembers how many records each transaction took."""

    read: list[int] = field(default_factory=list)
    races_lost: int = 0
    set_back: list[SetBack] = field(default_factory=list)
    dead_lettered: list[DeadLettered] = field(default_factory=list)

    def polling(self):
        pass

    def database_answered(self):
        pass

    def holds_open(self, count):
        pass

    def committed(self, transaction):
        self.read.append(transaction.total.read)
        self.dead_lettered += [w for w in transaction.warnings if isinstance(w, DeadLettered)]

    def outpaced(self):
        self.races_lost += 1

    def positions_set_back(self, positions):
        self.set_back += positions

    def retrying(self, error, seconds):
        raise error


class Interrupted(ArchiveSource):
    """An archive while which is read something else happens, before its third batch."""

    def __init__(self, path, max_records, happens):
        super().__init__(path, max_records)
        self._happens = happens
        self._polls = 0

    def poll(self, timeout_seconds):
        self._polls += 1
        if self._polls == 3:
            self._happens()
        return super().poll(timeout_seconds)


class Quiet(ArchiveSource):
    """An archive that is read whole, and then goes on as a topic that nothing is published to.

    In its silence something happens; a second silence ends it.
    """

    def __init__(self, path, max_records, happens):
        super().__init__(path, max_records)
        self._happens = happens
        self.returned = []

    def poll(self, timeout_seconds):
        batch = super().poll(timeout_seconds)
        if batch is None and 0 not in self.returned:
            self.returned.append(0)
            self._happens()
        elif batch is not None:
            self.returned.append(len(batch.records))
        return batch

    def at_end(self):
        return super().at_end() and len(self.returned) > 2


class Littering(ArchiveSource):
    """An archive of which each poll leaves a cycle behind, and counts those of earlier polls."""

    def __init__(self, path, max_records):
        super().__init__(path, max_records)
        self._waste = []
        self.left = []

    def poll(self, timeout_seconds):
        self.left.append(sum(waste() is not None for waste in self._waste))
        self._waste.append(weakref.ref(type("Waste", (), {})))  # every class refers to itself
        return super().poll(timeout_seconds)


def written(path, records):
    path.write_bytes(b"".join(map(archive_line, records)))
    return path


def run(registry, source, most_records, **limits):
    told = Transactions()
    applier = Applier(registry, DECODER, lambda: NOW, UNLIMITED)
    worker = Worker(registry, applier, told, INTERACTIVE, TransactionLimits(most_records, **limits))
    gc.freeze()  # the tests themselves: each worker would look through them
    worker.run(lambda: source, until_idle_seconds=0)
    return told, worker.total


def letters(registry):
    columns = (dead_letter.c.record_offset, dead_letter.c.value, dead_letter.c.reason)
    with registry.snapshot() as connection:
        statement = select(*columns).order_by(dead_letter.c.id)
        return [tuple(row) for row in connection.execute(statement)]


def reached(registry):
    columns = (position.c.topic, position.c.next_offset, position.c.applied)
    with registry.snapshot() as connection:
        return sorted(tuple(row) for row in connection.execute(select(*columns)))


def seen(registry):
    return rows(registry), log_of(registry), letters(registry), reached(registry)


@through_the_database
@given(
    st.lists(st.one_of(events, st.just(b"no event")), min_size=1, max_size=20),
    st.integers(1, 5),
    st.integers(1, 25),
)
def test_neither_fetch_size_nor_transaction_size_changes_any_outcome(
    registry, tmp_path, documents, at_once, most
):
    first = [activated(hsa_id, -9) for hsa_id in CLINICS]
    archive = written(tmp_path / "a.jsonl", numbered([*first, *documents], topic=ACTIVATION))
    comes_to = []
    for sizes in [(at_once, most), (1, 1)]:
        empty(registry)
        apply_batch(
            Applier(registry, DECODER, lambda: NOW), "archive:first", batch_of(numbered(first))[0]
        )
        registered(registry, CLINICS[0])
        told, total = run(registry, ArchiveSource(archive, sizes[0]), sizes[1])
        assert sum(told.read) == total.read == len(first) + len(documents)
        assert max(told.read) <= max(sizes)
        comes_to.append((total, *seen(registry)))

    assert comes_to[0] == comes_to[1]
    fold = Fold()
    for document in [*first, *documents]:
        if document != b"no event":
            fold.read(document)
    assert values(registry) == fold.values()


def test_batches_are_gathered_into_one_transaction_while_more_follow(registry, tmp_path):
    documents = [activated(f"SE2321000016-W{n:03}", 0) for n in range(23)]
    archive = written(tmp_path / "a.jsonl", numbered(documents))

    assert run(registry, ArchiveSource(archive, 4), 10)[0].read == [8, 8, 7]


def test_a_transaction_never_exceeds_its_limit_whatever_is_fetched(registry, tmp_path):
    documents = [activated(f"SE2321000016-W{n:03}", 0) for n in range(7)]
    archive = written(tmp_path / "a.jsonl", numbered(documents))

    assert run(registry, ArchiveSource(archive, 3), 3)[0].read == [3, 3, 1]


def test_garbage_of_a_poll_does_not_wait_for_the_transaction(registry, tmp_path):
    documents = [activated(f"SE2321000016-W{n:03}", 0) for n in range(4)]
    source = Littering(written(tmp_path / "a.jsonl", numbered(documents)), 1)
    assert run(registry, source, 10)[0].read == [4]
    assert source.left == [0] * 5


@pytest.mark.parametrize(
    ("seconds", "sizes"),
    [
        (0.0, [4, 64, 32]),
        (0.5, [4, 32, 64]),
        (1.0, [4, 16, 64, 16]),
        (3.0, [4, 5, 6, 8, 10, 13, 17, 22, 15]),
        (5.0, [4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 9]),
    ],
)
def test_transactions_grow_from_few_records_as_the_database_is_quick(
    registry, tmp_path, monkeypatch, seconds, sizes
):
    clock = SimpleNamespace(monotonic=count(0.0, seconds).__next__)
    monkeypatch.setattr(transaction_buffer, "time", clock)
    documents = [activated(CLINICS[0], minute) for minute in range(100)]
    archive = written(tmp_path / "a.jsonl", numbered(documents, topic=ACTIVATION))
    told, _ = run(registry, ArchiveSource(archive, 1), 1000, first_records=4)
    assert told.read == sizes


def test_many_large_bad_records_are_split_into_small_transactions(registry, tmp_path):
    bad = [b"no event" + b"." * 192] * 9
    documents = [activated(f"SE2321000016-W{n:03}", 0) for n in range(9)]
    archive = written(tmp_path / "a.jsonl", numbered([*bad, *documents], topic=ACTIVATION))

    told, _ = run(registry, ArchiveSource(archive, 2), 100, max_retained_bytes=6 * 600)
    assert told.read == [6, 12]
    assert len(letters(registry)) == 9


def test_a_transaction_takes_no_more_once_it_names_many_clinics(registry, tmp_path):
    named = [activated(f"SE2321000016-W{n}", minute) for minute, n in enumerate("000101223")]
    archive = written(tmp_path / "a.jsonl", numbered(named, topic=ACTIVATION))
    told, _ = run(registry, ArchiveSource(archive, 1), 100, max_clinics=2)
    assert told.read == [4, 2, 3]


@pytest.mark.usefixtures("engine")
def test_a_transaction_that_timed_out_is_retried_with_fewer_records(registry_url, tmp_path):
    if registry_url.startswith("sqlite"):
        pytest.skip("this database ends no transaction")
    archive = written(tmp_path / "a.jsonl", numbered(activated(c, 0) for c in CLINICS[:2]))
    moments = iter([0.0, 0.5])  # the first is for judging, the second within the transaction
    writers_left = []

    def slow_clock():
        writers_left.append(sum(type(one) is TransactionWriter for one in gc.get_objects()))
        time.sleep(next(moments, 0.0))
        return NOW

    silent_engine = open_engine(registry_url, limits=replace(COMMAND, idle=0.1))
    told = Transactions()
    impatient = Registry(silent_engine)
    applier = Applier(impatient, DECODER, slow_clock)
    worker = Worker(impatient, applier, told, INTERACTIVE, TransactionLimits(100))
    worker.run(lambda: ArchiveSource(archive, 100), until_idle_seconds=0)
    impatient.close()

    assert told.read == [1, 1]
    assert writers_left == [0] * 4, "nothing of the first attempt fills the memory of the second"


@pytest.mark.usefixtures("refusing")
def test_a_record_refused_by_the_database_is_dead_lettered_whole(registry, tmp_path):
    documents = [activated(f"SE2321000016-W{n:03}", 0) for n in range(12)]
    documents[5] = activated("SE2321000016-W005", 0, id="refused")
    records = numbered(documents)
    archive = written(tmp_path / "a.jsonl", records)
    told, total = run(registry, ArchiveSource(archive, 2), 8)

    assert total == Counts(applied=11, dead_lettered=1)
    assert letters(registry) == [(5, records[5].value, Reason.DATABASE_REJECTED.value)]
    assert [bad.record for bad in told.dead_lettered] == [records[5]]
    assert told.read == [2, 2, 2, 2, 4], "one by one until past it, and then together again"


def test_what_was_gathered_before_a_bad_line_is_kept(registry, tmp_path):
    documents = [activated(f"SE2321000016-W{n:03}", 0) for n in range(9)]
    archive = written(tmp_path / "a.jsonl", numbered(documents))
    archive.write_bytes(archive.read_bytes() + b"no record\n")

    with pytest.raises(StreamError, match="line 10"):
        run(registry, ArchiveSource(archive, 2), 100)
    assert len(rows(registry)) == 9
    assert reached(registry) == [(ACTIVATION, 9, 9)]


def test_what_another_worker_has_committed_is_counted_once(registry, tmp_path):
    documents = [activated(f"SE2321000016-W{n:03}", 0) for n in range(20)]
    records = numbered(documents)
    archive = written(tmp_path / "a.jsonl", records)
    stream = ArchiveSource(archive, 1).stream_id

    def another_worker_reads_on():
        apply_batch(Applier(registry, DECODER, lambda: NOW), stream, batch_of(records[:7])[0])

    told, total = run(registry, Interrupted(archive, 3, another_worker_reads_on), 100)

    assert told.races_lost == 1
    assert total.read == 13
    assert reached(registry) == [(ACTIVATION, 20, 20)]
    assert len(log_of(registry)) == 0


def test_a_registry_that_goes_back_is_read_up_again(registry, tmp_path):
    documents = [activated(f"SE2321000016-W{n:03}", 0) for n in range(20)]
    archive = written(tmp_path / "a.jsonl", numbered(documents))

    told, total = run(registry, Interrupted(archive, 3, lambda: empty(registry)), 3)

    assert told.set_back == [SetBack(Partition(ACTIVATION, 0), 6, 0, 6)]
    assert told.races_lost == 0, "nobody else was faster"
    assert total.read == 6 + 20
    assert reached(registry) == [(ACTIVATION, 20, 20)]
    assert len(rows(registry)) == 20


@pytest.mark.parametrize("how", ["lost", "by hand"])
def test_positions_that_fall_are_noticed_while_nothing_arrives(
    registry, tmp_path, monkeypatch, how
):
    documents = [activated(f"SE2321000016-W{n:03}", 0) for n in range(20)]
    archive = written(tmp_path / "a.jsonl", numbered(documents))
    monkeypatch.setattr(worker_module, "REGISTRY_CHECK_INTERVAL_SECONDS", 0)

    def go_back():
        if how == "lost":
            empty(registry)
        else:
            (before,) = plan(registry, Selection(), 5)
            do(registry, [before], Authorship("anna", None, NOW))

    source = Quiet(archive, 100, go_back)
    told, total = run(registry, source, 100)

    assert source.returned == [20, 0, 20 if how == "lost" else 15]
    assert [fallen.lost_records for fallen in told.set_back] == [20 if how == "lost" else 0]
    assert total.read == sum(source.returned)
    assert len(rows(registry)) == 20


def test_a_stop_keeps_what_was_gathered(registry, tmp_path):
    documents = [deactivated(f"SE2321000016-W{n:03}", 0) for n in range(20)]
    archive = written(tmp_path / "a.jsonl", numbered(documents))
    told = Transactions()
    applier = Applier(registry, DECODER, lambda: NOW, UNLIMITED)
    worker = Worker(registry, applier, told, INTERACTIVE, TransactionLimits(100))
    worker.run(lambda: Interrupted(archive, 3, worker.stop), until_idle_seconds=None)

    assert told.read == [9]
    assert reached(registry) == [(ACTIVATION, 9, 9)]


class Attempt:
    """What an attempt to connect leaves behind: a cycle, which only the collector frees."""

    def __init__(self):
        self.itself = self


class Patient(Transactions):
    """One that expects attempts to fail."""

    def retrying(self, error, seconds):
        pass


def test_what_a_failed_attempt_leaves_is_collected_at_once(registry, tmp_path):
    archive = written(tmp_path / "a.jsonl", numbered([activated(CLINICS[0], 0)]))
    attempts: list[weakref.ref[Attempt]] = []
    left = []

    def opened():
        left.append([attempt() for attempt in attempts if attempt() is not None])
        attempts.append(weakref.ref(Attempt()))
        if len(attempts) < 3:
            raise StreamUnavailable("no broker answers")
        return ArchiveSource(archive, 100)

    applier = Applier(registry, DECODER, lambda: NOW, UNLIMITED)
    worker = Worker(registry, applier, Patient(), INTERACTIVE, TransactionLimits(100))
    gc.disable()
    try:
        worker.run(opened, until_idle_seconds=0)
    finally:
        gc.enable()
    assert left == [[], [], []]
