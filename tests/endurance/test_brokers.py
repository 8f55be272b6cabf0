"""Three brokers that lead in turn, restart, and of which one is lost for good."""

import random

from tests.endurance.closing import close
from tests.endurance.crew import started
from tests.endurance.load import Load
from tests.endurance.plan import Plan
from tests.endurance.progress import seconds_until_all_move
from tests.endurance.report import Section
from tests.real.worker.stage import Stage
from tests.real.worker.streams import REGISTERED
from tests.services.cluster import Cluster

_PER_SECOND = 200


def test_elections_and_a_broker_lost_for_good_lose_no_record(
    replicated_stage: Stage, brokers: Cluster, plan: Plan, section: Section
) -> None:
    """Three workers on three brokers, under load. Partitions get other leaders again and again.

    Then each broker is stopped in order and started again, and at last one is killed and its data
    deleted. After each of these every partition must be read on.
    """
    stage, rng = replicated_stage, random.Random(plan.seed)
    topics = (stage.activation, stage.region)
    workers = started(stage)
    with Load(stage, plan.seed, _PER_SECOND) as load:
        pauses: dict[str, list[float]] = {"elections": [], "restarts": [], "loss": []}
        for _ in range(max(2, int(plan.scaled(4)))):
            leaders = {tp: rng.choice([*brokers.nodes]) for tp in brokers.leaders(*topics)}
            brokers.prefer(leaders)
            pauses["elections"].append(seconds_until_all_move(stage, load))
        for _ in range(max(1, int(plan.scaled(1)))):
            for node in brokers.nodes.values():
                node.stop()
                pauses["restarts"].append(seconds_until_all_move(stage, load))
                node.start()
                brokers.until_in_sync(*topics, "__consumer_offsets")
        brokers.lose(rng.choice([*brokers.nodes]))
        pauses["loss"].append(seconds_until_all_move(stage, load))
    for what, seconds in pauses.items():
        section.add(f"{what}: all partitions read on after, s", seconds)
    close(stage, load.produced, REGISTERED, section)
    stage.until_ready(*workers)
    for worker in workers:
        assert worker.stop() == 0, worker.output
