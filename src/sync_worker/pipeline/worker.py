"""The worker's loop: poll, add to the transaction buffer, flush. Nothing else is decided here.

A rebalance shows as a source that needs positions: what is buffered is flushed, and the source is
told where to continue.
"""

import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from sync_worker.pipeline import gc_control, stored_positions
from sync_worker.pipeline.apply import Applier
from sync_worker.pipeline.listener import PipelineListener
from sync_worker.pipeline.retry import Retrier, RetryPolicy, is_transient
from sync_worker.pipeline.transaction_buffer import TransactionBuffer, TransactionLimits
from sync_worker.registry import guard_state, positions, schema
from sync_worker.registry.database import Registry
from sync_worker.registry.positions import Counts, Position
from sync_worker.streams.protocol import (
    EventSource,
    FetchedBatch,
    StreamError,
    StreamUnavailable,
)

MAX_POLL_SECONDS = 0.5
"""The longest that a poll waits for records, and so that a stop waits for a poll."""
MIN_POLL_SECONDS = 0.05
"""How long a poll waits when the run is due to end: a consumer group needs a moment to settle."""

REGISTRY_CHECK_INTERVAL_SECONDS = 5.0
"""How often the worker checks the database: its schema revision, positions and open holds."""


class Worker:
    """Applies the records of a source, from the registry's positions, in transactions."""

    def __init__(
        self,
        registry: Registry,
        applier: Applier,
        listener: PipelineListener,
        policy: RetryPolicy,
        limits: TransactionLimits,
    ) -> None:
        self._registry = registry
        self._applier = applier
        self._listener = listener
        self._retry = Retrier(registry, lambda: self._is_stopping, self._on_retry, policy)
        self._limits = limits
        self._is_stopping = False
        self._registry_checked_at = 0.0
        self._collect_garbage: Callable[[], None] = gc_control.collect_failure
        self.total = Counts()
        """The outcomes of all records committed so far."""

    def stop(self) -> None:
        """Commit what is buffered, and end.

        Called from a signal handler, so it only sets a flag: a lock could be held by the very
        thread that the handler interrupts.
        """
        self._is_stopping = True

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._is_stopping

    def run(self, open_source: Callable[[], EventSource], until_idle_seconds: float | None) -> bool:
        """Apply the records of a source until `stop` is called.

        With `until_idle_seconds`, also until everything that the stream held at the start is
        applied, by whichever worker, and nothing more arrived for that long: then it returns True.

        Raises:
            StreamError: the stream cannot be read any further; everything before is applied.
            WrongRevision: the schema is not, or no longer, the one of this program.
            DBAPIError, StreamUnavailable: unavailable for longer than the policy retries.
        """
        is_done = False
        if self.is_stopping:
            return is_done
        try:
            self._retry(self._look_at_registry)
            source = self._retry(open_source)
            buffer = TransactionBuffer(
                self._applier,
                source,
                self._listener,
                self._retry,
                self._start_over,
                self._limits,
            )
            try:
                # An attribute, because the pauses between retries collect, too (`_on_retry`).
                with gc_control.between_batches() as self._collect_garbage:
                    is_done = self._loop(source, buffer, until_idle_seconds)
            finally:
                self.total += buffer.total
                source.close()
        except (DBAPIError, StreamUnavailable) as error:
            # A stop does not wait until an outage is over; what was not committed is read again.
            if not (self._is_stopping and is_transient(error)):
                raise
        return is_done

    def _loop(
        self, source: EventSource, buffer: TransactionBuffer, until_idle_seconds: float | None
    ) -> bool:
        quiet_since = time.monotonic()
        while not self._is_stopping:
            self._listener.polling()
            # A flush that fails has the source start over, so it has its positions then.
            if source.needs_positions() and buffer.flush():
                self._start_over(source)
            batch = self._poll(source, buffer, _poll_seconds(quiet_since, until_idle_seconds))
            if batch is not None:
                buffer.add(batch)
                quiet_since = time.monotonic()
            elif buffer.flush() and self._is_idle(source, quiet_since, until_idle_seconds):
                return True
            del batch  # else its payloads stay in memory during the next poll
            if buffer.is_empty:
                self._collect_garbage()
            else:
                gc_control.collect_young()
            self._check_registry_if_due(source, buffer)
        buffer.flush()
        return False

    def _poll(
        self, source: EventSource, buffer: TransactionBuffer, seconds: float
    ) -> FetchedBatch | None:
        try:
            return source.poll(seconds)
        except StreamError:
            if buffer.flush():
                raise
            return None  # the source has started over, and will raise again

    def _start_over(self, source: EventSource) -> bool:
        """Have the source continue from the registry's positions, which are the truth.

        Returns whether they are lower than they were, because the registry went back in time.
        """
        start = self._retry(
            lambda: stored_positions.read_start(self._registry, source.stream_id), source.idle
        )
        set_back = self._applier.seen.set_back(source.stream_id, start.listed)
        self._applier.seen.read(source.stream_id, start.listed)
        if set_back:
            self._listener.positions_set_back(set_back)
        self._applier.retain_payloads_at(start.open_dead_letters)
        source.seek(start.positions)
        return bool(set_back)

    def _is_idle(
        self, source: EventSource, quiet_since: float, until_idle_seconds: float | None
    ) -> bool:
        """Whether nothing came for long enough, and the registry has all there was at the start."""
        if until_idle_seconds is None or time.monotonic() - quiet_since < until_idle_seconds:
            return False
        if not source.at_end():
            return False
        ends = source.ends_at_start()
        if not ends:
            return True
        stored = self._retry(
            lambda: stored_positions.read(self._registry, source.stream_id), source.idle
        )
        return all(stored.positions.get(partition, 0) >= end for partition, end in ends.items())

    def _check_registry_if_due(self, source: EventSource, buffer: TransactionBuffer) -> None:
        """Check at intervals, so that what happens to the database is noticed on a quiet topic too.

        A registry that went back in time lacks records that no new one would have us read again.
        """
        if time.monotonic() - self._registry_checked_at < REGISTRY_CHECK_INTERVAL_SECONDS:
            return
        stored = self._retry(self._look_at_registry, source.idle)
        is_behind = self._applier.seen.set_back(source.stream_id, stored)
        if is_behind and buffer.flush():  # a flush that fails starts over
            self._start_over(source)

    def _look_at_registry(self) -> list[Position]:
        """Raise where it cannot be used; its positions."""
        self._registry.require_writable()
        with self._registry.snapshot() as connection:
            schema.require_compatible(connection)
            open_holds = guard_state.count_open(connection)
            stored = positions.listed(connection)
        self._registry_checked_at = time.monotonic()
        self._listener.database_answered()
        self._listener.holds_open(open_holds)
        return stored

    def _on_retry(self, error: BaseException, seconds: float) -> None:
        self._collect_garbage()
        self._listener.retrying(error, seconds)


def _poll_seconds(quiet_since: float, until_idle_seconds: float | None) -> float:
    """How long a poll may wait: not beyond the moment at which the run is due to end."""
    if until_idle_seconds is None:
        return MAX_POLL_SECONDS
    left = quiet_since + until_idle_seconds - time.monotonic()
    return min(max(left, MIN_POLL_SECONDS), MAX_POLL_SECONDS)
