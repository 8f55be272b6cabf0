"""The listener that turns what the worker reports into log events, metrics and health.

Operators search for the names of log events. An event identifies records by their address and
clinics by their HSA-id, and never contains a payload.
"""

from collections.abc import Sequence

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
from sync_worker.registry.errors import was_tried
from sync_worker.telemetry.health import Health
from sync_worker.telemetry.log_events import LogEvent
from sync_worker.telemetry.metrics import Metrics
from sync_worker.telemetry.retry_log import RetryLog, cause_of

_MAX_UNKNOWN_TYPES_LOGGED = 20
"""Unknown types are not errors, and a topic may have nothing else."""


class TelemetryListener:
    """A `PipelineListener` that logs, counts, and updates the health that probes read."""

    def __init__(self, log: FilteringBoundLogger, metrics: Metrics, health: Health) -> None:
        self._log = log
        self._metrics = metrics
        self._health = health
        self._logged_types: set[tuple[str, str]] = set()
        self.retries = RetryLog(log, health)
        """Hears of refused logins, too, from the clients of the database and of Kafka."""

    def polling(self) -> None:
        self._health.made_progress()
        self.retries.kafka_opened()

    def database_answered(self) -> None:
        self.retries.database_answered()

    def holds_open(self, count: int) -> None:
        self._health.progress.open_holds = count

    def committed(self, transaction: TransactionCommitted) -> None:
        self.retries.database_answered()
        self._health.progress.committed(transaction)
        self._metrics.committed(transaction)
        total = transaction.total
        self._log.debug(
            LogEvent.BATCH_APPLIED,
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
            LogEvent.OUTPACED,
            detail="another worker committed these records first; nothing was counted twice",
        )

    def positions_set_back(self, positions: Sequence[SetBack]) -> None:
        self._health.progress.set_back(position.partition for position in positions)
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
                LogEvent.POSITIONS_SET_BACK,
                detail="somebody set positions back by hand; reading continues there",
                positions=items,
            )
            return
        self._metrics.registry_went_back()
        self._log.warning(
            LogEvent.REGISTRY_WENT_BACK,
            detail="the database lacks what was committed; these records are read again, "
            "but what people did since is missing",
            lost_records=lost,
            positions=items,
        )

    def retrying(self, error: BaseException, seconds: float) -> None:
        self._health.made_progress()
        if was_tried(error):
            self._metrics.retried(cause_of(error))
            self.retries.failed(error, seconds)

    def _log_unknown_type(self, topic: str, name: str) -> None:
        is_enough = len(self._logged_types) >= _MAX_UNKNOWN_TYPES_LOGGED
        if is_enough or (topic, name) in self._logged_types:
            return
        self._logged_types.add((topic, name))
        similar = similar_known_type(name, MODELS)
        self._log.warning(LogEvent.UNKNOWN_TYPE, topic=topic, type=name, looks_like=similar)

    def _warn(self, warning: PipelineWarning) -> None:
        match warning:
            case MovedWithoutBoard(hsa_id, region_code):
                self._log.warning(
                    LogEvent.MOVED_WITHOUT_BOARD, hsa_id=hsa_id, region_code=region_code
                )
            case PatientBoardNamed(hsa_id, region_code):
                self._log.warning(
                    LogEvent.PATIENT_BOARD_NAMED, hsa_id=hsa_id, region_code=region_code
                )
            case NameDropped(hsa_id, event_id):
                self._log.warning(LogEvent.NAME_DROPPED, hsa_id=hsa_id, event_id=event_id)
            case AheadOfClock():
                self._log.warning(LogEvent.AHEAD_OF_CLOCK, **warning._asdict())
            case DeadLettered(record, rejection):
                self._log.warning(
                    LogEvent.DEAD_LETTERED,
                    reason=rejection.reason.value,
                    detail=rejection.detail,
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                )
            case UnknownType(topic, name, _):
                self._log_unknown_type(topic, name)
            case MassChangeHeld():
                self._log.warning(LogEvent.MASS_CHANGE_HELD, **warning._asdict())
