"""A process that was halted is not ended for it: the loop is stuck only while others go on."""

from types import SimpleNamespace

import pytest

from sync_worker.telemetry import health as health_module
from sync_worker.telemetry import watchdog
from sync_worker.telemetry.health import Health
from sync_worker.telemetry.watchdog import Standstill

STUCK_AFTER_SECONDS = 60


class Clock:
    """A clock that the test moves."""

    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    for module in (health_module, watchdog):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=made.monotonic))
    return made


@pytest.fixture
def health(clock):
    made = Health(STUCK_AFTER_SECONDS)
    made.made_progress()
    return made


@pytest.fixture
def look(clock, health):
    """What the watchdog does, each time after so many seconds."""
    standstill = Standstill()

    def look(seconds):
        clock.now += seconds
        health.stood_still(standstill.seconds())
        return [reason.code.value for reason in health.alive()]

    return look


def test_a_process_that_was_halted_for_long_goes_on(look):
    assert look(1) == []
    assert look(3600) == []
    assert look(1) == []


def test_a_loop_that_stays_stuck_after_a_halt_is_found(look):
    assert look(3600) == []
    found = [look(1) for _ in range(STUCK_AFTER_SECONDS + 1)]
    assert (found[0], found[-1]) == ([], ["loop_stuck"])


@pytest.mark.parametrize("interval", [1.0, 1.9])
def test_a_stuck_loop_is_found_by_a_watchdog_that_dawdles(look, interval):
    found = [look(interval) for _ in range(STUCK_AFTER_SECONDS + 2)]
    assert found[-1] == ["loop_stuck"]


def test_progress_after_a_halt_is_not_put_into_the_future(look, health, clock):
    clock.now += 3600
    health.made_progress()
    assert look(0) == []
    found = [look(1) for _ in range(STUCK_AFTER_SECONDS + 1)]
    assert found[-1] == ["loop_stuck"]
