"""The loop: poll, apply, go on. Nothing else is decided here."""

import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from sync_worker.pipeline import gc_control
from sync_worker.pipeline.apply import Applier
from sync_worker.pipeline.listener import PipelineListener
from sync_worker.pipeline.retry import Retrier, RetryPolicy, is_transient
from sync_worker.pipeline.stored_positions import start, stored_positions
from sync_worker.pipeline.transaction_buffer import TransactionBuffer
from sync_worker.registry import guard_state, schema
from sync_worker.registry.database import Registry
from sync_worker.registry.positions import Counts
from sync_worker.streams.protocol import (
    EventSource,
    FetchedBatch,
    StoredPositions,
    StreamError,
    StreamUnavailable,
)

POLL_SECONDS = 0.5
"""The longest that a poll waits for records, and so that a stop waits for a poll."""
SHORTEST_POLL_SECONDS = 0.05
"""How long it waits where nobody wants to wait: a group needs a moment to settle."""

LOOK_SECONDS = 5.0
"""How often a worker looks whether the database is there, at its revision, and at open holds."""


class Worker:
    """Applies what sources hand out, from the registry's positions on.

    A transaction takes `most_records` at the most.
    """

    def __init__(
        self,
        registry: Registry,
        applier: Applier,
        progress: PipelineListener,
        policy: RetryPolicy,
        most_records: int,
    ) -> None:
        self._registry = registry
        self._applier = applier
        self._progress = progress
        self._patiently = Retrier(registry, lambda: self._is_stopping, self._wait, policy)
        self._most_records = most_records
        self._is_stopping = False
        self._looked_at = 0.0
        self._collect: Callable[[], None] = lambda: None
        self.total = Counts()
        """What became of all records so far."""

    def stop(self) -> None:
        """Finish what is in hand and end.

        Called from a signal handler, so it only sets a flag: a lock could be held by the very
        thread that the handler interrupts.
        """
        self._is_stopping = True

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._is_stopping

    def run(self, open_source: Callable[[], EventSource], until_idle_seconds: float | None) -> bool:
        """Apply what the source hands out, until `stop` is called.

        With `until_idle_seconds` also until everything that there was at the start is applied, by
        whichever worker, and nothing more came for so long: true where it came to that.

        Raises:
            StreamError: the stream cannot be read on; everything before it is applied.
            WrongRevision: the schema is not, or not any more, this program's.
            DBAPIError, StreamAway: away for longer than the policy waits.
        """
        is_done = False
        if self.is_stopping:
            return is_done
        try:
            self._patiently(self._require_revision)
            source = self._patiently(open_source)
            keeper = self._keeper(source)
            try:
                with gc_control.between_batches() as self._collect:
                    is_done = self._loop(source, keeper, until_idle_seconds)
            finally:
                self.total += keeper.total
                source.close()
        except (DBAPIError, StreamUnavailable) as error:
            # A stop does not wait for what is away to come back; nothing in hand was kept.
            if not (self._is_stopping and is_transient(error)):
                raise
        return is_done

    def _loop(
        self, source: EventSource, keeper: TransactionBuffer, until_idle_seconds: float | None
    ) -> bool:
        quiet_since = time.monotonic()
        while not self._is_stopping:
            self._progress.polling()
            if source.needs_positions() and keeper.keep():
                self._start_over(source)
            batch = self._polled(source, keeper, _poll_seconds(quiet_since, until_idle_seconds))
            if batch is not None:
                keeper.take(batch)
                quiet_since = time.monotonic()
            elif keeper.keep() and self._is_idle(source, quiet_since, until_idle_seconds):
                return True
            del batch
            if keeper.is_empty:
                self._collect()
            self._look_at_the_registry(source)
        keeper.keep()
        return False

    def _polled(
        self, source: EventSource, keeper: TransactionBuffer, seconds: float
    ) -> FetchedBatch | None:
        try:
            return source.poll(seconds)
        except StreamError:
            if keeper.keep():
                raise
            return None  # it is read again

    def _keeper(self, source: EventSource) -> TransactionBuffer:
        return TransactionBuffer(
            self._applier,
            source,
            self._progress,
            self._patiently,
            self._start_over,
            self._most_records,
        )

    def _start_over(self, source: EventSource) -> None:
        """Read on from the registry's positions: they are the truth."""
        found = self._patiently(lambda: start(self._registry, source.stream_id), source.idle)
        self._applier.need_whole(found.letters)
        source.seek(found.stored_positions)

    def _is_idle(
        self, source: EventSource, quiet_since: float, until_idle_seconds: float | None
    ) -> bool:
        """Whether nothing came for as long as somebody waits for, and nothing is left to apply."""
        if until_idle_seconds is None or time.monotonic() - quiet_since < until_idle_seconds:
            return False
        return self._is_done(source)

    def _is_done(self, source: EventSource) -> bool:
        """Whether the registry has what there was at the start, whoever applied it."""
        if not source.at_end():
            return False
        ends = source.ends_at_start()
        if not ends:
            return True
        reached = self._patiently(lambda: self._bookmarks(source.stream_id), source.idle).positions
        return all(reached.get(partition, 0) >= end for partition, end in ends.items())

    def _bookmarks(self, stream: str) -> StoredPositions:
        return stored_positions(self._registry, stream)

    def _look_at_the_registry(self, source: EventSource) -> None:
        """Look now and then: on a quiet topic, too, it is to be noticed what became of it."""
        if time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._patiently(self._require_revision, source.idle)

    def _require_revision(self) -> None:
        with self._registry.snapshot() as connection:
            schema.require_head(connection)
            open_holds = guard_state.count_open(connection)
        self._looked_at = time.monotonic()
        self._progress.database_answered()
        self._progress.holds_open(open_holds)

    def _wait(self, error: BaseException, seconds: float) -> None:
        self._collect()
        self._progress.waiting(error, seconds)


def _poll_seconds(quiet_since: float, until_idle_seconds: float | None) -> float:
    """How long to wait for records: no longer than until nobody waits for them any more."""
    if until_idle_seconds is None:
        return POLL_SECONDS
    left = quiet_since + until_idle_seconds - time.monotonic()
    return min(max(left, SHORTEST_POLL_SECONDS), POLL_SECONDS)
