"""What may hide the truth of a clinic: dead letters that name it, and events not yet read."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection

from sync_worker.administration.messages import explanations as says
from sync_worker.administration.messages.page import region as page
from sync_worker.events.decode_result import Reason
from sync_worker.inspection.wording import sentences
from sync_worker.language import FilledMessage, Message
from sync_worker.registry import clinic_context, workers
from sync_worker.registry.workers import Report, WorkerState

STALE_AFTER = timedelta(minutes=15)
_IN_HAND = timedelta(minutes=1)
"""A worker that has applied something so recently may have more in hand."""
_STARTS = timedelta(minutes=1)
"""For so long a worker that has just started need not have read anything."""
_MOST_DEAD_LETTERS = 10
_REASONS = {reason.value: reason for reason in Reason}


def dead_letters(connection: Connection, hsa_id: str) -> dict[str, Any]:
    """The open dead letters that name a clinic, known or not, and what to do about the newest."""
    total, newest = clinic_context.dead_letters_naming(connection, hsa_id, _MOST_DEAD_LETTERS)
    older = total - len(newest)
    return {
        "open": total,
        "text": says.DEAD_LETTERS(count=total) if total else says.NO_DEAD_LETTERS(),
        "items": [{**item, "text": _dead_letter(item)} for item in newest],
        "more": says.MORE_DEAD_LETTERS(count=older) if older else None,
    }


def stream(connection: Connection) -> dict[str, Any]:
    """How fresh the registry is. Kafka is not asked, so the lag is not known."""
    newest, applied = clinic_context.freshness(connection)
    text = says.NOTHING_READ()
    if newest is not None:
        text = says.READ_UNTIL(newest=newest, applied=applied)
    workers_now = workers.counted(connection)
    return {
        "newest_event_at": newest,
        "last_applied_at": applied,
        "lag": None,
        "workers": {state.value: workers_now[state] for state in WorkerState},
        "text": sentences([text, _who_reads(workers_now)]),
    }


class ReadTo(NamedTuple):
    """Up to when the events of the e-services have been read, as far as the registry tells."""

    at: datetime | None
    """None where none was ever read."""
    is_stale: bool
    """Whether nobody has read any for so long that people should know."""

    @property
    def message(self) -> Message:
        """The sentence, with `time` to be filled in as the page shows times."""
        if self.at is None:
            return page.NEVER_READ
        return page.STALE if self.is_stale else page.FRESH


def read_to(connection: Connection) -> ReadTo:
    """Up to when events have been read: what was published later may not be shown yet."""
    newest, applied = clinic_context.freshness(connection)
    return judged(workers.listed(connection), newest, applied, workers.now(connection))


def judged(
    reports: Sequence[Report],
    newest_event_at: datetime | None,
    last_applied_at: datetime | None,
    now: datetime,
) -> ReadTo:
    """The same of what is known. Pure; Kafka is not asked, so what remains is judged by signs.

    A worker that is ready and has applied nothing lately has read all there is. One that is
    applying may be far behind: then it has come as far as the newest event says.
    """
    ready = [each.seen_at for each in reports if each.state(now) is WorkerState.READY]
    is_applying = last_applied_at is not None and now - last_applied_at < _IN_HAND
    if ready and is_applying and newest_event_at is not None:
        return ReadTo(min(newest_event_at, now), is_stale=False)
    if ready:
        return ReadTo(max(ready), is_stale=False)
    signs = (last_applied_at, *(_last_ready(each) for each in reports))
    at = max((sign for sign in signs if sign is not None), default=None)
    is_starting = any(timedelta() <= now - each.process.since < _STARTS for each in reports)
    return ReadTo(at, is_stale=at is not None and now - at >= STALE_AFTER and not is_starting)


def _last_ready(report: Report) -> datetime | None:
    """When a worker that does not read now was last seen to; None where it never was."""
    if not report.condition.reasons:
        return report.seen_at
    began_at = report.condition.not_ready_since
    was_ready = began_at is not None and began_at - report.process.since > _STARTS
    return began_at if was_ready else None


def _who_reads(workers_now: Mapping[WorkerState, int]) -> FilledMessage:
    if workers_now[WorkerState.READY]:
        return says.WORKERS_READY(count=workers_now[WorkerState.READY])
    if workers_now[WorkerState.NOT_READY]:
        return says.WORKERS_NOT_READY()
    return says.NO_WORKER()


def _dead_letter(item: Mapping[str, Any]) -> FilledMessage:
    reason = _REASONS.get(item["reason"])
    if reason is None:
        return says.DEAD_LETTER(**item, action=says.OTHER_ACTION())
    named = {**item, "reason": says.REASONS[reason]}
    return says.DEAD_LETTER(**named, action=says.ACTIONS[reason]())
