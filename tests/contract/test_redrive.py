"""Dead letters dealt with by operators: redriven, discarded, purged."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select
from tests.builders import ACTIVATION, activated, deactivated, numbered, region_changed
from tests.worlds.fold import Fold
from tests.worlds.guard import CLINICS, play, through_the_database
from tests.worlds.reapplying import WITH_11, A, B, apply, parts_of
from tests.worlds.reapplying import letters as statuses
from tests.worlds.registry import NOW, apply_batch, batch_of, log_of, registered, rows, values

from sync_worker.authorship import Authorship
from sync_worker.domain.mass_change_guard import USUAL_LIMITS, Limits
from sync_worker.domain.regions import Regions
from sync_worker.events.decode_result import Reason
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.outcome import Outcome
from sync_worker.operations import redrive as deciding
from sync_worker.operations.redrive import (
    ClosedDeadLetters,
    DryRunRedriver,
    Redriver,
    UnknownDeadLetters,
)
from sync_worker.pipeline.apply import Applier
from sync_worker.pipeline.retry import INTERACTIVE, Retrier
from sync_worker.registry import dead_letters
from sync_worker.registry.dead_letters import DeadLetterFilter
from sync_worker.registry.tables import change_log, dead_letter

BY = Authorship("anna", "Region 11 is in use", NOW)
NO_DEPARTURES = Limits(0, 0, timedelta(hours=1))


def all_open(registry, reason=None):
    with registry.snapshot() as connection:
        return dead_letters.matching(connection, DeadLetterFilter("open", reason))


def redrive(registry, decoder=WITH_11, limits=USUAL_LIMITS, most=100, heads=None):
    hand = Redriver(parts_of(registry, limits, decoder), BY, most)
    return list(hand.redrive(all_open(registry) if heads is None else heads))


def rehearse(registry, decoder=WITH_11, limits=USUAL_LIMITS, most=100):
    hand = DryRunRedriver(parts_of(registry, limits, decoder), most)
    return list(hand.redrive(all_open(registry)))


def outcomes(parts):
    return [outcome for part in parts for _, outcome in part.outcomes]


def log_of_letters(registry):
    with registry.snapshot() as connection:
        statement = select(change_log).where(change_log.c.change.like("letter%"))
        return [
            (row.change, row.old_value, row.new_value, row.actor, row.reason)
            for row in connection.execute(statement.order_by(change_log.c.id))
        ]


def set_aside(registry, *documents):
    apply(registry, numbered(documents, topic=ACTIVATION))


@pytest.mark.parametrize("most", [1, 3, 100])
def test_a_redriven_record_is_merged_and_never_overwrites_newer_facts(registry, most):
    set_aside(
        registry,
        activated(A, 0, regionCode="11"),
        region_changed(B, 5, "11"),
        region_changed(B, 9, "03"),
        b"{",
    )
    assert outcomes(redrive(registry, most=most)) == [
        Outcome.APPLIED,
        Outcome.SUPERSEDED,
        Outcome.DEAD_LETTERED,
    ]
    assert rows(registry) == {A: (True, "11", None), B: (None, "03", None)}
    assert [status for *_, status in statuses(registry)] == ["redriven", "redriven", "open"]
    assert log_of_letters(registry) == [
        ("letter_redriven", "unknown_region", number, "anna", "Region 11 is in use")
        for number in ("1", "2")
    ]


def test_redriving_twice_changes_nothing_twice(registry):
    set_aside(registry, activated(A, 0, regionCode="11"))
    heads = all_open(registry)
    redrive(registry, heads=heads)
    before = rows(registry), log_of(registry), statuses(registry)
    assert outcomes(redrive(registry, heads=heads)) == []
    assert (rows(registry), log_of(registry), statuses(registry)) == before


@through_the_database
@given(
    st.lists(
        st.one_of(
            st.builds(
                lambda h, t, r: activated(h, t, regionCode=r),
                st.sampled_from(CLINICS),
                st.integers(0, 5),
                st.sampled_from(["01", "11"]),
            ),
            st.builds(deactivated, st.sampled_from(CLINICS), st.integers(0, 5)),
        ),
        max_size=10,
    ),
    st.integers(1, 4),
    st.sampled_from([0, 1, 5]),
)
def test_a_dry_run_says_what_the_redrive_then_does(registry, documents, most, limit):
    play(registry, (limit, 0), [], [])
    with registry.transaction() as transaction:
        transaction.connection.execute(delete(dead_letter))
        transaction.commit()
    limits = Limits(limit, 0, timedelta(hours=1))
    if documents:
        # Far from the partition that the stage before it was read from.
        apply(registry, numbered(documents, topic=ACTIVATION, partition=9))
    before = rows(registry), statuses(registry)
    rehearsed = rehearse(registry, limits=limits, most=most)
    assert (rows(registry), statuses(registry)) == before
    done = redrive(registry, limits=limits, most=100)
    assert outcomes(rehearsed) == outcomes(done)
    held = [sum(part.merged.records_held for part in parts) for parts in (rehearsed, done)]
    assert held[0] == held[1]


def test_a_redrive_makes_up_for_records_not_understood_at_first(registry):
    documents = [
        activated(A, 0, regionCode="11"),
        deactivated(A, 3),
        region_changed(A, 2, "11"),
        region_changed(A, 1, "03"),
        activated(B, 4, regionCode="11", name="B"),
        deactivated(B, 2),
    ]
    set_aside(registry, *documents)
    redrive(registry)
    fold = Fold()
    for document in documents:
        fold.read(document)
    assert values(registry) == fold.values()


def test_a_mass_change_is_held_by_a_redrive_too(registry):
    set_aside(
        registry,
        activated(A, 0, regionCode="01"),
        activated(B, 0, regionCode="01"),
        region_changed(A, 1, "11"),
        region_changed(B, 1, "11"),
    )
    registered(registry, A, B)
    for parts in (
        rehearse(registry, limits=NO_DEPARTURES, most=1),
        redrive(registry, limits=NO_DEPARTURES, most=1),
    ):
        assert outcomes(parts) == [Outcome.APPLIED, Outcome.APPLIED]
        assert sum(part.merged.records_held for part in parts) == 2
    assert rows(registry)[A][1] == "01"


def test_a_dead_letter_failing_for_another_reason_is_updated(registry):
    set_aside(registry, activated(A, NOW + timedelta(days=3), regionCode="11"))
    redrive(registry)
    assert statuses(registry) == [(0, "time_in_future", "open")]
    assert all_open(registry, Reason.UNKNOWN_REGION) == []


def test_ten_thousand_dead_letters_are_redriven_in_parts(registry):
    many = 10_000
    hsa_ids = [f"SE2321000016-R{number}" for number in range(many)]
    set_aside(registry, *(activated(hsa_id, 0, regionCode="11") for hsa_id in hsa_ids))
    parts = redrive(registry, most=20_000)
    assert outcomes(parts) == [Outcome.APPLIED] * many
    assert len(parts) == 5
    assert len(rows(registry)) == many


def test_two_who_redrive_at_once_do_not_redrive_twice(registry):
    documents = [activated(f"SE2321000016-R{n:03}", 0, regionCode="11") for n in range(60)]
    set_aside(registry, *documents)
    registered(registry, *(document["data"]["hsaId"] for document in documents))
    found: list[list[Outcome]] = []
    heads = all_open(registry)
    # Each in its own order: nothing may wait crosswise.
    orders = (heads, heads[::-1])
    threads = [
        threading.Thread(
            target=lambda order=order: found.append(outcomes(redrive_patiently(registry, order)))
        )
        for order in orders
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome for some in found for outcome in some) == [Outcome.APPLIED] * 60
    assert len(log_of_letters(registry)) == 60


def redrive_patiently(registry, heads):
    retry = Retrier(registry, lambda: False, lambda _error, _seconds: None, INTERACTIVE)
    parts = parts_of(registry, decoder=WITH_11)._replace(retry=retry)
    return list(Redriver(parts, BY, 7).redrive(heads))


def test_dead_letters_of_several_streams_keep_their_order(registry):
    applier = Applier(registry, EventDecoder(ACTIVATION, Regions(), timedelta(days=1)), lambda: NOW)
    for stream, minute in (("archive:a", 1), ("archive:b", 3), ("archive:c", 2)):
        records = numbered([activated(A, minute, regionCode="11")], topic=ACTIVATION)
        apply_batch(applier, stream, batch_of(records)[0])
    assert outcomes(redrive(registry)) == [Outcome.APPLIED, Outcome.APPLIED, Outcome.SUPERSEDED]


def test_dead_letters_are_discarded_together_and_each_is_logged(registry):
    set_aside(registry, b"{", b"[", b"")
    numbers = [head.number for head in all_open(registry)]
    with pytest.raises(UnknownDeadLetters):
        deciding.discard(registry, [*numbers, 99], BY)
    assert len(all_open(registry)) == 3
    deciding.discard(registry, numbers[:2], BY)
    with pytest.raises(ClosedDeadLetters):
        deciding.discard(registry, numbers, BY)
    assert [status for *_, status in statuses(registry)] == ["discarded", "discarded", "open"]
    assert [entry[0] for entry in log_of_letters(registry)] == ["letter_discarded"] * 2
    assert outcomes(redrive(registry)) == [Outcome.DEAD_LETTERED]


def test_only_what_was_closed_long_ago_is_purged(registry):
    set_aside(registry, b"{", b"[", b"")
    numbers = [head.number for head in all_open(registry)]
    deciding.discard(registry, numbers[:1], replace(BY, at=NOW - timedelta(days=9)))
    deciding.discard(registry, numbers[1:2], BY)
    before = NOW - timedelta(days=3)
    with registry.snapshot() as connection:
        assert dead_letters.count_closed(connection, before) == 1
    assert deciding.purge(registry, before, BY) == 1
    assert deciding.purge(registry, before, BY) == 0
    assert [status for *_, status in statuses(registry)] == ["discarded", "open"]
    assert [entry[:2] for entry in log_of_letters(registry)][-1] == ("letters_purged", "1")
