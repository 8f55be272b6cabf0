"""Replay: read a range of a stream again, apply what is newer, and report the result.

A dry run differs from the real run only in its reapplier; `reapply.py` has both.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from functools import partial

from sync_worker.authorship import Authorship
from sync_worker.events.content import named_hsa_ids
from sync_worker.events.decode_result import Event
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import Origin, Record
from sync_worker.operations.reapply import (
    CommittingReapplier,
    DryRunReapplier,
    Reapplier,
    ReapplyContext,
    ReapplyReport,
    StopRequest,
)
from sync_worker.pipeline.stored_positions import check_same_log
from sync_worker.registry.change_log import LogEntry
from sync_worker.registry.queries import meant
from sync_worker.streams.checks import is_cluster
from sync_worker.streams.protocol import FetchedBatch
from sync_worker.streams.ranges import RangeReader, ShowProgress


class RecordFilter:
    """Selects the records of some clinics; of what is not an event, by the clinics it names."""

    def __init__(
        self, hsa_ids: Collection[str], decoder: EventDecoder, clock: Callable[[], datetime]
    ) -> None:
        self._hsa_ids = frozenset(hsa_ids)
        self._decoder = decoder
        self._clock = clock

    def select(self, records: Sequence[Record]) -> list[Record]:
        """The records of those clinics, in the same order."""
        now = self._clock()
        return [record for record in records if self._matches(record, now)]

    def _matches(self, record: Record, now: datetime) -> bool:
        result = self._decoder.decode(record, now)
        if isinstance(result, Event):
            return result.hsa_id in self._hsa_ids
        return not self._hsa_ids.isdisjoint(named_hsa_ids(record))


class Replay:
    """Re-applies ranges of streams, and reports the result."""

    def __init__(self, reapplier: Reapplier, only: RecordFilter | None, stop: StopRequest) -> None:
        self._reapplier = reapplier
        self._only = only
        self._stop = stop
        self.report = ReapplyReport()
        """Correct at every moment, also after an exception."""

    def read_ranges(self, readers: Iterable[RangeReader], show_progress: ShowProgress) -> None:
        """Read one range after the other; raises what `read` raises."""
        for reader in readers:
            with show_progress(reader):
                self.read(reader.stream_id, reader.batches())

    def read(self, stream: str, batches: Iterable[FetchedBatch]) -> None:
        """Re-apply the batches of a stream, until they end or a stop is wanted.

        Raises:
            StreamError, StreamUnavailable: the stream cannot be read any further.
            WrongRevision: the schema was changed.
            DBAPIError: the database was unavailable for longer than the policy retries.
        """
        for batch in batches:
            records = batch.records if self._only is None else self._only.select(batch.records)
            with self._stop.shielded():
                for merged in self._reapplier.apply(Origin(stream, batch.topic_ids), records):
                    self.report.add(merged)
                    if self._stop.is_wanted:
                        return


# What a replay is made of. All of it waits while the database or Kafka is unavailable.


def dry_run(context: ReapplyContext) -> Reapplier:
    """Merges in memory, each batch after those before, and commits nothing."""
    return DryRunReapplier(context)


def committing(context: ReapplyContext, authorship: Authorship) -> Reapplier:
    """The reapplier of a real run, which logs whose act it is."""
    return CommittingReapplier(context, LogEntry.by(authorship, "replayed"))


def filter_for(context: ReapplyContext, hsa_ids: Sequence[str]) -> RecordFilter | None:
    """A filter for clinics whose ids a person typed; None, which selects all, if there are none."""
    if not hsa_ids:
        return None

    def read_meant() -> set[str]:
        with context.registry.snapshot() as connection:
            return set(meant(connection, hsa_ids))

    return RecordFilter(context.retry(read_meant), context.decoder, context.clock)


@contextmanager
def open_ranges(
    context: ReapplyContext, openers: Iterable[Callable[[], RangeReader]]
) -> Iterator[list[RangeReader]]:
    """Open all ranges before the first one is read.

    Raises:
        StreamError: a range is not of the log that the registry was read from, or is unreadable.
    """
    with ExitStack() as stack:
        readers = []
        for open_range in openers:
            reader = stack.enter_context(closing(context.retry(open_range)))
            if is_cluster(reader.stream_id):
                check = partial(check_same_log, context.registry, reader.stream_id)
                context.retry(partial(check, reader.topic_ids))
            readers.append(reader)
        yield readers
