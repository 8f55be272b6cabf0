"""How long partitions stand still when something happens to who reads them."""

import time

from tests.endurance.load import Load
from tests.real.worker.stage import Stage
from tests.services.waiting import until


def seconds_until_all_move(stage: Stage, load: Load, seconds: float = 120) -> float:
    """From now until every partition is read past what it held now; the load must go on."""
    began_at = time.monotonic()
    held = dict(load.produced)

    def have_moved() -> bool:
        positions = stage.positions()
        return all(positions.get(place, 0) > count for place, count in held.items())

    until(have_moved, "every partition to be read on", seconds)
    return time.monotonic() - began_at
