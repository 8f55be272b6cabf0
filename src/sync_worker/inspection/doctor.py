"""Runs checks, each with its own deadline: one that hangs delays neither the others nor the end.

Knows what a check is and what a finding is, not what is checked.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from queue import Empty, SimpleQueue
from threading import Thread

from sqlalchemy.exc import DBAPIError, ResourceClosedError

from sync_worker.config.sources import variable
from sync_worker.errors import Hint, UserError
from sync_worker.files import descriptors
from sync_worker.language import Language, worded
from sync_worker.registry.errors import first_line, is_changed_table
from sync_worker.registry.refusals import refusal_of, remedy_of_shortage
from sync_worker.remedies import Advice, Remedy
from sync_worker.streams.protocol import (
    LoginUnavailable,
    StreamRefused,
    StreamUnavailable,
    UnsupportedRequest,
)

DEADLINE_SECONDS = 10.0


class State(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARN = "warn"
    """Somebody should look at it in working hours."""
    FAIL = "fail"
    """The registry is not, or may soon not be, what it should be."""
    SKIP = "skip"
    """It does not apply here, or something that it needs is missing."""


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


def run_checks(
    checks: Sequence[Check], deadline_seconds: float = DEADLINE_SECONDS
) -> dict[str, Finding]:
    """What each check found, in the order of the checks.

    Those that need nothing run at once and together, then those that need them.
    """
    findings: dict[str, Finding] = {}
    pending = list(checks)
    while pending:
        ready = [check for check in pending if findings.keys() >= {*check.needs, *check.follows}]
        pending = [check for check in pending if check not in ready]
        skipped = {check.id: _skipped(check, findings) for check in ready}
        findings |= {name: finding for name, finding in skipped.items() if finding is not None}
        findings |= _run_together(
            [check for check in ready if not skipped[check.id]], deadline_seconds
        )
    return {check.id: findings[check.id] for check in checks}


def _skipped(check: Check, findings: Mapping[str, Finding]) -> Finding | None:
    """Why a check is not run, if it is not."""
    for before in (*check.needs, *check.follows):
        if findings[before].state is State.FAIL:
            return skip(f"Not checked, because {before} failed.")
        if findings[before].state is State.SKIP and before in check.needs:
            return findings[before]
    return None


def _run_together(checks: Iterable[Check], deadline_seconds: float) -> dict[str, Finding]:
    """Run checks at once, each in a thread that does not keep the process alive."""
    answers: SimpleQueue[tuple[str, Finding]] = SimpleQueue()
    running = {check.id: check for check in checks}
    for check in running.values():
        Thread(target=_look, args=(check, answers), name=check.id, daemon=True).start()
    deadline = time.monotonic() + deadline_seconds
    findings: dict[str, Finding] = {}
    while running.keys() - findings.keys():
        try:
            name, finding = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            break
        findings[name] = finding
    late = fail(
        f"No answer within {deadline_seconds:g} s.",
        "Check whether the database, Kafka or the disk hangs, then try again.",
    )
    return {name: findings.get(name, late) for name in running}


def _look(check: Check, answers: "SimpleQueue[tuple[str, Finding]]") -> None:
    try:
        finding = check.look()
    except UnsupportedRequest as error:
        finding = skip(f"This cannot be checked. {error.message}")
    except Exception as error:  # noqa: BLE001 - one check that breaks hides no other
        finding = _failed(error)
    answers.put((check.id, finding))


def _failed(error: Exception) -> Finding:
    match error:
        case StreamRefused() | LoginUnavailable():
            return fail(f"{worded(error.message, Language.ENGLISH)} {error}.", error.hint)
        case StreamUnavailable():
            return fail(f"Kafka does not answer: {error}.", error.hint)
        case UserError():
            sentences = (worded(words, Language.ENGLISH) for words in (error.message, error.why))
            return fail(" ".join(sentences).rstrip(), error.hint)
        case DBAPIError() | ResourceClosedError():
            return fail(f"The database says: {first_line(error)}.", _remedy_of(error))
        case OSError() if descriptors.is_shortage(error):
            return fail(f"It cannot be looked at: {error.strerror}.", Remedy.RAISE_OPEN_FILES())
        case _:
            detail = f"A bug in the program: {type(error).__name__}: {error}."
            return fail(detail, Remedy.REPORT_FAULT())


def _remedy_of(error: Exception) -> Advice:
    if (refusal := refusal_of(error)) is not None:
        return refusal.remedy(setting=variable("database_url"))
    if (shortage := remedy_of_shortage(error)) is not None:
        return shortage
    if is_changed_table(error):
        return Remedy.UNDO_TABLE_CHANGES()
    return Remedy.CHECK_DATABASE()
