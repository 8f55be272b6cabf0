"""Records that are read, and applied again by an operator."""

from datetime import timedelta

from sqlalchemy import select

from sync_worker.domain.mass_change_guard import USUAL_LIMITS
from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.operations.reapply import ReapplyContext
from sync_worker.pipeline.apply import Applier
from sync_worker.pipeline.retry import Retrier, RetryPolicy
from sync_worker.registry.tables import dead_letter
from tests.builders import ACTIVATION
from tests.worlds.guard import CLINICS
from tests.worlds.registry import (
    NOW,
    apply_batch,
    batch_of,
)

STREAM, OTHER = "archive:test", "archive:other"
DECODER = EventDecoder(ACTIVATION, Regions(), timedelta(days=1))
WITH_11 = EventDecoder(ACTIVATION, Regions(("11",)), timedelta(days=1))
NO_PATIENCE = RetryPolicy(give_up_after=timedelta())
A, B = CLINICS[:2]


def parts_of(registry, guard_limits=USUAL_LIMITS, decoder=DECODER, now=NOW):
    retry = Retrier(registry, lambda: False, lambda _error, _seconds: None, NO_PATIENCE)
    return ReapplyContext(registry, decoder, guard_limits, lambda: now, retry)


def apply(registry, records, decoder=DECODER):
    """As the worker does."""
    batch, _ = batch_of(records)
    return apply_batch(Applier(registry, decoder, lambda: NOW), STREAM, batch)


def letters(registry):
    with registry.snapshot() as connection:
        statement = select(dead_letter).order_by(dead_letter.c.id)
        return [
            (row.record_offset, row.reason, row.status) for row in connection.execute(statement)
        ]
