"""The merge of facts: whatever the order, the number of times and the batches, the same facts."""

from datetime import UTC, datetime, timedelta
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from sync_worker.domain.facts import Change, Fact, Facts, Register, changes

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)

# Few values on purpose: ties in time, sequence and id are where a rule goes wrong.
instants = st.integers(0, 2).map(lambda minutes: NEW_YEAR + timedelta(minutes=minutes))
versions = st.tuples(instants, st.sampled_from(["", "1", "2"]), st.sampled_from(["a", "b"]))


def registers(values):
    return st.builds(lambda version, value: Register(*(*version, value)), versions, values)


facts = st.builds(
    Facts,
    activation=st.none() | registers(st.booleans()),
    region=st.none() | registers(st.sampled_from(["01", "03", "14"])),
    name=st.none() | registers(st.sampled_from(["Ett", "Två"])),
)


def at(minutes, value, sequence="", event_id="e"):
    return Register(NEW_YEAR + timedelta(minutes=minutes), sequence, event_id, value)


@given(facts, facts)
def test_merging_is_commutative(one, other):
    assert one.merge(other) == other.merge(one)


@given(facts, facts, facts)
def test_merging_is_associative(one, two, three):
    assert one.merge(two).merge(three) == one.merge(two.merge(three))


@given(facts)
def test_merging_a_state_with_itself_changes_nothing(state):
    assert state.merge(state) is state


@given(facts)
def test_merging_with_nothing_changes_nothing(state):
    assert state.merge(Facts()) is state
    assert Facts().merge(state) == state


@given(
    facts,
    versions,
    st.tuples(
        st.none() | st.booleans(),
        st.none() | st.sampled_from(["01", "03"]),
        st.none() | st.sampled_from(["Ett", "Två"]),
    ),
)
def test_an_event_is_merged_like_its_registers(state, version, values):
    registers_made = [None if value is None else Register(*(*version, value)) for value in values]
    stated = state.stated(version, *values)

    assert stated == state.merge(Facts(*registers_made))
    assert (stated is state) == (stated == state)


@given(st.lists(facts, min_size=1, max_size=8), st.randoms(use_true_random=False), st.data())
def test_any_order_duplication_and_split_ends_in_the_same_facts(statements, random, data):
    expected = reduce(Facts.merge, statements)
    repeated = statements + data.draw(st.lists(st.sampled_from(statements), max_size=5))
    random.shuffle(repeated)
    cut = data.draw(st.integers(0, len(repeated)))
    parts = (reduce(Facts.merge, part, Facts()) for part in (repeated[:cut], repeated[cut:]))
    assert reduce(Facts.merge, parts) == expected


@given(st.lists(registers(st.booleans()), min_size=1))
def test_the_greatest_time_sequence_id_and_value_wins(stated):
    merged = reduce(Facts.merge, (Facts(activation=register) for register in stated))
    assert merged.activation == max(stated)


def test_a_later_time_wins_over_a_greater_sequence():
    merged = Facts(region=at(1, "01", sequence="9")).merge(Facts(region=at(2, "03")))
    assert merged.region == at(2, "03")


def test_sequences_compare_as_text():
    merged = Facts(region=at(1, "01", sequence="10")).merge(Facts(region=at(1, "03", sequence="9")))
    assert merged.region == at(1, "03", sequence="9")


def test_of_two_values_with_one_version_the_greater_wins():
    merged = Facts(activation=at(1, value=True)).merge(Facts(activation=at(1, value=False)))
    assert merged.activation == at(1, value=True)


def test_each_fact_is_judged_on_its_own():
    known = Facts(activation=at(5, value=True), region=at(1, "01"))
    merged = known.merge(Facts(activation=at(3, value=False), region=at(3, "03")))
    assert merged == Facts(activation=at(5, value=True), region=at(3, "03"))


def test_changes_name_the_values_that_differ():
    before = Facts(activation=at(1, value=True), name=at(1, "Ett"))
    after = Facts(activation=at(2, value=False), region=at(2, "01"), name=at(1, "Ett"))
    assert list(changes(before, after)) == [
        Change(Fact.ACTIVATION, old=True, new=False),
        Change(Fact.REGION, old=None, new="01"),
    ]


def test_a_newer_version_of_an_equal_value_changes_nothing():
    assert list(changes(Facts(region=at(1, "01")), Facts(region=at(2, "01")))) == []
