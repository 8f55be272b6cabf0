"""Measures how soon an event is in the registry: `python -m bench.latency`.

A producer sends events at a constant rate, and the worker runs beside it as a daemon, its guard on.
An event's latency is from the call that sends it until another session of PostgreSQL has heard of
the commit. Nine of ten events name a clinic anew, every tenth makes one leave its region.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from bench import say, stream
from bench.commits import Commits, heard
from bench.latency_figures import HEADING, LatencyRun, goals, lines
from bench.publishing import Address, Topics
from bench.world import GUARDED, World, found

_WARM_UP = 100
_DEADLINE_SECONDS = 120.0


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 where every goal was reached, 3 where one was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__)
    parser.add_argument("--rates", type=int, nargs="+", default=[1, 50, 200], help="events/s")
    parser.add_argument("--seconds", type=int, default=20, help="how long each rate is held")
    parser.add_argument("--clinics", type=int, default=10_000, help="of how many the events are")
    parser.add_argument("--repeats", type=int, default=3, help="how often each rate is measured")
    parser.add_argument("--singles", type=int, default=500, help="how many are counted one by one")
    options = parser.parse_args(arguments)
    with found() as world:
        say(f"Preparing {options.clinics} clinics, a third of them registered.")
        registered = world.databases.prepare(options.clinics).registered
        runs = _measure(world, registered, options)
        round_trips = _round_trips(world, registered, options)
    say(f"An event alone takes {round_trips:.1f} round trips to PostgreSQL, BEGIN and COMMIT too.")
    reached = goals(runs)
    for goal in reached:
        say(f"{goal}")
    return 0 if all(goal.is_reached for goal in reached) else 3


def _measure(world: World, registered: str, options: argparse.Namespace) -> list[LatencyRun]:
    """All rates with one worker, one after the other, and all of them again."""
    topics, database = world.publish("latency", ()), world.databases.copy(registered)
    runs, first = [], 1
    with heard(database) as commits, world.working(topics, database, **GUARDED) as worker:
        meter = _Meter(world.bootstrap, topics, commits, worker, options.clinics)
        meter.run(50, _WARM_UP, first)
        first += _WARM_UP
        say(HEADING)
        for rate in options.rates * options.repeats:
            run = meter.run(rate, rate * options.seconds, first)
            first += rate * options.seconds
            for line in lines(run):
                say(line)
            runs.append(run)
    return runs


class _Meter:
    """Measures a worker that runs."""

    def __init__(
        self, bootstrap: str, topics: Topics, commits: Commits, worker: int, clinics: int
    ) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._commits = commits
        self._worker = worker
        self._clinics = clinics
        self._registered = set(stream.registered(clinics))

    def run(self, rate: int, count: int, first: int) -> LatencyRun:
        """Have so many events produced, and see how soon they are committed."""
        cpu_before, transactions_before = _cpu_seconds(self._worker), self._commits.transactions
        sent = self._produce(rate, count, first)
        self._commits.wait_for(sent.keys(), _DEADLINE_SECONDS)
        cpu_seconds = _cpu_seconds(self._worker) - cpu_before
        latencies: dict[bool, list[float]] = {True: [], False: []}
        for address, (hsa_id, sent_at) in sent.items():
            milliseconds = (self._commits.visible_at(address) - sent_at) * 1000
            latencies[hsa_id in self._registered].append(milliseconds)
        return LatencyRun(
            rate,
            latencies[True],
            latencies[False],
            cpu_seconds,
            self._commits.transactions - transactions_before,
            os.getloadavg()[0],
        )

    def _produce(self, rate: int, count: int, first: int) -> dict[Address, tuple[str, float]]:
        """For each record whose clinic's it is, and when it was sent."""
        numbers = {"rate": rate, "count": count, "clinics": self._clinics, "first": first}
        options = [f"--{name}={number}" for name, number in numbers.items()]
        command = [sys.executable, "-m", "bench.producer", self._bootstrap, *self._topics.names]
        done = subprocess.run([*command, *options], stdout=subprocess.PIPE, check=True)  # noqa: S603 - what is run is written here
        return {
            (topic, partition, offset): (hsa_id, sent_at)
            for hsa_id, topic, partition, offset, sent_at in json.loads(done.stdout)
        }


def _cpu_seconds(process_id: int) -> float:
    """What the process has used so far, in steps of a tick."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def _round_trips(world: World, registered: str, options: argparse.Namespace) -> float:
    """For each event, of a worker that takes one by one."""
    alone = {**GUARDED, "SYNC_WORKER_BATCH_MAX_RECORDS": "1"}
    events = islice(stream.at_the_head(options.clinics), options.singles)
    some, none = (
        world.round_trips(world.publish(name, few), world.databases.copy(registered), **alone)
        for name, few in (("some", events), ("none", ()))
    )
    singles: int = options.singles
    return (some - none) / singles


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
