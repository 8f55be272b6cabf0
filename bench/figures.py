"""What the runs come to: figures, the goals, and the text that says both. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from bench.world import Run

LEAST_OF_DRAIN = 0.40
LEAST_OF_SINGLES = 15.0
MOST_MEGABYTES = 200.0


@dataclass(frozen=True, slots=True)
class Runs:
    """Everything that was measured; the starts are processes that had nothing to read."""

    pairs: Sequence[tuple[Run, Run]]
    """The worker and the drain, one right after the other."""
    singles: Run
    worker_start: Run
    drain_start: Run


@dataclass(frozen=True, slots=True)
class Figures:
    """The ratios are the lower ones of two: whole processes, and without their starts."""

    of_drain: float
    of_singles: float
    cpu_seconds: float
    """Of the worker, for each 100 000 events."""
    peak_megabytes: float

    @property
    def missed(self) -> list[str]:
        """The goals that were not reached."""
        goals = (
            (self.of_drain >= LEAST_OF_DRAIN, f"at least {LEAST_OF_DRAIN:.2f} of (a)"),
            (self.of_singles >= LEAST_OF_SINGLES, f"at least {LEAST_OF_SINGLES:.0f} times (b)"),
            (self.peak_megabytes < MOST_MEGABYTES, f"under {MOST_MEGABYTES:.0f} MB"),
        )
        return [goal for is_reached, goal in goals if not is_reached]


def rate(run: Run, start: Run | None = None) -> float:
    """Events a second, of the whole process or without the time that its start takes."""
    return run.read / (run.wall_seconds - (0.0 if start is None else start.wall_seconds))


def figures(runs: Runs) -> Figures:
    """What the runs come to."""
    workers = [worker for worker, _ in runs.pairs]
    return Figures(
        of_drain=min(_of_drain(runs, None, None), _of_drain(runs, *_starts(runs))),
        of_singles=min(_of_singles(runs, None), _of_singles(runs, runs.worker_start)),
        cpu_seconds=median(run.cpu_seconds / run.read for run in workers) * 100_000,
        peak_megabytes=max(run.peak_megabytes for run in workers),
    )


def text(runs: Runs) -> Iterator[str]:
    """The lines of the report."""
    yield "events/s        whole process   without its start   CPU s per 100 000   peak MB"
    for worker, drain in runs.pairs:
        yield _line("worker", worker, runs.worker_start)
        yield _line("(a) drain", drain, runs.drain_start)
    yield _line("(b) one by one", runs.singles, runs.worker_start)
    yield (
        f"A start with nothing to read takes the worker {runs.worker_start.wall_seconds:.2f} s "
        f"and the drain {runs.drain_start.wall_seconds:.2f} s, joining and leaving the group "
        "included. A native PostgreSQL of the tests runs without fsync, which favours (b)."
    )
    whole, net = _of_drain(runs, None, None), _of_drain(runs, *_starts(runs))
    yield (
        f"worker / (a), median of {len(runs.pairs)} pairs: {whole:.2f} of whole processes, "
        f"{net:.2f} without their starts (goal {LEAST_OF_DRAIN:.2f})"
    )
    whole, net = _of_singles(runs, None), _of_singles(runs, runs.worker_start)
    yield (
        f"worker / (b), median: {whole:.1f} of whole processes, "
        f"{net:.1f} without their starts (goal {LEAST_OF_SINGLES:.0f})"
    )
    found = figures(runs)
    yield f"CPU of the worker process: {found.cpu_seconds:.2f} s per 100 000 events"
    yield f"peak memory of the worker process: {found.peak_megabytes:.0f} MB (goal under 200)"


def _starts(runs: Runs) -> tuple[Run, Run]:
    return runs.worker_start, runs.drain_start


def _of_drain(runs: Runs, worker_start: Run | None, drain_start: Run | None) -> float:
    return median(rate(w, worker_start) / rate(d, drain_start) for w, d in runs.pairs)


def _of_singles(runs: Runs, start: Run | None) -> float:
    return median(rate(worker, start) for worker, _ in runs.pairs) / rate(runs.singles, start)


def _line(name: str, run: Run, start: Run) -> str:
    cpu = run.cpu_seconds / run.read * 100_000
    return (
        f"{name:<14}{rate(run):>15,.0f}{rate(run, start):>20,.0f}"
        f"{cpu:>20.2f}{run.peak_megabytes:>11.0f}"
    )
