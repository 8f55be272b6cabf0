"""What the worker asks of a source of records, whichever it is.

A source reads from the positions that it is told, hands out batches, and is told which of them are
kept. It decides nothing about records.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sync_worker.errors import Exit, Hint, UserError
from sync_worker.events.record import Partition, Record
from sync_worker.remedies import Remedy

MAX_FETCHED_RECORDS = 4_000
"""The most records that a source hands out at once, for the sake of memory.

A transaction of the worker can take more: it lets go of events' bytes as soon as it may.
"""

MAX_FETCHED_BYTES = 16 * 2**20
"""The most bytes of keys, values and headers at once, unless a single record has more."""


class StreamError(UserError):
    """The stream cannot be read on from here, and reading again will not help.

    `what` is one sentence with the place and exact numbers, `why` one on the cause or consequence,
    `hint` one on the remedy.
    """

    why: str

    def __init__(self, what: str, why: str, hint: Hint) -> None:
        super().__init__(Exit.USAGE, what, why=why, hint=hint, code="stream")
        self.what, self.why = what, why


class StreamUnavailable(UserError):
    """The stream cannot be reached now; trying again can help. As text it is the cause."""

    def __init__(self, cause: str) -> None:
        super().__init__(
            Exit.UNREACHABLE,
            "Kafka cannot be reached now.",
            why=f"{cause}.",
            hint=Remedy.CHECK_KAFKA_ADDRESS(),
        )
        self.cause = cause

    def __str__(self) -> str:
        return self.cause


class StreamRefused(StreamUnavailable):
    """The stream is there and does not let us in; once what we log in with changes, it may."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.message, self.code = "Kafka is there and refuses us.", "login_refused"
        self.hint = Remedy.CHECK_KAFKA_LOGIN()


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """A partition's position before and after a batch: offsets of the next record to read.

    `to_offset` can be past the last record plus one: logs have gaps.
    """

    partition: Partition
    from_offset: int
    to_offset: int


@dataclass(frozen=True, slots=True)
class FetchedBatch:
    """Records in the order read, and how far they take each of their partitions.

    A range without records is a gap in a log. `topic_ids` tells which topics of these names the
    offsets are of; it is to be kept beside the positions. An archive has none. `has_more`
    where more is known to wait behind it, or likely to: there is no hurry to keep it by itself.
    """

    records: tuple[Record, ...]
    ranges: tuple[OffsetRange, ...]
    topic_ids: Mapping[str, str] = field(default_factory=dict)
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class StoredPositions:
    """Where the registry stands in a stream, as it is kept beside the rows.

    A partition without a position was never read. `topic_ids` are those that came with the
    positions, several of one topic where only some were set by hand. `other_streams` are the ids of
    all other streams that the registry has positions in.
    """

    positions: Mapping[Partition, int]
    topic_ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    other_streams: frozenset[str] = frozenset()


class EventSource(Protocol):
    """A stream of records, read from given positions."""

    @property
    def stream_id(self) -> str:
        """Which log this is; a position means nothing in another one."""

    def needs_positions(self) -> bool:
        """Whether there are partitions of which it does not know yet where to read on.

        True at first, and again when other partitions are assigned. Until `seek` nothing of them is
        handed out.
        """

    def seek(self, stored: StoredPositions) -> None:
        """Read on from these positions; a partition without one is read from its beginning.

        To be called when `needs_positions`, and after a batch was not kept.

        Raises:
            StreamError: the stream does not fit the bookmarks.
        """

    def poll(self, timeout_seconds: float) -> FetchedBatch | None:
        """The next records, or None where there are none within the time.

        Raises:
            StreamError: nothing can be read from here on; every batch before was handed out.
        """

    def idle(self, seconds: float) -> None:
        """Pass the time without reading, and stay who one is to the stream."""

    def at_end(self) -> bool:
        """Whether everything that there was at the start has been handed out.

        Of the partitions that it reads: with other workers, `ends_at_start` and the registry's
        positions tell.
        """

    def ends_at_start(self) -> Mapping[Partition, int]:
        """The ends of all partitions at the start; empty where only the source can tell."""

    def committed(self, reached: Mapping[Partition, int]) -> None:
        """Everything below these offsets is in the database for good."""

    def close(self) -> None:
        """Let go of files and connections."""
