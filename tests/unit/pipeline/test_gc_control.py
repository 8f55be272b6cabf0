"""Garbage is collected between batches, not within one."""

import gc
import time
import weakref

import pytest

from sync_worker.pipeline import gc_control


class Cycle:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_a_cycle_lives_until_the_batch_is_done() -> None:
    with gc_control.between_batches(min_interval_seconds=0.0) as collect:
        waste = weakref.ref(Cycle())
        assert not gc.isenabled()
        assert waste() is not None
        collect()
        assert waste() is None
    assert gc.isenabled()


def test_after_a_failure_the_collector_works_as_before() -> None:
    gc.unfreeze()
    with pytest.raises(ValueError, match="stop"), gc_control.between_batches():
        raise ValueError("stop")
    assert (gc.isenabled(), gc.get_freeze_count()) == (True, 0)


def test_quick_small_batches_do_not_each_pay_a_collection() -> None:
    with gc_control.between_batches() as collect:
        waste = weakref.ref(Cycle())
        collect()
        assert waste() is not None
    gc.collect()
    assert waste() is None


def test_an_old_cycle_lives_until_a_full_collection_costs_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with gc_control.between_batches(min_interval_seconds=0.0) as collect:
        collect()  # a full one
        aging = Cycle()
        waste = weakref.ref(aging)
        collect()
        collect()
        del aging
        collect()
        assert waste() is not None
        now += 3600.0
        collect()
        assert waste() is None
