"""Cases that are measured in rounds: each round runs every case once, beginning with another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench import say
from bench.figures import Series
from bench.running import Run


@dataclass(frozen=True, slots=True)
class Start:
    """A program with nothing to read."""

    name: str
    run: Callable[[], Run]


@dataclass(frozen=True, slots=True)
class Case:
    """A program under one load, and its start."""

    name: str
    run: Callable[[], Run]
    start: Start
    most_megabytes: float | None = None


def measured(cases: Sequence[Case], rounds: int) -> list[Series]:
    """The series of each case, in the order of the cases.

    What runs right after another finds the machine as that one left it, its files in memory and
    perhaps other programs awake: so nobody is always first.
    """
    starts = {case.start.name: case.start for case in cases}
    programs: list[Start | Case] = [*starts.values(), *cases]
    runs: dict[str, list[Run]] = {program.name: [] for program in programs}
    for number in range(rounds):
        for program in rotated(programs, number):
            run = program.run()
            say(f"round {number + 1} of {rounds}: {program.name}: {run.wall_seconds:.1f} s")
            runs[program.name].append(run)
    return [
        Series(case.name, runs[case.name], runs[case.start.name], case.most_megabytes)
        for case in cases
    ]


def rotated(programs: Sequence[Start | Case], number: int) -> list[Start | Case]:
    """The same ones, with another one first in each round, and every other round backwards."""
    first = number * 2 % len(programs)
    turned = [*programs[first:], *programs[:first]]
    return turned if number % 2 == 0 else turned[::-1]
