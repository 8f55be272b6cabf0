"""That what is by outcome has every outcome."""

from dataclasses import fields

from sync_worker.events.outcome import Outcome
from sync_worker.registry.positions import Counts


def test_counts_have_a_number_for_each_outcome() -> None:
    assert [field.name for field in fields(Counts)] == [outcome.value for outcome in Outcome]
