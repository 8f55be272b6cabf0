"""Explanations of clinics: each condition with its cause, and what would change if it were met.

The same on every database.
"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import ACTIVATION, EPOCH, activated, deactivated, region_changed
from tests.worlds.guard import CLINICS
from tests.worlds.lives import begun, lives
from tests.worlds.registry import BOARD, execute, through_the_database

from sync_worker.administration import boards
from sync_worker.administration.messages import explanations as says
from sync_worker.authorship import Authorship
from sync_worker.domain.regions import Regions
from sync_worker.events.decode_result import Reason
from sync_worker.inspection.explanation import explain
from sync_worker.registry import holds, queries, workers
from sync_worker.registry.registrations import Board

A, B, *_, E = CLINICS
CONDITIONS = [
    *("activated", "registered", "region_known", "service_on", "no_own_system", "nothing_held"),
]
LATER = 100
"""Minutes after all events of a life."""


@pytest.fixture
def life(registry):
    return begun(registry)


def explained(life, hsa_id=A):
    with life.registry.snapshot() as connection:
        found = explain(connection, hsa_id, Regions())
    assert found is not None
    return found


def condition(life, name, hsa_id=A):
    (found,) = [c for c in explained(life, hsa_id)["conditions"] if c["condition"] == name]
    return found


def said(message, tongue="en"):
    return message.text(tongue)


# What would change.


def listed(life, hsa_id):
    with life.registry.snapshot() as connection:
        found = queries.clinic_listed(connection, hsa_id)
    assert found is not None
    return found


def turned_for_real(life, hsa_id, name):
    """Have a condition met by whoever can do that; the reason where the rules refuse it."""
    match name:
        case "activated":
            life.read([activated(hsa_id, LATER, id="turned")])
        case "registered":
            return life.register(hsa_id).reason
        case "region_known":
            life.put_board("14", is_set=True)
            life.read([region_changed(hsa_id, LATER, "14", id="turned")])
        case "service_on":
            life.put_board(listed(life, hsa_id)["region_code"], is_set=True)
        case "no_own_system":
            life.act("out of TAK", hsa_id)
        case "nothing_held":
            with life.registry.snapshot() as connection:
                held = holds.of_clinics(connection, [hsa_id])[hsa_id]
            for region_code in {fact.region_code for fact in held.values()}:
                life.approve(region_code)
    return None


def status_seen(life, hsa_id):
    """The status that the complaints service sees; of one that it does not see, the list's."""
    in_list, seen = listed(life, hsa_id), life.view().get(hsa_id)
    assert (seen is not None) == in_list["registered"]
    return in_list["status"] if seen is None else seen[-1]


@through_the_database
@given(lives, st.sampled_from(CLINICS), st.data())
def test_what_would_change_is_what_changes(registry, script, hsa_id, data):
    life = begun(registry)
    for deed in script:
        life.act(*deed)
    before = explained(life, hsa_id)
    assert [c["condition"] for c in before["conditions"]] == CONDITIONS
    assert before["status"] == status_seen(life, hsa_id)
    could_turn = [c for c in before["conditions"] if c["if_met"] is not None]
    if not could_turn:
        assert before["receives_cases"]
        return
    turned = data.draw(st.sampled_from(could_turn))
    refused = turned_for_real(life, hsa_id, turned["condition"])
    assert status_seen(life, hsa_id) == turned["if_met"]["status"]
    assert refused == turned["if_met"].get("refused")
    if not refused:
        receives = turned["if_met"]["status"] == "receiving"
        assert ("receives cases" in said(turned["if_met"]["text"])) == receives


# Since when, and by whom.

BY = ("since", "at_the_latest", "actor", "reason", "event_id", "topic", "partition", "offset")


def cause(found):
    """What a condition says of its cause, without what it does not know."""
    return {n: found[n] for n in BY if found[n] is not None and found[n] is not False}


def instant(minutes):
    return EPOCH + timedelta(minutes=minutes)


def test_a_logged_change_is_told_with_its_event_and_place(life):
    life.register(A)
    life.read([deactivated(A, 1, id="closing")])
    found = condition(life, "activated")
    assert cause(found) == {
        "since": instant(1),
        "event_id": "closing",
        "topic": ACTIVATION,
        "partition": 0,
        "offset": 5,
    }
    assert said(found["text"]) == (
        "Activated in the e-services: no, since 2026-01-01T00:01:00Z, by event closing "
        f"({ACTIVATION}, partition 0, offset 5)."
    )
    assert said(found["text"], "sv") == (
        "Aktiverad i e-tjänsterna: nej, sedan 2026-01-01T00:01:00Z, genom händelse closing "
        f"({ACTIVATION}, partition 0, plats 5)."
    )


