"""What the codec says of a record: an event, nothing to do, or why it is set aside (contract 1)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sync_worker.domain.facts import Facts, Register
from sync_worker.domain.tuples import new

_LONGEST_TYPE = 100


class Reason(StrEnum):
    """Why a record becomes a dead letter; the codec judges in this order."""

    INVALID_JSON = "invalid_json"
    """Not UTF-8, not JSON, or empty."""
    UNSUPPORTED_VERSION = "unsupported_version"
    """A known event name with another version suffix, or none."""
    INVALID_EVENT = "invalid_event"
    """An attribute or field that is read is missing, too long, or of the wrong type or form."""
    IDENTITY_MISMATCH = "identity_mismatch"
    """Key, `subject` and `data.hsaId` name different clinics, or a tombstone names none."""
    UNKNOWN_REGION = "unknown_region"
    """The region code is not in use (domain, decision 9)."""
    TIME_IN_FUTURE = "time_in_future"
    """It says that it happened further ahead of the clock than clocks differ."""
    DATABASE_REJECTED = "database_rejected"
    """The database refuses this one record's data; the codec should have found it."""


class Event(NamedTuple):
    """What happened to a clinic: what it states of it, None where nothing, and its version.

    `hsa_id` is normalised; `time` is in UTC. Nothing in it is refused by a database. `name_dropped`
    says that its name was too long to be one. `seconds_ahead` is how far ahead of the clock it is,
    where that is more than clocks differ; else 0. Flat, since a catch-up holds many thousands.
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
        # A reconcile comes through here with every record: not by the slow calls of the classes.
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
    """A record that is none of this program's business; `detail` is one sentence that says why.

    `unknown_type` is its type where that is why: short, and printable throughout.
    """

    detail: str
    unknown_type: str | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that is set aside.

    `detail` is one sentence for an operator. It names what is wrong and never quotes the payload.
    """

    reason: Reason
    detail: str


DecodeResult = Event | Ignored | Rejection


def type_name(event_type: str) -> str:
    """A type as it is counted: short, and printable throughout."""
    shown = event_type[:_LONGEST_TYPE]
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)


def quoted(text: str) -> str:
    """The text's beginning in quotes, fit for a `detail`: short, and printable throughout."""
    longest = 60
    return repr(text) if len(text) <= longest else f"{text[:longest]!r}…"
