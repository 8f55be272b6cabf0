"""Measures how fast the worker catches up: `python -m bench`.

By whole processes, side by side in one run: with nothing registered and with everything on, beside
the bare client, and beside the Debezium JDBC sink if that is asked for; on all processors and on
one; with more clinics; with more workers; and beside one transaction for each event.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache, partial

from tests.services.jars import NoJars

from bench import figures, rounds, say
from bench.figures import Comparison, Series
from bench.loads import Load
from bench.rounds import Case, Start
from bench.running import Run
from bench.sink.sink import Sink
from bench.world import World, found

LEAST_OF_CLIENT = 0.5
LEAST_OF_SINK = 0.8
LEAST_OF_SINK_ON_ONE_PROCESSOR = 1.0
LEAST_OF_SINGLES = 15.0
LEAST_OF_MANY_CLINICS = 0.8
MANY_CLINICS = 50_000
LEAST_OF_MORE_CLINICS = 0.5
MOST_MEGABYTES = 200.0

Part = tuple[list[Series], list[Comparison]]


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 where every goal was reached, 3 where one was missed."""
    options = _options(arguments)
    say(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, python -m bench {shlex.join(arguments)}\n"
        f"{len(os.sched_getaffinity(0))} processors, wanted by {os.getloadavg()[0]:.1f} processes"
    )
    with found() as world:
        missed = _Bench(world, options).measure()
    say("Missed: " + "; ".join(missed) if missed else "Every goal is reached.")
    return 3 if missed else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--events", type=int, default=300_000, help="how many there are")
    parser.add_argument(
        "--clinics",
        type=int,
        nargs="+",
        default=[10_000, 50_000],
        help="of how many clinics they are; the first is compared with each other one",
    )
    parser.add_argument("--workers", type=int, nargs="*", default=[2, 3], help="at once")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    parser.add_argument("--singles", type=int, default=3000, help="events applied one by one")
    parser.add_argument("--debezium", action="store_true", help="measure the sink, too (Maven)")
    parser.add_argument("--parts", nargs="+", choices=_PARTS, default=list(_PARTS))
    return parser.parse_args(arguments)


class _Bench:
    """Measures part by part, and says of each what it came to."""

    def __init__(self, world: World, options: argparse.Namespace) -> None:
        self._options = options
        self._load = cache(partial(Load, world, options.events))
        self._sink = self._found_sink(world) if options.debezium else None

    def measure(self) -> list[str]:
        """Which goals were missed."""
        missed: list[str] = []
        for name in self._options.parts:
            say(f"\n{name}")
            series, comparisons = _PARTS[name](self)
            for line in (*figures.table(series), *figures.comparisons(comparisons)):
                say(line)
            missed += figures.missed(series, comparisons)
        return missed

    def sides(self) -> Part:
        """On as many processors as there are."""
        return self._side_by_side(LEAST_OF_SINK, on_one_processor=False)

    def processor(self) -> Part:
        """Each of them on the same one; Kafka and PostgreSQL on all."""
        return self._side_by_side(LEAST_OF_SINK_ON_ONE_PROCESSOR, on_one_processor=True)

    def clinics(self) -> Part:
        """Everything on, with ever more clinics."""
        start = Start("a worker's start", partial(self._base.idle_worker, everything_on=True))
        cases = [
            _worker(
                f"everything on, {clinics} clinics",
                partial(self._load(clinics).worker, everything_on=True),
                start,
            )
            for clinics in self._options.clinics
        ]
        base, *others = series = self._measured(cases)
        numbers = self._options.clinics[1:]
        goals = [
            LEAST_OF_MANY_CLINICS if number <= MANY_CLINICS else LEAST_OF_MORE_CLINICS
            for number in numbers
        ]
        compared = [Comparison(o, base, goal) for o, goal in zip(others, goals, strict=True)]
        return series, compared

    def workers(self) -> Part:
        """Everything on, with several workers that share the partitions."""
        cases = [
            _worker(
                f"everything on, workers: {number}",
                partial(self._base.worker, everything_on=True, workers=number),
                Start(
                    f"the start of workers: {number}",
                    partial(self._base.idle_worker, everything_on=True, workers=number),
                ),
            )
            for number in (1, *self._options.workers)
        ]
        alone, *others = series = self._measured(cases)
        return series, [Comparison(other, alone) for other in others]

    def singles(self) -> Part:
        """Batches beside one transaction for each event."""
        start = Start("a worker's start", partial(self._base.idle_worker, everything_on=False))
        one_by_one = partial(self._base.one_by_one, self._options.singles)
        cases = [
            _worker("nothing registered", partial(self._base.worker, everything_on=False), start),
            _worker("one by one", one_by_one, start),
        ]
        batches, singles = series = self._measured(cases)
        return series, [Comparison(batches, singles, LEAST_OF_SINGLES)]

    def _side_by_side(self, least_of_sink: float, *, on_one_processor: bool) -> Part:
        load, how = self._base, {"on_one_processor": on_one_processor}
        start = Start("a worker's start", partial(load.idle_worker, everything_on=False, **how))
        cases = [
            _worker("nothing registered", partial(load.worker, everything_on=False, **how), start),
            _worker("everything on", partial(load.worker, everything_on=True, **how), start),
            Case(
                "bare client",
                partial(load.drain, **how),
                Start("the client's start", partial(load.idle_drain, **how)),
            ),
        ]
        if self._sink is not None:
            sink_start = Start("the sink's start", partial(load.idle_sink, self._sink, **how))
            cases.append(Case("Debezium sink", partial(load.sink, self._sink, **how), sink_start))
        bare, full, client, *sinks = series = self._measured(cases)
        compared = [Comparison(bare, client, LEAST_OF_CLIENT), Comparison(full, client)]
        for sink in sinks:
            compared += [Comparison(bare, sink), Comparison(full, sink, least_of_sink)]
        return series, compared

    def _measured(self, cases: Sequence[Case]) -> list[Series]:
        return rounds.measured(cases, self._options.rounds)

    @property
    def _base(self) -> Load:
        return self._load(self._options.clinics[0])

    def _found_sink(self, world: World) -> Sink:
        try:
            return Sink(world)
        except NoJars as reason:
            raise SystemExit(f"The sink cannot be had: {reason}") from None


def _worker(name: str, run: Callable[[], Run], start: Start) -> Case:
    return Case(name, run, start, MOST_MEGABYTES)


_PARTS: dict[str, Callable[[_Bench], Part]] = {
    "sides": _Bench.sides,
    "processor": _Bench.processor,
    "clinics": _Bench.clinics,
    "workers": _Bench.workers,
    "singles": _Bench.singles,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
