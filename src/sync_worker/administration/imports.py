"""Many clinics from a file: planned row by row, asked for, judged again as it is done (R1).

Only what was planned is done. A row whose verdict has changed since is left as it is, and told.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from sync_worker.administration import clinics
from sync_worker.administration.clinics import ActingFor, Item, RegistrationChange
from sync_worker.administration.csv_files.reader import FileEntry
from sync_worker.authorship import Authorship
from sync_worker.domain.admission import AdmissionOutcome, Eligibility, Refusal
from sync_worker.events.texts import is_hsa_id
from sync_worker.registry import registrations
from sync_worker.registry.database import Registry
from sync_worker.registry.queries import meant
from sync_worker.sequences import batched

_MOST_LOCKED_AT_ONCE = 1_000
"""Clinics that one statement locks; after each the progress is told."""
_PART_OF_JUDGING = 0.6
"""Of the time that it takes; the rest is writing, which is one statement each for all rows."""


class RowItem(NamedTuple):
    """What becomes of one row of a file, in the form of `clinics import`."""

    line: int
    hsa_id: str
    outcome: AdmissionOutcome
    reason: Refusal | None

    @property
    def code(self) -> str:
        """What became of it in a word: why it was refused, or else the outcome."""
        return (self.reason or self.outcome).value


@dataclass(frozen=True, slots=True)
class Plan:
    """What `do` would do, a row each in the order of the file; `names` are the clinics' own."""

    verb: RegistrationChange
    acting_for: ActingFor
    items: list[RowItem]
    names: Mapping[str, str]

    @property
    def to_do(self) -> list[RowItem]:
        """The rows that would be done."""
        return [item for item in self.items if item.outcome is self.verb.done]


@dataclass(frozen=True, slots=True)
class Done:
    """What was done; `changed` are the rows whose verdict was another in the plan, as planned."""

    items: list[RowItem]
    changed: list[RowItem]


def plan(
    registry: Registry,
    verb: RegistrationChange,
    entries: Sequence[FileEntry],
    acting_for: ActingFor,
    *,
    all_or_nothing: bool = False,
) -> Plan:
    """What `do` would do now; changes nothing.

    With `all_or_nothing`, nothing is done where any row is refused.
    """
    with registry.snapshot() as connection:
        hsa_ids = meant(connection, [entry.text for entry in entries])
        valid_ids = _valid_ids(hsa_ids)
        eligibilities = registrations.read(connection, valid_ids)
        names = registrations.names(connection, valid_ids)
    named = [(entry.line, hsa_id) for entry, hsa_id in zip(entries, hsa_ids, strict=True)]
    items = list(_judged(verb, named, eligibilities, acting_for))
    return Plan(verb, acting_for, _nothing_done(verb, items) if all_or_nothing else items, names)


def do(
    registry: Registry,
    planned: Plan,
    authorship: Authorship,
    *,
    all_or_nothing: bool = False,
    tell: Callable[[float], None] = lambda _: None,
) -> Done:
    """Do what was planned, in one transaction: each row is judged again under its clinic's lock.

    `tell` is told how much is done, from 0 to 1.
    """
    with registry.transaction() as transaction:
        done = do_within(
            transaction.connection, planned, authorship, all_or_nothing=all_or_nothing, tell=tell
        )
        transaction.commit()
    tell(1.0)
    return done


def do_within(
    connection: Connection,
    planned: Plan,
    authorship: Authorship,
    *,
    all_or_nothing: bool = False,
    tell: Callable[[float], None] = lambda _: None,
) -> Done:
    """As `do`, in a transaction of the caller's, who commits it."""
    verb = planned.verb
    eligibilities = _locked(connection, planned, tell)
    named = [(item.line, item.hsa_id) for item in planned.items]
    judged = list(_judged(verb, named, eligibilities, planned.acting_for))
    pairs = list(zip(planned.items, judged, strict=True))
    items = [_as_agreed(verb, before, now) for before, now in pairs]
    changed = [before for before, now in pairs if before != now]
    if all_or_nothing:
        items = _nothing_done(verb, items)
    is_refused = all_or_nothing and any(item.outcome is AdmissionOutcome.REFUSED for item in items)
    to_write = [] if is_refused else [Item(*item[1:]) for item in items]
    clinics.write(connection, verb, to_write, authorship)
    return Done(items, changed)


def confirm(registry: Registry, planned: Plan, authorship: Authorship) -> None:
    """Settle with the log what is so already, where a file has nothing else to be done.

    Nothing is settled where rows that could have been done are not, since others are refused.
    """
    if all(item.outcome is not AdmissionOutcome.NOT_DONE for item in planned.items):
        rows = [Item(row.hsa_id, row.outcome, row.reason) for row in planned.items]
        clinics.confirm(registry, planned.verb, rows, planned.acting_for, authorship)


def _valid_ids(hsa_ids: Sequence[str]) -> list[str]:
    """The ids that the registry can have, each once: no other may reach the database at all."""
    return list({hsa_id: None for hsa_id in hsa_ids if is_hsa_id(hsa_id)})


def _judged(
    verb: RegistrationChange,
    rows: Sequence[tuple[int, str]],
    eligibilities: Mapping[str, Eligibility],
    acting_for: ActingFor,
) -> Iterator[RowItem]:
    """Each row, a line and an id, judged on its own; what an earlier row names is a duplicate."""
    named: set[str] = set()
    for line, hsa_id in rows:
        outcome, reason = verb.judge(hsa_id, eligibilities.get(hsa_id), acting_for)
        if hsa_id in named and reason is not Refusal.MALFORMED_HSA_ID:
            outcome, reason = AdmissionOutcome.REFUSED, Refusal.DUPLICATE_IN_FILE
        named.add(hsa_id)
        yield RowItem(line, hsa_id, outcome, reason)


def _as_agreed(verb: RegistrationChange, planned: RowItem, judged: RowItem) -> RowItem:
    """What becomes of a row: as judged now, but nothing is done that was not in the plan."""
    if judged.outcome is verb.done and planned.outcome is not verb.done:
        return judged._replace(outcome=AdmissionOutcome.REFUSED, reason=Refusal.CHANGED_MEANWHILE)
    return judged


def _nothing_done(verb: RegistrationChange, items: list[RowItem]) -> list[RowItem]:
    """Where any row is refused, none is done."""
    if all(item.outcome is not AdmissionOutcome.REFUSED for item in items):
        return items
    return [
        item._replace(outcome=AdmissionOutcome.NOT_DONE) if item.outcome is verb.done else item
        for item in items
    ]


def _locked(
    connection: Connection, planned: Plan, tell: Callable[[float], None]
) -> dict[str, Eligibility]:
    """How the clinics stand, each locked, in the order of their ids."""
    ordered = sorted(_valid_ids([item.hsa_id for item in planned.items]))
    eligibilities: dict[str, Eligibility] = {}
    done = 0
    for batch in batched(ordered, _MOST_LOCKED_AT_ONCE):
        eligibilities |= registrations.lock(connection, batch)
        done += len(batch)
        tell(done / len(ordered) * _PART_OF_JUDGING)
    return eligibilities
