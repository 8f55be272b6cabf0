"""The transaction buffer: fetched batches are decoded, gathered, and applied in one transaction.

It retries what fails transiently, halves a transaction that takes the database too long, and starts
over from the registry's positions where another worker was faster.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from sync_worker.pipeline import gc_control
from sync_worker.pipeline.apply import Applier
from sync_worker.pipeline.decoded_records import PayloadReleased, PendingTransaction
from sync_worker.pipeline.listener import PipelineListener, TransactionCommitted
from sync_worker.pipeline.retry import Retrier
from sync_worker.registry.errors import Fault, fault_of
from sync_worker.registry.positions import Counts, PositionsMoved
from sync_worker.streams.protocol import EventSource, FetchedBatch

_QUICK_TRANSACTION_SECONDS = 1.0
_TARGET_TRANSACTION_SECONDS = 4.0
"""The next transaction is sized to take this long, at the rate of the one before."""
_MAX_GROWTH_FACTOR = 16
"""At most so many times larger than the one before: its records may be more work."""

_IDLE_BETWEEN_HALVES_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class TransactionLimits:
    """How much one transaction may take."""

    max_records: int
    max_clinics: int = 16_000
    """Once the records name so many, no batch is added: what is known of a clinic, and written of
    it, takes the memory of four or five records."""
    first_records: int = 4_000
    """As many as any database applies in time: the first transaction has no more."""
    max_retained_bytes: int = 32 * 2**20
    """Payloads that are retained, for dead letters above all, before it is flushed."""


class TransactionBuffer:
    """Gathers the batches of one source into transactions within limits, and applies them.

    A long stream names the same clinics many times, and a transaction reads and writes each of them
    once: the more records it takes, the less work there is per record. So batches are gathered
    while the source has more. They are decoded at once, and the payloads of events are released. If
    the database then rejects an event, its records are read again with their payloads retained.

    How many records the database can apply in time is not configured but measured, by each process
    for itself: it starts small, then takes what should be done in a few seconds, grows slowly while
    transactions are slower, and halves what timed out. A slow database is thus never stuck with a
    transaction that it cannot finish, however often the worker is restarted.
    """

    def __init__(
        self,
        applier: Applier,
        source: EventSource,
        listener: PipelineListener,
        retry: Retrier,
        start_over: Callable[[EventSource], bool],
        limits: TransactionLimits,
    ) -> None:
        """`start_over` makes the source continue from the registry's positions.

        It returns whether they went back, which is not the doing of another worker.
        """
        self._applier = applier
        self._source = source
        self._listener = listener
        self._retry = retry
        self._start_over = start_over
        self._limits = limits
        self._pending: PendingTransaction | None = None
        self._retained_bytes = 0
        self._reread_records = 0
        """How many of the next records are read again because a payload was missing."""
        self._size_limit = min(limits.max_records, limits.first_records)
        """How many records the database applies in time, as far as is known."""
        self.total = Counts()
        """The outcomes of all records committed so far."""

    @property
    def is_empty(self) -> bool:
        """Whether every record that was added is committed, or will be read again."""
        return self._pending is None

    def add(self, batch: FetchedBatch) -> None:
        """Take the source's next batch, and flush unless more batches should join it."""
        if not self._has_room_for(batch) and not self.flush():
            return  # the source starts over, and this batch comes again
        pending = self._applier.decode(batch, retain_payloads=self._reread_records > 0)
        self._retained_bytes += pending.decoded.retained_bytes()
        if self._pending is None:
            self._pending = pending
        else:
            self._pending.extend(pending)
        # Records read again retain all payloads: gathered, they would fill the memory.
        if (
            not batch.has_more
            or len(self._pending) >= self._size_limit
            or len(self._pending.hsa_ids) >= self._limits.max_clinics
            or self._reread_records > 0
            or self._retained_bytes >= self._limits.max_retained_bytes
        ):
            self.flush()

    def flush(self) -> bool:
        """Commit what was added; False where the source starts over instead."""
        pending, self._pending, self._retained_bytes = self._pending, None, 0
        return pending is None or self._commit(pending)

    def _has_room_for(self, batch: FetchedBatch) -> bool:
        pending = self._pending
        if pending is None:
            return True
        is_within_limit = len(pending) + len(batch.records) <= self._size_limit
        return is_within_limit and pending.is_continued_by(batch)

    def _commit(self, pending: PendingTransaction) -> bool:
        if len(pending) > self._size_limit:
            return self._commit_in_halves(pending)
        began = time.monotonic()
        try:
            committed = self._retry(lambda: self._attempt(pending), self._source.idle)
        except PositionsMoved:
            if not self._start_over(self._source):
                self._listener.outpaced()
            return False
        except PayloadReleased:
            self._reread_records = len(pending)
            self._start_over(self._source)
            return False
        if committed is None:
            self._size_limit = len(pending) // 2
            gc_control.collect_failure()
            return self._commit_in_halves(pending)
        self._raise_size_limit(len(pending), time.monotonic() - began)
        self._reread_records = max(0, self._reread_records - len(pending))
        self._source.committed(committed.next_offsets)
        self.total += committed.total
        self._listener.committed(committed)
        return True

    def _attempt(self, pending: PendingTransaction) -> TransactionCommitted | None:
        """Apply it; None where the database timed out and less may succeed."""
        try:
            return self._applier.apply(self._source.stream_id, pending)
        except DBAPIError as error:
            if fault_of(error) is Fault.TIMEOUT and len(pending) > 1:
                return None
            raise

    def _commit_in_halves(self, pending: PendingTransaction) -> bool:
        for half in pending.halves():
            self._listener.polling()
            # So many transactions can take longer than a consumer group waits for a poll.
            self._source.idle(_IDLE_BETWEEN_HALVES_SECONDS)
            if not self._commit(half):
                return False
        return True

    def _raise_size_limit(self, records: int, seconds: float) -> None:
        factor = min(_MAX_GROWTH_FACTOR, _TARGET_TRANSACTION_SECONDS / max(seconds, 0.001))
        limit = self._size_limit
        if seconds > _QUICK_TRANSACTION_SECONDS:
            limit = limit * 11 // 10 + 1  # by a tenth, and from below 10 by one
        self._size_limit = min(self._limits.max_records, max(int(records * factor), limit))
