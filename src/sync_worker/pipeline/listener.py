"""What the worker reports while it works: to logs, metrics and health checks, which listen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from sync_worker.events.decode_result import Rejection
from sync_worker.events.record import Partition, Record
from sync_worker.pipeline.phases import Phase
from sync_worker.registry.positions import Counts


class MovedWithoutBoard(NamedTuple):
    """A registered clinic moved into a region without a patient board (domain, decision 6).

    It stays registered, but nobody in that region can file a complaint.
    """

    hsa_id: str
    region_code: str


class PatientBoardNamed(NamedTuple):
    """An event names the HSA-id of a patient board; the board is not changed (decision 10)."""

    hsa_id: str
    region_code: str


class NameDropped(NamedTuple):
    """An event's name was too long, and was dropped from it."""

    hsa_id: str
    event_id: str


class AheadOfClock(NamedTuple):
    """An event was further ahead of the clock than clocks differ, and was applied nevertheless.

    What happens to the clinic until that time will be older than it, and so superseded.
    """

    hsa_id: str
    event_id: str
    seconds: int
    topic: str
    partition: int
    offset: int


class DeadLettered(NamedTuple):
    """A record became a dead letter; all other records were applied."""

    record: Record
    rejection: Rejection


class MassChangeHeld(NamedTuple):
    """Changes of a region's clinics wait for a person (domain, decision 11).

    `facts` is how many facts the hold has in all, `newly_held` how many one transaction added.
    """

    hold: int
    region_code: str
    facts: int
    newly_held: int


class UnknownType(NamedTuple):
    """Records of a topic were ignored because their type is unknown."""

    topic: str
    type: str
    records: int


PipelineWarning = (
    MovedWithoutBoard
    | PatientBoardNamed
    | NameDropped
    | AheadOfClock
    | DeadLettered
    | MassChangeHeld
    | UnknownType
)


class SetBack(NamedTuple):
    """A position that is lower than this worker had seen it.

    `lost_records` is how many records that were counted are counted no longer. A position that
    somebody set by hand keeps its counts: there it is 0.
    """

    partition: Partition
    from_offset: int
    to_offset: int
    lost_records: int


@dataclass(frozen=True, slots=True)
class TransactionCommitted:
    """What one transaction committed."""

    counts: Mapping[Partition, Counts]
    next_offsets: Mapping[Partition, int]
    changed_clinics: int
    warnings: Sequence[PipelineWarning]
    timestamps_ms: Sequence[int] = ()
    """Of each record, as `DecodedRecords` has them."""
    seconds: Mapping[Phase, float] = field(default_factory=dict)
    """How long each phase took."""
    first_offsets: Mapping[Partition, int] = field(default_factory=dict)
    """Where it began in each partition: the registry's positions, compared as it was applied."""

    @property
    def total(self) -> Counts:
        """The counts of all partitions."""
        return sum(self.counts.values(), Counts())


class PipelineListener(Protocol):
    """Listens to the worker; it must neither raise nor block."""

    def polling(self) -> None:
        """The loop is making progress."""

    def database_answered(self) -> None:
        """The database is available, and at the right schema revision."""

    def holds_open(self, count: int) -> None:
        """So many mass changes wait for a person now."""

    def committed(self, transaction: TransactionCommitted) -> None:
        """A transaction was committed."""

    def outpaced(self) -> None:
        """Another worker moved a position first; the transaction was rolled back."""

    def positions_set_back(self, positions: Sequence[SetBack]) -> None:
        """Positions are lower than they were; reading continues where they are now."""

    def retrying(self, error: BaseException, seconds: float) -> None:
        """The database or Kafka is unavailable; the next attempt follows after so many seconds."""
