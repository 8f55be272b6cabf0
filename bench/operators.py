"""Measures what operators do beside the worker: `python -m bench.operators`.

A reconcile of the whole topics beside the bare client reading them; and the worker's speed beside a
replay, against its speed beside a process that only keeps a processor busy.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from statistics import median

from bench import say, stream
from bench.publishing import Topics
from bench.running import Run
from bench.world import World, found

MOST_OF_DRAIN = 1.5
LEAST_OF_ALONE = 0.8


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 where both goals were reached, 3 where one was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.operators", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="how many are read again")
    parser.add_argument("--load", type=int, default=200_000, help="how many the worker applies")
    parser.add_argument("--clinics", type=int, default=10_000, help="of how many clinics they are")
    parser.add_argument("--repeats", type=int, default=3, help="how many pairs are run")
    sizes = parser.parse_args(arguments)
    with found() as world:
        return _measure(world, sizes)


def _measure(world: World, sizes: argparse.Namespace) -> int:
    say(f"Publishing {sizes.events} events of {sizes.clinics} clinics, and applying them.")
    registered = world.databases.prepare(sizes.clinics).registered
    topics = world.publish("all", stream.events(sizes.events, sizes.clinics))
    database = world.databases.copy(registered)
    say(_line("the worker", world.worker(topics, database)))
    of_drain = _reconcile(world, topics, database, sizes.repeats)
    of_alone = _replay(world, topics, database, sizes)
    say("")
    say(
        f"reconcile / bare client, median of {sizes.repeats} pairs: {of_drain:.2f} of the time "
        f"(goal: at most {MOST_OF_DRAIN})"
    )
    say(
        f"worker beside a replay / beside a busy process, median of {sizes.repeats} pairs: "
        f"{of_alone:.2f} of the speed (goal: at least {LEAST_OF_ALONE})"
    )
    return 0 if of_drain <= MOST_OF_DRAIN and of_alone >= LEAST_OF_ALONE else 3


def _reconcile(world: World, topics: Topics, database: str, repeats: int) -> float:
    ratios = []
    for _ in range(repeats):
        drain = world.drain(topics)
        reconcile = world.reconcile(topics, database)
        say(_line("the bare client", drain))
        say(_line("reconcile", reconcile))
        ratios.append(reconcile.wall_seconds / drain.wall_seconds)
    return median(ratios)


def _replay(world: World, topics: Topics, database: str, sizes: argparse.Namespace) -> float:
    """The worker reads on from its positions each time, through a new part of the load."""
    until = datetime.now(UTC).isoformat()
    first = sizes.events + 1
    ratios = []

    def under_load(beside: AbstractContextManager[int]) -> Run:
        nonlocal first
        world.publish_more(topics, stream.events(sizes.load, sizes.clinics, first))
        first += sizes.load
        with beside:
            return world.worker(topics, database)

    for _ in range(sizes.repeats):
        busy = under_load(world.busy())
        replay = under_load(world.replaying(topics, database, until))
        say(_line("beside a busy process", busy))
        say(_line("beside a replay", replay))
        ratios.append(busy.wall_seconds / replay.wall_seconds)
    return median(ratios)


def _line(name: str, run: Run) -> str:
    read = f"{run.read:>9} events" if run.read else " " * 16
    return (
        f"{name:<24}{read}{run.wall_seconds:>8.1f} s"
        f"{run.cpu_seconds:>8.1f} s CPU{run.peak_megabytes:>7.0f} MB"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
