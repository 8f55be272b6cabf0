"""What a person has the page do to many clinics: planned, reviewed, confirmed, done once.

A plan is a row in the database, and its id stands for the deed: however often it is confirmed, and
from however many places, it is done once, and everybody is shown the one receipt (decision 0047).
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from sync_worker.administration import imports, plan_rows
from sync_worker.administration.csv_files.reader import FileEntry
from sync_worker.administration.messages import plans as says
from sync_worker.administration.plan_documents import (
    VERBS,
    Expired,
    NotYours,
    OpenPlan,
    Person,
    PlanRequest,
    Receipt,
    Stale,
    may_see,
    regions_of_both,
)
from sync_worker.administration.plan_rows import NamedRows, PlannedRow
from sync_worker.authorship import Authorship
from sync_worker.errors import Exit, UserError
from sync_worker.events.texts import is_hsa_id
from sync_worker.printable import printable_line
from sync_worker.registry import registrations, web_plans
from sync_worker.registry.database import Registry
from sync_worker.registry.web_plans import WebPlan

MOST_ROWS = 20_000
"""Every clinic of the country twice."""
MOST_OPEN = 20
"""Of one person; the oldest goes."""
PLAN_LASTS = timedelta(hours=24)
RECEIPT_LASTS = timedelta(days=90)
_EXPIRED_PLANS_LAST = timedelta(days=7)
"""Who comes back to one is told that it is too old."""
_SAME_FILE_WITHIN = timedelta(days=1)
_MOST_OF_FILE_NAME = 100
MOST_OF_REASON = 500
_ID_BYTES = 32


class TooManyRows(UserError):
    """More rows than one plan can have."""

    def __init__(self, count: int) -> None:
        super().__init__(
            Exit.REFUSED,
            says.TOO_MANY_ROWS(count=count, most=MOST_ROWS),
            why=says.NOTHING_CHANGED(),
            hint=says.SPLIT(),
            code="too_many_rows",
        )


def make(registry: Registry, request: PlanRequest, person: Person, now: datetime) -> str:
    """Plan, and keep the plan for a day; its id, which nobody can guess. No clinic is changed.

    Raises:
        TooManyRows: it is more than a plan can have.
    """
    if len(request.entries) > MOST_ROWS:
        raise TooManyRows(len(request.entries))
    entries = [plan_rows.shortened(entry) for entry in request.entries]
    planned = imports.plan(registry, request.verb, entries, person.acting_for)
    pairs = zip(entries, planned.items, strict=True)
    rows = [PlannedRow(entry.text, item) for entry, item in pairs]
    plan = _new(request, person, plan_rows.counted(rows), now)
    with registry.transaction() as transaction:
        connection = transaction.connection
        web_plans.remove_expired(connection, now - _EXPIRED_PLANS_LAST, now)
        web_plans.remove_open_but_newest(connection, person.actor, MOST_OPEN - 1)
        web_plans.add(connection, plan, plan_rows.packed(rows, {}))
        transaction.commit()
    return plan.id


def look(
    registry: Registry, plan_id: str, person: Person, now: datetime
) -> OpenPlan | Receipt | Expired | NotYours | None:
    """What a plan would do now, or what it did; None where there is none, or no longer.

    A plan is judged again: where that differs from what is kept, it gets the next revision.
    """
    with registry.snapshot() as connection:
        found = _found(connection, plan_id, person, now)
        if not isinstance(found, WebPlan):
            return found
        kept = plan_rows.unpacked(web_plans.rows(connection, plan_id))
        done_before = web_plans.done_with(connection, found, now - _SAME_FILE_WITHIN)
    if found.is_done:
        return Receipt(found, *kept)
    judged = _judged_again(registry, found, kept.rows, person)
    if judged.rows == kept.rows:
        return OpenPlan(found, *judged, done_before)
    with registry.transaction() as transaction:
        rows, counts = plan_rows.packed(judged.rows, {}), plan_rows.counted(judged.rows)
        web_plans.revise(transaction.connection, found, rows, counts)
        transaction.commit()
    # By this look, unless another one was quicker, or somebody has had it done.
    return look(registry, plan_id, person, now)


def confirm(
    registry: Registry, plan_id: str, revision: int, person: Person, now: datetime
) -> Receipt | Stale | Expired | NotYours | None:
    """Do what was planned, once: to confirm it again gives the receipt that there is.

    Its maker alone may. The claim, the deed and the receipt are one transaction. Rows are judged
    again, for the regions that both the plan and the person have: what can be done no longer is not
    done, and told, and nothing else is done. `done_at` of the receipt is `now` where it was done by
    this call.
    """
    with registry.transaction() as transaction:
        found = _found(transaction.connection, plan_id, person, now)
        if not isinstance(found, WebPlan):
            return found
        if found.maker != person.actor and not found.is_done:
            return NotYours(found.region_codes)
        is_seen = revision == found.revision
        if is_seen and web_plans.claim(transaction.connection, found, person.actor, now):
            receipt = _do(transaction.connection, found, person, now)
            transaction.commit()
            return receipt
    present = look(registry, plan_id, person, now)
    return Stale(present, present.changed(revision)) if isinstance(present, OpenPlan) else present


def listed(registry: Registry, maker: str, now: datetime) -> list[WebPlan]:
    """A person's plans, expired ones too, and receipts, the newest first."""
    with registry.snapshot() as connection:
        plans = web_plans.listed(connection, maker)
    return [plan for plan in plans if plan.expires_at > now or not plan.is_done]


