"""Is the registry true? Whatever is planted is found, with its cause, and nothing else."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update
from tests.builders import ACTIVATION, activated, deactivated, numbered, record, region_changed
from tests.worlds.fold import Fold as PlainFold
from tests.worlds.guard import Stage
from tests.worlds.registry import (
    CLINICS,
    NOW,
    STREAM,
    apply_batch,
    apply_in_parts,
    batch_of,
    empty,
    events,
    part_sizes,
    registered,
    rows,
    values,
)

from sync_worker.authorship import Authorship
from sync_worker.domain.drift import Cause
from sync_worker.domain.facts import Fact
from sync_worker.domain.mass_change_guard import Limits
from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import Origin, Partition
from sync_worker.operations import repair as repairing
from sync_worker.operations.extract import ShortExtract, check_length, parse
from sync_worker.operations.reconcile import (
    ExtractExpectation,
    StreamExpectation,
    compare,
    worker_progress,
)
from sync_worker.operations.repair import still_differing
from sync_worker.operations.stream_fold import Fold
from sync_worker.pipeline.apply import Applier
from sync_worker.registry import change_log, holds, positions, snapshot
from sync_worker.registry.facts import FACTS
from sync_worker.registry.tables import change_log as log_table
from sync_worker.registry.tables import clinic, dead_letter, departure, hold

A, B, C = CLINICS
DECODER = EventDecoder(ACTIVATION, Regions(), timedelta(hours=1))
BY = Authorship("anna", "Case 4711", NOW)
COLUMNS = {fact.value: kept.value.name for fact, kept in FACTS.items()}
UNSAID = "99"
through_the_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def repair(registry, differences, stream_id=STREAM):
    return repairing.repair(registry, differences, BY, stream_id)


@pytest.fixture
def applier(registry):
    return Applier(registry, DECODER, lambda: NOW)


def surveyed(registry):
    with registry.snapshot() as connection:
        return snapshot.read(connection)


def told(registry, records, *, has_positions=True, stream=STREAM):
    """What the stream says, folded beside the registry's positions."""
    passed = worker_progress(surveyed(registry), Origin(stream))
    known = (passed.positions or {}) if has_positions else None
    fold = Fold(DECODER, passed._replace(positions=known))
    fold.read(records, NOW)
    return StreamExpectation(stream, fold)


def compared(registry, records, regions=(), **more):
    return compare(surveyed(registry), told(registry, records, **more), regions)


def causes(comparison):
    return {(one.hsa_id, one.fact.value): one.cause.value for one in comparison.differences}


def counts(comparison):
    return comparison.pending, comparison.ahead, comparison.held


def by_hand(registry, hsa_id, **values):
    with registry.transaction() as transaction:
        transaction.connection.execute(
            update(clinic).where(clinic.c.hsa_id == hsa_id).values(values)
        )
        transaction.commit()


def deleted(registry, hsa_id):
    with registry.transaction() as transaction:
        transaction.connection.execute(delete(clinic).where(clinic.c.hsa_id == hsa_id))
        transaction.commit()


def positions_at(registry, *offsets):
    with registry.transaction() as transaction:
        for partition, offset in offsets:
            positions.put(transaction.connection, STREAM, partition, offset, None)
        transaction.commit()


def entries(registry):
    columns = (log_table.c.change, log_table.c.old_value, log_table.c.new_value)
    who = (log_table.c.actor, log_table.c.reason, log_table.c.record_offset)
    with registry.snapshot() as connection:
        statement = select(*columns, *who).where(log_table.c.change != "registered")
        statement = statement.order_by(log_table.c.id)
        return [tuple(row) for row in connection.execute(statement)]


def folded(documents):
    fold = PlainFold()
    for document in documents:
        fold.read(document)
    return fold.facts


def flat(facts):
    return {
        (hsa_id, fact): register
        for hsa_id, some in facts.items()
        for fact, register in some.items()
    }


@through_the_database
@given(
    st.lists(events, min_size=1, max_size=12),
    st.randoms(use_true_random=False),
    part_sizes,
    st.integers(0, 16),
)
def test_a_worker_that_reads_on_never_looks_like_drift(
    registry, applier, documents, random, sizes, position
):
    empty(registry)
    shuffled = documents + random.choices(documents, k=4)
    random.shuffle(shuffled)
    records = numbered(shuffled, topic=ACTIVATION)
    apply_in_parts(applier, records[:position], sizes)
    comparison = compared(registry, records)
    known, newest = flat(folded(shuffled[:position])), flat(folded(shuffled))
    lacking = sum(known.get(place) != register for place, register in newest.items())
    assert comparison.differences == []
    # Where nothing was read there are no positions; then all of it counts as passed.
    assert counts(comparison) == (lacking, 0, 0)
    assert comparison.compared == len(folded(shuffled))


