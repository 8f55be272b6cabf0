"""Whether workers keep the registry up to date, as they reported, and what is amiss with them.

Pure: reports and the backlog are read elsewhere. How old a report is, the database's clock says.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sync_worker.events.record import Partition
from sync_worker.inspection.attention import Attention, span
from sync_worker.instants import to_the_second
from sync_worker.language import counted
from sync_worker.registry.workers import INTERVAL_SECONDS, Report, WorkerState
from sync_worker.remedies import Remedy

_SURELY_CURRENT = timedelta(seconds=1.2 * INTERVAL_SECONDS)
"""A change is reported within a second, so that this old a report is of a worker that has ended."""
_RECENTLY = timedelta(minutes=10)
"""For so long a worker that fell silent is pointed out, though others have its partitions."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in the topics that are to be read; None is not known."""

    records: int | None = None
    oldest_age: timedelta | None = None
    """Of the oldest record that waits."""
    lags: Mapping[Partition, int | None] = field(default_factory=dict)
    """Of every partition that there is."""

    @property
    def in_words(self) -> str:
        """As in "16000 records wait, the oldest for 3.2 hours"."""
        wait = counted(self.records or 0, "record waits", "records wait")
        return (
            wait if self.oldest_age is None else f"{wait}, the oldest for {span(self.oldest_age)}"
        )


@dataclass(frozen=True, slots=True)
class Workers:
    """What all workers reported, and the time by the database's clock."""

    reports: Sequence[Report]
    now: datetime

    @property
    def reporting(self) -> list[Report]:
        """Those that have reported lately."""
        return [each for each in self.reports if each.state(self.now) is not WorkerState.SILENT]

    @property
    def silent(self) -> list[Report]:
        """Those that have not, though they did not end in order."""
        return [each for each in self.reports if each.state(self.now) is WorkerState.SILENT]

    def items(self) -> list[dict[str, Any]]:
        """In the form of `status`; a worker that is silent is not ready, whatever it said last."""
        return [self._item(report) for report in self.reports]

    def attention(self, backlog: Backlog) -> list[Attention]:
        """What somebody should look at, the worst first."""
        return [
            *self.attention_to_absence(backlog),
            *self._attention_to_silent(),
            *self._attention_to_not_ready(),
            *self._attention_to_shared_names(),
            *self._attention_to_shared_partitions(),
            *self._attention_to_unread_partitions(backlog),
        ]

    def attention_to_absence(self, backlog: Backlog) -> Iterator[Attention]:
        """That records wait and nobody reads them."""
        if backlog.records and not self.reporting:
            text = f"no worker is running, and {backlog.in_words}"
            yield Attention(text, Remedy.RUN_WORKER())

    def _item(self, report: Report) -> dict[str, Any]:
        state = report.state(self.now)
        process, condition = report.process, report.condition
        return {
            "name": process.name,
            "host": process.host,
            "pid": process.pid,
            "version": process.version,
            "since": process.since,
            "seen_at": report.seen_at,
            "state": state.value,
            "ready": state is WorkerState.READY,
            "not_ready_since": condition.not_ready_since,
            "reasons": self._reasons(report),
            "codes": [reason.code for reason in condition.reasons],
            "partitions": [partition._asdict() for partition in condition.partitions],
        }

    def _reasons(self, report: Report) -> list[str]:
        is_silent = report.state(self.now) is WorkerState.SILENT
        silence = [f"it has not reported for {self._silence(report)}"] if is_silent else []
        return [*silence, *(reason.reason for reason in report.condition.reasons)]

    def _silence(self, report: Report) -> str:
        return span(abs(self.now - report.seen_at))

    def _attention_to_silent(self) -> Iterator[Attention]:
        taken_over = {p for each in self.reporting for p in each.condition.partitions}
        for report in self.silent:
            left = set(report.condition.partitions) - taken_over
            is_replaced = bool(self.reporting) and not left
            if not is_replaced or self.now - report.seen_at <= _RECENTLY:
                text = (
                    f"{_who(report)} has not reported for {self._silence(report)}, since "
                    f"{to_the_second(report.seen_at)}: it is frozen, was killed, or cannot "
                    "reach the database"
                )
                still = f"; it had {named(left)}, which nobody reads" if left else ""
                pid, host = report.process.pid, report.process.host
                yield Attention(f"{text}{still}", Remedy.SEE_PROCESS(pid=pid, host=host))

    def _attention_to_not_ready(self) -> Iterator[Attention]:
        for report in self.reporting:
            if report.condition.reasons:
                began_at = report.condition.not_ready_since or report.seen_at
                text = (
                    f"{_who(report)} has not been ready for {span(self.now - began_at)}, since "
                    f"{to_the_second(began_at)}: {'; '.join(self._reasons(report))}"
                )
                yield Attention(text, Remedy.SEE_DOCTOR())

    def _attention_to_shared_names(self) -> Iterator[Attention]:
        for report in self.reporting:
            name, is_other, _ = report.process.name.partition("@")
            if is_other:
                text = (
                    f"two workers are called {name}, so that one reports as {report.process.name}"
                )
                yield Attention(text, Remedy.NAME_WORKERS())

    def _attention_to_shared_partitions(self) -> Iterator[Attention]:
        readers: dict[Partition, list[str]] = {}
        for report in self.reporting:
            if self.now - report.seen_at <= _SURELY_CURRENT:
                for partition in report.condition.partitions:
                    readers.setdefault(partition, []).append(report.process.name)
        shared = {partition: names for partition, names in readers.items() if len(names) > 1}
        if shared:
            names = sorted({name for names in shared.values() for name in names})
            text = f"{named(shared)} is read by {' and '.join(names)}, which only delay each other"
            yield Attention(text, Remedy.USE_ONE_GROUP())

    def _attention_to_unread_partitions(self, backlog: Backlog) -> Iterator[Attention]:
        """Not while a worker starts or the group is rebalanced: they have nobody then."""
        reporting = self.reporting
        if not reporting or any(each.condition.reasons for each in reporting):
            return
        # Those of silent workers are named with them.
        named_already = {p for each in self.reports for p in each.condition.partitions}
        nobodys = backlog.lags.keys() - named_already
        if nobodys:
            waiting = sum(backlog.lags[partition] or 0 for partition in nobodys)
            wait = counted(waiting, "record waits there", "records wait there")
            text = f"no worker reads {named(nobodys)}; {wait}"
            yield Attention(text, Remedy.SEE_DOCTOR())


def named(partitions: Iterable[Partition]) -> str:
    """Partitions in words, as in "topic/0-2, topic/5"."""
    return ", ".join(
        f"{topic}/{numbers}"
        for topic, of_topic in groupby(sorted(partitions), key=lambda each: each.topic)
        for numbers in _ranges([each.partition for each in of_topic])
    )


def _ranges(numbers: Collection[int]) -> Iterator[str]:
    """Numbers in order, those that follow each other taken together."""
    by_run = groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    for _, pairs in by_run:
        first, *rest = (number for _, number in pairs)
        yield f"{first}-{rest[-1]}" if rest else str(first)


def _who(report: Report) -> str:
    process = report.process
    return f"worker {process.name} (process {process.pid} on {process.host})"