def _new(request: PlanRequest, person: Person, counts: Mapping[str, int], now: datetime) -> WebPlan:
    return WebPlan(
        id=secrets.token_urlsafe(_ID_BYTES),
        maker=person.actor,
        action=next(action for action, verb in VERBS.items() if verb is request.verb),
        region_codes=None if person.acting_for is None else tuple(sorted(person.acting_for)),
        reason=_storable(request.reason, MOST_OF_REASON),
        file_name=_storable(request.file_name, _MOST_OF_FILE_NAME),
        file_digest=request.file_digest,
        counts=counts,
        revision=1,
        created_at=now,
        expires_at=now + PLAN_LASTS,
    )


def _found(
    connection: Connection, plan_id: str, person: Person, now: datetime
) -> WebPlan | Expired | NotYours | None:
    """The plan or the receipt, where this person may see it."""
    plan = web_plans.find(connection, plan_id)
    if plan is None or (plan.is_done and plan.expires_at <= now):
        return None
    if not may_see(plan, person):
        return NotYours(plan.region_codes)
    return plan if plan.expires_at > now else Expired(plan)


def _judged_again(
    registry: Registry, plan: WebPlan, rows: list[PlannedRow], person: Person
) -> NamedRows:
    entries = [FileEntry(row.item.line, row.text) for row in rows]
    judged = imports.plan(registry, VERBS[plan.action], entries, regions_of_both(plan, person))
    revision = plan.revision + 1
    revised = [
        row if row.item == item else PlannedRow(row.text, item, row.item.code, revision)
        for row, item in zip(rows, judged.items, strict=True)
    ]
    return NamedRows(revised, judged.names)


def _do(connection: Connection, plan: WebPlan, person: Person, now: datetime) -> Receipt:
    """Do a plan that this transaction has claimed, and keep the receipt."""
    planned, _ = plan_rows.unpacked(web_plans.rows(connection, plan.id))
    items = [row.item for row in planned]
    deed = imports.Plan(VERBS[plan.action], regions_of_both(plan, person), items, {})
    done = imports.do_within(connection, deed, Authorship(person.actor, plan.reason, now))
    rows = [
        PlannedRow(row.text, item, None if item == row.item else row.item.code, plan.revision)
        for row, item in zip(planned, done.items, strict=True)
    ]
    hsa_ids = [item.hsa_id for item in done.items if is_hsa_id(item.hsa_id)]
    names = registrations.names(connection, hsa_ids)
    about = replace(
        plan,
        counts=plan_rows.counted(rows),
        expires_at=now + RECEIPT_LASTS,
        done_at=now,
        done_by=person.actor,
    )
    web_plans.keep_receipt(connection, about, plan_rows.packed(rows, names))
    return Receipt(about, rows, names)


def _storable(text: str | None, most: int) -> str | None:
    """What is kept of a text that somebody gave: nothing in it that a database refuses."""
    return None if text is None else printable_line(plan_rows.encodable(text))[:most]
