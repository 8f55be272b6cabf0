"""The registry as it was, from the change log: held to what was seen at each moment.

The same on every database.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import activated, deactivated, region_changed
from tests.worlds.guard import CLINICS
from tests.worlds.lives import begun, lives
from tests.worlds.registry import execute, through_the_database

from sync_worker.administration import history
from sync_worker.administration.closures import Period, closures
from sync_worker.domain.clinic_status import Status
from sync_worker.errors import Exit, UserError
from sync_worker.registry import change_log, queries
from sync_worker.registry.change_log import LogFilter
from sync_worker.registry.queries import ClinicFilter

A, B, C, *_ = CLINICS


def as_of(life, moment, **wanted):
    with life.registry.snapshot() as connection:
        return list(history.list_clinics(connection, ClinicFilter(**wanted), moment))


def active(life):
    with life.registry.snapshot() as connection:
        listed = list(queries.list_clinics(connection, ClinicFilter()))
    return {row["hsa_id"]: row["active"] for row in listed}


def lived(registry, script):
    """A life, and what the complaints service saw at moments between its acts."""
    life = begun(registry)
    seen = [(life.tick(), life.view(), active(life))]
    for deed in script:
        life.act(*deed)
        seen.append((life.tick(), life.view(), active(life)))
    return life, seen


@through_the_database
@given(lives)
def test_at_every_moment_the_list_is_what_was_seen_then(registry, script):
    life, seen = lived(registry, script)
    for moment, view, were_active in seen:
        rows = as_of(life, moment)
        assert [row["hsa_id"] for row in rows] == sorted(view)
        for row in rows:
            hsa_id = row["hsa_id"]
            assert (row["name"], row["region_code"], row["status"]) == view[hsa_id]
            assert (row["active"], row["registered"]) == (were_active[hsa_id], True)


def expected_status(hsa_id, views, index, first, last):
    """By which status a clinic was closed at a moment of a period; None where it was not."""
    if hsa_id in views[index]:
        status = views[index][hsa_id][-1]
        return None if status == "receiving" else status
    was_added = any(hsa_id in view for view in views[:index])
    concerns_the_period = any(hsa_id in view for view in views[first : last + 1])
    return "not_registered" if was_added and concerns_the_period else None


@through_the_database
@given(lives, st.data())
def test_closures_cover_exactly_the_moments_of_being_closed(registry, script, data):
    life, seen = lived(registry, script)
    first = data.draw(st.integers(0, len(seen) - 1))
    last = data.draw(st.integers(first, len(seen) - 1))
    moments, views = [each[0] for each in seen], [each[1] for each in seen]
    with life.registry.snapshot() as connection:
        found = closures(connection, Period(moments[first], moments[last]))
    for index in range(first, last + 1):
        told = {item["hsa_id"]: item["status"] for item in found if is_within(moments[index], item)}
        expected = {
            hsa_id: expected_status(hsa_id, views, index, first, last) for hsa_id in CLINICS
        }
        assert told == {hsa_id: status for hsa_id, status in expected.items() if status}
    for hsa_id in CLINICS:
        own = [item for item in found if item["hsa_id"] == hsa_id]
        assert all(one["until"] <= other["from"] for one, other in pairwise(own))
    assert all(item["change"] is not None for item in found if item["from"] is not None)


def is_within(moment, item):
    begins, ends = item["from"], item["until"]
    return (begins is None or begins <= moment) and (ends is None or moment < ends)


@pytest.fixture
def life(registry):
    """Region 01 has a board, and clinics A, B and C receive cases."""
    life = begun(registry, 5, 100)
    life.put_board("01", is_set=True)
    for hsa_id in (A, B, C):
        life.register(hsa_id)
    return life


def test_what_was_so_is_filtered_as_the_list_is(life):
    life.read([deactivated(B, 1), region_changed(C, 1, "03", name="Änggården")])
    moment = life.tick()
    life.read([activated(B, 2, regionCode="14"), region_changed(C, 2, "01", name="Lunden")])

    def ids(**wanted):
        return [row["hsa_id"] for row in as_of(life, moment, **wanted)]

    assert ids() == [A, B, C]
    assert ids(region_codes=("01",)) == [A, B]
    assert ids(region_codes=("03", "14")) == [C]
    assert ids(status=Status.DEACTIVATED) == [B]
    assert ids(status=Status.SERVICE_OFF) == [C]
    assert ids(search="änggård") == [C]
    assert ids(search="lunden") == []
    assert ids(limit=2) == [A, B]


def test_a_removed_clinic_is_listed_as_it_was(life, engine):
    moment = life.tick()
    life.remove(A)
    execute(engine, f"DELETE FROM clinic WHERE hsa_id = '{B}'")
    life.read([deactivated(A, 9), region_changed(A, 9, "14")])
    rows = {row["hsa_id"]: row for row in as_of(life, moment)}
    for hsa_id in (A, B):
        row = rows[hsa_id]
        assert (row["active"], row["region_code"], row["status"]) == (True, "01", "receiving")


def test_a_removal_logged_by_an_earlier_program_leaves_unknowns(life, engine):
    moment = life.tick()
    statement = f"UPDATE clinic SET registered_at = NULL WHERE hsa_id = '{A}'"
    execute(engine, statement)
    forget_what_was(engine)
    (row,) = [row for row in as_of(life, moment) if row["hsa_id"] == A]
    assert (row["active"], row["region_code"], row["status"]) == (None, None, None)
    assert row["registered"]


def test_a_clinic_known_to_be_in_tak_has_that_status(life, engine):
    life.act("into TAK", A)
    moment = life.tick()
    life.remove(A)
    forget_what_was(engine)
    (row,) = [row for row in as_of(life, moment) if row["hsa_id"] == A]
    assert (row["active"], row["status"]) == (None, "own_system")


def forget_what_was(engine):
    """Have removals say what they said before revision 0015."""
    if engine.dialect.name == "postgresql":
        before = "ALTER TABLE change_log DISABLE TRIGGER refuse_log_change"
    else:
        before = "DROP TRIGGER refuse_log_update"
    execute(engine, before)
    columns = "region_code = NULL, was_active = NULL, was_named = NULL"
    execute(engine, f"UPDATE change_log SET {columns} WHERE change = 'removed'")


def refusal(life, moment):
    with life.registry.snapshot() as connection, pytest.raises(UserError) as refused:
        history.require_logged(connection, moment, life.now())
    assert (refused.value.exit_code, refused.value.code) == (Exit.USAGE, "unknown_moment")
    return str(refused.value)


def test_moments_that_no_log_tells_of_are_refused(life):
    with life.registry.snapshot() as connection:
        first, *_ = (entry["at"] for entry in change_log.listed(connection, LogFilter()))
        history.require_logged(connection, first, life.now())
    assert "The change log begins at " in refusal(life, first - timedelta(microseconds=1))
    assert "has not been yet" in refusal(life, life.now() + timedelta(hours=1))


def test_an_empty_log_tells_of_no_moment(registry):
    assert refusal(begun(registry), datetime(2026, 1, 1, tzinfo=UTC)) == "The change log is empty."


def test_clinics_not_registered_then_are_not_to_be_had(life):
    with pytest.raises(UserError, match="only of clinics that were registered"):
        as_of(life, life.now(), status=Status.NOT_REGISTERED)


# When clinics were closed.


def closed(life, since, *region_codes):
    with life.registry.snapshot() as connection:
        return closures(connection, Period(since, life.tick()), region_codes)


def told(item, *names):
    return tuple(item[name] for name in names)


def test_a_closure_tells_what_began_and_what_ended_it(life):
    since = life.tick()
    life.read([deactivated(A, 1, id="wrong")])
    life.tick()
    life.read([activated(A, 2, id="right")])
    (item,) = closed(life, since)
    assert told(item, "hsa_id", "region_code", "status") == (A, "01", "deactivated")
    assert told(item, "change", "event_id", "until_change", "until_event_id") == (
        *("deactivated", "wrong", "activated", "right"),
    )
    assert since < item["from"] < item["until"]


def test_a_closure_may_lie_across_the_period(life):
    life.read([deactivated(A, 1)])
    (item,) = closed(life, life.tick())
    assert told(item, "from", "until", "change", "status") == (None, None, None, "deactivated")


def test_clearing_a_board_closes_the_region_and_names_who(life):
    since = life.tick()
    life.put_board("01", is_set=False)
    items = closed(life, since)
    assert [told(item, "hsa_id", "status", "change", "actor", "reason") for item in items] == [
        (hsa_id, "service_off", "board_cleared", "eva", "INC1") for hsa_id in (A, B, C)
    ]


def test_a_removed_clinic_is_closed_until_added_again(life):
    since = life.tick()
    life.remove(A)
    life.tick()
    between = life.tick()
    life.register(A)
    expected = ("not_registered", "removed", "berit", "registered", "anna")
    members = ("status", "change", "actor", "until_change", "until_actor")
    (item,) = closed(life, since)
    assert told(item, *members) == expected
    assert item["region_code"] == "01"
    (item,) = closed(life, between)
    assert told(item, *members) == ("not_registered", None, None, "registered", "anna")
    assert closed(life, life.tick()) == []


def test_a_newly_added_clinic_was_not_closed_before(registry):
    life = begun(registry)
    life.put_board("01", is_set=True)
    since = life.tick()
    life.register(A)
    assert closed(life, since) == []


def test_what_one_batch_closes_and_opens_is_no_closure(life):
    since = life.tick()
    life.read([deactivated(A, 1), activated(A, 2)])
    assert closed(life, since) == []


def test_closures_are_those_of_the_regions_asked_for(life):
    since = life.tick()
    life.read([region_changed(A, 1, "03"), deactivated(B, 1)])
    assert [item["hsa_id"] for item in closed(life, since, "03")] == [A]
    assert [item["hsa_id"] for item in closed(life, since, "01")] == [B]
    assert len(closed(life, since, "01", "03")) == 2
