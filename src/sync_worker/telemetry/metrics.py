"""The catalogue of metrics. Each instance has its own registry, so importing creates none."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from sync_worker.events.outcome import Outcome
from sync_worker.pipeline.listener import (
    AheadOfClock,
    DeadLettered,
    MassChangeHeld,
    MovedWithoutBoard,
    PatientBoardNamed,
    PipelineWarning,
    TransactionCommitted,
    UnknownType,
)

_MAX_TYPE_LABELS = 20
_OTHER_TYPES = "other"


class Metrics:
    """What the worker counts and measures. No label contains an HSA-id or other free text."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._records = Counter(
            "sync_worker_records",
            "Records read, by outcome.",
            ["outcome"],
            registry=self.registry,
        )
        self._dead_letters = Counter(
            "sync_worker_dead_letters",
            "Records dead-lettered, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self._unknown_types = Counter(
            "sync_worker_unknown_types",
            "Records ignored because their type is unknown; types beyond the first 20 are `other`.",
            ["topic", "type"],
            registry=self.registry,
        )
        self._types_seen: set[tuple[str, str]] = set()
        self._moved_without_board = Counter(
            "sync_worker_moved_without_board",
            "Registered clinics that moved into a region without a patient board.",
            registry=self.registry,
        )
        self._patient_board_named = Counter(
            "sync_worker_patient_board_named",
            "Events that name a patient board's HSA-id.",
            registry=self.registry,
        )
        self._ahead_of_clock = Counter(
            "sync_worker_ahead_of_clock",
            "Events applied although they were more than a minute ahead of the clock.",
            registry=self.registry,
        )
        self._held_facts = Counter(
            "sync_worker_held_facts",
            "Facts held because too many clinics of the region changed.",
            registry=self.registry,
        )
        self._open_holds = Gauge(
            "sync_worker_open_holds",
            "Mass changes that wait for a person.",
            registry=self.registry,
        )
        self._batches = Counter(
            "sync_worker_batches",
            "Transactions committed.",
            registry=self.registry,
        )
        self._outpaced = Counter(
            "sync_worker_outpaced",
            "Transactions rolled back because another worker moved a position first.",
            registry=self.registry,
        )
        self._registry_went_back = Counter(
            "sync_worker_registry_went_back",
            "Times that the registry lacked what had been committed: a failover, a restored copy.",
            registry=self.registry,
        )
        self._waits = Counter(
            "sync_worker_waits",
            "Attempts that failed because the database or Kafka was unavailable.",
            registry=self.registry,
        )
        self._position = Gauge(
            "sync_worker_position",
            "The offset of the next record to read, of partitions that this worker has read.",
            ["topic", "partition"],
            registry=self.registry,
        )

    def committed(self, transaction: TransactionCommitted) -> None:
        """Count a transaction."""
        self._batches.inc()
        total = transaction.total
        for outcome in Outcome:
            self._records.labels(outcome.value).inc(getattr(total, outcome.value))
        for partition, offset in transaction.next_offsets.items():
            self._position.labels(partition.topic, partition.partition).set(offset)
        for warning in transaction.warnings:
            self._count(warning)

    def _count(self, warning: PipelineWarning) -> None:
        match warning:
            case DeadLettered(_, rejection):
                self._dead_letters.labels(rejection.reason.value).inc()
            case MovedWithoutBoard():
                self._moved_without_board.inc()
            case PatientBoardNamed():
                self._patient_board_named.inc()
            case AheadOfClock():
                self._ahead_of_clock.inc()
            case MassChangeHeld():
                self._held_facts.inc(warning.newly_held)
            case UnknownType(topic, name, records):
                self._unknown_types.labels(topic, self._label_of(topic, name)).inc(records)

    def _label_of(self, topic: str, name: str) -> str:
        """The type, or `other`: labels come from outside, and each is kept for ever."""
        if len(self._types_seen) < _MAX_TYPE_LABELS:
            self._types_seen.add((topic, name))
        return name if (topic, name) in self._types_seen else _OTHER_TYPES

    def holds_open(self, count: int) -> None:
        """Set how many holds are open."""
        self._open_holds.set(count)

    def outpaced(self) -> None:
        """Count a transaction that another worker was faster with."""
        self._outpaced.inc()

    def registry_went_back(self) -> None:
        """Count that committed records were found missing."""
        self._registry_went_back.inc()

    def retried(self) -> None:
        """Count an attempt that has to be retried."""
        self._waits.inc()
