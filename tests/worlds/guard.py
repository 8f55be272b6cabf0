"""The guard lived with: random events, and people who approve, register and remove."""

from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from sync_worker.administration import clinics as administration
from sync_worker.authorship import Authorship
from sync_worker.domain.mass_change_guard import Limits
from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.operations.approve_holds import approve
from sync_worker.pipeline.apply import Applier
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
from tests.builders import ACTIVATION, activated, deactivated, numbered, region_changed
from tests.worlds.guarded_fold import GuardedFold
from tests.worlds.registry import (
    NOW,
    apply_batch,
    batch_of,
    empty_log,
    log_of,
    registered,
)

STREAM = "archive:test"
CLINICS = [f"SE2321000016-T{letter}0{n}" for n, letter in enumerate("ABCDE")]
REGIONS = ["01", "03", "14"]
WINDOW = 60
DECODER = EventDecoder(ACTIVATION, Regions(), timedelta(days=1))
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

    def read(self, documents, sizes=(), **more):
        applier = Applier(self.registry, DECODER, self.now, self.limits)
        rest = [
            r._replace(offset=r.offset + self.offset)
            for r in numbered(documents, topic=ACTIVATION, **more)
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
through_the_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
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
