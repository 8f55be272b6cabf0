"""Workers that come, go, freeze and die under load."""

import random
import signal
import time

from sync_worker.streams.kafka.settings import KafkaSettings
from tests.endurance.closing import close
from tests.endurance.crew import WORKERS, started
from tests.endurance.load import Load
from tests.endurance.plan import Plan
from tests.endurance.progress import seconds_until_all_move
from tests.endurance.report import Section
from tests.real.worker.stage import Stage
from tests.real.worker.streams import REGISTERED
from tests.services.waiting import until

_PER_SECOND = 200
_SESSION_SECONDS = KafkaSettings("", (), "").session_timeout_ms / 1000
_HANDED_ON_SECONDS = 30
"""Five sessions; with the client's own default it would take 45 s and more."""


def test_rolling_restarts_of_three_workers_lose_nothing(
    stage: Stage, plan: Plan, section: Section
) -> None:
    """Three workers share the partitions under load, and are replaced one after the other.

    Each is stopped once the successor of the one before it is ready, as a deployment does.
    """
    workers = started(stage)
    rounds = max(1, int(plan.scaled(2)))
    with Load(stage, plan.seed, _PER_SECOND) as load:
        for _ in range(rounds):
            for number, worker in enumerate(workers):
                assert worker.stop() == 0, worker.output
                workers[number] = stage.start()
                stage.until_ready(workers[number], seconds=60)
    section.add("workers replaced", rounds * WORKERS)
    close(stage, load.produced, REGISTERED, section)
    stage.until_ready(*workers)


def test_a_worker_frozen_over_three_sessions_does_no_harm(
    stage: Stage, plan: Plan, section: Section
) -> None:
    """One of three workers is stopped with SIGSTOP under load, and goes on after three sessions.

    The others have taken over by then. It comes back as a zombie: what it still holds in memory
    must change nothing, and it must find its place again by itself.
    """
    rng = random.Random(plan.seed)
    workers = started(stage)
    taken_over, back = [], []
    with Load(stage, plan.seed, _PER_SECOND) as load:
        for _ in range(max(1, int(plan.scaled(2)))):
            zombie = rng.choice(workers)
            zombie.process.send_signal(signal.SIGSTOP)
            frozen_at = time.monotonic()
            taken_over.append(seconds_until_all_move(stage, load))
            time.sleep(frozen_at + 3 * _SESSION_SECONDS - time.monotonic())  # is the freeze
            zombie.process.send_signal(signal.SIGCONT)
            thawed_at = time.monotonic()
            until(lambda: len(stage.members()) == WORKERS, "the zombie to be a member")
            stage.until_ready(*workers)
            back.append(time.monotonic() - thawed_at)
    section.add("its partitions read by others after, s", taken_over)
    section.add("ready again after, s", back)
    close(stage, load.produced, REGISTERED, section)


def test_a_killed_worker_hands_on_its_partitions_within_seconds(
    stage: Stage, plan: Plan, section: Section
) -> None:
    """One of three workers with the default session is killed under load.

    It is replaced only once the others read all partitions.
    """
    rng = random.Random(plan.seed)
    workers = started(stage)
    handed_on = []
    with Load(stage, plan.seed, _PER_SECOND) as load:
        for _ in range(max(2, int(plan.scaled(2)))):
            victim = rng.randrange(WORKERS)
            workers[victim].kill()
            handed_on.append(seconds_until_all_move(stage, load, _HANDED_ON_SECONDS))
            workers[victim] = stage.start()
            stage.until_ready(*workers, seconds=60)
    section.add("all partitions read on after, s", handed_on)
    close(stage, load.produced, REGISTERED, section)
