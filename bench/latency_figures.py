"""What a bench of latency comes to: figures, the goals, and the text that says both. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

MOST_MILLISECONDS_P50 = 6.0
MOST_MILLISECONDS_P99 = 15.0
MOST_CPU_MILLISECONDS = 2.0
RATE_OF_GOALS = 200


@dataclass(frozen=True, slots=True)
class LatencyRun:
    """What was measured at one rate: of each event, from the call of `send` to visible."""

    rate: int
    of_registered: Sequence[float]
    """Milliseconds of each event of a registered clinic."""
    of_others: Sequence[float]
    cpu_seconds: float
    """Of the worker's process, its threads and its idle time included."""
    transactions: int
    load: float
    """Processes that wanted a processor, the average of the last minute."""

    @property
    def latencies(self) -> Sequence[float]:
        """Of all events."""
        return [*self.of_registered, *self.of_others]

    @property
    def cpu_milliseconds(self) -> float:
        """For each event."""
        return self.cpu_seconds * 1000 / len(self.latencies)


def percentile(values: Sequence[float], percent: float) -> float:
    """The least of the values that so many per cent of them do not exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


HEADING = (
    "events/s   events      p50      p90      p99      max ms   CPU ms/event  "
    "events/transaction   load"
)


def lines(run: LatencyRun) -> Iterator[str]:
    """All events of a run, and those of registered clinics and of others."""
    yield (
        f"{run.rate:>8}{_line(run.latencies)}{run.cpu_milliseconds:>15.2f}"
        f"{len(run.latencies) / run.transactions:>20.1f}{run.load:>7.1f}"
    )
    for name, latencies in (("registered", run.of_registered), ("others", run.of_others)):
        if latencies:
            yield f"{name:>10}{_line(latencies)[2:]}"


def _line(latencies: Sequence[float]) -> str:
    spread = [percentile(latencies, percent) for percent in (50, 90, 99, 100)]
    return f"{len(latencies):>9}" + "".join(f"{milliseconds:>9.1f}" for milliseconds in spread)


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure, and what it is to stay below."""

    name: str
    found: float
    limit: float

    @property
    def is_reached(self) -> bool:
        """Whether it does."""
        return self.found < self.limit

    def __str__(self) -> str:
        verdict = "reached" if self.is_reached else "not reached"
        return f"{self.name}: {self.found:.2f} ms, goal under {self.limit:.0f} ms: {verdict}"


def goals(runs: Sequence[LatencyRun]) -> list[Goal]:
    """At the rate that they are for: of each figure the median of the runs."""
    of_rate = [run for run in runs if run.rate == RATE_OF_GOALS]
    if not of_rate:
        return []
    p50 = median(percentile(run.latencies, 50) for run in of_rate)
    p99 = median(percentile(run.latencies, 99) for run in of_rate)
    cpu = median(run.cpu_milliseconds for run in of_rate)
    return [
        Goal(f"p50 at {RATE_OF_GOALS}/s", p50, MOST_MILLISECONDS_P50),
        Goal(f"p99 at {RATE_OF_GOALS}/s", p99, MOST_MILLISECONDS_P99),
        Goal(f"CPU for each event at {RATE_OF_GOALS}/s", cpu, MOST_CPU_MILLISECONDS),
    ]
