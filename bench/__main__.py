"""Measures the worker beside (a) the bare client and (b) one transaction an event."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from itertools import islice

import psycopg
from tests.worlds.fold import Fold

from bench import figures, say, stream
from bench.figures import Runs
from bench.publishing import Topics
from bench.world import Run, Sizes, World, found

_HELP = {
    "events": "how many events there are",
    "clinics": "of how many clinics they are",
    "repeats": "how many pairs of worker and drain are run",
    "singles": "how many of the events are applied one by one",
    "batch": "the most records of one transaction (the worker's default)",
}


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 where every goal was reached, 3 where one was missed."""
    sizes = _sizes(arguments)
    with found() as world:
        runs = _measure(world, sizes)
    say("")
    for line in figures.text(runs):
        say(line)
    missed = figures.figures(runs).missed
    say("missed: " + ", ".join(missed) if missed else "Every goal is reached.")
    return 3 if missed else 0


def _sizes(arguments: Sequence[str]) -> Sizes:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    defaults = Sizes()
    for field in fields(Sizes):
        default = getattr(defaults, field.name)
        parser.add_argument(f"--{field.name}", type=int, default=default, help=_HELP[field.name])
    return Sizes(**vars(parser.parse_args(arguments)))


def _measure(world: World, sizes: Sizes) -> Runs:
    say(f"Preparing {sizes.clinics} clinics, a third of them registered.")
    world.prepare(sizes)
    say(f"Publishing {sizes.events} events to two topics of six partitions each.")
    topics = world.publish("all", stream.events(sizes.events, sizes.clinics))
    few = islice(stream.events(sizes.events, sizes.clinics), sizes.singles)
    slice_topics = world.publish("few", few)
    databases = [world.database() for _ in range(sizes.repeats)]
    pairs = [_pair(world, topics, sizes, databases, number) for number in range(sizes.repeats)]
    _check(databases[-1], sizes)
    say(f"{sizes.singles} events one by one.")
    singles = _complete(world.worker(slice_topics, world.database(), batch=1), sizes.singles)
    empty = world.publish("none", ())
    return Runs(
        pairs,
        singles,
        worker_start=world.worker(empty, world.database()),
        drain_start=world.drain(empty),
    )


def _pair(
    world: World, topics: Topics, sizes: Sizes, databases: Sequence[str], number: int
) -> tuple[Run, Run]:
    """Now one first, now the other: whoever is second finds the files in memory."""
    say(f"Pair {number + 1} of {sizes.repeats}.")
    if number % 2:
        drain = world.drain(topics)
        worker = world.worker(topics, databases[number], sizes.batch)
    else:
        worker = world.worker(topics, databases[number], sizes.batch)
        drain = world.drain(topics)
    return _complete(worker, sizes.events), _complete(drain, sizes.events)


def _complete(run: Run, events: int) -> Run:
    if run.read != events:
        raise RuntimeError(f"{run.read} events were read, not {events}")
    return run


def _check(database_url: str, sizes: Sizes) -> None:
    """Speed counts only where the registry is what an independent fold of the events says."""
    fold = Fold()
    for event in stream.first_activations(sizes.clinics):
        fold.read(event)
    for event in stream.events(sizes.events, sizes.clinics):
        fold.read(event)
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT hsa_id, active, region_code, name FROM clinic")
        registry = {hsa_id: tuple(values) for hsa_id, *values in rows}
    if registry != fold.rows():
        raise RuntimeError("the registry is not what the events say")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
