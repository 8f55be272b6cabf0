"""A hundred kills, each at a named point between a poll, the commit and the commit of offsets."""

import json
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice

from tests.endurance.closing import close
from tests.endurance.killing import ONCE, POINTS, Victim
from tests.endurance.load import Load
from tests.endurance.plan import Plan
from tests.endurance.report import Section
from tests.real.worker.stage import Stage
from tests.real.worker.streams import REGISTERED

_KILLS = 100
_AT_ONCE = 3
_PER_SECOND = 100
_MOST_SECONDS = 900
_MOST_PASSES = 5
_SIZES = ["1", "20", "500"]
"""Records of a transaction at most."""


def _victims(stage: Stage, rng: random.Random, count: int) -> Iterator[Victim]:
    """Each in a group of its own: none waits until the session of a dead one is over.

    Those of one round have transactions of the same size: the smaller ones would lose every race.
    """
    sizes = rng.sample(_SIZES, len(_SIZES))
    for number, point in enumerate(islice(cycle(POINTS), count)):
        settings = {
            "SYNC_WORKER_KAFKA_GROUP_ID": f"{stage.group}-{number}",
            "SYNC_WORKER_BATCH_MAX_RECORDS": sizes[number // len(POINTS) % len(sizes)],
            "SYNC_WORKER_HTTP_PORT": "0",
        }
        yield Victim(point, 1 if point in ONCE else rng.randint(1, _MOST_PASSES), settings)


def test_a_hundred_kills_at_named_points_lose_nothing(
    stage: Stage, plan: Plan, section: Section
) -> None:
    """Workers that end themselves with SIGKILL at a point each, three at a time, under load.

    They are in different groups, so that all of them read every partition, and race each other.
    """
    count = max(_KILLS, int(plan.scaled(_KILLS)))
    victims = list(_victims(stage, random.Random(plan.seed), count))
    file = stage.folder / "victims.json"
    file.write_text(json.dumps(victims), encoding="utf-8")
    with Load(stage, plan.seed, _PER_SECOND) as load:
        killing = stage.program(
            sys.executable, "-m", "tests.endurance.killing", file, str(_AT_ONCE)
        )
        assert killing.process.wait(_MOST_SECONDS) == 0, killing.output
    ended = [json.loads(line) for line in killing.output.splitlines() if '"ended"' in line]
    assert [one for one in ended if one["ended"] != -signal.SIGKILL] == [], killing.output
    kills = Counter(one["point"] for one in ended)
    assert kills == Counter(victim.point for victim in victims)
    section.add("kills", kills.total())
    section.add_table(("point", "kills"), kills.items())
    stage.start(BATCH_MAX_RECORDS="5000")
    close(stage, load.produced, REGISTERED, section)