plants = st.sampled_from(["value", "nothing", "unversioned", "row"])


@through_the_database
@given(
    st.lists(events, min_size=1, max_size=12),
    st.dictionaries(st.tuples(st.sampled_from(CLINICS), st.sampled_from(list(Fact))), plants),
    part_sizes,
)
def test_all_planted_drift_is_found_with_its_cause(registry, applier, documents, planted, sizes):
    empty(registry)
    records = numbered(documents, topic=ACTIVATION)
    apply_in_parts(applier, records, sizes)
    registered(registry, A)
    known = folded(documents)
    expected = {}
    for (hsa_id, fact), kind in planted.items():
        register = known.get(hsa_id, {}).get(fact.value)
        if register is None:
            continue
        expected[hsa_id, fact.value] = "edited"
        other = (not register[3]) if fact is Fact.ACTIVATION else UNSAID
        match kind:
            case "value":
                by_hand(registry, hsa_id, **{COLUMNS[fact.value]: other})
            case "nothing":
                by_hand(registry, hsa_id, **{COLUMNS[fact.value]: None})
            case "unversioned":
                by_hand(registry, hsa_id, **{f"{fact.value}_time": None})
            case "row":
                deleted(registry, hsa_id)
    gone = {hsa_id for (hsa_id, fact), kind in planted.items() if kind == "row" and hsa_id in known}
    gone = {hsa_id for hsa_id in gone if hsa_id not in rows(registry)}
    expected = {place: cause for place, cause in expected.items() if place[0] not in gone}
    expected |= {(hsa_id, fact): "missing" for hsa_id in gone for fact in known[hsa_id]}
    comparison = compared(registry, records)
    assert causes(comparison) == expected
    assert counts(comparison) == (0, 0, 0)
    _repair_and_look_again(registry, records, comparison, documents)


@through_the_database
@given(st.lists(events, min_size=2, max_size=12), st.integers(0, 11), part_sizes)
def test_a_database_older_than_its_positions_is_found_stale(
    registry, applier, documents, kept, sizes
):
    empty(registry)
    records = numbered(documents, topic=ACTIVATION)
    apply_in_parts(applier, records[:kept], sizes)
    positions_at(registry, (Partition(ACTIVATION, 0), len(records)))
    older, newest = folded(documents[:kept]), folded(documents)
    comparison = compared(registry, records)

    def cause(hsa_id, fact, register):
        if hsa_id not in older:
            return "missing"
        # Two events of one version that differ in value alone: contract 4 calls that edited.
        is_same_version = (older[hsa_id].get(fact) or ())[:3] == register[:3]
        return "edited" if is_same_version else "stale"

    assert causes(comparison) == {
        (hsa_id, fact): cause(hsa_id, fact, register)
        for (hsa_id, fact), register in flat(newest).items()
        if older.get(hsa_id, {}).get(fact) != register
    }
    _repair_and_look_again(registry, records, comparison, documents)


def _repair_and_look_again(registry, records, comparison, documents):
    repaired = repair(registry, comparison.differences)
    assert (repaired.done, repaired.left) == (comparison.differences, [])
    again = compared(registry, records)
    assert again.differences == []
    assert counts(again) == (0, 0, 0)
    plain = PlainFold()
    for document in documents:
        plain.read(document)
    assert values(registry) == plain.values()


def test_a_difference_names_the_event_that_says_otherwise(registry, applier):
    records = numbered([activated(A, 0, regionCode="01"), region_changed(A, 1, "03")], topic="t")
    apply_in_parts(applier, records, [])
    by_hand(registry, A, region_code="12")
    (difference,) = compared(registry, records).differences
    assert difference.address == ("t", 0, 1)
    assert difference.expected.event_id.startswith("e-region-changed")
    assert (difference.state.stored.value, difference.expected.value) == ("12", "03")


def test_without_positions_everything_counts_as_passed(registry):
    records = numbered([activated(A, 0, regionCode="01")])
    comparison = compared(registry, records, has_positions=False)
    assert causes(comparison) == {(A, "activation"): "missing", (A, "region"): "missing"}


