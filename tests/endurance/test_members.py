"""Workers that come, go, freeze and die under load."""

from tests.endurance.closing import close
from tests.endurance.load import Load
from tests.endurance.plan import Plan
from tests.endurance.report import Section
from tests.real.worker.stage import Running, Stage
from tests.real.worker.streams import REGISTERED

_PER_SECOND = 200
_WORKERS = 3


def _started(stage: Stage, **settings: str) -> list[Running]:
    """Three workers that are ready."""
    workers = [stage.start(**settings) for _ in range(_WORKERS)]
    stage.until_ready(*workers, seconds=60)
    return workers


def test_rolling_restarts_of_three_workers_lose_nothing(
    stage: Stage, plan: Plan, section: Section
) -> None:
    """Three workers share the partitions under load, and are replaced one after the other.

    Each is stopped once the successor of the one before it is ready, as a deployment does.
    """
    workers = _started(stage)
    rounds = max(1, int(plan.scaled(2)))
    with Load(stage, plan.seed, _PER_SECOND) as load:
        for _ in range(rounds):
            for number, worker in enumerate(workers):
                assert worker.stop() == 0, worker.output
                workers[number] = stage.start()
                stage.until_ready(workers[number], seconds=60)
    section.add("workers replaced", rounds * _WORKERS)
    close(stage, load.produced, REGISTERED, section)
    stage.until_ready(*workers)
