"""A decoder as settings have it by default, its clock, and two made-up clinics."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sync_worker.domain.regions import Regions
from sync_worker.events.decode_result import Rejection
from sync_worker.events.decoder import EventDecoder
from tests.builders import ACTIVATION, Event, record

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
DECODER = EventDecoder(ACTIVATION, Regions(), timedelta(hours=1))
CLINIC = "SE2321000016-TA01"
OTHER = "SE2321000016-TB02"


def decode(content: Event | bytes | None, **more: Any) -> Any:
    """Decode what `record` makes of this."""
    return DECODER.decode(record(content, **more), NOW)


def reason_of(content: Event | bytes | None, **more: Any) -> Any:
    """The reason why it is rejected; the result itself if it is not."""
    verdict = decode(content, **more)
    return verdict.reason if isinstance(verdict, Rejection) else verdict
