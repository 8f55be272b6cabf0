"""Replay: what it reports is what it does, and what a dry run says beforehand."""

from contextlib import nullcontext
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, text
from tests.builders import ACTIVATION, activated, deactivated, numbered, record, region_changed
from tests.worlds.guard import CLINICS, acts, documents, limits, play, through_the_database
from tests.worlds.reapplying import DECODER, OTHER, STREAM, WITH_11, A, B, apply, letters, parts_of
from tests.worlds.registry import (
    NOW,
    apply_batch,
    batch_of,
    events,
    log_of,
    part_sizes,
    registered,
    rows,
    values,
)

from sync_worker.events.outcome import Outcome
from sync_worker.operations.reapply import CommittingReapplier, DryRunReapplier
from sync_worker.operations.replay import RecordFilter, Replay
from sync_worker.pipeline.apply import Applier
from sync_worker.pipeline.transaction_writer import TransactionWriter
from sync_worker.registry import dead_letters, positions
from sync_worker.registry.change_log import LogEntry
from sync_worker.registry.tables import dead_letter

FACTS = ("activation", "region", "name")


def batches(records, sizes):
    rest, ends = list(records), dict[Any, int]()
    for size in [*sizes, len(rest)]:
        part, rest = rest[:size], rest[size:]
        if part:
            batch, ends = batch_of(part, ends)
            yield batch


class GoingOn:
    """Nobody wants the replay to end."""

    is_wanted = False
    shielded = nullcontext


def replay(hand, records, sizes=(), only=None, stream=STREAM, into=None):
    replaying = into or Replay(hand, only, GoingOn())
    replaying.read(stream, batches(records, sizes))
    return replaying


def told(report):
    """What a report comes to."""
    changes = [(hsa_id, c.fact.value, c.old, c.new) for hsa_id, c in report.changes()]
    return report.counts, report.held, changes, report.moved_without_board()


def differences(before, after):
    """What differs between the values, by HSA-id and fact."""
    return [
        (hsa_id, fact, before.get(hsa_id, {}).get(fact), new)
        for hsa_id in sorted(after)
        for fact, new in after[hsa_id].items()
        if before.get(hsa_id, {}).get(fact) != new
    ]


def all_positions(registry):
    with registry.snapshot() as connection:
        return positions.listed(connection)


@through_the_database
@given(
    limits,
    acts,
    st.lists(documents, min_size=1, max_size=3).map(lambda some: list(chain(*some))),
    st.sets(st.integers(0, 20), max_size=3),
    st.tuples(part_sizes, part_sizes),
)
def test_a_dry_run_reports_what_the_replay_does(registry, bounds, script, coming, bad, sizes):
    stage, _ = play(registry, bounds, script, [])
    with registry.transaction() as transaction:
        transaction.connection.execute(delete(dead_letter))
        transaction.commit()
    parts = parts_of(registry, stage.limits, now=stage.now())
    records = numbered([b"{" if at in bad else one for at, one in enumerate(coming)])
    before, held, stood = values(registry), stage.held_values(), all_positions(registry)
    rehearsed = replay(DryRunReapplier(parts), records, sizes[0]).report
    assert (values(registry), stage.held_values(), letters(registry)) == (before, held, [])
    done = replay(CommittingReapplier(parts), records, sizes[1]).report
    assert told(rehearsed) == told(done)
    assert told(done)[2] == differences(before, values(registry))
    assert len(letters(registry)) == done.counts[Outcome.DEAD_LETTERED]
    assert all_positions(registry) == stood
    assert done.read == len(records)