def test_positions_set_back_make_nothing_pending_that_the_registry_has(registry, applier):
    records = numbered([activated(A, 0, regionCode="01"), deactivated(A, 1)])
    apply_in_parts(applier, records, [])
    positions_at(registry, (Partition(ACTIVATION, 0), 0))
    assert counts(compared(registry, records)) == (0, 0, 0)
    by_hand(registry, A, region_code="99")
    assert causes(compared(registry, records)) == {(A, "region"): "edited"}


def test_what_another_stream_said_is_ahead(registry, applier):
    records = numbered([activated(A, 0, regionCode="01")])
    apply_in_parts(applier, records, [])
    later = numbered([deactivated(A, 1), activated(B, 1)])
    apply_batch(applier, "archive:other", batch_of(later)[0])
    comparison = compared(registry, records)
    assert (causes(comparison), counts(comparison)) == ({}, (0, 2, 0))
    assert comparison.compared == 2


@pytest.mark.parametrize("status", ["open", "discarded"])
def test_a_dead_letter_is_not_a_fact_even_once_understood(registry, status):
    strict = EventDecoder(ACTIVATION, Regions(), timedelta(minutes=-10_000_000))
    records = numbered([activated(A, 0, regionCode="01")])
    apply_in_parts(Applier(registry, strict, lambda: NOW), records, [])
    with registry.transaction() as transaction:
        transaction.connection.execute(update(dead_letter).values(status=status))
        transaction.commit()
    assert rows(registry) == {}
    assert causes(compared(registry, records)) == {}


def test_a_dead_letter_beyond_the_positions_is_pending(registry):
    strict = EventDecoder(ACTIVATION, Regions(), timedelta(minutes=-10_000_000))
    records = numbered([activated(A, 0, regionCode="01")])
    apply_in_parts(Applier(registry, strict, lambda: NOW), records, [])
    positions_at(registry, (Partition(ACTIVATION, 0), 0))
    assert counts(compared(registry, records)) == (2, 0, 0)


def test_bad_and_future_records_are_no_facts(registry, applier):
    records = numbered([b"{", activated(A, NOW + timedelta(hours=2)), activated(A, 0)])
    apply_in_parts(applier, records, [])
    comparison = compared(registry, records)
    assert (causes(comparison), counts(comparison)) == ({}, (0, 0, 0))


def test_a_region_is_looked_at_from_both_sides(registry, applier):
    records = numbered(
        [activated(hsa_id, 0, regionCode=code) for hsa_id, code in ((A, "01"), (B, "03"))]
    )
    apply_in_parts(applier, records, [])
    by_hand(registry, A, region_code="12")
    for code, hsa_ids in (("01", {A}), ("12", {A}), ("03", set()), ("14", set())):
        comparison = compared(registry, records, [code])
        assert {one.hsa_id for one in comparison.differences} == hsa_ids
    assert compared(registry, records, ["03"]).compared == 1


def test_a_repair_is_logged_with_actor_reason_and_the_event(registry, applier):
    documents = [activated(A, 0, regionCode="01"), activated(B, 0), deactivated(A, 1)]
    records = numbered(documents)
    apply_in_parts(applier, records, [])
    registered(registry, A)
    by_hand(registry, A, active=True)
    by_hand(registry, B, active=False)
    repair(registry, compared(registry, records).differences)
    who = ("anna", "Case 4711")
    assert entries(registry) == [
        ("deactivated", "true", "false", *who, 2),
        ("repaired", None, "2", *who, None),
    ]
    with registry.snapshot() as connection:
        item, _ = change_log.of_clinic(connection, A)
    assert (item["change"], item["topic"], item["offset"]) == ("deactivated", ACTIVATION, 2)


def test_a_clinic_changed_since_the_plan_is_left_alone(registry, applier):
    records = numbered([activated(h, 0, regionCode="01", name="N") for h in CLINICS])
    apply_in_parts(applier, records, [])
    for hsa_id in (A, B):
        by_hand(registry, hsa_id, region_code="12")
    deleted(registry, C)
    differences = compared(registry, records).differences
    by_hand(registry, A, name="Annat")
    with registry.transaction() as transaction:
        transaction.connection.execute(insert(clinic).values(hsa_id=C, region_code="14"))
        transaction.commit()
    repaired = repair(registry, differences)
    assert {one.hsa_id for one in repaired.done} == {B}
    assert {one.hsa_id for one in repaired.left} == {A, C}
    assert rows(registry) == {
        A: (True, "12", "Annat"),
        B: (True, "01", "N"),
        C: (None, "14", None),
    }


