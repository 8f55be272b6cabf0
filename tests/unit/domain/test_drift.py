"""One fact judged: what is drift, and what is not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.domain.drift import (
    NEVER_STATED,
    NO_DRIFT,
    Cause,
    FactState,
    Judgement,
    StoredFact,
    against_extract,
    against_stream,
)
from sync_worker.domain.facts import Register

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def at(minute: int, value: str = "01", event_id: str = "e") -> Register[str]:
    return Register(T0 + timedelta(minutes=minute), "", event_id, value)


def row(register: Register[str] | None) -> StoredFact:
    return NEVER_STATED if register is None else StoredFact(register.value, register[:3])


def judged(stored, passed=None, newest=None, held=None, *, has_row=True) -> Judgement:
    newest = passed if newest is None else newest
    return against_stream(FactState(stored, held, has_row), passed, newest)


def test_what_is_as_the_worker_passed_it_is_not_drift():
    assert judged(row(at(1)), at(1)) == NO_DRIFT
    assert judged(NEVER_STATED) == NO_DRIFT


def test_no_row_is_missing():
    assert judged(NEVER_STATED, at(1), has_row=False) == Judgement(Cause.MISSING, at(1))


def test_an_older_version_is_stale_even_with_the_same_value():
    assert judged(row(at(1, "01")), at(2, "03")) == Judgement(Cause.STALE, at(2, "03"))
    assert judged(row(at(1)), at(2)) == Judgement(Cause.STALE, at(2))
    assert judged(NEVER_STATED, at(2)) == Judgement(Cause.STALE, at(2))


@pytest.mark.parametrize("other", ["00", "99"])
def test_another_value_of_the_same_version_is_edited(other):
    assert judged(row(at(1, other)), at(1)) == Judgement(Cause.EDITED, at(1))


@pytest.mark.parametrize("half", [StoredFact("01", None), StoredFact(None, at(1)[:3])])
def test_a_value_without_its_version_is_an_edit(half):
    assert judged(half, at(1)) == Judgement(Cause.EDITED, at(1))


def test_what_lies_beyond_the_positions_is_pending_and_no_drift():
    assert judged(row(at(1)), at(1), at(2)) == Judgement(is_pending=True)
    assert judged(NEVER_STATED, None, at(2), has_row=False) == Judgement(is_pending=True)


def test_what_the_registry_has_already_is_not_pending():
    assert judged(row(at(2)), at(1), at(2)) == NO_DRIFT
    assert judged(row(at(2)), None, at(2)) == NO_DRIFT


def test_an_edit_is_found_while_something_newer_is_pending():
    assert judged(row(at(1, "99")), at(1), at(2)) == Judgement(Cause.EDITED, at(1), is_pending=True)


def test_an_edit_that_the_worker_would_leave_is_found():
    assert judged(row(at(2, "99")), None, at(2)) == Judgement(Cause.EDITED, at(2))
    assert judged(row(at(2, "00")), None, at(2)) == Judgement(is_pending=True)


def test_a_registry_that_is_newer_is_ahead():
    assert judged(row(at(3)), at(1), at(2)) == Judgement(is_ahead=True)
    assert judged(row(at(3))) == Judgement(is_ahead=True)
    assert judged(StoredFact("01", None)) == Judgement(is_ahead=True)


def test_what_was_passed_and_is_held_is_not_drift():
    assert judged(row(at(1)), at(2, "03"), held=at(2, "03")) == Judgement(is_held=True)


def test_a_row_without_what_is_held_can_still_be_edited():
    assert judged(row(at(2, "99")), at(2), held=at(3)).cause is Cause.EDITED
    assert judged(row(at(1)), at(3), held=at(2)) == Judgement(Cause.STALE, at(3))


def test_what_is_held_and_newer_than_the_stream_is_ahead():
    assert judged(row(at(1)), at(2), held=at(3)) == Judgement(is_ahead=True)


registers = st.builds(
    at, st.integers(0, 3), st.sampled_from(["01", "03", "99"]), st.sampled_from("ab")
)


@given(st.lists(registers, max_size=6), st.integers(0, 6), st.booleans())
def test_a_registry_that_is_merged_from_the_stream_never_drifts(stated, position, reads_on):
    passed, newest = max(stated[:position], default=None), max(stated, default=None)
    known = newest if reads_on else passed
    judgement = against_stream(FactState(row(known), has_row=known is not None), passed, newest)
    assert judgement.cause is None
    assert not judgement.is_ahead
    assert judgement.is_pending == (known != newest)


@given(st.lists(registers, min_size=1, max_size=6), st.one_of(st.none(), registers), st.booleans())
def test_what_is_set_as_expected_never_drifts_again(stated, known, has_row):
    newest = max(stated)
    stored = row(known) if has_row else NEVER_STATED
    judgement = against_stream(FactState(stored, has_row=has_row), newest, newest)
    if judgement.expected is not None:
        assert against_stream(FactState(row(judgement.expected)), newest, newest) == NO_DRIFT


def test_an_extract_is_compared_by_value():
    assert against_extract(FactState(row(at(1))), at(5)) == NO_DRIFT
    assert against_extract(FactState(row(at(1, "03"))), at(5)) == Judgement(Cause.STALE, at(5))
    assert against_extract(FactState(row(at(5, "03"))), at(5)) == Judgement(Cause.EDITED, at(5))
    assert (
        against_extract(FactState(NEVER_STATED, None, has_row=False), at(5)).cause is Cause.MISSING
    )


def test_what_happened_after_an_extract_is_ahead():
    assert against_extract(FactState(row(at(6, "03"))), at(5)) == Judgement(is_ahead=True)
    newer_held = FactState(row(at(1, "03")), at(6, "04"))
    assert against_extract(newer_held, at(5)) == Judgement(is_ahead=True)


def test_what_an_extract_says_and_is_held_is_not_drift():
    assert against_extract(FactState(row(at(1, "03")), at(2, "01")), at(5)) == Judgement(
        is_held=True
    )
    assert against_extract(FactState(row(at(1, "03")), at(2, "04")), at(5)).cause is Cause.STALE


def test_what_an_extract_leaves_out_is_absent():
    judgement = against_extract(FactState(row(at(1, "03"))), at(5), is_named=False)
    assert judgement == Judgement(Cause.ABSENT, at(5))
