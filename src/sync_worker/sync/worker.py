"""The loop: poll, apply, go on. Nothing else is decided here."""

import time

from sqlalchemy.exc import DBAPIError

from sync_worker.events.record import Partition
from sync_worker.registry import positions
from sync_worker.registry.errors import Fault, fault_of
from sync_worker.registry.positions import Counts, PositionsMoved
from sync_worker.registry.unit import Registry
from sync_worker.stream.source import Batch, EventSource
from sync_worker.sync.apply import Applier
from sync_worker.sync.progress import Progress
from sync_worker.sync.retry import RetryPolicy, retrying

POLL_SECONDS = 0.5
"""The longest that a poll waits for records, and so that a stop waits for a poll."""


class Worker:
    """Applies what sources hand out, from the registry's positions on."""

    def __init__(
        self, registry: Registry, applier: Applier, progress: Progress, policy: RetryPolicy
    ) -> None:
        self._registry = registry
        self._applier = applier
        self._progress = progress
        self._is_stopping = False
        self._retry = retrying(
            policy,
            sleep=time.sleep,
            is_stopping=lambda: self._is_stopping,
            before_sleep=progress.waiting,
        )
        self.total = Counts()
        """What became of all records so far."""

    def stop(self) -> None:
        """Finish what is in hand and end.

        Called from a signal handler, so it only sets a flag: a lock could be held by the very
        thread that the handler interrupts.
        """
        self._is_stopping = True

    def run_to_end(self, source: EventSource) -> None:
        """Apply everything that the source has, or until `stop` is called.

        Raises:
            StreamError: the stream cannot be read on; everything before it is applied.
            DBAPIError: the database stayed away for longer than the policy waits.
        """
        try:
            self._loop(source)
        except DBAPIError as error:
            # A stop does not wait for the database to come back; nothing was kept of the batch.
            if not (self._is_stopping and fault_of(error) is Fault.PASSING):
                raise

    def _loop(self, source: EventSource) -> None:
        if self._is_stopping:
            return
        self._start_over(source)
        while not self._is_stopping:
            batch = source.poll(POLL_SECONDS)
            if batch is not None:
                self._apply(source, batch)
            elif source.at_end():
                break

    def _apply(self, source: EventSource, batch: Batch) -> None:
        try:
            applied = self._retry(self._applier.apply, source.stream_id, batch)
        except PositionsMoved:
            self._progress.outpaced()
            self._start_over(source)
            return
        source.kept(batch)
        self.total += applied.total
        self._progress.applied(applied)

    def _start_over(self, source: EventSource) -> None:
        """Read on from the registry's positions: they are the truth."""
        source.seek(self._retry(self._positions, source.stream_id))

    def _positions(self, stream: str) -> dict[Partition, int]:
        with self._registry.snapshot() as connection:
            return positions.next_offsets(connection, stream)
