"""Print docs/metrics.md: what the catalogue of metrics says of each, for operators.

`make docs-metrics` writes the page. A test holds the two equal.
"""

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from sync_worker.telemetry.catalogue import of_page, of_records, of_registry, of_worker
from sync_worker.telemetry.catalogue.metric import PREFIX, Bounded, Kind, Metric, Question

_WIDTH = 105
_BEGINNING = """\
# Metrics
Every worker serves its metrics at `/metrics`, on `SYNC_WORKER_HTTP_HOST` and
`SYNC_WORKER_HTTP_PORT`: as text for Prometheus, or as OpenMetrics for whoever asks for that. A
scrape is answered from memory: neither Kafka nor the database is asked. This page follows from the
catalogue in the program; `make docs-metrics` writes it.

- **No label has text from outside.** There is never an HSA-id, a person or a payload in one, and
  the values of each are few: they are listed here.
- **Every series is there from the start**, except those of partitions and routes: a counter with 0,
  so that `rate` and `increase` see the first error.
- **Counters count from the start of the process**, as counters do. `sync-worker status` has the
  counts of all time.
- **NaN means that nobody knows now.** It is never an old value that looks like a new one. Any
  comparison with it is false, so no alert follows from it, and `sum` is NaN, while `max` passes it
  over. `sync_worker_not_ready` says why nothing is known.
- **The usual metrics of a process** are served too: `process_start_time_seconds`,
  `process_cpu_seconds_total`, `process_resident_memory_bytes`, `process_open_fds` and the like.

## What is asked in an outage
| question | metrics |
|---|---|
"""


class _Group(NamedTuple):
    title: str
    introduction: str
    metrics: Sequence[Metric]


_GROUPS = (
    _Group(
        "The worker now",
        "Sampled every second by a thread of its own: also while the loop is stuck.",
        of_worker.METRICS,
    ),
    _Group(
        "Records and transactions",
        "Counted by each worker for itself: add them up over the workers.",
        of_records.METRICS,
    ),
    _Group(
        "The registry",
        (
            "Every worker says the same of it: take the `max`, never the sum. Sampled every 15 s, "
            "and more rarely where that would take more than a fiftieth of the time. While the "
            "database cannot be used they stay as they were, and "
            "`sync_worker_registry_sampled_timestamp_seconds` says of when they are."
        ),
        of_registry.METRICS,
    ),
    _Group(
        "The administrators' page",
        (
            "Served by each process of `sync-worker web` for itself, at `/metrics` on "
            "`SYNC_WORKER_HTTP_HOST` and `SYNC_WORKER_WEB_METRICS_PORT`, beside "
            "`sync_worker_build_info` and the metrics of the process: add them up over the "
            "processes. They are not on the page's own port, which is for everybody."
        ),
        of_page.METRICS,
    ),
)


def main() -> None:
    """Print the page."""
    print(page(), end="")  # noqa: T201 - it is what this program is for


def page() -> str:
    """The whole page, in Markdown."""
    parts = [_BEGINNING, *map(_row, Question)]
    for title, introduction, metrics in _GROUPS:
        parts += [f"\n## {title}\n", _wrapped(introduction)]
        parts += [_section(metric) for metric in metrics]
    return "".join(parts)


def _row(question: Question) -> str:
    """Which metrics answer a question."""
    links = (
        f"[`{metric.name.removeprefix(PREFIX)}`](#{metric.name})"
        for group in _GROUPS
        for metric in group.metrics
        if question in metric.answers
    )
    return f"| {question.value} | {', '.join(links)} |\n"


def _section(metric: Metric) -> str:
    kind = Kind.HISTOGRAM if metric.kind is Kind.AGES else metric.kind
    of_what = f" ({metric.unit})" if metric.unit else ""
    labels = (f"- `{name}`: {_values(values)}" for name, values in metric.labels.items())
    bounds = ", ".join(f"{bound:g}" for bound in metric.buckets)
    return "".join(
        [
            f"\n### {metric.name}\n",
            _wrapped(f"*{kind.capitalize()}{of_what}.* {metric.help} {metric.note}"),
            *(_wrapped(label, indent="  ") for label in labels),
            _wrapped(f"- buckets up to {bounds}", indent="  ") if bounds else "",
            f"```promql\n{metric.query}\n```\n",
        ]
    )


def _values(values: tuple[str, ...] | Bounded) -> str:
    if isinstance(values, Bounded):
        return values.value
    return ", ".join(f"`{value}`" for value in values)


def _wrapped(text: str, indent: str = "") -> str:
    lines = textwrap.wrap(
        text,
        _WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    main()
