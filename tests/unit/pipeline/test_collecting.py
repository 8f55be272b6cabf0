"""Garbage is collected between batches, not within one."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from sync_worker.pipeline import gc_control


class Cycle:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(gc_control, "_MIN_INTERVAL_SECONDS", 0.0)
    yield
    assert gc.isenabled()


@pytest.mark.usefixtures("no_wait")
def test_a_cycle_lives_until_the_batch_is_done() -> None:
    with gc_control.between_batches() as collect:
        waste = weakref.ref(Cycle())
        assert not gc.isenabled()
        assert waste() is not None
        collect()
        assert waste() is None


@pytest.mark.usefixtures("no_wait")
def test_after_a_failure_the_collector_works_as_before() -> None:
    gc.unfreeze()
    with pytest.raises(ValueError, match="stop"), gc_control.between_batches():
        raise ValueError("stop")
    assert gc.get_freeze_count() == 0


def test_quick_small_batches_do_not_each_pay_a_collection() -> None:
    with gc_control.between_batches() as collect:
        waste = weakref.ref(Cycle())
        collect()
        assert waste() is not None
    gc.collect()
    assert waste() is None
