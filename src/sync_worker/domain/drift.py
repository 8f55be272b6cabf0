"""Drift: where the registry differs from what the e-services said, fact by fact. Pure.

The registry is judged against a stream, of which the worker has passed a part, or against an
extract, which tells how things were at one instant (contract 4, `reconcile`; decision 13).

A registry that is newer than what it is compared with is never drift: other streams, replays and
redriven dead letters make it so. What the worker has not read yet, or
what is held for a person, is not drift either.
"""

from enum import StrEnum
from typing import Any, NamedTuple

from sync_worker.domain.facts import Register, Version


class Cause(StrEnum):
    """Why the registry differs."""

    MISSING = "missing"
    """It has no row of the clinic."""
    STALE = "stale"
    """It holds an older version, though the worker has passed the event."""
    EDITED = "edited"
    """It holds another value of the same version, or a value and a version that lack each other."""
    ABSENT = "absent"
    """The clinic is active here, and not in the extract."""
    REGISTRATION = "registration"
    """Its registration is otherwise than the change log has it; no stream or extract tells."""


class StoredFact(NamedTuple):
    """A fact as a row has it; a row that was edited by hand can have one part without the other."""

    value: bool | str | None
    version: Version | None

    @property
    def register(self) -> Register[Any] | None:
        """The fact as a merge would see it, but for a value without a version: that is None too."""
        if self.value is None or self.version is None:
            return None
        return Register(*self.version, self.value)

    @property
    def is_half(self) -> bool:
        """Whether the value or the version lacks the other."""
        return (self.value is None) != (self.version is None)


NEVER_STATED = StoredFact(None, None)


class FactState(NamedTuple):
    """What the registry has of one fact: in the clinic's row, which may not be there, and held."""

    stored: StoredFact = NEVER_STATED
    held: Register[Any] | None = None
    has_row: bool = True

    @property
    def newest(self) -> Register[Any] | None:
        """The newest known, held or not."""
        known = self.stored.register
        if known is None or self.held is None:
            return known or self.held
        return max(known, self.held)


class Judgement(NamedTuple):
    """What one fact comes to; `expected` is given exactly when there is a cause."""

    cause: Cause | None = None
    expected: Register[Any] | None = None
    is_pending: bool = False
    """The stream's newest is beyond the worker's positions, and the registry lacks it."""
    is_ahead: bool = False
    """The registry is newer."""
    is_held: bool = False
    """What was said waits for a person."""


NO_DRIFT = Judgement()


def against_stream(
    state: FactState,
    passed: Register[Any] | None,
    newest: Register[Any] | None,
    under_held: Register[Any] | None = None,
) -> Judgement:
    """Judge a fact against the newest that the worker has passed, and the newest of the stream.

    Each is None where nothing states the fact. `under_held` is what the stream states by the row's
    own version, where something newer is held: it shows an edit that the newest ones cannot.
    """
    known = state.newest
    cause, expected = _drift(state, passed, newest)
    if cause is None and under_held is not None and _is_edited(state.stored, under_held):
        cause, expected = Cause.EDITED, under_held
    lacks_newest = newest is not None and (known is None or known < newest)
    is_newer = known is not None and (newest is None or known > newest)
    is_unversioned = state.stored.is_half and state.stored.value is not None
    return Judgement(
        cause,
        expected,
        is_pending=lacks_newest and newest != passed,
        is_ahead=cause is None and (is_newer or (is_unversioned and newest is None)),
        is_held=cause is None and not is_newer and _waits(state, passed),
    )


def _drift(
    state: FactState, passed: Register[Any] | None, newest: Register[Any] | None
) -> tuple[Cause | None, Register[Any] | None]:
    stored = state.stored
    if passed is not None:
        if not state.has_row:
            return Cause.MISSING, passed
        if stored.is_half or (_is_edited(stored, passed) and stored.register != newest):
            return Cause.EDITED, passed
        if _is_older(stored.register, passed) and not _waits(state, passed):
            return Cause.STALE, passed
    # The worker will put right a lesser value of the same version, and never a greater one.
    if newest is not None and _is_edited(stored, newest) and not _is_older(stored.register, newest):
        return Cause.EDITED, newest
    return None, None


def against_extract(state: FactState, said: Register[Any], *, is_named: bool = True) -> Judgement:
    """Judge a fact against what an extract says of it; values count, whichever event set them.

    `is_named` is false for a clinic that the extract leaves out.
    """
    stored, held = state.stored, state.held
    version = said[:3]
    if stored.version is not None and stored.value is not None and stored.version > version:
        return Judgement(is_ahead=True)
    if state.has_row and stored.value == said.value:
        return NO_DRIFT
    if held is not None and held.value == said.value:
        return Judgement(is_held=True)
    if held is not None and held[:3] > version:
        return Judgement(is_ahead=True)
    return Judgement(_cause(state, version, is_named=is_named), said)


def _cause(state: FactState, version: Version, *, is_named: bool) -> Cause:
    if not is_named:
        return Cause.ABSENT
    if not state.has_row:
        return Cause.MISSING
    is_same_version = state.stored.version == version
    return Cause.EDITED if state.stored.is_half or is_same_version else Cause.STALE


def _waits(state: FactState, passed: Register[Any] | None) -> bool:
    """Whether what is held stands in for the row."""
    held, known = state.held, state.stored.register
    return held is not None and not _is_older(held, passed) and _is_older(known, held)


def _is_older(one: Register[Any] | None, other: Register[Any] | None) -> bool:
    return other is not None and (one is None or one < other)


def _is_edited(stored: StoredFact, said: Register[Any]) -> bool:
    return stored.version == said[:3] and stored.value != said.value
