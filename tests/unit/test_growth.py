"""The growth of memory: a leak is found among noise, and noise is not taken for a leak."""

import random

import pytest
from tests.endurance.growth import growth

RECORDS = 60_000
SAMPLES = 240
ALLOWED = 150
"""Bytes a record, as in the run of endurance."""
SEEDS = range(200)


def wandering(seed, bytes_per_record):
    """Memory as it is: noise that is like the noise before it, and steps that are taken back."""
    rng = random.Random(seed)
    noise, step = 0.0, 0.0
    for number in range(SAMPLES):
        noise = 0.8 * noise + rng.gauss(0, 150_000)
        if rng.randrange(20) == 0:
            step = rng.choice((0.0, 500_000.0))
        records = number * RECORDS / SAMPLES
        yield records, 80e6 + noise + step + bytes_per_record * records


def test_a_leak_is_hardly_ever_shown_to_be_none():
    shown = [growth(list(wandering(seed, ALLOWED))).most < ALLOWED for seed in SEEDS]
    assert sum(shown) <= 2


def test_memory_that_does_not_grow_is_shown_not_to():
    shown = [growth(list(wandering(seed, 0))).most < ALLOWED for seed in SEEDS]
    assert sum(shown) >= 198


def test_the_interval_holds_what_the_slope_is():
    found = [growth(list(wandering(seed, 100))) for seed in SEEDS]
    assert sum(one.least <= 100 <= one.most for one in found) >= 196


@pytest.mark.parametrize("slope", [0, 3])
def test_a_straight_line_leaves_no_doubt(slope):
    found = growth([(x, slope * x) for x in range(100)])
    assert found == pytest.approx((slope, slope, slope))