def test_a_row_deleted_during_a_repair_does_not_return_empty(registry, applier):
    records = numbered([activated(A, 0, regionCode="01")])
    apply_in_parts(applier, records, [])
    by_hand(registry, A, region_code="12")
    differences = compared(registry, records).differences
    deleted(registry, A)
    assert [one.hsa_id for one in repair(registry, differences).left] == [A]
    assert rows(registry) == {}


def test_an_edit_after_the_repair_is_reported(registry, applier):
    records = numbered([activated(A, 0, regionCode="01")])
    apply_in_parts(applier, records, [])
    by_hand(registry, A, region_code="12")
    expectation = told(registry, records)
    done = repair(registry, compare(surveyed(registry), expectation).differences).done
    assert still_differing(surveyed(registry).clinics, expectation, done) == []
    by_hand(registry, A, region_code="14")
    assert still_differing(surveyed(registry).clinics, expectation, done) == done


def test_a_repair_leaves_the_other_facts_of_a_row_alone(registry, applier):
    records = numbered([activated(A, 0, regionCode="01")])
    apply_in_parts(applier, records, [])
    by_hand(registry, A, region_code="12", name="Utan version")
    repair(registry, compared(registry, records).differences)
    with registry.snapshot() as connection:
        row = connection.execute(select(clinic)).one()
    assert (row.region_code, row.name, row.name_time) == ("01", "Utan version", None)


def test_more_clinics_than_one_transaction_takes(registry, applier):
    hsa_ids = [f"SE2321000016-{number:04d}" for number in range(2100)]
    records = numbered([activated(hsa_id, 0, regionCode="01") for hsa_id in hsa_ids])
    apply_in_parts(applier, records, [])
    with registry.transaction() as transaction:
        transaction.connection.execute(update(clinic).values(region_code="03"))
        transaction.commit()
    differences = compared(registry, records).differences
    assert Counter(one.cause for one in differences) == {Cause.EDITED: 2100}
    assert len(repair(registry, differences).done) == 2100
    assert compared(registry, records).differences == []


def test_a_repair_that_moves_to_a_boardless_region_is_reported(registry, applier):
    records = numbered([activated(A, 0, regionCode="01"), activated(B, 0, regionCode="01")])
    apply_in_parts(applier, records, [])
    registered(registry, A)
    for hsa_id in (A, B):
        by_hand(registry, hsa_id, region_code="12")
    repaired = repair(registry, compared(registry, records).differences)
    assert [tuple(moved) for moved in repaired.moved] == [(A, "01")]


class TestHeld:
    """With the guard: no departure passes without a person."""

    @pytest.fixture
    def stage(self, registry):
        stage = Stage(registry, Limits(0, 0, timedelta(minutes=60)))
        self.documents = [activated(h, 0, regionCode="01") for h in (A, B)]
        stage.read(self.documents)
        registered(registry, A, B)
        return stage

    def read(self, stage, *documents):
        stage.read(list(documents))
        self.documents = [*self.documents, *documents]

    def compared(self, registry):
        return compared(registry, numbered(self.documents), has_positions=False)

    def test_what_is_held_is_counted_and_no_drift(self, stage, registry):
        self.read(stage, deactivated(A, 1), region_changed(B, 1, "03"))
        comparison = self.compared(registry)
        assert (causes(comparison), counts(comparison)) == ({}, (0, 0, 2))

    def test_an_edit_beneath_what_is_held_is_found_and_mended(self, stage, registry):
        self.read(stage, region_changed(A, 1, "03"))
        by_hand(registry, A, region_code="12")
        comparison = self.compared(registry)
        assert causes(comparison) == {(A, "region"): "edited"}
        assert comparison.differences[0].address == (ACTIVATION, 0, 0)
        repair(registry, comparison.differences)
        assert rows(registry)[A][1] == "01"
        assert counts(self.compared(registry)) == (0, 0, 1)

    def test_a_repair_is_neither_guarded_nor_counted(self, stage, registry):
        by_hand(registry, A, active=False)
        by_hand(registry, B, active=False)
        self.documents += [deactivated(A, 1), deactivated(B, 1)]
        repair(registry, self.compared(registry).differences)
        assert self.compared(registry).differences == []
        assert stage.listed() == []
        with registry.snapshot() as connection:
            assert connection.execute(select(departure)).all() == []

    def test_a_repair_drops_older_held_facts_and_ends_their_hold(self, stage, registry):
        self.read(stage, deactivated(A, 1))
        self.documents.append(activated(A, 2))
        comparison = self.compared(registry)
        assert causes(comparison) == {(A, "activation"): "stale"}
        repair(registry, comparison.differences)
        with registry.snapshot() as connection:
            assert holds.all_open(connection) == {}
            assert connection.scalar(select(hold.c.status)) == "withdrawn"
        assert counts(self.compared(registry)) == (0, 0, 0)
        assert ("withdrawn", "false", "true", "anna", "Case 4711", 3) in entries(registry)

    def test_a_repair_keeps_a_newer_held_fact(self, stage, registry):
        self.read(stage, deactivated(A, 1))
        by_hand(registry, A, region_code="12")
        repair(registry, self.compared(registry).differences)
        comparison = self.compared(registry)
        assert (causes(comparison), counts(comparison)) == ({}, (0, 0, 1))


