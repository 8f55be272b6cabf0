"""What an event does to a registered clinic of which something may be held."""

from datetime import UTC, datetime, timedelta

import pytest

from sync_worker.domain.clinic_state import Clinic, Effect, Held, Step, merge
from sync_worker.domain.facts import Change, Fact, Facts, Register
from sync_worker.domain.mass_change_guard import Guard, LastDeparture, Limits, Region

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
A = "SE2321000016-TA01"
CLOSED, OPENED = Change(Fact.ACTIVATION, True, False), Change(Fact.ACTIVATION, False, True)


def at(minute, value):
    return Register(NOW + timedelta(minutes=minute), "", f"e{minute}", value)


def facts(minute=0, *, active=None, region=None, name=None):
    return Facts(
        *(None if value is None else at(minute, value) for value in (active, region, name))
    )


def guard(max_changes=0, **regions):
    known = {code: Region(registered=10) for code in ("01", "03", "14")}
    return Guard(Limits(max_changes, 0), known | regions, NOW)


HERE = Clinic(A, facts(active=True, region="01", name="Ett"))
CLOSING = {Fact.ACTIVATION: Held(at(2, False), "01")}
MOVING = {Fact.REGION: Held(at(2, "03"), "01")}


def waiting(held, **regions):
    """A clinic with something held, and a guard that knows of it."""
    judging = guard(**regions)
    for kept in held.values():
        judging.held(kept.region_code, is_new=True)
    return HERE._replace(held=held), judging


@pytest.mark.parametrize(
    ("stated", "step"),
    [
        (facts(1, active=False), Step(Effect.HELD, CLOSED)),
        (facts(1, region="03"), Step(Effect.HELD, Change(Fact.REGION, "01", "03"))),
        (
            facts(1, active=False, name="Två"),
            Step(Effect.HELD, CLOSED),
        ),
        (facts(1, active=True, region="03"), Step(Effect.HELD, Change(Fact.REGION, "01", "03"))),
    ],
)
def test_only_the_departure_beyond_the_limit_is_held(stated, step):
    after, steps = merge(HERE, stated, guard())
    assert steps[0] == step
    assert list(after.held) == [step.change.fact]
    assert (after.facts.activation, after.facts.region) != (None, None)
    assert after.newest() == HERE.facts.merge(stated)
    assert after.facts.merge(stated) == HERE.facts.merge(stated)
    assert after.facts.activation is not None
    assert after.facts.activation.value is True
    assert after.facts.region is not None
    assert after.facts.region.value == "01"


@pytest.mark.parametrize(
    ("clinic", "stated"),
    [
        (HERE._replace(is_registered=False), facts(1, active=False)),
        (HERE._replace(is_registered=False), facts(1, region="03")),
        (Clinic(A, facts(active=False, region="01")), facts(1, active=False)),
        (Clinic(A, facts(region="01")), facts(1, active=False)),
        (Clinic(A, facts(active=True)), facts(1, active=False)),
        (Clinic(A, facts(active=True)), facts(1, region="03")),
        (HERE, facts(1, active=True, region="01")),
        (HERE, facts(1, name="Två")),
    ],
)
def test_what_takes_no_registered_clinic_away_is_never_held(clinic, stated):
    after, steps = merge(clinic, stated, guard())
    assert after.facts == clinic.facts.merge(stated)
    assert not after.held
    assert all(step.effect is Effect.TOOK_EFFECT for step in steps)


@pytest.mark.parametrize("held", [CLOSING, MOVING])
@pytest.mark.parametrize("minute", [1, 2])
def test_whatever_is_not_newer_than_a_held_fact_is_superseded(held, minute):
    clinic, judging = waiting(held)
    values = {"active": False} if held is CLOSING else {"region": "03"}
    after, steps = merge(clinic, facts(minute, **values), judging)
    assert after is clinic
    assert steps == []


def test_a_newer_equal_value_does_not_change_the_list():
    clinic, judging = waiting(CLOSING)
    after, steps = merge(clinic, facts(3, active=False), judging)
    assert after.held == {Fact.ACTIVATION: Held(at(3, False), "01")}
    assert after.facts is clinic.facts
    assert steps == []
    assert judging.regions["01"].hold is not None
    assert judging.regions["01"].hold.revision == 1


def test_a_newer_different_value_changes_the_list():
    clinic, judging = waiting(MOVING)
    after, steps = merge(clinic, facts(3, region="14"), judging)
    assert after.held == {Fact.REGION: Held(at(3, "14"), "01")}
    assert steps == [Step(Effect.HELD, Change(Fact.REGION, "01", "14"))]
    assert judging.regions["01"].hold is not None
    assert (judging.regions["01"].hold.facts, judging.regions["01"].hold.revision) == (1, 2)


@pytest.mark.parametrize(
    ("held", "stated", "withdrawn"),
    [
        (CLOSING, facts(3, active=True), OPENED),
        (MOVING, facts(3, region="01"), Change(Fact.REGION, "03", "01")),
    ],
)
def test_a_newer_one_that_says_what_the_registry_says_withdraws(held, stated, withdrawn):
    clinic, judging = waiting(held)
    after, steps = merge(clinic, stated, judging)
    assert steps == [Step(Effect.WITHDRAWN, withdrawn)]
    assert not after.held
    assert after.facts == clinic.facts.merge(stated)
    assert judging.regions["01"].hold is None
    assert len(judging.regions["01"].withdrawn) == 1


def test_a_correction_is_judged_before_its_events_move():
    clinic, judging = waiting(CLOSING)
    after, steps = merge(clinic, facts(3, active=True, region="03"), judging)
    assert [step.effect for step in steps] == [Effect.WITHDRAWN, Effect.HELD]
    assert list(after.held) == [Fact.REGION]


def test_a_clinic_that_moves_back_takes_a_held_move_along():
    away = {A: LastDeparture(moved_at=NOW)}
    clinic, judging = waiting(MOVING, **{"14": Region(departures=away)})
    after, steps = merge(clinic, facts(3, region="14"), judging)
    assert [step.effect for step in steps] == [Effect.WITHDRAWN, Effect.TOOK_EFFECT]
    assert not after.held
    assert after.facts.region == at(3, "14")
    assert [judging.regions[code].registered for code in ("01", "14")] == [9, 1]


def test_a_fact_held_in_another_region_stays_there():
    clinic, judging = waiting({Fact.ACTIVATION: Held(at(2, False), "03")})
    after, _ = merge(clinic, facts(3, active=False), judging)
    assert after.held == {Fact.ACTIVATION: Held(at(3, False), "03")}
    assert judging.regions["01"].hold is None


def test_a_clinic_that_nobody_registers_any_more_is_not_held():
    clinic, judging = waiting(CLOSING)
    after, _ = merge(clinic._replace(is_registered=False), facts(3, active=False), judging)
    assert not after.held
    assert after.facts.activation == at(3, False)
    assert judging.regions["01"].departures == {}
