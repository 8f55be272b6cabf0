"""Any plan, whatever happens before it is confirmed: the receipt says what the change log says."""

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.worlds.plans import A, B, C, D, asked, changed, known, logged, registered
from tests.worlds.registry import NOW, empty, through_the_database

from sync_worker.administration import plans
from sync_worker.administration.clinics import ADD, REMOVE, RegistrationChange
from sync_worker.administration.plan_documents import NotYours, OpenPlan, Person, Receipt

CLINICS = [A, B, C, D]
CHANGES = {ADD: "registered", REMOVE: "removed"}
rights = st.one_of(st.none(), st.sets(st.sampled_from(["01", "03"])))
values = st.fixed_dictionaries(
    {},
    optional={
        "active": st.booleans(),
        "region_code": st.sampled_from([None, "01", "03"]),
        "registered_at": st.sampled_from([None, NOW]),
    },
)
happenings = st.lists(st.tuples(st.sampled_from(CLINICS), values), max_size=4)
texts = st.lists(st.sampled_from([*CLINICS, "x", "SE2321000016-NONE", A.lower()]), max_size=6)


class Story(NamedTuple):
    """A plan, and what happens to its clinics and to the rights of its maker."""

    verb: RegistrationChange
    texts: list[str]
    planned_for: set[str] | None
    done_for: set[str] | None
    at_first: list[tuple[str, dict[str, object]]]
    before_look: list[tuple[str, dict[str, object]]]
    before_deed: list[tuple[str, dict[str, object]]]
    is_looked_at: bool


stories = st.builds(
    Story,
    st.sampled_from([ADD, REMOVE]),
    texts,
    *(rights, rights),
    *(happenings, happenings, happenings),
    st.booleans(),
)


@settings(through_the_database, max_examples=40, deadline=None)
@given(stories)
def test_the_receipt_is_what_the_log_says(registry, story):
    empty(registry)
    known(registry, *CLINICS)
    happen(registry, story.at_first)
    person, plan_id, revision = prepared(registry, story)
    happen(registry, story.before_deed)
    before = registered(registry)
    receipt = plans.confirm(registry, plan_id, revision, person, NOW)
    if isinstance(receipt, NotYours):
        assert (logged(registry), registered(registry)) == ([], before)
        return
    assert isinstance(receipt, Receipt)
    done = {item.hsa_id for item in receipt.items if item.outcome is story.verb.done}
    expected = sorted((CHANGES[story.verb], hsa_id, None) for hsa_id in done)
    assert sorted(logged(registry)) == expected
    assert registered(registry) == (before | done if story.verb is ADD else before - done)
    happen(registry, story.before_look)
    assert plans.confirm(registry, plan_id, revision, person, NOW) == receipt
    assert plans.look(registry, plan_id, person, NOW) == receipt
    assert sorted(logged(registry)) == expected


def prepared(registry, story):
    """Who confirms, the plan's id, and the revision that they have seen."""
    maker, person = Person("anna", story.planned_for), Person("anna", story.done_for)
    plan_id = plans.make(registry, asked(*story.texts, verb=story.verb), maker, NOW)
    happen(registry, story.before_look)
    seen = plans.look(registry, plan_id, person, NOW) if story.is_looked_at else None
    return person, plan_id, seen.about.revision if isinstance(seen, OpenPlan) else 1


def happen(registry, happenings):
    for hsa_id, facts in happenings:
        if facts:
            changed(registry, hsa_id, **facts)
