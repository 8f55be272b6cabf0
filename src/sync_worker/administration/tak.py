"""The list of clinics with a system of their own, as TAK has it: replaced whole, by support (R7).

The rule that keeps "one clinic, one handling system" true whoever comes first: `put` lets nobody
else write the list from before it reads it until it is committed, and an addition lets nobody write
it from before it judges until it is committed. So neither can slip past the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection

from sync_worker.administration.csv_files.reader import FileEntry
from sync_worker.administration.messages import plans
from sync_worker.administration.messages import tak as says
from sync_worker.authorship import Authorship
from sync_worker.domain import hsa_id as hsa_ids
from sync_worker.domain.admission import AdmissionOutcome, Refusal
from sync_worker.errors import Exit, UserError
from sync_worker.events.texts import is_hsa_id
from sync_worker.registry import queries, registrations
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import acting
from sync_worker.registry.queries import meant
from sync_worker.remedies import Remedy
from sync_worker.sequences import Tally

_LEAST_PERCENT = 80


class ListedClinics(NamedTuple):
    """What a file says that the list should be: each id with the first line that names it.

    `malformed` are the rows that name no clinic. A list with such rows is not to be used: what was
    meant by them would be missing from it, and the clinic would get cases that it does not see.
    """

    lines: dict[str, int]
    malformed: list[FileEntry]

    def refused_items(self, entries: Sequence[FileEntry]) -> list[dict[str, Any]]:
        """What becomes of each row of a list that is refused, in the form of `tak import`."""
        malformed = {entry.line for entry in self.malformed}
        refused = AdmissionOutcome.REFUSED.value, Refusal.MALFORMED_HSA_ID.value
        not_done = AdmissionOutcome.NOT_DONE.value, None
        rows = [(entry, refused if entry.line in malformed else not_done) for entry in entries]
        return [
            {
                "line": entry.line,
                "hsa_id": hsa_ids.cleaned(entry.text),
                "outcome": outcome,
                "reason": reason,
                "registered": None,
                "effect": None,
            }
            for entry, (outcome, reason) in rows
        ]


@dataclass(frozen=True, slots=True)
class TakPlan:
    """What replacing the list would change; HSA-ids are in order."""

    present: frozenset[str]
    added: list[str]
    removed: list[str]
    kept: list[str]
    registered: dict[str, bool]
    """Of all these, the clinics registered here, each with whether it could receive cases."""

    @property
    def stops_receiving(self) -> list[str]:
        """The registered clinics that would receive no more cases here."""
        return [hsa_id for hsa_id in self.added if self.registered.get(hsa_id)]

    @property
    def starts_receiving(self) -> list[str]:
        """The registered clinics that would receive cases here again."""
        return [hsa_id for hsa_id in self.removed if self.registered.get(hsa_id)]

    @property
    def in_both(self) -> list[str]:
        """The clinics that would be in the list, and are registered here."""
        return sorted({*self.added, *self.kept} & self.registered.keys())

    @property
    def is_short(self) -> bool:
        """Whether the new list has so few entries that it may be only a part of the whole."""
        return (len(self.added) + len(self.kept)) * 100 < len(self.present) * _LEAST_PERCENT

    @property
    def changes_nothing(self) -> bool:
        """Whether the list is that already."""
        return not self.added and not self.removed

    def items(self, lines: Mapping[str, int]) -> list[dict[str, Any]]:
        """Every id of both lists, by HSA-id, with what becomes of it, in the form of `tak import`.

        `lines` are where the file names them.
        """
        outcomes = {
            **dict.fromkeys(self.added, "added"),
            **dict.fromkeys(self.removed, "removed"),
            **dict.fromkeys(self.kept, "kept"),
        }
        effects = {
            **dict.fromkeys(self.stops_receiving, "stops_receiving"),
            **dict.fromkeys(self.starts_receiving, "starts_receiving"),
        }
        return [
            {
                "line": lines.get(hsa_id),
                "hsa_id": hsa_id,
                "outcome": outcomes[hsa_id],
                "reason": None,
                "registered": hsa_id in self.registered,
                "effect": effects.get(hsa_id),
            }
            for hsa_id in sorted(outcomes)
        ]

    def summary(self) -> dict[str, Any]:
        """How many are added, removed and kept, and which clinics that affects."""
        kinds = {"added": self.added, "removed": self.removed, "kept": self.kept}
        return {
            "summary": {kind: len(hsa_ids) for kind, hsa_ids in kinds.items()},
            "stops_receiving": self.stops_receiving,
            "starts_receiving": self.starts_receiving,
            "own_system": self.in_both,
        }


class TakChanged(UserError):
    """Somebody else changed the list after the plan was made."""

    def __init__(self) -> None:
        super().__init__(
            Exit.REFUSED,
            says.CHANGED(),
            why=plans.PLAN_OUTDATED(),
            hint=Remedy.PLAN_AGAIN(),
            code="changed_meanwhile",
        )


def listed_clinics(registry: Registry, entries: Sequence[FileEntry]) -> ListedClinics:
    """What a file's entries say that the list should be; an id named twice counts once."""
    with registry.snapshot() as connection:
        named = meant(connection, [entry.text for entry in entries])
        unusual = [hsa_id for hsa_id in named if not hsa_ids.has_the_form(hsa_id)]
        # An id that the e-services named is one, whatever its form.
        usual = queries.known_among(connection, list(filter(is_hsa_id, unusual)))
    listed = ListedClinics({}, [])
    for entry, hsa_id in zip(entries, named, strict=True):
        if hsa_ids.has_the_form(hsa_id) or hsa_id in usual:
            listed.lines.setdefault(hsa_id, entry.line)
        else:
            listed.malformed.append(entry)
    return listed


def plan(registry: Registry, listed: Sequence[str]) -> TakPlan:
    """What `put` would change now; changes nothing."""
    with registry.snapshot() as connection:
        return _plan(connection, listed)


def put(
    registry: Registry, planned: TakPlan, authorship: Authorship, tally: Tally | None = None
) -> TakPlan:
    """Replace the list as planned, in one transaction; the change log is written by triggers.

    Returns what was done, judged as it was done: clinics may have been registered or deactivated
    since the plan.

    Raises:
        TakChanged: the list has changed since it was planned.
    """
    with registry.transaction() as transaction:
        registrations.lock_own_systems(transaction.connection)
        done = _plan(transaction.connection, [*planned.added, *planned.kept])
        if done.present != planned.present:
            raise TakChanged
        with acting(transaction.connection, authorship):
            registrations.change_own_systems(
                transaction.connection, done.added, done.removed, tally
            )
        transaction.commit()
    return done


def _plan(connection: Connection, listed: Sequence[str]) -> TakPlan:
    present, new = frozenset(registrations.own_systems(connection)), frozenset(listed)
    return TakPlan(
        present,
        added=sorted(new - present),
        removed=sorted(present - new),
        kept=sorted(present & new),
        registered=queries.registered_among(connection, sorted(present | new)),
    )
