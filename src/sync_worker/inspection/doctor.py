"""Runs checks, each with a deadline of its own; what hangs holds up neither the others nor the end.

Knows what a check is and what it finds, not what it looks at.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from queue import Empty, SimpleQueue
from threading import Thread

from sqlalchemy.exc import DBAPIError, ResourceClosedError

from sync_worker.errors import Hint, UserError
from sync_worker.language import Language, worded
from sync_worker.registry.errors import first_line
from sync_worker.remedies import Remedy
from sync_worker.streams.kafka.admin import UnsupportedRequest
from sync_worker.streams.protocol import StreamRefused, StreamUnavailable

DEADLINE_SECONDS = 10.0


class State(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARN = "warn"
    """Somebody should look at it in working hours."""
    FAIL = "fail"
    """The registry is not, or may soon not be, what it should be."""
    SKIP = "skip"
    """It does not apply here, or what it needs is not there."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, in a sentence, and what to do about it."""

    state: State
    detail: str
    fix: Hint = ""


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at; it changes nothing.

    `needs` are ids of checks that have to be fine, `follows` of those that must not have failed.
    """

    id: str
    look: Callable[[], Finding]
    needs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()


def ok(detail: str) -> Finding:
    """All is well."""
    return Finding(State.OK, detail)


def warn(detail: str, fix: Hint) -> Finding:
    """Somebody should look at it."""
    return Finding(State.WARN, detail, fix)


def fail(detail: str, fix: Hint) -> Finding:
    """Something has to be done."""
    return Finding(State.FAIL, detail, fix)


def skip(detail: str) -> Finding:
    """It does not apply."""
    return Finding(State.SKIP, detail)


def examined(
    checks: Sequence[Check], deadline_seconds: float = DEADLINE_SECONDS
) -> dict[str, Finding]:
    """What each check found, in the order of the checks.

    Those that need nothing run at once and together, then those that need them.
    """
    findings: dict[str, Finding] = {}
    waiting = list(checks)
    while waiting:
        ready = [check for check in waiting if findings.keys() >= {*check.needs, *check.follows}]
        waiting = [check for check in waiting if check not in ready]
        unmet = {check.id: _unmet(check, findings) for check in ready}
        findings |= {number: found for number, found in unmet.items() if found is not None}
        findings |= _together([check for check in ready if not unmet[check.id]], deadline_seconds)
    return {check.id: findings[check.id] for check in checks}


def _unmet(check: Check, findings: Mapping[str, Finding]) -> Finding | None:
    for before in (*check.needs, *check.follows):
        if findings[before].state is State.FAIL:
            return skip(f"Not looked at: {before} comes first, and failed.")
        if findings[before].state is State.SKIP and before in check.needs:
            return findings[before]
    return None


def _together(checks: Iterable[Check], deadline_seconds: float) -> dict[str, Finding]:
    """Each in a thread that does not keep the process alive."""
    answers: SimpleQueue[tuple[str, Finding]] = SimpleQueue()
    running = {check.id: check for check in checks}
    for check in running.values():
        Thread(target=_look, args=(check, answers), name=check.id, daemon=True).start()
    deadline = time.monotonic() + deadline_seconds
    found: dict[str, Finding] = {}
    while running.keys() - found.keys():
        try:
            name, finding = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            break
        found[name] = finding
    late = fail(
        f"No answer within {deadline_seconds:g} s.",
        "See whether the database, Kafka or the disk hangs, and run doctor again.",
    )
    return {name: found.get(name, late) for name in running}


def _look(check: Check, answers: "SimpleQueue[tuple[str, Finding]]") -> None:
    try:
        finding = check.look()
    except UnsupportedRequest as lacking:
        finding = skip(f"It cannot be looked at. {lacking.what}")
    except Exception as error:  # noqa: BLE001 - one check that breaks hides no other
        finding = _broken(error)
    answers.put((check.id, finding))


def _broken(error: Exception) -> Finding:
    match error:
        case StreamRefused():
            return fail(f"Kafka is there and refuses us: {error}.", error.hint)
        case StreamUnavailable():
            return fail(f"Kafka does not answer: {error}.", error.hint)
        case UserError():
            told = (worded(words, Language.ENGLISH) for words in (error.message, error.why))
            return fail(" ".join(told).rstrip(), error.hint)
        case DBAPIError() | ResourceClosedError():
            return fail(f"The database says: {first_line(error)}.", Remedy.CHECK_DATABASE())
        case _:
            detail = f"A fault of the program: {type(error).__name__}: {error}."
            return fail(detail, Remedy.REPORT_FAULT())
