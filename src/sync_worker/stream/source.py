"""What the worker asks of a source of records, whichever it is.

A source reads from the positions that it is told, hands out batches, and is told which of them are
kept. It decides nothing about records.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sync_worker.events.record import Partition, Record


class StreamError(Exception):
    """The stream cannot be read on from here, and reading again will not help.

    `what` is one sentence with the place and exact numbers, `why` one on the cause or consequence,
    `hint` one on the remedy.
    """

    def __init__(self, what: str, why: str, hint: str) -> None:
        super().__init__(what)
        self.what, self.why, self.hint = what, why, hint


@dataclass(frozen=True, slots=True)
class Move:
    """A partition's position before and after a batch: offsets of the next record to read.

    `to_offset` can be past the last record plus one: logs have gaps.
    """

    partition: Partition
    from_offset: int
    to_offset: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Records in the order read, and how far they take each of their partitions."""

    records: tuple[Record, ...]
    moves: tuple[Move, ...]


class EventSource(Protocol):
    """A stream of records, read from given positions."""

    @property
    def stream_id(self) -> str:
        """Which log this is; a position means nothing in another one."""

    def seek(self, positions: Mapping[Partition, int]) -> None:
        """Read on from these positions; a partition without one is read from its beginning.

        To be called before the first `poll`, and after a batch was not kept.
        """

    def poll(self, timeout_seconds: float) -> Batch | None:
        """The next records, or None where there are none within the time.

        Raises:
            StreamError: nothing can be read from here on; every batch before was handed out.
        """

    def at_end(self) -> bool:
        """Whether everything that there was at the start has been handed out."""

    def kept(self, batch: Batch) -> None:
        """The batch is in the database for good."""

    def close(self) -> None:
        """Let go of files and connections."""
