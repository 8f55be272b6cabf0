"""What a record decodes to: an event, a record to ignore, or one to dead-letter (contract 1)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sync_worker.domain.facts import Facts, Register
from sync_worker.domain.tuples import new

_MAX_COUNTED_TYPE_LENGTH = 100
_MAX_QUOTED_LENGTH = 60


class Reason(StrEnum):
    """Why a record becomes a dead letter; the decoder checks in this order."""

    INVALID_JSON = "invalid_json"
    """Not UTF-8, not JSON, or empty."""
    UNSUPPORTED_VERSION = "unsupported_version"
    """A known event name with another version suffix, or none."""
    INVALID_EVENT = "invalid_event"
    """An attribute or field is missing, too long, or of the wrong type or form."""
    IDENTITY_MISMATCH = "identity_mismatch"
    """Key, `subject` and `data.hsaId` name different clinics, or a tombstone names none."""
    UNKNOWN_REGION = "unknown_region"
    """The region code is not in use (domain, decision 9)."""
    TIME_IN_FUTURE = "time_in_future"
    """Its time is further ahead of the clock than the setting allows."""
    DATABASE_REJECTED = "database_rejected"
    """The database rejects this record's data; the decoder should have noticed."""


class Event(NamedTuple):
    """What happened to a clinic: the facts that are stated, None where not, and their version.

    `hsa_id` is normalised, `time` is in UTC, and databases accept every value. `name_dropped` says
    that the name was too long. `seconds_ahead` is how far `time` is ahead of the clock, if that is
    more than clocks differ, else 0. The tuple is flat because many thousands are in memory at once.
    """

    hsa_id: str
    event_id: str
    time: datetime
    sequence: str
    active: bool | None
    region_code: str | None = None
    name: str | None = None
    name_dropped: bool = False
    seconds_ahead: int = 0

    @property
    def facts(self) -> Facts:
        """The facts that it states, each with the event's version."""
        # Called for every record of a reconcile, so the slow constructors are avoided.
        _, event_id, time, sequence, active, region_code, name, _, _ = self
        registers = (
            None if active is None else new(Register, (time, sequence, event_id, active)),
            None if region_code is None else new(Register, (time, sequence, event_id, region_code)),
            None if name is None else new(Register, (time, sequence, event_id, name)),
        )
        facts: Facts = new(Facts, registers)
        return facts


@dataclass(frozen=True, slots=True)
class Ignored:
    """A record that is not meant for this program; `detail` is a sentence that says why.

    `unknown_type` is its type if that is the reason: shortened, and printable.
    """

    detail: str
    unknown_type: str | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that becomes a dead letter.

    `detail` is a sentence for operators. It names what is wrong and never quotes the payload.
    """

    reason: Reason
    detail: str


DecodeResult = Event | Ignored | Rejection


def type_name(event_type: str) -> str:
    """An event type as it is counted: shortened, and printable."""
    shown = event_type[:_MAX_COUNTED_TYPE_LENGTH]
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)


def quoted(text: str) -> str:
    """The beginning of a text in quotes, for use in a `detail`: short, and printable."""
    return repr(text) if len(text) <= _MAX_QUOTED_LENGTH else f"{text[:_MAX_QUOTED_LENGTH]!r}…"
