"""The listener that turns what the worker reports into log events, metrics and health.

Operators search for the names of log events. An event identifies records by their address and
clinics by their HSA-id, and never contains a payload.
"""

from collections.abc import Sequence
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from sync_worker.events.likely_causes import similar_known_type
from sync_worker.events.models import MODELS
from sync_worker.pipeline.listener import (
    AheadOfClock,
    DeadLettered,
    MassChangeHeld,
    MovedWithoutBoard,
    NameDropped,
    PatientBoardNamed,
    PipelineWarning,
    SetBack,
    TransactionCommitted,
    UnknownType,
)
from sync_worker.registry.errors import Fault, fault_of, first_line, is_lock_timeout
from sync_worker.streams.protocol import StreamRefused, StreamUnavailable
from sync_worker.telemetry.health import Health, NotReady
from sync_worker.telemetry.metrics import Metrics

_MAX_UNKNOWN_TYPES_LOGGED = 20
"""Unknown types are not errors, and a topic may have nothing else."""


class TelemetryListener:
    """A `PipelineListener` that logs, counts, and updates the health that probes read."""

    def __init__(self, log: FilteringBoundLogger, metrics: Metrics, health: Health) -> None:
        self._log = log
        self._metrics = metrics
        self._health = health
        self._logged_types: set[tuple[str, str]] = set()
        self._refused_since: datetime | None = None

    def database_refused(self, why: str, since: datetime, wait_seconds: float) -> None:
        """The database is reachable, and refused the login."""
        self._refused_since = since
        self._log_refusal("database_refused", why, since, wait_seconds)

    def kafka_refused(self, why: str, since: datetime, wait_seconds: float) -> None:
        """Kafka is reachable, and refused the login."""
        self._log_refusal("kafka_refused", why, since, wait_seconds)

    def polling(self) -> None:
        self._health.made_progress()

    def database_answered(self) -> None:
        self._health.database_used()

    def holds_open(self, count: int) -> None:
        self._metrics.holds_open(count)

    def committed(self, transaction: TransactionCommitted) -> None:
        self._health.database_used()
        self._metrics.committed(transaction)
        total = transaction.total
        self._log.debug(
            "batch_applied",
            read=total.read,
            applied=total.applied,
            superseded=total.superseded,
            ignored=total.ignored,
            dead_lettered=total.dead_lettered,
            clinics=transaction.changed_clinics,
        )
        for warning in transaction.warnings:
            self._warn(warning)

    def outpaced(self) -> None:
        self._metrics.outpaced()
        self._log.info(
            "outpaced",
            detail="another worker committed these records first; nothing was counted twice",
        )

    def positions_set_back(self, positions: Sequence[SetBack]) -> None:
        items = [
            {
                **position.partition._asdict(),
                "from_offset": position.from_offset,
                "to_offset": position.to_offset,
            }
            for position in positions
        ]
        lost = sum(position.lost_records for position in positions)
        if not lost:
            self._log.warning(
                "positions_set_back",
                detail="somebody set positions back by hand; reading continues there",
                positions=items,
            )
            return
        self._metrics.registry_went_back()
        self._log.warning(
            "registry_went_back",
            detail="the database lacks what was committed; these records are read again, "
            "but what people did since is missing",
            lost_records=lost,
            positions=items,
        )

    def retrying(self, error: BaseException, seconds: float) -> None:
        self._metrics.retried(_retry_cause(error))
        self._health.made_progress()
        if isinstance(error, StreamUnavailable):
            self._health.kafka_failed()
        if isinstance(error, StreamRefused):
            return  # logged by `kafka_refused` when it happened
        if fault_of(error) is Fault.LOGIN_REFUSED and self._refused_since is not None:
            since = _time(self._refused_since)
            refusal = f"login refused since {since}: {first_line(error)}"
            self._health.database_used(refusal, NotReady.DATABASE_REFUSED)
            return  # logged by `database_refused`
        if not isinstance(error, StreamUnavailable):
            self._health.database_used(first_line(error), _database_code(error))
        self._log.warning(
            "kafka_unavailable" if isinstance(error, StreamUnavailable) else "database_unavailable",
            error=first_line(error),
            retry_in_seconds=round(seconds, 2),
        )

    def _log_unknown_type(self, topic: str, name: str) -> None:
        is_enough = len(self._logged_types) >= _MAX_UNKNOWN_TYPES_LOGGED
        if is_enough or (topic, name) in self._logged_types:
            return
        self._logged_types.add((topic, name))
        similar = similar_known_type(name, MODELS)
        self._log.warning("unknown_type", topic=topic, type=name, looks_like=similar)

    def _log_refusal(self, event: str, why: str, since: datetime, wait_seconds: float) -> None:
        self._log.warning(
            event,
            error=why.strip().partition("\n")[0],
            since=_time(since),
            retry_in_seconds=round(wait_seconds, 2),
        )

    def _warn(self, warning: PipelineWarning) -> None:
        match warning:
            case MovedWithoutBoard(hsa_id, region_code):
                self._log.warning("moved_without_board", hsa_id=hsa_id, region_code=region_code)
            case PatientBoardNamed(hsa_id, region_code):
                self._log.warning("patient_board_named", hsa_id=hsa_id, region_code=region_code)
            case NameDropped(hsa_id, event_id):
                self._log.warning("name_dropped", hsa_id=hsa_id, event_id=event_id)
            case AheadOfClock():
                self._log.warning("ahead_of_clock", **warning._asdict())
            case DeadLettered(record, rejection):
                self._log.warning(
                    "dead_lettered",
                    reason=rejection.reason.value,
                    detail=rejection.detail,
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                )
            case UnknownType(topic, name, _):
                self._log_unknown_type(topic, name)
            case MassChangeHeld():
                self._log.warning("mass_change_held", **warning._asdict())


def _retry_cause(error: BaseException) -> NotReady:
    if isinstance(error, StreamRefused):
        return NotReady.KAFKA_REFUSED
    if isinstance(error, StreamUnavailable):
        return NotReady.KAFKA_UNAVAILABLE
    return _database_code(error)


def _database_code(error: BaseException) -> NotReady:
    fault = fault_of(error)
    if fault is Fault.LOGIN_REFUSED:
        return NotReady.DATABASE_REFUSED
    is_slow = fault is Fault.TIMEOUT or is_lock_timeout(error)
    return NotReady.DATABASE_SLOW if is_slow else NotReady.DATABASE_UNAVAILABLE


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