def test_a_value_stated_again_is_so_since_its_change(life):
    life.register(A)
    life.read([deactivated(A, 1, id="closing"), deactivated(A, 2, id="again")])
    found = cause(condition(life, "activated"))
    assert (found["event_id"], found["offset"]) == ("closing", 5)
    assert found["since"] > instant(2)


def test_of_an_unregistered_clinic_since_when_is_a_bound(life):
    life.read([deactivated(A, 1, id="closing"), deactivated(A, 2, id="again")])
    found = condition(life, "activated")
    assert cause(found) == {"since": instant(2), "at_the_latest": True, "event_id": "again"}
    assert "since 2026-01-01T00:02:00Z at the latest, by event again" in said(found["text"])
    assert "sedan 2026-01-01T00:02:00Z eller tidigare" in said(found["text"], "sv")


def test_a_change_logged_before_a_removal_is_not_the_cause(life):
    life.register(A)
    life.read([deactivated(A, 1, id="first")])
    life.remove(A)
    life.read([activated(A, 2), deactivated(A, 3, id="unlogged")])
    life.act("register by hand", A)
    found = condition(life, "activated")
    assert cause(found) == {"since": instant(3), "at_the_latest": True, "event_id": "unlogged"}


def test_a_value_written_by_hand_has_no_known_cause(life, engine):
    life.register(A)
    life.read([deactivated(A, 1)])
    execute(engine, f"UPDATE clinic SET active = true WHERE hsa_id = '{A}'")
    found = condition(life, "activated")
    assert cause(found) == {}
    assert said(found["text"]) == "Activated in the e-services: yes, since when is not known."


def test_a_value_without_a_version_has_no_known_cause(life, engine):
    columns = "activation_time = NULL, activation_event_id = NULL"
    execute(engine, f"UPDATE clinic SET {columns} WHERE hsa_id = '{A}'")
    assert cause(condition(life, "activated")) == {}


def test_an_event_without_an_id_is_said_to_have_none(life):
    life.register(A)
    life.read([None], key=A)
    found = condition(life, "activated")
    assert (found["value"], found["event_id"]) == (False, "")
    assert "by an event without an id (" in said(found["text"])


def test_a_clinic_that_was_never_activated_says_so(life):
    life.read([region_changed("SE2321000016-TX01", 0, "01")])
    found = condition(life, "activated", "SE2321000016-TX01")
    assert (found["met"], found["value"], cause(found)) == (False, None, {})
    assert said(found["text"]).endswith("no, they have never stated it.")
    refused = condition(life, "registered", "SE2321000016-TX01")["if_met"]
    assert refused["refused"] == "not_active"
    assert "It cannot be added now" in said(refused["text"])


def test_an_addition_and_a_removal_name_their_authors(life):
    never = condition(life, "registered")
    assert (never["met"], cause(never)) == (False, {})
    assert said(never["text"]) == "Registered: no, nobody has added it."
    life.register(A)
    added = condition(life, "registered")
    assert (added["actor"], added["reason"]) == ("anna", "Order 17")
    assert "by anna (Order 17)." in said(added["text"])
    life.remove(A)
    removed = condition(life, "registered")
    assert (removed["met"], removed["actor"], removed["reason"]) == (False, "berit", "Order 18")
    assert said(removed["text"]).startswith("Registered: no, removed, since ")
    assert added["since"] < removed["since"]


def test_a_moved_clinic_says_where_it_was(life):
    life.put_board("01", is_set=True)
    life.register(A)
    life.read([region_changed(A, 1, "03", id="move")])
    moved = condition(life, "region_known")
    assert (moved["value"], moved["former"]) == ("03", "01")
    assert cause(moved)["event_id"] == "move"
    words = said(moved["text"])
    assert "Region Uppsala (03), previously Region Stockholm (01), since" in words
    found = explained(life)
    assert found["status"] == "service_off"
    assert said(found["text"]).endswith("its region has no patient board.")


def test_a_region_not_in_use_is_told_by_its_code(life, engine):
    execute(engine, f"UPDATE clinic SET region_code = '99' WHERE hsa_id = '{A}'")
    assert (explained(life)["region_code"], explained(life)["region_name"]) == ("99", None)


def test_a_clinic_without_a_region_waits_for_one(life):
    life.act("register by hand", E)
    found = explained(life, E)
    assert said(found["text"]).endswith("it is unknown which region administers it.")
    service = condition(life, "service_on", E)
    assert (service["met"], service["if_met"]) == (False, None)
    region = condition(life, "region_known", E)
    assert region["if_met"]["status"] == "receiving"


