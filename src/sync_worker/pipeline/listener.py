"""What happened, in the domain's words: told by the worker to whoever logs or measures it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from sync_worker.events.outcomes import Rejection
from sync_worker.events.record import Partition, Record
from sync_worker.registry.positions import Counts


class MovedWithoutBoard(NamedTuple):
    """A registered clinic moved into a region without a patient board (domain, decision 6).

    It stays registered, but nobody in that region can file.
    """

    hsa_id: str
    region_code: str


class PatientBoardNamed(NamedTuple):
    """An event names the HSA-id of a patient board; the board stays as it is (decision 10)."""

    hsa_id: str
    region_code: str


class NameDropped(NamedTuple):
    """A name was too long to be one, and was left out of its event."""

    hsa_id: str
    event_id: str


class AheadOfClock(NamedTuple):
    """An event was ahead of the clock by more than clocks differ, and was applied all the same.

    Whatever truly happens to the clinic until then will be older than it, and passed over.
    """

    hsa_id: str
    event_id: str
    seconds: int
    topic: str
    partition: int
    offset: int


class DeadLettered(NamedTuple):
    """A record became a dead letter; everything else went on."""

    record: Record
    rejection: Rejection


class MassChangeHeld(NamedTuple):
    """Changes of a region's clinics wait for a person (domain, decision 11).

    `facts` counts what the hold has in all by now, `newly_held` what a batch put there.
    """

    hold: int
    region_code: str
    facts: int
    newly_held: int


class UnknownType(NamedTuple):
    """Records of a topic were ignored, since their type is not known."""

    topic: str
    type: str
    records: int


Warning_ = (
    MovedWithoutBoard
    | PatientBoardNamed
    | NameDropped
    | AheadOfClock
    | DeadLettered
    | MassChangeHeld
    | UnknownType
)


@dataclass(frozen=True, slots=True)
class TransactionCommitted:
    """What one transaction has put into the database for good."""

    counts: Mapping[Partition, Counts]
    next_offsets: Mapping[Partition, int]
    changed_clinics: int
    warnings: Sequence[Warning_]

    @property
    def total(self) -> Counts:
        """The counts of all partitions."""
        return sum(self.counts.values(), Counts())


class PipelineListener(Protocol):
    """Listens to the worker; it must not raise, and must not keep the loop waiting."""

    def polling(self) -> None:
        """The loop goes round."""

    def database_answered(self) -> None:
        """The database is there, and at the right revision."""

    def holds_open(self, count: int) -> None:
        """So many mass changes wait for a person just now."""

    def applied(self, applied: TransactionCommitted) -> None:
        """A transaction was committed."""

    def outpaced(self) -> None:
        """Another worker had read on from the same position; nothing was kept of what was read."""

    def waiting(self, error: BaseException, seconds: float) -> None:
        """The database or Kafka is away; the next try comes after so many seconds."""
