"""What the runs come to: rates, ratios, goals, and the text that says them. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from statistics import median
from typing import NamedTuple

from bench.running import Run


class Spread(NamedTuple):
    """The least, the median and the greatest of several."""

    least: float
    middle: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of one value at least."""
        return cls(min(values), median(values), max(values))

    def __str__(self) -> str:
        return f"{self.least:.2f} {self.middle:.2f} {self.greatest:.2f}"


@dataclass(frozen=True, slots=True)
class Series:
    """The runs of one program under one load, in the order of the rounds.

    `starts` are runs of it that had nothing to read. `most_megabytes` is what no process of it may
    reach, None for what is not ours.
    """

    name: str
    runs: Sequence[Run]
    starts: Sequence[Run]
    most_megabytes: float | None = None

    @property
    def start_seconds(self) -> float:
        """What starting, joining its group, leaving it and ending take."""
        return median(run.wall_seconds for run in self.starts)

    @property
    def whole(self) -> list[float]:
        """Events a second of each run, from its start to its exit."""
        return [run.read / run.wall_seconds for run in self.runs]

    @property
    def net(self) -> list[float]:
        """The same without a start's time; infinite where a run took no longer than that."""
        return [_rate(run.read, run.wall_seconds - self.start_seconds) for run in self.runs]

    @property
    def by_cpu(self) -> list[float]:
        """Events for each CPU second of the program, without a start's.

        That is its speed where it has a processor for itself and waits for nothing; on a busy
        machine this alone is worth comparing.
        """
        start = median(run.cpu_seconds for run in self.starts)
        return [_rate(run.read, run.cpu_seconds - start) for run in self.runs]

    @property
    def peak_megabytes(self) -> float:
        """The most memory that a process had."""
        return max(run.peak_megabytes for run in self.runs)

    @property
    def takes_too_much(self) -> bool:
        """Whether it reached that."""
        return self.most_megabytes is not None and self.peak_megabytes >= self.most_megabytes


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many times as fast one is as another, in each round."""

    of: Series
    to: Series
    goal: float | None = None
    """The least that it is to be."""

    @property
    def whole(self) -> Spread:
        """Of the speeds of whole processes."""
        return _ratios(self.of.whole, self.to.whole)

    @property
    def net(self) -> Spread:
        """Of the speeds without the starts."""
        return _ratios(self.of.net, self.to.net)

    @property
    def by_cpu(self) -> Spread:
        """Of the events for each CPU second."""
        return _ratios(self.of.by_cpu, self.to.by_cpu)

    @property
    def is_missed(self) -> bool:
        """Whether the median of either speed is less than the goal."""
        return self.goal is not None and min(self.whole.middle, self.net.middle) < self.goal

    def __str__(self) -> str:
        goal = "" if self.goal is None else f"{self.goal:.2f}{' MISSED' if self.is_missed else ''}"
        name = f"{self.of.name} / {self.to.name}"
        ratios = "".join(f"{ratio!s:>18}" for ratio in (self.whole, self.net, self.by_cpu))
        return f"{name:<56}{ratios}  {goal}".rstrip()


def _rate(events: int, seconds: float) -> float:
    return events / seconds if seconds > 0 else inf


def _ratios(of: Sequence[float], to: Sequence[float]) -> Spread:
    return Spread.of([one / other for one, other in zip(of, to, strict=True)])


def table(series: Sequence[Series]) -> Iterator[str]:
    """Every run of them."""
    yield (
        f"{'':<34}{'events/s: whole':>16}{'without start':>14}{'start s':>9}"
        f"{'CPU s/100 000':>15}{'peak MB':>9}  CPU s of services"
    )
    for one in series:
        for run, whole, net in zip(one.runs, one.whole, one.net, strict=True):
            services = ", ".join(f"{name} {cpu:.1f}" for name, cpu in run.services.items())
            cpu = run.cpu_seconds / run.read * 100_000
            yield (
                f"{one.name:<34}{whole:>16,.0f}{net:>14,.0f}{one.start_seconds:>9.1f}"
                f"{cpu:>15.2f}{run.peak_megabytes:>9.0f}  {services}"
            ).rstrip()


def comparisons(compared: Sequence[Comparison]) -> Iterator[str]:
    """Their ratios, with their goals."""
    heading = "least, median and greatest ratio"
    yield f"{heading:<56}{'whole':>18}{'without start':>18}{'by CPU':>18}  goal"
    yield from map(str, compared)


def missed(series: Sequence[Series], compared: Sequence[Comparison]) -> Iterator[str]:
    """The goals that were not reached."""
    yield from (f"{one}" for one in compared if one.is_missed)
    for one in series:
        if one.takes_too_much:
            yield f"{one.name}: {one.peak_megabytes:.0f} MB, goal under {one.most_megabytes:.0f}"
