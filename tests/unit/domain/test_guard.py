"""Which changes wait for a person: the guard's counts, limits and holds, region by region."""

from datetime import UTC, datetime, timedelta

import pytest

from sync_worker.domain.mass_change_guard import (
    Departure,
    Guard,
    Hold,
    LastDeparture,
    Limits,
    Region,
)

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(minutes=61)
JUST_WITHIN = NOW - timedelta(minutes=60)


def guard_of(limits, region=None, now=NOW, **others):
    return Guard(Limits(*limits), {"01": region or Region(), "03": Region(), **others}, now)


def closing(number):
    return Departure(f"C{number}", "01")


def moving(number, to_region="03", region_code="01"):
    return Departure(f"C{number}", region_code, to_region)


def let_pass(guard, departures):
    """Offer the departures in turn; how many took effect before the first had to wait."""
    for passed, departure in enumerate(departures):
        if guard.must_hold(departure):
            return passed
        guard.departed(departure, is_guarded=True)
    return len(departures)


@pytest.mark.parametrize(
    ("max_changes", "max_percent", "registered", "passes"),
    [
        (0, 0, 100, 0),
        (5, 0, 100, 5),
        (5, 10, 40, 5),
        (5, 10, 59, 5),
        (5, 10, 60, 6),
        (5, 10, 69, 6),
        (0, 10, 9, 0),
        (0, 10, 10, 1),
        (0, 99, 7, 6),
        (3, 10, 0, 3),
    ],
)
@pytest.mark.parametrize("kind", [closing, moving])
def test_so_many_clinics_leave_without_a_person(max_changes, max_percent, registered, passes, kind):
    guard = guard_of((max_changes, max_percent), Region(registered))
    assert let_pass(guard, [kind(number) for number in range(20)]) == passes


@pytest.mark.parametrize("kind", [closing, moving])
def test_a_region_is_counted_once_and_only_where_it_matters(kind):
    counted = []

    def count(code):
        counted.append(code)
        return 60

    guard = Guard(Limits(5, 10), {"01": Region(), "03": Region()}, NOW, count)
    assert let_pass(guard, [kind(number) for number in range(5)]) == 5
    assert counted == []
    assert let_pass(guard, [kind(number) for number in range(5, 20)]) == 1
    assert counted == ["01"]


@pytest.mark.parametrize("kind", [closing, moving])
def test_a_limit_of_all_lifts_the_guard_except_for_holds(kind):
    departures = [kind(number) for number in range(20)]
    assert let_pass(guard_of((0, 100), Region(7)), departures) == len(departures)
    assert let_pass(guard_of((0, 100), Region(7, hold=Hold(1, NOW))), departures) == 0


def test_a_clinic_counts_once_however_often_it_leaves():
    guard = guard_of((2, 0), Region(10))
    assert let_pass(guard, [closing(1), closing(1), moving(1), closing(2), closing(3)]) == 4


def test_where_none_may_leave_an_earlier_departure_waits_too():
    guard = guard_of((0, 0), Region(10, {"C1": LastDeparture(counted_at=NOW)}))
    assert guard.must_hold(closing(1))


def test_who_left_before_the_window_counts_no_more():
    left = {
        "C1": LastDeparture(LONG_AGO),
        "C2": LastDeparture(JUST_WITHIN),
        "C3": LastDeparture(None, NOW),
    }
    assert let_pass(guard_of((2, 0), Region(10, left)), [closing(8), closing(9)]) == 1


def test_coming_back_frees_nothing():
    guard = guard_of((1, 0), Region(10))
    guard.departed(moving(1), is_guarded=True)
    guard.arrived("C1", "01")
    assert guard.regions["01"].registered == 10
    assert guard.must_hold(closing(2))


@pytest.mark.parametrize(
    ("left", "passes"),
    [
        (LastDeparture(moved_at=NOW), 1),
        (LastDeparture(moved_at=NOW, is_here=True), 0),
        (LastDeparture(moved_at=LONG_AGO), 0),
        (LastDeparture(counted_at=LONG_AGO), 0),
    ],
)
def test_the_percentage_counts_present_and_recently_departed_clinics(left, passes):
    guard = guard_of((0, 10), Region(9, {"C9": left}))
    assert let_pass(guard, [closing(number) for number in range(3)]) == passes


@pytest.mark.parametrize(
    ("left", "is_guarded"),
    [
        (None, True),
        (LastDeparture(moved_at=JUST_WITHIN), False),
        (LastDeparture(moved_at=LONG_AGO), True),
        (LastDeparture(counted_at=NOW), True),
    ],
)
def test_a_move_back_within_the_window_is_not_guarded(left, is_guarded):
    to = Region(departures={} if left is None else {"C1": left})
    guard = guard_of((5, 0), **{"14": to})
    assert guard.is_guarded(moving(1, "14")) is is_guarded
    assert guard.is_guarded(closing(1))


def test_a_move_back_is_not_a_departure():
    guard = guard_of((1, 0), Region(10), **{"14": Region(3)})
    guard.departed(moving(1, "14"), is_guarded=True)
    guard.arrived("C1", "14")
    back = moving(1, "01", "14")
    assert not guard.is_guarded(back)
    guard.departed(back, is_guarded=False)
    guard.arrived("C1", "01")
    assert guard.is_guarded(moving(1, "14"))
    assert guard.regions["14"].changed == set()
    assert [guard.regions[code].registered for code in ("01", "14")] == [10, 3]


def test_every_guarded_change_waits_while_a_hold_is_open():
    guard = guard_of((5, 0), Region(10))
    guard.held("01", is_new=True)
    assert guard.must_hold(closing(1))
    assert not guard.must_hold(moving(1, "01", "03"))


def test_an_emptied_hold_ends_and_the_next_is_another():
    guard = guard_of((0, 0), Region(10))
    guard.held("01", is_new=True)
    guard.held("01", is_new=True)
    guard.held("01", is_new=False)
    first = guard.regions["01"].hold
    assert first is not None
    assert (first.facts, first.revision) == (2, 3)
    guard.release("01")
    guard.release("01")
    assert guard.regions["01"].hold is None
    assert guard.regions["01"].withdrawn == [first]
    assert first.revision == 5
    guard.held("01", is_new=True)
    assert guard.regions["01"].hold is not first


def test_a_persons_decisions_are_not_counted():
    guard = guard_of((1, 0), Region(10), **{"14": Region()})
    guard.held("01", is_new=True)
    guard.hold_approved("01")
    guard.moved_by_a_person("C1", "01")
    assert not guard.is_guarded(moving(1, "01", "14"))
    assert let_pass(guard, [closing(2), closing(3)]) == 1