@through_the_database
@given(st.lists(events, min_size=1, max_size=14), st.integers(0, 14), part_sizes)
def test_a_replay_ends_where_the_worker_would_have_ended(registry, documents, known, sizes):
    _, _ = play(registry, (0, 0), [], [])
    records = numbered(documents, topic=ACTIVATION, partition=1)
    if records[:known]:
        apply(registry, records[:known])
    logged = len(log_of(registry))
    replay(CommittingReapplier(parts_of(registry)), records, sizes)
    replayed, log = rows(registry), log_of(registry)[logged:]
    _, _ = play(registry, (0, 0), [], [])
    batch, ends = batch_of(records[:known])
    applier = Applier(registry, DECODER, lambda: NOW)
    if batch.records:
        apply_batch(applier, STREAM, batch)
    rest, _ = batch_of(records[known:], ends)
    logged = len(log_of(registry))
    if rest.records:
        apply_batch(applier, STREAM, rest)
    assert replayed == rows(registry)
    assert log == log_of(registry)[logged:]


def test_what_is_known_already_takes_no_transaction_that_writes(registry, monkeypatch):
    records = numbered(
        [activated(A, 0, regionCode="01"), deactivated(A, 5), b"{", activated(B, 1)],
        topic=ACTIVATION,
    )
    apply(registry, records)
    written = []
    monkeypatch.setattr(TransactionWriter, "write", lambda *arguments: written.append(arguments))
    report = replay(CommittingReapplier(parts_of(registry)), records, [1]).report
    assert report.counts == {Outcome.SUPERSEDED: 3, Outcome.DEAD_LETTERED: 1}
    assert written == []


def test_a_clinic_that_returns_to_its_state_has_not_changed(registry):
    apply(registry, numbered([activated(A, 0)]))
    records = numbered([deactivated(A, 1), activated(A, 2, name="Ett"), activated(B, 2)])
    for sizes in ([], [1, 1]):
        rehearsed = replay(DryRunReapplier(parts_of(registry)), records, sizes).report
        assert told(rehearsed)[2] == [(A, "name", None, "Ett"), (B, "activation", None, True)]
    assert told(replay(CommittingReapplier(parts_of(registry)), records, [1, 1]).report) == told(
        rehearsed
    )


def test_changed_facts_are_in_the_contracts_order(registry):
    records = numbered([activated(B, 0, name="B", regionCode="03"), activated(A, 0, name="A")])
    report = replay(DryRunReapplier(parts_of(registry)), records).report
    assert [(hsa_id, c.fact.value) for hsa_id, c in report.changes()] == [
        *((A, fact) for fact in ("activation", "name")),
        *((B, fact) for fact in FACTS),
    ]


def test_bad_records_met_again_are_not_stored_twice(registry):
    records = numbered([b"{", activated(A, 0, regionCode="11")], topic=ACTIVATION)
    apply(registry, records)
    before = letters(registry)
    report = replay(CommittingReapplier(parts_of(registry)), records, [1]).report
    assert report.counts == {Outcome.DEAD_LETTERED: 2}
    assert (
        letters(registry) == before == [(0, "invalid_json", "open"), (1, "unknown_region", "open")]
    )


@pytest.mark.parametrize("sizes", [[], [1, 1, 1]])
def test_a_dead_letter_whose_record_is_understood_is_closed(registry, sizes):
    records = numbered(
        [
            activated(A, 0, regionCode="11"),
            activated(A, 5, regionCode="03"),
            activated(B, 0, regionCode="11"),
        ],
        topic=ACTIVATION,
    )
    apply(registry, records)
    replay(DryRunReapplier(parts_of(registry, decoder=WITH_11)), records, sizes)
    assert [status for *_, status in letters(registry)] == ["open", "open"]
    report = replay(CommittingReapplier(parts_of(registry, decoder=WITH_11)), records, sizes).report
    assert report.counts == {Outcome.SUPERSEDED: 2, Outcome.APPLIED: 1}
    assert [status for *_, status in letters(registry)] == ["redriven", "redriven"]
    assert rows(registry)[B] == (True, "11", None)


def test_a_closed_dead_letter_stays_as_it_was(registry):
    records = numbered([b"{"], topic=ACTIVATION)
    apply(registry, records)
    with registry.transaction() as transaction:
        dead_letters.close(transaction.connection, [1], dead_letters.DISCARDED, NOW)
        transaction.commit()
    replay(CommittingReapplier(parts_of(registry)), records)
    assert letters(registry) == [(0, "invalid_json", "discarded")]


