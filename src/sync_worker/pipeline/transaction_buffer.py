"""Keeps what a source hands out: batch by batch, or several in one transaction while more wait.

Tries again what fails in passing, halves what takes the database too long, and reads on from the
registry's positions where another worker was quicker.
"""

import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from sync_worker.pipeline.apply import Applier, PendingTransaction
from sync_worker.pipeline.decoded_records import PayloadReleased
from sync_worker.pipeline.listener import PipelineListener, TransactionCommitted
from sync_worker.pipeline.retry import Retrier
from sync_worker.registry.errors import Fault, fault_of
from sync_worker.registry.positions import Counts, PositionsMoved
from sync_worker.streams.protocol import EventSource, FetchedBatch

_MOST_BYTES_WHOLE = 32 * 2**20
"""Of records that are kept whole until they are dead letters."""

_BREATH_SECONDS = 0.05

_FIRST_RECORDS = 4_000
_QUICK_SECONDS = 1.0
_GROWTH = 4
"""A transaction that was quick is followed by one of so many times its size."""


class TransactionBuffer:
    """Has an applier keep the batches of one source, in transactions of `most_records` at most.

    A long stream names the same clinics again and again, and each is read and written once in a
    transaction: the more records it takes, the less there is to do. So batches are gathered while
    more is waiting, judged at once, and their events' bytes let go of. Where the database refuses
    an event after all, the records are read again, and kept whole until they are past.

    How much the database takes in time is found out, by each process anew: it begins with little,
    takes much more while transactions are quick, and a little more while they are not. What took
    too long is halved. So a slow database is never sent what it could not take, however often the
    worker is started.
    """

    def __init__(
        self,
        applier: Applier,
        source: EventSource,
        progress: PipelineListener,
        patiently: Retrier,
        start_over: Callable[[EventSource], None],
        most_records: int,
    ) -> None:
        self._applier = applier
        self._source = source
        self._progress = progress
        self._patiently = patiently
        self._start_over = start_over
        self._most_records = most_records
        self._portion: PendingTransaction | None = None
        self._bytes_whole = 0
        self._kept_whole = 0
        self._most_in_time = min(most_records, _FIRST_RECORDS)
        self.total = Counts()
        """What became of all records so far."""

    @property
    def is_empty(self) -> bool:
        """Whether everything taken is in the database."""
        return self._portion is None

    def take(self, batch: FetchedBatch) -> None:
        """Take the source's next batch; it is kept now, or with those that follow on it."""
        if not self._has_room_for(batch) and not self.keep():
            return
        portion = self._applier.judged(batch, whole=self._kept_whole > 0)
        self._bytes_whole += portion.judged.bytes_whole()
        if self._portion is None:
            self._portion = portion
        else:
            self._portion.add(portion)
        if self._is_enough(self._portion) or not batch.has_more:
            self.keep()

    def keep(self) -> bool:
        """Keep all that was taken; False where the source reads it again instead."""
        portion, self._portion, self._bytes_whole = self._portion, None, 0
        return portion is None or self._keep(portion)

    def _has_room_for(self, batch: FetchedBatch) -> bool:
        portion = self._portion
        if portion is None:
            return True
        is_small = len(portion) + len(batch.records) <= self._most_in_time
        return is_small and portion.is_followed_by(batch)

    def _is_enough(self, portion: PendingTransaction) -> bool:
        is_full = len(portion) >= self._most_in_time
        return is_full or self._kept_whole > 0 or self._bytes_whole >= _MOST_BYTES_WHOLE

    def _keep(self, portion: PendingTransaction) -> bool:
        if len(portion) > self._most_in_time:
            return self._keep_in_halves(portion)
        began = time.monotonic()
        try:
            applied = self._patiently(lambda: self._attempt(portion), self._source.idle)
        except PositionsMoved:
            self._progress.outpaced()
            self._start_over(self._source)
            return False
        except PayloadReleased:
            self._kept_whole = len(portion)
            self._start_over(self._source)
            return False
        if applied is None:
            self._most_in_time = len(portion) // 2
            return self._keep_in_halves(portion)
        self._grow(len(portion), time.monotonic() - began)
        self._kept_whole = max(0, self._kept_whole - len(portion))
        self._source.committed(applied.next_offsets)
        self.total += applied.total
        self._progress.applied(applied)
        return True

    def _grow(self, size: int, seconds: float) -> None:
        """Take more in the next transaction: so many records took the database so long."""
        if seconds > _QUICK_SECONDS:
            more = self._most_in_time * 11 // 10 + 1
        else:
            more = max(self._most_in_time, _GROWTH * size)
        self._most_in_time = min(self._most_records, more)

    def _keep_in_halves(self, portion: PendingTransaction) -> bool:
        """Keep it in two transactions or more, and remain a member meanwhile."""
        for half in portion.halves():
            self._progress.polling()
            self._source.idle(_BREATH_SECONDS)
            if not self._keep(half):
                return False
        return True

    def _attempt(self, portion: PendingTransaction) -> TransactionCommitted | None:
        """Apply it; None where it took the database too long, and there is less to try."""
        try:
            return self._applier.apply(self._source.stream_id, portion)
        except DBAPIError as error:
            if fault_of(error) is Fault.TIMEOUT and len(portion) > 1:
                return None
            raise
