"""What each role may, alone and with others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.web.rights import Grant, Rights, Role

CODES = ["01", "03", "12"]
REGIONAL = Rights.of(Role.REGIONAL_ADMINISTRATOR, "01")
NATIONAL = Rights.of(Role.NATIONAL_ADMINISTRATOR)
SUPPORT = Rights.of(Role.SUPPORT)
OPERATOR = Rights.of(Role.OPERATOR)
READER = Rights.of(Role.READER, "03")
READER_OF_ALL = Rights.of(Role.READER)


@pytest.mark.parametrize(
    ("rights", "administers", "reads"),
    [
        (Rights(), [], []),
        (REGIONAL, ["01"], ["01"]),
        (NATIONAL, CODES, CODES),
        (SUPPORT, [], CODES),
        (OPERATOR, [], []),
        (READER, [], ["03"]),
        (READER_OF_ALL, [], CODES),
        (REGIONAL | READER, ["01"], ["01", "03"]),
        (REGIONAL | READER_OF_ALL, ["01"], CODES),
        (REGIONAL | SUPPORT | OPERATOR, ["01"], CODES),
        (REGIONAL | NATIONAL, CODES, CODES),
    ],
)
def test_roles_give_their_regions_and_add_up(rights, administers, reads):
    assert [code for code in CODES if rights.may_administer(code)] == administers
    assert rights.readable_regions(CODES) == reads
    assert rights.is_administrator == bool(administers)


def test_acting_nationally_differs_from_acting_for_nobody():
    assert NATIONAL.acting_for is None
    assert REGIONAL.acting_for == frozenset({"01"})
    assert Rights().acting_for == frozenset()
    assert (SUPPORT | OPERATOR).acting_for == frozenset()


def test_support_and_operators_are_told_apart():
    assert SUPPORT.is_support
    assert not SUPPORT.is_operator
    assert OPERATOR.is_operator
    assert not OPERATOR.is_support


def test_a_regional_administrator_has_named_regions():
    with pytest.raises(ValueError, match="named regions"):
        Rights.of(Role.REGIONAL_ADMINISTRATOR)


GRANTS = st.builds(
    Grant, st.sampled_from(sorted(Role)), st.frozensets(st.sampled_from(CODES), max_size=3)
) | st.sampled_from([Grant(role) for role in Role if role is not Role.REGIONAL_ADMINISTRATOR])
ANY_RIGHTS = st.builds(Rights, st.frozensets(GRANTS, max_size=4))


@given(ANY_RIGHTS)
def test_a_session_keeps_any_rights_as_they_are(rights):
    assert Rights.from_json(rights.to_json()) == rights


@given(ANY_RIGHTS, ANY_RIGHTS)
def test_more_rights_never_take_any_away(some, more):
    both = some | more
    for code in CODES:
        assert both.may_read(code) == (some.may_read(code) or more.may_read(code))
        may_administer = some.may_administer(code) or more.may_administer(code)
        assert both.may_administer(code) == may_administer


@given(ANY_RIGHTS)
def test_who_may_administer_a_region_may_read_it(rights):
    assert all(rights.may_read(code) for code in CODES if rights.may_administer(code))


@pytest.mark.parametrize("document", ["1", "[1]", "[{}]", '[{"role":"reader","regions":1}]'])
def test_a_document_that_states_no_rights_is_refused(document):
    with pytest.raises(ValueError, match="does not state rights"):
        Rights.from_json(document)