def test_with_clinics_only_their_records_are_counted_bad_ones_too(registry):
    records = numbered(
        [
            activated(A, 0),
            activated(B, 0),
            activated(A, 1, regionCode="11"),
            activated(B, 1, regionCode="11"),
            activated(A, 2, type="eservices.clinic.painted.v1"),
            b"{",
        ],
        topic=ACTIVATION,
    )
    records += [record(b"{", key=A.lower(), offset=6), record(None, key=B, offset=7)]
    parts = parts_of(registry)
    report = replay(
        CommittingReapplier(parts), records, only=RecordFilter({A}, DECODER, parts.clock)
    ).report
    assert report.counts == {
        Outcome.APPLIED: 1,
        Outcome.DEAD_LETTERED: 2,
        Outcome.IGNORED: 1,
    }
    assert list(rows(registry)) == [A]
    nobody = RecordFilter({"SE2321000016-NONE"}, DECODER, parts.clock)
    assert replay(CommittingReapplier(parts), records, only=nobody).report.read == 0


def test_streams_replayed_together_keep_their_own_dead_letters(registry):
    first = numbered([activated(A, 0), b"{"], topic=ACTIVATION)
    second = numbered([deactivated(A, 1), b"{"], topic=ACTIVATION)
    told_of = []
    for hand in (DryRunReapplier(parts_of(registry)), CommittingReapplier(parts_of(registry))):
        replaying = replay(hand, first)
        replay(hand, second, stream=OTHER, into=replaying)
        told_of.append(told(replaying.report))
    assert told_of[0] == told_of[1]
    assert told_of[0][2] == [(A, "activation", None, False)]
    assert len(letters(registry)) == 2


def test_who_replayed_is_logged_once_and_only_where_something_changed(registry):
    apply(registry, numbered([activated(A, 0)]))
    registered(registry, A)
    entry = LogEntry(NOW, "replayed", actor="anna", reason="Case 1")
    replay(CommittingReapplier(parts_of(registry), entry), numbered([activated(A, 0)]))
    assert log_of(registry) == []
    coming = numbered([deactivated(A, 1), activated(A, 2)])
    replay(CommittingReapplier(parts_of(registry), entry), coming, [1])
    assert [change for _, change, *_ in log_of(registry)] == [
        "deactivated",
        "replayed",
        "activated",
    ]


def test_a_part_that_takes_too_long_is_done_in_halves(registry, engine):
    if engine.dialect.name != "postgresql":
        pytest.skip("this database ends no statement")
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " IF (SELECT count(*) FROM new) > 2 THEN"
                " RAISE EXCEPTION USING ERRCODE = '57014'; END IF; RETURN NULL; END $$"
            )
        )
        connection.execute(
            text(
                "CREATE TRIGGER slow AFTER INSERT ON clinic REFERENCING NEW TABLE AS new"
                " FOR EACH STATEMENT EXECUTE FUNCTION slow()"
            )
        )
    records = numbered([activated(hsa_id, 0) for hsa_id in CLINICS])
    report = replay(CommittingReapplier(parts_of(registry)), records).report
    assert report.counts == {Outcome.APPLIED: len(CLINICS)}
    assert set(rows(registry)) == set(CLINICS)


def test_a_clinic_that_ends_in_a_boardless_region_is_reported(registry):
    apply(registry, numbered([activated(A, 0, regionCode="01"), activated(B, 0, regionCode="01")]))
    registered(registry, A, B)
    coming = numbered(
        [region_changed(A, 1, "03"), region_changed(B, 1, "03"), region_changed(A, 2, "01")]
    )
    for hand in (DryRunReapplier(parts_of(registry)), CommittingReapplier(parts_of(registry))):
        moved = replay(hand, coming, [1]).report.moved_without_board()
        assert {clinic.hsa_id: clinic.region_code for clinic in moved} == {B: "03"}