def test_a_service_is_on_since_its_first_board(life):
    life.put_board("01", is_set=True)
    on = condition(life, "service_on")
    assert (on["actor"], on["reason"], on["value"]["hsa_id"]) == ("eva", "INC1", BOARD.hsa_id)
    replaced = Board("01", "SE2321000016-PN99", "Ny nämnd")
    boards.put(
        life.registry,
        boards.plan(life.registry, "01", replaced),
        Authorship("karin", "INC2", life.now()),
    )
    still = condition(life, "service_on")
    assert cause(still) == cause(on)
    assert still["value"] == {"hsa_id": replaced.hsa_id, "name": replaced.name}
    life.put_board("01", is_set=False)
    off = condition(life, "service_on")
    assert (off["met"], off["actor"]) == (False, "eva")
    assert off["since"] > on["since"]


def test_a_service_never_on_has_no_cause(life):
    never = condition(life, "service_on")
    assert cause(never) == {}
    assert said(never["text"]) == "The region's service: off, no patient board is set."


def test_who_put_a_clinic_into_tak_is_told(life):
    assert said(condition(life, "no_own_system")["text"]) == "Its own system (TAK): no."
    life.act("into TAK", A)
    found = condition(life, "no_own_system")
    assert (found["met"], found["value"], found["actor"], found["reason"]) == (
        *(False, True, "eva", "INC7"),
    )
    assert explained(life)["status"] == "own_system"
    life.act("out of TAK", A)
    assert condition(life, "no_own_system")["actor"] == "eva"


def test_several_missing_conditions_are_all_waited_for(life):
    life.read([deactivated(A, 1)])
    life.act("into TAK", A)
    found = condition(life, "activated")["if_met"]
    assert said(found["text"]) == (
        "If it is activated in the e-services, it still waits for an administrator to add it, the "
        "region's patient board and support to take it out of TAK."
    )


# What may hide the truth.


def test_a_held_change_names_its_hold_and_since_when(life):
    for hsa_id in (A, B):
        life.register(hsa_id)
    life.put_board("01", is_set=True)
    life.read([deactivated(B, 1), deactivated(A, 1, id="suspicious")])
    (held,) = explained(life)["held"]
    (number,) = [h["id"] for h in life.listed("open")]
    assert (held["fact"], held["value"], held["hold_id"]) == ("activation", False, number)
    assert (held["event_id"], held["time"]) == ("suspicious", instant(1))
    assert life.listed("open")[0]["opened_at"] <= held["since"] <= life.now()
    found = condition(life, "nothing_held")
    assert (found["met"], found["value"], found["since"]) == (False, [number], held["since"])
    assert "its deactivation, since " in said(found["text"])
    assert found["if_met"]["status"] == "deactivated"
    words = said(found["if_met"]["text"], "sv")
    assert words == (
        "Om det godkänns slutar den ta emot ärenden, och väntar på aktivering i e-tjänsterna."
    )
    assert explained(life)["receives_cases"]


def test_open_dead_letters_that_name_the_clinic_are_told(life):
    bad = [activated(A, 5, id=str(n), regionCode="11") for n in range(11)]
    life.read([*bad, activated(B, 5, regionCode="11")])
    told = explained(life)["dead_letters"]
    assert (told["open"], len(told["items"])) == (11, 10)
    newest = told["items"][0]
    assert {name: newest[name] for name in ("reason", "topic", "partition", "offset")} == {
        "reason": "unknown_region",
        "topic": ACTIVATION,
        "partition": 0,
        "offset": 15,
    }
    assert "an operator adds it" in said(newest["text"])
    assert said(told["more"]) == "Another one, older, is not shown."


def test_every_reason_of_a_dead_letter_says_who_acts():
    assert set(says.ACTIONS) == set(Reason)


def test_how_fresh_the_stream_is_comes_from_the_positions(life):
    told = explained(life)["stream"]
    assert (told["newest_event_at"], told["lag"]) == (instant(-1), None)
    assert told["last_applied_at"] <= life.now()
    assert "read up to 2025-12-31T23:59:00Z" in said(told["text"])


@pytest.mark.parametrize(
    ("reasons", "seconds_ago", "state", "sentence"),
    [
        ((), 0, "ready", "1 worker is reading events now."),
        ((workers.Reason("loop_stuck", "…"),), 0, "not_ready", "No worker can read events now"),
        ((), 60, "silent", "No worker is reading events now"),
        (None, 0, None, "No worker is reading events now"),
    ],
)
def test_whether_a_worker_reads_is_told(life, reasons, seconds_ago, state, sentence):
    if reasons is not None:
        with life.registry.transaction() as transaction:
            now = workers.now(transaction.connection) - timedelta(seconds=seconds_ago)
            process = workers.Process("w", "host", 1, "0.1.0", now)
            condition_now = workers.Condition(reasons, None, ())
            workers.report(transaction.connection, process, condition_now, now)
            transaction.commit()
    told = explained(life)["stream"]
    expected = dict.fromkeys(("ready", "not_ready", "silent"), 0)
    assert told["workers"] == expected | ({state: 1} if state else {})
    assert sentence in said(told["text"])
