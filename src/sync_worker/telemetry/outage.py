"""An outage: the time in which a worker is not ready, from what caused it to what it cost.

Values alone; `readiness.py` follows a worker and makes them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sync_worker.events.record import Partition
from sync_worker.instants import to_the_second
from sync_worker.streams.kafka.backlog import PartitionBacklog
from sync_worker.telemetry.health import Failures, HealthReason, NotReady
from sync_worker.telemetry.progress import Span, outcomes

_CONSEQUENCES = frozenset({NotReady.STARTING, NotReady.NOT_A_MEMBER, NotReady.NO_RECORDS})
"""What also follows from the other reasons, and can show before them."""

_CONTINUED = (
    "nothing is lost: each transaction began at the position at which the one before it ended, and "
    "each record has one outcome"
)
_WENT_BACK = (
    "positions are lower than they were, because the registry went back in time or somebody set "
    "them back: what comes after them was read again"
)


def clock_text(seconds: float | None) -> str | None:
    """A time of the clock as the contract writes it."""
    if seconds is None:
        return None
    return to_the_second(datetime.fromtimestamp(seconds, UTC))


class Behind(NamedTuple):
    """How far the assigned partitions are behind; None is not known."""

    records: int | None
    seconds: float | None
    """The age of the oldest record that is not applied."""

    @classmethod
    def of(cls, backlog: Iterable[PartitionBacklog], *, is_ready: bool = True) -> "Behind":
        """The sum of the records, and the age of the oldest.

        Where no partition is assigned, a worker that is ready has nothing to do. One that is not
        ready may have lost its place, and with it the knowledge.
        """
        partitions = list(backlog)
        if not partitions and not is_ready:
            return cls(None, None)
        lags = [each.lag for each in partitions]
        ages = [each.lag_seconds for each in partitions]
        known_lags = [lag for lag in lags if lag is not None]
        known_ages = [age for age in ages if age is not None]
        return cls(
            sum(known_lags) if len(known_lags) == len(lags) else None,
            round(max(known_ages, default=0.0), 1) if len(known_ages) == len(ages) else None,
        )


@dataclass(frozen=True, slots=True)
class Outage:
    """Why a worker is not ready, since when, and what was tried."""

    since: float
    """In seconds of the clock."""
    reasons: tuple[HealthReason, ...]
    """Those of now; as it ends, the last ones."""
    codes: tuple[NotReady, ...]
    """All that there have been, in the order in which they came."""
    failures: Failures
    failures_before: int

    @property
    def cause(self) -> NotReady:
        """The first code that does not merely follow from another."""
        return next((code for code in self.codes if code not in _CONSEQUENCES), self.codes[0])

    @property
    def attempts(self) -> int:
        """How many attempts to reach the database or Kafka have failed."""
        return self.failures.total - self.failures_before

    def described(self, now: float) -> dict[str, Any]:
        """It as fields of the log and of `/readyz?verbose`."""
        next_at = self.failures.next_at
        return {
            "since": clock_text(self.since),
            "outage_seconds": round(max(0.0, now - self.since), 1),
            "why": self.cause.value,
            "attempts": self.attempts,
            "last_error": self.failures.last_error if self.attempts else None,
            "next_retry_at": clock_text(next_at) if next_at and next_at > now else None,
        }

    def receipt(self, ended_at: float, behind: Behind) -> dict[str, Any]:
        """What it was, once it is over."""
        described = self.described(ended_at)
        del described["next_retry_at"], described["last_error"]
        return {
            **described,
            "codes": [code.value for code in self.codes],
            "behind_records": behind.records,
            "behind_seconds": behind.seconds,
        }


@dataclass(slots=True)
class PendingCatchUp:
    """What waited when a worker became ready: until all of it is applied."""

    began_at: float
    positions_before: Mapping[Partition, int]
    """The positions when the outage began, where they were known."""
    behind: Behind
    ends: dict[Partition, int]
    """How far each partition is to be applied."""

    def is_done(self, backlog: Iterable[PartitionBacklog]) -> bool:
        """Whether the partitions that are still assigned are applied that far."""
        positions = {each.partition: each.position for each in backlog}
        return all(
            position is not None and position >= self.ends.get(partition, 0)
            for partition, position in positions.items()
            if partition in self.ends
        )

    def receipt(
        self, spans: Mapping[Partition, Span], oldest_at: float | None, now: float
    ) -> dict[str, Any]:
        """What was applied since the outage began, and what shows that nothing was lost.

        `oldest_at` is when the oldest of it was written: as a worker starts, nobody knows before.
        """
        before, seconds = self.positions_before, self.behind.seconds
        if seconds is None and oldest_at is not None:
            seconds = round(max(0.0, self.began_at - oldest_at), 1)
        # A later first position is another worker's work; a lower one is a registry that went back.
        is_continuous = all(
            span.is_continuous and span.first >= before.get(partition, span.first)
            for partition, span in spans.items()
        )
        return {
            "detail": _CONTINUED if is_continuous else _WENT_BACK,
            "caught_up_seconds": round(max(0.0, now - self.began_at), 1),
            "behind_records": self.behind.records,
            "behind_seconds": seconds,
            **outcomes(spans),
            "offsets_without_record": sum(s.offsets_without_record for s in spans.values()),
            "by_other_workers": sum(span.by_other_workers for span in spans.values()),
            "is_continuous": is_continuous,
            "partitions": [
                {
                    **partition._asdict(),
                    "before": before.get(partition),
                    "from": span.first,
                    "to": span.next,
                }
                for partition, span in sorted(spans.items())
            ],
        }


def backlog_items(backlog: Iterable[PartitionBacklog]) -> list[dict[str, Any]]:
    """The backlog as fields of the log and of `/readyz?verbose`."""
    return [
        {
            **each.partition._asdict(),
            "position": each.position,
            "end": each.end,
            "lag": each.lag,
            "lag_seconds": None if each.lag_seconds is None else round(each.lag_seconds, 1),
        }
        for each in backlog
    ]
