"""Load for as long as it takes: nothing grows, and nobody loses a place in the group."""

import time

from tests.endurance.closing import close
from tests.endurance.crew import memory_kilobytes, started
from tests.endurance.growth import growth
from tests.endurance.load import Load
from tests.endurance.plan import Plan
from tests.endurance.report import Section
from tests.real.worker.stage import Running, Stage
from tests.real.worker.streams import REGISTERED

_PER_SECOND = 500
_SECONDS_IN_CI = 75.0
_LEAST_SECONDS = 60.0
"""In less, memory wanders more than it could grow."""
_LEAST_WARM_UP_SECONDS = 45.0
_WARM_UP = 0.25
"""The part of the run in which caches and the allocator's pools fill."""
_SAMPLES = 240
ALLOWED_BYTES_PER_RECORD = 150
"""A leak of one event with its texts is several times as large."""


def _sampled(worker: Running, stage: Stage, seconds: float) -> list[tuple[float, float]]:
    """Records read, and the bytes of memory then."""
    began_at, points = time.monotonic(), []
    for number in range(_SAMPLES):
        points.append((float(stage.read()), memory_kilobytes(worker) * 1024.0))
        time.sleep(max(0, began_at + (number + 1) * seconds / _SAMPLES - time.monotonic()))
    return points


def test_memory_does_not_grow_under_steady_load(stage: Stage, plan: Plan, section: Section) -> None:
    """One worker reads what comes at a steady pace, a tenth of it dead letters.

    Its memory per record must be shown, with 99 per cent, to grow by less than an event takes.
    """
    stage.settings["BATCH_MAX_RECORDS"] = None
    (worker,) = started(stage, 1)
    generation = stage.generation()
    with Load(stage, plan.seed, _PER_SECOND) as load:
        seconds = max(_LEAST_SECONDS, plan.scaled(_SECONDS_IN_CI))
        _sampled(worker, stage, max(_LEAST_WARM_UP_SECONDS, seconds * _WARM_UP))
        points = _sampled(worker, stage, seconds)
    found = growth(points)
    section.add("records while measured", int(points[-1][0] - points[0][0]))
    section.add("memory at first and at last, MiB", [y / 2**20 for _, y in (points[0], points[-1])])
    section.add("memory in between, MiB", [y / 2**20 for _, y in points[:: _SAMPLES // 12]])
    section.add("growth, bytes/record: least, slope, most", list(found))
    assert stage.generation() == generation, "somebody lost a place in the group"
    close(stage, load.produced, REGISTERED, section)
    section.is_closed = found.most < ALLOWED_BYTES_PER_RECORD
    assert found.most < ALLOWED_BYTES_PER_RECORD, points[:: _SAMPLES // 24]
