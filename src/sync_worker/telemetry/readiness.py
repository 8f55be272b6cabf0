"""Follows readiness from moment to moment, and logs what an operator is to be told of it.

An outage has a line as it begins, whenever another cause shows, now and then while it lasts, and a
receipt as it ends; once what had waited is applied, another line says so. What it finds it leaves
in `Health`, where the probes read it.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from structlog.typing import FilteringBoundLogger

from sync_worker.streams.kafka.backlog import PartitionBacklog
from sync_worker.telemetry.catch_up import CatchUp
from sync_worker.telemetry.health import Health, HealthReason, NotReady
from sync_worker.telemetry.log_events import LogEvent
from sync_worker.telemetry.outage import Behind, Outage, PendingCatchUp, backlog_items
from sync_worker.telemetry.reminders import REMINDERS_AFTER_SECONDS, Reminders

if TYPE_CHECKING:
    from sync_worker.events.record import Partition

_MAX_WAITS = 5
"""How many updates a line waits for positions: a partition without a leader may never have one."""

Backlog = tuple[PartitionBacklog, ...]


class ReadinessLog:
    """For one thread, which updates it about once a second."""

    def __init__(
        self,
        log: FilteringBoundLogger,
        health: Health,
        *,
        remind_after: Sequence[float] = REMINDERS_AFTER_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._log = log
        self._health = health
        self._progress = health.progress
        self._remind_after = remind_after
        self._clock = clock
        self._reminders = Reminders(health.started_at, remind_after)
        self._failures_before = 0
        self._ready_since: float | None = None
        self._waits = 0
        self._assigned: frozenset[Partition] = frozenset()
        self._positions_before: dict[Partition, int] = {}
        self._catch_up: PendingCatchUp | None = None
        self._estimate = CatchUp()
        self._outage: Outage | None = None

    def update(self) -> None:
        """Look at the worker, and log what has changed since the last time."""
        now, backlog = self._clock(), self._health.backlog()
        reasons = tuple(self._health.ready())
        self._health.catch_up_seconds = _finite(self._estimate.seconds(backlog, now))
        if reasons:
            self._waits = 0
            if not self._is_leaving():
                self._follow_outage(reasons, backlog, now)
            return
        self._health.outage = None
        failures = self._health.failures()
        self._failures_before = failures.total - failures.in_a_row
        if self._has_settled(backlog):
            self._follow_assignment(backlog)
            self._end_outage(backlog, now)
            self._follow_catch_up(backlog, now)

    def _is_leaving(self) -> bool:
        """Whether it was ready until it was told to end: to leave its group is not an outage."""
        was_ready = self._outage is None and self._ready_since is not None
        return was_ready and self._health.is_stopping()

    def _has_settled(self, backlog: Backlog) -> bool:
        """Whether it is known where each partition stands, or has been waited for long enough."""
        is_known = all(each.position is not None and each.end is not None for each in backlog)
        self._waits = 0 if is_known else self._waits + 1
        return is_known or self._waits > _MAX_WAITS

    # An outage.

    def _follow_outage(
        self, reasons: tuple[HealthReason, ...], backlog: Backlog, now: float
    ) -> None:
        former = self._outage
        self._outage = self._health.outage = outage = self._next_outage(former, reasons, now)
        if former is None:
            self._begin_outage(outage, backlog)
        behind = Behind.of(backlog, is_ready=False)
        is_new = former is None or former.codes != outage.codes
        if self._reminders.is_due(now) or is_new:
            self._log.warning(
                LogEvent.NOT_READY,
                codes=[reason.code.value for reason in reasons],
                reasons=[reason.sentence for reason in reasons],
                **outage.described(now),
                behind_records=behind.records,
                behind_seconds=behind.seconds,
            )

    def _next_outage(
        self, former: Outage | None, reasons: tuple[HealthReason, ...], now: float
    ) -> Outage:
        codes = tuple(dict.fromkeys(reason.code for reason in reasons))
        failures = self._health.failures()
        if former is not None:
            codes = tuple(dict.fromkeys((*former.codes, *codes)))
            return replace(former, reasons=reasons, codes=codes, failures=failures)
        since = min((reason.since for reason in reasons if reason.since is not None), default=now)
        since = max(since, self._ready_since or since)
        return Outage(since, reasons, codes, failures, self._failures_before)

    def _begin_outage(self, outage: Outage, backlog: Backlog) -> None:
        self._reminders = Reminders(outage.since, self._remind_after)
        if self._catch_up is not None:
            return  # what it has applied since the outage before belongs to the next receipt
        self._positions_before = {
            each.partition: each.position for each in backlog if each.position is not None
        }
        self._progress.begin_spans()

    def _end_outage(self, backlog: Backlog, now: float) -> None:
        former, self._outage = self._outage, None
        if former is None:
            if self._ready_since is not None:
                return
            former = self._start()
        self._ready_since = now
        behind = Behind.of(backlog)
        self._log.info(LogEvent.READY, **former.receipt(now, behind))
        ends = {each.partition: each.end for each in backlog if each.end is not None}
        # A worker that stands by, or has no source yet, has nothing to catch up with.
        catch_up = PendingCatchUp(now, self._positions_before, behind, ends)
        self._catch_up = catch_up if ends else None

    def _start(self) -> Outage:
        """What ends where a worker is ready before anybody has looked."""
        failures, codes = self._health.failures(), (NotReady.STARTING,)
        return Outage(self._health.started_at, (), codes, failures, 0)

    # What follows.

    def _follow_assignment(self, backlog: Backlog) -> None:
        assigned = frozenset(each.partition for each in backlog)
        if assigned != self._assigned:
            self._assigned = assigned
            self._log.info(LogEvent.ASSIGNED, partitions=backlog_items(backlog))

    def _follow_catch_up(self, backlog: Backlog, now: float) -> None:
        catch_up = self._catch_up
        if catch_up is not None and catch_up.is_done(backlog):
            self._catch_up = None
            spans, oldest_at = self._progress.spans.copy(), self._progress.oldest_at
            self._log.info(LogEvent.CAUGHT_UP, **catch_up.receipt(spans, oldest_at, now))


def _finite(seconds: float) -> float | None:
    """Null in JSON, which has neither infinity nor NaN."""
    return round(seconds, 1) if math.isfinite(seconds) else None
