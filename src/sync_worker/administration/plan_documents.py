"""What a person at the page asks for, what they are shown of it, and whether it is theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sync_worker.administration.clinics import ADD, REMOVE, ActingFor, RegistrationChange
from sync_worker.administration.csv_files.reader import FileContents, FileEntry
from sync_worker.administration.imports import RowItem
from sync_worker.administration.plan_rows import PlannedRow
from sync_worker.registry.web_plans import WebPlan

VERBS: Mapping[str, RegistrationChange] = {"add": ADD, "remove": REMOVE}
"""By the action of a `WebPlan`."""


class Person(NamedTuple):
    """Who is at the page, and what they act for now."""

    actor: str
    acting_for: ActingFor


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What is wanted: of a file, of ticks, or of rows that were corrected.

    Rows that were corrected have the name of their file, and no digest.
    """

    verb: RegistrationChange
    entries: Sequence[FileEntry]
    reason: str | None = None
    file_name: str | None = None
    file_digest: str | None = None


@dataclass(frozen=True, slots=True)
class _Document:
    about: WebPlan
    rows: Sequence[PlannedRow]
    names: Mapping[str, str]
    """The clinics', by HSA-id."""

    @property
    def verb(self) -> RegistrationChange:
        """What is done to the clinics."""
        return VERBS[self.about.action]

    @property
    def items(self) -> list[RowItem]:
        """What becomes of each row."""
        return [row.item for row in self.rows]

    @property
    def given(self) -> FileContents:
        """What was asked for, as far as it is kept: for the report of what is not done."""
        return FileContents([FileEntry(row.item.line, row.text) for row in self.rows])


@dataclass(frozen=True, slots=True)
class OpenPlan(_Document):
    """What would be done now; it is confirmed by its revision."""

    done_before: WebPlan | None
    """The receipt for the same file, if the same person had that done within a day."""

    def changed(self, since: int = 1) -> list[PlannedRow]:
        """The rows that have changed since a revision."""
        return [row for row in self.rows if row.revision > since]


@dataclass(frozen=True, slots=True)
class Receipt(_Document):
    """What was done, when and by whom: it stays as it is."""

    @property
    def changed(self) -> list[PlannedRow]:
        """The rows of which something else became than was planned."""
        return [row for row in self.rows if row.before is not None]


@dataclass(frozen=True, slots=True)
class Stale:
    """What was confirmed is not the plan any more: nothing was done."""

    plan: OpenPlan
    changed: list[PlannedRow]
    """The rows that have changed since the revision that was confirmed."""


@dataclass(frozen=True, slots=True)
class Expired:
    """A plan that is too old to be confirmed."""

    about: WebPlan


@dataclass(frozen=True, slots=True)
class NotYours:
    """A plan that this person may not see, or not confirm."""

    region_codes: tuple[str, ...] | None
    """What it is for; None where it is for all regions."""


def may_see(plan: WebPlan, person: Person) -> bool:
    """Whether the plan or receipt is shown to the person: its maker, and who has all its regions.

    A plan is not shown to a maker who has lost all of them.
    """
    common = regions_of_both(plan, person)
    if plan.maker == person.actor:
        return plan.is_done or common is None or bool(common)
    return common is None or (bool(common) and common == frozenset(plan.region_codes or ()))


def regions_of_both(plan: WebPlan, person: Person) -> frozenset[str] | None:
    """What is acted for: neither regions that the person has lost since, nor other ones."""
    if plan.region_codes is None:
        return None if person.acting_for is None else frozenset(person.acting_for)
    planned = frozenset(plan.region_codes)
    return planned if person.acting_for is None else planned & frozenset(person.acting_for)
