"""The one write path, against an independent fold: whatever the order, the batches, the repeats."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from tests.builders import ACTIVATION, activated, deactivated, numbered, record, region_changed
from tests.worlds.fold import Fold
from tests.worlds.registry import (
    CLINICS,
    NOW,
    STREAM,
    apply_batch,
    apply_in_parts,
    batch_of,
    empty,
    events,
    log_of,
    part_sizes,
    registered,
    rows,
    through_the_database,
    values,
)

from sync_worker.domain.regions import Regions
from sync_worker.events.decode_result import Reason
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import Partition
from sync_worker.pipeline.apply import Applier
from sync_worker.pipeline.listener import (
    DeadLettered,
    MovedWithoutBoard,
    NameDropped,
    PatientBoardNamed,
)
from sync_worker.pipeline.phases import Phase
from sync_worker.pipeline.transaction_writer import DatabaseRefusesRecords
from sync_worker.registry import dead_letter_lists, dead_letters, positions
from sync_worker.registry.positions import Counts, PositionsMoved
from sync_worker.registry.tables import dead_letter, patient_board
from sync_worker.streams.protocol import FetchedBatch, OffsetRange


@pytest.fixture
def applier(registry):
    decoder = EventDecoder(ACTIVATION, Regions(), timedelta(hours=1))
    return Applier(registry, decoder, lambda: NOW)


@through_the_database
@given(st.lists(events, min_size=1, max_size=14), part_sizes)
def test_rows_and_counts_follow_from_the_order_read_alone(registry, applier, documents, sizes):
    empty(registry)
    fold = Fold()
    for document in documents:
        fold.read(document)
    total = apply_in_parts(applier, numbered(documents), sizes)
    assert values(registry) == fold.values()
    assert (total.applied, total.superseded) == (
        fold.outcomes["applied"],
        fold.outcomes["superseded"],
    )


def test_a_transaction_spans_any_number_of_partitions(registry, applier):
    partitions = [Partition("events", number) for number in range(1_100)]
    document = activated(CLINICS[0], 0)
    of_each = [record(document)._replace(topic=p.topic, partition=p.partition) for p in partitions]
    ranges = tuple(OffsetRange(partition, 0, 1) for partition in partitions)
    applier.apply(STREAM, applier.decode(FetchedBatch(tuple(of_each), ranges)))
    with registry.snapshot() as connection:
        assert {p.partition for p in positions.listed(connection, STREAM)} == set(partitions)


def test_a_transaction_tells_what_each_phase_took(registry, applier):
    documents = [activated(hsa_id, 0, regionCode="01") for hsa_id in CLINICS]
    apply_in_parts(applier, numbered(documents), [])
    registered(registry, *CLINICS)
    leaving = numbered([deactivated(CLINICS[0], 1)])
    batch = FetchedBatch(tuple(leaving), (OffsetRange(Partition(*leaving[0][:2]), 0, 1),))
    committed = applier.apply("another-stream", applier.decode(batch))
    assert set(committed.seconds) == set(Phase)
    assert all(seconds > 0 for seconds in committed.seconds.values())
    assert list(committed.timestamps_ms) == [leaving[0].timestamp_ms]


@through_the_database
@given(st.lists(events, min_size=1, max_size=10), st.randoms(use_true_random=False), part_sizes)
def test_any_order_with_any_repeats_ends_in_the_same_rows(
    registry, applier, documents, random, sizes
):
    empty(registry)
    fold = Fold()
    for document in documents:
        fold.read(document)
    shuffled = documents + random.choices(documents, k=4)
    random.shuffle(shuffled)
    apply_in_parts(applier, numbered(shuffled), sizes)
    assert values(registry) == fold.values()


@through_the_database
@given(st.lists(events, min_size=1, max_size=14), part_sizes)
def test_the_log_of_registered_clinics_does_not_depend_on_batches(
    registry, applier, documents, sizes
):
    empty(registry)
    first = [activated(hsa_id, -1, regionCode="01") for hsa_id in CLINICS]
    apply_in_parts(applier, numbered(first), [])
    registered(registry, *CLINICS[:2])
    fold = Fold()
    for document in [*first, *documents]:
        fold.read(document)
    everything = numbered([*first, *documents])
    ends = batch_of(everything[: len(first)])[1]
    rest = everything[len(first) :]
    for size in [*sizes, len(documents)]:
        part, rest = rest[:size], rest[size:]
        if part:
            batch, ends = batch_of(part, ends)
            apply_batch(applier, STREAM, batch)
    expected = [
        (hsa_id, old if old is None else str(old), str(new))
        for hsa_id, _, old, new in fold.changes[len(first) * 2 :]
        if hsa_id in CLINICS[:2]
    ]
    logged = [
        (
            hsa_id,
            old if old is None else old.replace("true", "True").replace("false", "False"),
            new.replace("true", "True").replace("false", "False"),
        )
        for hsa_id, _, old, new, _ in log_of(registry)
    ]
    assert Counter(logged) == Counter(expected)


def test_counts_by_partition_add_up_to_the_records_read(registry, applier):
    records = [
        record(activated(CLINICS[0], 0), partition=0, offset=0),
        record(activated(CLINICS[0], 0), partition=1, offset=0),
        record(b"{", partition=1, offset=1),
        record(activated(CLINICS[0], 0, type="eservices.clinic.renamed.v1"), partition=1, offset=2),
    ]
    apply_batch(applier, STREAM, batch_of(records)[0])
    with registry.snapshot() as connection:
        stored = {p.partition.partition: p for p in positions.listed(connection)}
    assert stored[0].counts == Counts(applied=1)
    assert stored[1].counts == Counts(superseded=1, dead_lettered=1, ignored=1)
    assert stored[1].counts.read == stored[1].next_offset == 3


def test_a_position_can_move_past_gaps_and_without_records(registry, applier):
    partition = Partition(ACTIVATION, 0)
    apply_batch(applier, STREAM, FetchedBatch((), (OffsetRange(partition, 0, 7),)))
    with registry.snapshot() as connection:
        (stored,) = positions.listed(connection, STREAM)
    assert (stored.partition, stored.next_offset) == (partition, 7)


def test_a_batch_from_another_place_than_the_position_keeps_nothing(registry, applier):
    batch, _ = batch_of(numbered([activated(CLINICS[0], 0), b"{"]))
    apply_batch(applier, STREAM, batch)
    with pytest.raises(PositionsMoved):
        apply_batch(applier, STREAM, batch)
    with registry.snapshot() as connection:
        (stored,) = positions.listed(connection)
    assert stored.counts == Counts(applied=1, dead_lettered=1)


def test_a_position_means_nothing_in_another_stream(registry, applier):
    batch, _ = batch_of(numbered([activated(CLINICS[0], 0)]))
    apply_batch(applier, "archive:one", batch)
    assert apply_batch(applier, "archive:two", batch).total == Counts(superseded=1)


def test_a_bad_record_is_dead_lettered_byte_for_byte_alone(registry, applier):
    headers = (("h", b"\xff"), ("h", None), ("", b""))
    bad = record(b"\xff\x00", offset=1, key=b"\xfe", headers=headers, timestamp_ms=17)
    batch, _ = batch_of(
        [record(activated(CLINICS[0], 0)), bad, record(activated(CLINICS[1], 0), offset=2)]
    )
    applied = apply_batch(applier, STREAM, batch)
    assert applied.total == Counts(applied=2, dead_lettered=1)
    with registry.snapshot() as connection:
        row = connection.execute(select(dead_letter)).one()
    assert (row.key, row.value, row.timestamp_ms, row.reason) == (
        b"\xfe",
        b"\xff\x00",
        17,
        "invalid_json",
    )
    assert dead_letters.headers_in(row.headers) == headers
    assert set(rows(registry)) == set(CLINICS[:2])


def test_a_record_read_again_and_understood_closes_its_dead_letter(registry):
    batch, _ = batch_of(numbered([region_changed(CLINICS[0], 0, "11"), b"{"], topic=ACTIVATION))
    lenient = EventDecoder(ACTIVATION, Regions(["11"]), timedelta(hours=1))
    strict = EventDecoder(ACTIVATION, Regions(), timedelta(hours=1))
    apply_batch(Applier(registry, strict, lambda: NOW), STREAM, batch)
    with registry.transaction() as transaction:
        (known,) = positions.listed(transaction.connection)
        positions.put(transaction.connection, STREAM, known.partition, 0, None)
        transaction.commit()
    apply_batch(Applier(registry, lenient, lambda: NOW), STREAM, batch)
    with registry.snapshot() as connection:
        listed = {
            item["offset"]: item["status"]
            for item in dead_letter_lists.listed(connection, dead_letters.DeadLetterFilter())
        }
        (stored,) = positions.listed(connection)
    assert listed == {0: "redriven", 1: "open"}
    assert stored.counts == Counts(applied=1, dead_lettered=3)


def test_a_registered_clinic_moving_to_a_boardless_region_is_reported(registry, applier):
    first, ends = batch_of(numbered([activated(CLINICS[0], 0, regionCode="01")]))
    apply_batch(applier, STREAM, first)
    move = numbered([b"", region_changed(CLINICS[0], 1, "03")], topic=ACTIVATION)[1:]
    registered(registry, CLINICS[0])
    applied = apply_batch(applier, STREAM, batch_of(move, ends)[0])
    assert applied.warnings == [MovedWithoutBoard(CLINICS[0], "03")]


def test_an_event_naming_a_patient_board_leaves_the_board_alone(registry, applier, engine):
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO patient_board VALUES ('01', 'se2321000016-ta00', 'P')")
        )
    applied = apply_batch(applier, STREAM, batch_of(numbered([deactivated(CLINICS[0], 0)]))[0])
    assert applied.warnings == [PatientBoardNamed(CLINICS[0], "01")]
    with registry.snapshot() as connection:
        assert connection.scalar(select(func.count()).select_from(patient_board)) == 1


@pytest.mark.parametrize(
    "name",
    [
        '"',
        "\\",
        "{}",
        ",",
        "NULL",
        "null",
        "'",
        '\\"',
        " a ",
        "a\n\tb",
        "Å\u2028\U0001f600",
        "{a,b}",
    ],
)
def test_any_name_comes_back_as_it_was(registry, applier, name):
    registered_name = [activated(CLINICS[0], 0, name="Ett"), activated(CLINICS[0], 1, name=name)]
    first, ends = batch_of(numbered(registered_name)[:1])
    apply_batch(applier, STREAM, first)
    registered(registry, CLINICS[0])
    apply_batch(applier, STREAM, batch_of(numbered(registered_name)[1:], ends)[0])
    assert rows(registry) == {CLINICS[0]: (True, None, name)}
    assert [entry[3] for entry in log_of(registry)] == [name]


def test_an_overlong_name_is_dropped_with_a_warning(registry, applier):
    document = activated(CLINICS[0], 0, name="x" * 201, id="n")
    applied = apply_batch(applier, STREAM, batch_of(numbered([document]))[0])
    assert applied.warnings == [NameDropped(CLINICS[0], "n")]
    assert rows(registry) == {CLINICS[0]: (True, None, None)}


@pytest.mark.usefixtures("refusing")
def test_only_the_record_refused_by_the_database_is_dead_lettered(registry, applier):
    documents = [
        activated(CLINICS[0], 0),
        activated(CLINICS[1], 0, id="refused"),
        deactivated(CLINICS[0], 1),
        activated(CLINICS[2], 0),
    ]
    applied = apply_batch(applier, STREAM, batch_of(numbered(documents))[0])
    assert applied.total == Counts(applied=3, dead_lettered=1)
    (set_aside,) = applied.warnings
    assert isinstance(set_aside, DeadLettered)
    assert (set_aside.record.offset, set_aside.rejection.reason) == (1, Reason.DATABASE_REJECTED)
    assert set(rows(registry)) == {CLINICS[0], CLINICS[2], "-"}
    assert rows(registry)[CLINICS[0]] == (False, None, None)


@pytest.mark.usefixtures("refusing")
def test_many_records_refused_by_the_database_are_our_bug(registry, applier):
    hsa_ids = [f"SE2321000016-R{n}" for n in range(11)]
    refused = [activated(hsa_id, 0, id="refused") for hsa_id in hsa_ids]
    with pytest.raises(DatabaseRefusesRecords):
        apply_batch(applier, STREAM, batch_of(numbered([activated(CLINICS[0], 0), *refused]))[0])
    assert set(rows(registry)) == {"-"}


@pytest.mark.parametrize(
    ("edit", "event", "expected"),
    [
        ("region_code = '12'", region_changed(CLINICS[0], 1, "03"), "03"),
        ("region_code = '12'", region_changed(CLINICS[0], -9, "03"), "12"),
        ("region_code = NULL", region_changed(CLINICS[0], -9, "03"), "03"),
        ("region_time = NULL", region_changed(CLINICS[0], -9, "03"), "03"),
        (
            "region_sequence = NULL, region_event_id = NULL",
            region_changed(CLINICS[0], 1, "03"),
            "03",
        ),
    ],
)
def test_a_row_edited_by_hand_never_stops_the_worker(
    registry, applier, engine, edit, event, expected
):
    first, ends = batch_of(numbered([activated(CLINICS[0], 0, regionCode="01")]))
    apply_batch(applier, STREAM, first)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE clinic SET {edit}"))
    later = numbered([b"", event], topic=ACTIVATION)[1:]
    apply_batch(applier, STREAM, batch_of(later, ends)[0])
    assert rows(registry)[CLINICS[0]][1] == expected
