"""The source of records as the worker sees it, whether Kafka or an archive.

A source polls in batches from the positions that the registry has, and is told which offsets are
committed. It decides nothing about records.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sync_worker.errors import Exit, Hint, UserError
from sync_worker.events.record import Partition, Record
from sync_worker.remedies import Remedy

MAX_FETCHED_RECORDS = 4_000
"""The most records of a batch, to limit memory.

A transaction of the worker can have more of them: it releases the payloads early.
"""

MAX_FETCHED_BYTES = 16 * 2**20
"""The most bytes of keys, values and headers of a batch, unless a single record has more."""


class StreamError(UserError):
    """The stream cannot be read any further, and trying again will not help.

    `message` is a sentence with the partition and exact numbers, `why` one on the cause or the
    consequence, `hint` the remedy.
    """

    message: str
    why: str

    def __init__(self, message: str, why: str, hint: Hint) -> None:
        super().__init__(Exit.USAGE, message, why=why, hint=hint, code="stream")


LOGIN_REFUSED = "Kafka answers but refuses the login."


class StreamUnavailable(UserError):
    """The stream cannot be reached now; trying again can help. `str` gives the cause."""

    _message, _hint, _code = "Kafka cannot be reached now.", Remedy.CHECK_KAFKA_ADDRESS(), ""

    def __init__(self, cause: str, message: str | None = None, hint: Hint | None = None) -> None:
        super().__init__(
            Exit.UNREACHABLE,
            message or self._message,
            why=f"{cause}.",
            hint=hint or self._hint,
            code=self._code,
        )
        self.cause = cause

    def __str__(self) -> str:
        return self.cause


class StreamRefused(StreamUnavailable):
    """The stream refuses our login, or we refuse to trust what answers.

    Trying again can help once the credentials, or the certificates, change.
    """

    _message, _hint = LOGIN_REFUSED, Remedy.CHECK_KAFKA_LOGIN()
    _code = "login_refused"


class LoginUnavailable(StreamUnavailable):
    """There is nothing to log in with now, so the stream was not even asked."""

    _message, _hint = "There is no token to log in to Kafka with.", Remedy.CHECK_KAFKA_TOKEN()


class UnsupportedRequest(StreamError):
    """The brokers do not support a request: an older Kafka, or a service that is like Kafka."""

    def __init__(self, bootstrap_servers: str, cause: str) -> None:
        super().__init__(
            f"Kafka at {bootstrap_servers} does not offer this: {cause}.",
            "The brokers are older than the request, or offer only a part of Kafka.",
            Remedy.RUN_DOCTOR(),
        )


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """The offsets of a partition that a batch covers, `to_offset` not included.

    `to_offset` can be greater than that of the last record plus one: logs have gaps.
    """

    partition: Partition
    from_offset: int
    to_offset: int


@dataclass(frozen=True, slots=True)
class FetchedBatch:
    """Records in the order read, and the offsets that they cover in each partition.

    A range without records is a gap in a log. `topic_ids` are the ids of the topics, to be stored
    with the positions: offsets mean nothing in a re-created topic. An archive has none. `has_more`
    says that more records are known to follow, or likely to: a transaction can wait for them.
    """

    records: tuple[Record, ...]
    ranges: tuple[OffsetRange, ...]
    topic_ids: Mapping[str, str] = field(default_factory=dict)
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class StoredPositions:
    """The registry's positions in a stream: of each partition, the next offset to read.

    A partition without a position was never read. `topic_ids` are those that the positions were
    stored with: several of a topic, where only some were set by hand. `other_streams` are the ids
    of all other streams that the registry has positions in.
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
        """Whether there are partitions whose position it does not know.

        True at first, and again after a rebalance that assigned other partitions. Until `seek`, no
        records of them are returned.
        """

    def seek(self, stored: StoredPositions) -> None:
        """Continue at these positions; a partition without one is read from its beginning.

        To be called when it `needs_positions`, and after a batch was not committed.

        Raises:
            StreamError: the stream is not the one that the positions are of.
        """

    def poll(self, timeout_seconds: float) -> FetchedBatch | None:
        """The next records, or None where none arrive within the time.

        Raises:
            StreamError: nothing more can be read; every batch before was returned.
        """

    def idle(self, seconds: float) -> None:
        """Pause for a while: no records are fetched, and a group keeps us as its member."""

    def at_end(self) -> bool:
        """Whether all records that there were at the start have been returned.

        This is about the partitions that are assigned to it. With several workers,
        `ends_at_start` and the registry's positions tell.
        """

    def ends_at_start(self) -> Mapping[Partition, int]:
        """The ends of all partitions at the start; empty where only the source can tell."""

    def committed(self, offsets: Mapping[Partition, int]) -> None:
        """Everything below these offsets is in the database, for good."""

    def close(self) -> None:
        """Close files and connections."""
