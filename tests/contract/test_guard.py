"""The mass-change guard in the one write path, against an independent model of the contract."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from tests.builders import ACTIVATION, activated, deactivated, numbered, region_changed
from tests.contract.conftest import NOW, apply_batch, empty_log
from tests.contract.test_apply import batch_of, log_of, part_sizes, registered, rows
from tests.fold import Fold
from tests.guarded_fold import GuardedFold

from sync_worker.administration import clinics as administration
from sync_worker.authorship import Authorship
from sync_worker.domain.mass_change_guard import Limits
from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.operations.approve_holds import approve
from sync_worker.pipeline.apply import Applier
from sync_worker.pipeline.decoded_records import DecodedRecords
from sync_worker.pipeline.dry_run import DryRun
from sync_worker.pipeline.merge import Outcome
from sync_worker.registry import holds
from sync_worker.registry.positions import Counts
from sync_worker.registry.tables import (
    approved_fact,
    clinic,
    departed_fact,
    departure,
    guard_region,
    held_fact,
    hold,
    passed_fact,
    position,
)

STREAM = "archive:test"
CLINICS = [f"SE2321000016-T{letter}0{n}" for n, letter in enumerate("ABCDE")]
REGIONS = ["01", "03", "14"]
WINDOW = 60
CODEC = EventDecoder(ACTIVATION, Regions(), timedelta(days=1))
PEOPLE = {"registered", "removed", "hold_approved"}


class Stage:
    """A registry, a clock and positions, through a number of acts."""

    def __init__(self, registry, limits):
        self.registry = registry
        self.limits = limits
        self.minute = 0
        self.ends: dict = {}
        self.offset = 0
        self.total = Counts()
        self.warnings: list[object] = []

    def now(self):
        return NOW + timedelta(minutes=self.minute)

    def read(self, documents, sizes=()):
        applier = Applier(self.registry, CODEC, self.now, self.limits)
        rest = [
            r._replace(offset=r.offset + self.offset) for r in numbered(documents, topic=ACTIVATION)
        ]
        self.offset += len(rest)
        for size in [*sizes, len(rest)]:
            part, rest = rest[:size], rest[size:]
            if part:
                batch, self.ends = batch_of(part, self.ends)
                applied = apply_batch(applier, STREAM, batch)
                self.total += applied.total
                self.warnings += applied.warnings

    def approve(self, region_code):
        (number,) = [h["id"] for h in self.listed("open") if h["region_code"] == region_code]
        return approve(self.registry, number, Authorship("anna", "Real", self.now()))

    def remove(self, hsa_id):
        act = Authorship("berit", "Order 18", self.now())
        administration.do(self.registry, administration.REMOVE, [hsa_id], None, act)

    def listed(self, status=None):
        with self.registry.snapshot() as connection:
            return holds.listed(connection, status)

    def passed(self):
        """Of each hold, in the order opened: what had passed, and how much of it stands."""
        found = []
        with self.registry.snapshot() as connection:
            for number in (h["id"] for h in self.listed()):
                shown = holds.shown(connection, number) or {}
                passed, unchanged = (
                    [tuple(change.values()) for change in shown[name]]
                    for name in ("passed", "unchanged")
                )
                found.append((passed, unchanged))
        return found

    def uncorrected(self):
        """How many clinics stand as changes before a withdrawn hold left them, by region."""
        with self.registry.snapshot() as connection:
            return [tuple(one[1:]) for one in holds.uncorrected(connection, "withdrawn")]

    def held_values(self):
        with self.registry.snapshot() as connection:
            held = holds.of_clinics(connection, CLINICS)
        return {
            (hsa_id, fact.value): kept.register.value
            for hsa_id, facts in held.items()
            for fact, kept in facts.items()
        }

    def changes(self):
        return [tuple(entry[:4]) for entry in log_of(self.registry) if entry[1] not in PEOPLE]


def empty(registry):
    with registry.transaction() as transaction:
        for table in (held_fact, approved_fact, passed_fact, hold):
            transaction.connection.execute(delete(table))
        for table in (departure, departed_fact, guard_region):
            transaction.connection.execute(delete(table))
        for table in (clinic, position):
            transaction.connection.execute(delete(table))
        empty_log(transaction.connection)
        transaction.commit()


def text(value):
    return str(value).lower() if isinstance(value, bool) else value


minutes = st.integers(0, 6)
ids = st.sampled_from("abc")
documents = st.lists(
    st.one_of(
        st.builds(lambda h, t, i: deactivated(h, t, id=i), st.sampled_from(CLINICS), minutes, ids),
        st.builds(
            lambda h, t, i, r: activated(h, t, id=i, regionCode=r),
            st.sampled_from(CLINICS),
            minutes,
            ids,
            st.sampled_from([None, *REGIONS]),
        ),
        st.builds(
            lambda h, t, i, r, n: region_changed(h, t, r, id=i, name=n),
            st.sampled_from(CLINICS),
            minutes,
            ids,
            st.sampled_from(REGIONS),
            st.sampled_from([None, "Ett"]),
        ),
    ),
    min_size=1,
    max_size=8,
)
acts = st.lists(
    st.one_of(
        documents,
        documents,
        st.sampled_from(REGIONS).map(lambda code: ("approve", code)),
        st.sampled_from(CLINICS).map(lambda hsa_id: ("remove", hsa_id)),
        st.sampled_from(CLINICS).map(lambda hsa_id: ("register", hsa_id)),
        st.sampled_from([30, 31]).map(lambda passing: ("wait", passing)),
    ),
    max_size=8,
)
limits = st.tuples(st.sampled_from([0, 1, 2]), st.sampled_from([0, 34, 50]))
through_the_database = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
OPENING = [
    activated(hsa_id, -1, regionCode="01" if n < 4 else "03") for n, hsa_id in enumerate(CLINICS)
]


def play(registry, bounds, script, sizes):
    """Live through the acts, in the registry and in the model."""
    empty(registry)
    changes, percent = bounds
    stage = Stage(registry, Limits(changes, percent, timedelta(minutes=WINDOW)))
    model = GuardedFold(changes, percent, WINDOW)
    stage.read(OPENING)
    for document in OPENING:
        model.read(document)
    registered(registry, *CLINICS)
    model.registered |= set(CLINICS)
    for act in script:
        if isinstance(act, list):
            stage.read(act, sizes)
            for document in act:
                model.read(document)
        else:
            by_a_person(stage, model, *act)
    return stage, model


def by_a_person(stage, model, deed, about):
    match deed:
        case "approve" if model._open(about):
            stage.approve(about)
            model.approve(about)
        case "remove":
            stage.remove(about)
            model.remove(about)
        case "register":
            registered(stage.registry, about)
            model.registered.add(about)
        case "wait":
            stage.minute += about
            model.minute += about


@through_the_database
@given(limits, acts, part_sizes)
def test_whatever_happens_in_whatever_batches_the_registry_is_what_the_contract_says(
    registry, bounds, script, sizes
):
    stage, model = play(registry, bounds, script, sizes)
    assert rows(registry) == model.rows()
    assert stage.held_values() == model.held_values()
    listed = [(h["region_code"], h["status"], h["count"], h["revision"]) for h in stage.listed()]
    assert listed == model.listed()
    assert stage.passed() == model.passed()
    assert stage.uncorrected() == model.uncorrected()
    assert stage.changes() == [
        (hsa_id, change, text(old), text(new)) for hsa_id, change, old, new in model.log
    ]
    assert stage.total.applied == model.outcomes["applied"]
    assert stage.total.superseded == model.outcomes["superseded"]
    assert model.most_beyond <= 0


@through_the_database
@given(limits, acts, part_sizes)
def test_once_everything_is_approved_the_registry_equals_the_fold(registry, bounds, script, sizes):
    stage, _ = play(registry, bounds, script, sizes)
    for listed in stage.listed("open"):
        stage.approve(listed["region_code"])
    fold = Fold()
    for document in [
        *OPENING,
        *(document for act in script if isinstance(act, list) for document in act),
    ]:
        fold.read(document)
    assert rows(registry) == fold.rows()
    assert stage.held_values() == {}


@through_the_database
@given(limits, acts, documents, part_sizes, part_sizes)
def test_a_rehearsal_comes_to_what_the_run_comes_to_and_keeps_nothing(
    registry, bounds, script, coming, rehearsed_in, run_in
):
    stage, _ = play(registry, bounds, script, [])
    before, held = rows(registry), stage.held_values()
    rehearsed = rehearse(stage, coming, rehearsed_in)
    assert (rows(registry), stage.held_values()) == (before, held)
    logged = len(stage.changes())
    total = stage.total
    stage.read(coming, run_in)
    outcomes = [outcome for m in rehearsed for outcome in m.outcomes]
    assert outcomes.count(Outcome.APPLIED) == stage.total.applied - total.applied
    assert outcomes.count(Outcome.SUPERSEDED) == stage.total.superseded - total.superseded
    assert stage.changes()[logged:] == [
        (e.hsa_id, e.change, e.old_value, e.new_value) for m in rehearsed for e in m.entries
    ]
    after = {h: f for m in rehearsed for h, f in m.changed.items()}
    assert {h: [r and r.value for r in f] for h, f in after.items()} == {
        h: list(row) for h, row in rows(registry).items() if h in after
    }
    held_after = {h: f for m in rehearsed for h, f in m.held.items()}
    assert {h: f for h, f in held_after.items() if f} == {
        h: facts for h, facts in held_now(registry).items() if h in held_after
    }


def rehearse(stage, coming, sizes):
    rehearsal, rest, merged = DryRun(stage.limits), numbered(coming), []
    for size in [*sizes, len(rest)]:
        part, rest = rest[:size], rest[size:]
        if part:
            judged = DecodedRecords.by(CODEC, part, stage.now())
            with stage.registry.snapshot() as connection:
                merged.append(rehearsal.merge(connection, STREAM, judged, stage.now()))
    return merged


def held_now(registry):
    with registry.snapshot() as connection:
        return holds.of_clinics(connection, CLINICS)
