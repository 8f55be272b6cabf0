"""A plan or a receipt as its page shows it: what is done, what is not, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync_worker.administration.messages.page import imports as says
from sync_worker.administration.messages.page.imports import ManyWording
from sync_worker.administration.messages.refusals import REFUSALS
from sync_worker.administration.plan_documents import VERBS, OpenPlan, Receipt
from sync_worker.administration.plan_rows import PlannedRow
from sync_worker.domain import hsa_id as hsa_ids
from sync_worker.domain.admission import AdmissionOutcome, Refusal
from sync_worker.language import FilledMessage, Message
from sync_worker.registry.web_plans import WebPlan

MOST_OF_GROUP = 50
"""Refused rows that are shown for one reason; all of them are in the file to download."""
MOST_CORRECTED = 50
_MOST_SHOWN_AT_ONCE = 20
"""Clinics of a plan that are shown without being asked for."""
WORDINGS: Mapping[str, ManyWording] = {"add": says.ADDING, "remove": says.REMOVING}
"""By the action of a `WebPlan`."""


@dataclass(frozen=True, slots=True)
class RefusedGroup:
    """The rows that are refused for the same reason; `rows` are the first of them."""

    reason: Refusal
    why: Message
    remedy: Message
    count: int
    rows: Sequence[PlannedRow]


@dataclass(frozen=True, slots=True)
class PlanView:
    """What the page of a plan or a receipt is made of."""

    document: OpenPlan | Receipt
    to_do: list[PlannedRow]
    """What is to be done; of a receipt, what was."""
    already: int
    refused: int
    groups: list[RefusedGroup]
    changed: list[PlannedRow]
    correctable: list[RefusedGroup]
    """The rows that are corrected on the page: the first of those that could be."""
    could_be_corrected: int

    @property
    def about(self) -> WebPlan:
        """The plan without its rows."""
        return self.document.about

    @property
    def wording(self) -> ManyWording:
        """What is done to the clinics, in words."""
        return WORDINGS[self.about.action]

    @property
    def shows_all(self) -> bool:
        """Whether the clinics are few enough to be shown without being asked for."""
        return len(self.to_do) <= _MOST_SHOWN_AT_ONCE

    @property
    def corrected(self) -> int:
        """How many rows are corrected on the page."""
        return sum(len(group.rows) for group in self.correctable)

    def name(self, row: PlannedRow) -> str:
        """The name of a row's clinic, empty where it is not known."""
        return self.document.names.get(row.item.hsa_id, "")


def view(document: OpenPlan | Receipt) -> PlanView:
    """A plan or a receipt as its page shows it."""
    verb, rows = document.verb, document.rows
    groups = _groups(rows, MOST_OF_GROUP)
    # What is there twice needs nothing.
    needs_nothing = {None, Refusal.DUPLICATE_IN_FILE}
    correctable = [row for row in rows if row.item.reason not in needs_nothing]
    return PlanView(
        document,
        to_do=[row for row in rows if row.item.outcome is verb.done],
        already=sum(row.item.outcome is verb.already for row in rows),
        refused=sum(group.count for group in groups),
        groups=groups,
        changed=document.changed if isinstance(document, Receipt) else document.changed(),
        correctable=_groups(correctable[:MOST_CORRECTED], MOST_CORRECTED),
        could_be_corrected=len(correctable),
    )


def source(plan: WebPlan) -> Message | FilledMessage:
    """Where the clinics of a plan come from."""
    if plan.file_name is None:
        return says.SOURCE_TICKED
    is_file = plan.file_digest is not None
    return says.SOURCE_FILE(file=plan.file_name) if is_file else says.SOURCE_CORRECTED


def summary(plan: WebPlan) -> FilledMessage:
    """What a plan would do, or what was done: how many clinics it is about."""
    wording = WORDINGS[plan.action]
    return (wording.receipt if plan.is_done else wording.confirm)(count=count_of(plan))


def count_of(plan: WebPlan) -> int:
    """How many clinics a plan would change, or changed."""
    return plan.counts.get(VERBS[plan.action].done.value, 0)


def outcome(code: str) -> Message:
    """What becomes of a row, by `RowItem.code`."""
    refusal = next((each for each in Refusal if each.value == code), None)
    if refusal is not None:
        return REFUSALS[refusal].why
    return says.OUTCOMES[AdmissionOutcome(code)]


def is_miscopied(row: PlannedRow) -> bool:
    """Whether the id is unknown, and its check digit says that it was not copied right."""
    is_unknown = row.item.reason is Refusal.UNKNOWN_CLINIC
    return is_unknown and hsa_ids.is_miscopied(row.item.hsa_id)


def _groups(rows: Sequence[PlannedRow], most: int) -> list[RefusedGroup]:
    """The refused rows by reason, the most that there are of each."""
    groups = []
    for reason, explained in REFUSALS.items():
        refused = [row for row in rows if row.item.reason is reason]
        if refused:
            why, remedy = explained
            groups.append(RefusedGroup(reason, why, remedy, len(refused), refused[:most]))
    return groups