class TestExtracts:
    """Against an extract of the e-services."""

    AS_OF = datetime(2026, 1, 1, 0, 10, tzinfo=UTC)
    HEADER = "hsa_id,active,region_code,name\n"

    def says(self, *lines):
        content = (self.HEADER + "\n".join(lines)).encode()
        return parse(content, self.AS_OF, Regions(), known=())

    def compared(self, registry, *lines):
        return compare(surveyed(registry), ExtractExpectation(self.says(*lines)))

    @pytest.fixture(autouse=True)
    def read(self, registry, applier):
        documents = [
            activated(A, 0, regionCode="01", name="Ett"),
            activated(B, 0, regionCode="01"),
            activated(C, 20, regionCode="03"),
        ]
        apply_in_parts(applier, numbered(documents), [])

    def test_every_cause_and_what_is_newer(self, registry):
        lines = (f"{A},true,03,Ett", f"{C},false,01,", "SE2321000016-TD04,true,01,")
        comparison = self.compared(registry, *lines)
        assert causes(comparison) == {
            (A, "region"): "stale",
            (B, "activation"): "absent",
            ("SE2321000016-TD04", "activation"): "missing",
            ("SE2321000016-TD04", "region"): "missing",
        }
        assert counts(comparison) == (0, 2, 0)
        assert comparison.compared == 4

    def test_a_repair_is_complete_a_second_run_finds_nothing(self, registry):
        lines = (f"{A},true,03,Ett", f"{C},false,01,", "SE2321000016-TD04,true,01,")
        repair(registry, self.compared(registry, *lines).differences, stream_id=None)
        again = self.compared(registry, *lines)
        assert (causes(again), counts(again)) == ({}, (0, 2, 0))
        with registry.snapshot() as connection:
            row = connection.execute(select(clinic).where(clinic.c.hsa_id == A)).one()
        assert (row.region_code, row.region_time, row.region_sequence) == ("03", self.AS_OF, "")
        assert row.region_event_id == self.says(*lines).event_id
        assert rows(registry)[B] == (False, "01", None)
        by_hand(registry, A, region_code="14")
        assert causes(self.compared(registry, *lines)) == {(A, "region"): "edited"}

    @pytest.mark.parametrize("lines", [(), (f"{A},true,01,",), (f"{A},true,01,", "X,true,01,")])
    def test_a_short_or_empty_one_is_refused(self, registry, lines):
        with pytest.raises(ShortExtract):
            check_length(self.says(*lines), surveyed(registry))

    def test_one_that_names_four_of_five_is_not_short(self, registry, applier):
        hsa_ids = [f"SE2321000016-TX{number}" for number in range(5)]
        documents = [activated(hsa_id, 0, regionCode="04") for hsa_id in hsa_ids]
        apply_batch(applier, "archive:more", batch_of(numbered(documents))[0])
        four = self.says(*(f"{hsa_id},false,04," for hsa_id in hsa_ids[:4]))
        check_length(four, surveyed(registry), ["04"])
        with pytest.raises(ShortExtract):
            check_length(
                self.says(*(f"{h},true,04," for h in hsa_ids[:3])), surveyed(registry), ["04"]
            )


def test_a_tombstone_is_a_fact_like_any_other(registry, applier):
    records = [record(activated(A, -5)), record(None, offset=1, key=A)]
    apply_in_parts(applier, records, [])
    by_hand(registry, A, active=True)
    assert causes(compared(registry, records)) == {(A, "activation"): "edited"}
