"""Plans of the administrators' page, and the receipts that they become: the rows of `web_plan`.

What the rows of a plan or a receipt say is not read here: they are bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from sync_worker.events.texts import is_storable
from sync_worker.registry import dialect
from sync_worker.registry.tables import web_plan


@dataclass(frozen=True, slots=True)
class WebPlan:
    """What a person has the page do to many clinics, without the clinics."""

    id: str
    maker: str
    action: str
    """`add` or `remove`."""
    region_codes: tuple[str, ...] | None
    """Those that the maker acted for; None where it was done nationally."""
    reason: str | None
    file_name: str | None
    file_digest: str | None
    counts: Mapping[str, int]
    """Outcome, or reason where refused → number of rows."""
    revision: int
    created_at: datetime
    expires_at: datetime
    """Of a plan: until when it can be confirmed; of a receipt: until when it is kept."""
    done_at: datetime | None = None
    done_by: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether it is a receipt."""
        return self.done_at is not None


_COLUMNS = tuple(column for column in web_plan.columns if column.name not in {"rows", "receipt"})
_IS_OPEN = web_plan.c.done_at.is_(None)


def add(connection: Connection, plan: WebPlan, rows: bytes) -> None:
    """Keep a new plan."""
    regions = None if plan.region_codes is None else json.dumps(plan.region_codes)
    values = {
        "id": plan.id,
        "maker": plan.maker,
        "action": plan.action,
        "region_codes": regions,
        "reason": plan.reason,
        "file_name": plan.file_name,
        "file_digest": plan.file_digest,
        "rows": rows,
        "counts": json.dumps(dict(plan.counts)),
        "revision": plan.revision,
        "created_at": plan.created_at,
        "expires_at": plan.expires_at,
    }
    connection.execute(insert(web_plan).values(values))


def find(connection: Connection, plan_id: str) -> WebPlan | None:
    """The plan or the receipt with an id."""
    if not is_storable(plan_id):
        return None
    row = connection.execute(select(*_COLUMNS).where(web_plan.c.id == plan_id)).one_or_none()
    return None if row is None else _plan(row)


def rows(connection: Connection, plan_id: str) -> bytes:
    """The rows of a plan; of a receipt, what became of them."""
    present = func.coalesce(web_plan.c.receipt, web_plan.c.rows)
    return bytes(connection.execute(select(present).where(web_plan.c.id == plan_id)).scalar_one())


def revise(connection: Connection, plan: WebPlan, rows: bytes, counts: Mapping[str, int]) -> None:
    """Give a plan other rows and the next revision, unless it has another one already."""
    values = {"rows": rows, "counts": json.dumps(dict(counts)), "revision": plan.revision + 1}
    connection.execute(update(web_plan).where(_is_open(plan)).values(values))


def claim(connection: Connection, plan: WebPlan, by: str, at: datetime) -> bool:
    """Mark a plan as done, and lock it until the transaction ends.

    False where it has another revision, or is done already; a transaction that is doing it is
    waited for.
    """
    statement = update(web_plan).where(_is_open(plan)).values(done_at=at, done_by=by)
    return connection.execute(statement).rowcount > 0


def keep_receipt(connection: Connection, receipt: WebPlan, rows: bytes) -> None:
    """Put what became of the rows in their place, of a plan that this transaction has claimed."""
    values = {
        "rows": b"",
        "receipt": rows,
        "counts": json.dumps(dict(receipt.counts)),
        "expires_at": receipt.expires_at,
    }
    connection.execute(update(web_plan).where(web_plan.c.id == receipt.id).values(values))


def listed(connection: Connection, maker: str) -> list[WebPlan]:
    """The plans and receipts of a person, the newest first."""
    statement = select(*_COLUMNS).where(web_plan.c.maker == maker)
    newest = statement.order_by(web_plan.c.created_at.desc(), web_plan.c.id)
    return [_plan(row) for row in connection.execute(newest)]


def done_with(connection: Connection, plan: WebPlan, since: datetime) -> WebPlan | None:
    """The newest receipt since then for the same file by the same person."""
    if plan.file_digest is None:
        return None
    is_same = (
        web_plan.c[name] == getattr(plan, name) for name in ("maker", "action", "file_digest")
    )
    statement = (
        select(*_COLUMNS)
        .where(*is_same, web_plan.c.done_at >= since, web_plan.c.id != plan.id)
        .order_by(web_plan.c.done_at.desc())
    )
    row = connection.execute(statement.limit(1)).first()
    return None if row is None else _plan(row)


def remove_open_but_newest(connection: Connection, maker: str, count: int) -> None:
    """Remove a person's plans that are not done, but for the newest ones."""
    newest = (
        select(web_plan.c.id)
        .where(_IS_OPEN, web_plan.c.maker == maker)
        .order_by(web_plan.c.created_at.desc(), web_plan.c.id)
    )
    _remove(connection, newest.offset(count))


def remove_expired(connection: Connection, plans_before: datetime, now: datetime) -> None:
    """Remove the plans that expired before a time, and the receipts that have expired now."""
    expires_at = web_plan.c.expires_at
    is_over = case((_IS_OPEN, expires_at < plans_before), else_=expires_at <= now)
    _remove(connection, select(web_plan.c.id).where(is_over))


def _remove(connection: Connection, wanted: Select[Any]) -> None:
    """Remove plans; those that somebody is using are left for the next time, and waited by none."""
    ids = connection.scalars(wanted.with_for_update(skip_locked=True)).all()
    if ids:
        is_one = dialect.among(connection, web_plan.c.id, sorted(ids))
        connection.execute(delete(web_plan).where(is_one))


def _is_open(plan: WebPlan) -> ColumnElement[bool]:
    """Whether it is not done, and of the same revision."""
    return and_(web_plan.c.id == plan.id, web_plan.c.revision == plan.revision, _IS_OPEN)


def _plan(row: Row[Any]) -> WebPlan:
    regions = None if row.region_codes is None else tuple(json.loads(row.region_codes))
    columns = {**row._mapping, "region_codes": regions, "counts": json.loads(row.counts)}  # noqa: SLF001 - its public API
    return WebPlan(**columns)
