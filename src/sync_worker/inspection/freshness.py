"""What may hide the truth of a clinic: dead letters that name it, and events not yet read."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from sync_worker.administration.messages import explanations as says
from sync_worker.events.decode_result import Reason
from sync_worker.inspection.wording import sentences
from sync_worker.language import FilledMessage
from sync_worker.registry import clinic_context, workers
from sync_worker.registry.workers import WorkerState

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


def _who_reads(workers_now: Mapping[WorkerState, int]) -> FilledMessage:
    if workers_now[WorkerState.READY]:
        return says.WORKERS_READY(count=workers_now[WorkerState.READY])
    if workers_now[WorkerState.NOT_READY]:
        return says.WORKERS_NOT_READY()
    return says.NO_WORKER()


def _dead_letter(item: Mapping[str, Any]) -> FilledMessage:
    reason = _REASONS.get(item["reason"])
    action = says.OTHER_ACTION() if reason is None else says.ACTIONS[reason]()
    return says.DEAD_LETTER(**item, action=action)
