"""A repair sets facts to what they should be: the one write beside the worker's path.

A value that was edited by hand cannot be merged away. So it is set, by compare-and-set on what was
compared, under the lock of the clinic's row: one whose facts changed meanwhile is left alone. It is
a person's act: logged with actor and reason, neither guarded nor counted by the guard.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, groupby

from sqlalchemy import Connection

from sync_worker.clinics.drift import Cause, Stored
from sync_worker.clinics.facts import Change, Fact
from sync_worker.registry import holds, log, registrations, survey
from sync_worker.registry.log import Entry
from sync_worker.registry.survey import Clinic
from sync_worker.registry.unit import Registry
from sync_worker.sync.progress import MovedWithoutBoard
from sync_worker.sync.reconcile import Difference

_MOST_CLINICS = 1000
"""In one transaction: the worker waits for locks, and has a place in its group to keep."""


@dataclass(frozen=True, slots=True)
class By:
    """Who repairs, why and when, and which log the addresses of differences are of."""

    actor: str
    reason: str | None
    at: datetime
    stream_id: str | None = None


@dataclass(slots=True)
class Repaired:
    """What was set, and what was left because the clinic changed meanwhile."""

    done: list[Difference] = field(default_factory=list)
    left: list[Difference] = field(default_factory=list)
    moved: list[MovedWithoutBoard] = field(default_factory=list)


def repair(registry: Registry, differences: Sequence[Difference], by: By) -> Repaired:
    """Set each fact to what is expected; to be called with differences in the order of HSA-ids."""
    repaired = Repaired()
    for part in _parts(differences):
        with registry.unit() as unit:
            done = _repair(unit.connection, part, by)
            service_on = registrations.boards(unit.connection).keys()
            unit.commit()
        repaired.done += (one for found in done.values() for one in found.differences)
        repaired.left += (one for id_, ones in part.items() if id_ not in done for one in ones)
        registered = (found.differences for found in done.values() if found.is_registered)
        repaired.moved += _moved_without_board(chain.from_iterable(registered), service_on)
    return repaired


@dataclass(frozen=True, slots=True)
class _Found:
    """A clinic that is as it was compared, locked, with what is to be set."""

    clinic: Clinic
    differences: Sequence[Difference]
    is_registered: bool

    @property
    def stored(self) -> list[Stored]:
        """The row's facts as they will be."""
        wanted = {one.fact: one.expected for one in self.differences}
        return [
            Stored(wanted[fact].value, wanted[fact][:3])
            if fact in wanted
            else self.clinic.standing(fact).stored
            for fact in Fact
        ]

    def outdated(self) -> set[Fact]:
        """What is held and not newer than what is set."""
        held = self.clinic.held
        return {
            one.fact
            for one in self.differences
            if one.fact in held and held[one.fact].register <= one.expected
        }


def _parts(differences: Sequence[Difference]) -> Iterator[dict[str, list[Difference]]]:
    by_clinic = {hsa_id: list(some) for hsa_id, some in groupby(differences, lambda d: d.hsa_id)}
    ordered = list(by_clinic.items())
    for start in range(0, len(ordered), _MOST_CLINICS):
        yield dict(ordered[start : start + _MOST_CLINICS])


def _repair(
    connection: Connection, part: Mapping[str, Sequence[Difference]], by: By
) -> dict[str, _Found]:
    new = [hsa_id for hsa_id, some in part.items() if some[0].cause is Cause.MISSING]
    present = survey.locked(connection, part.keys(), new)
    found = {
        hsa_id: _Found(some[0].clinic, some, bool(row is not None and row.is_registered))
        for hsa_id, some in part.items()
        for row in [present.get(hsa_id, survey.NO_CLINIC).row]
        if _is_as_compared(present.get(hsa_id, survey.NO_CLINIC), some[0].clinic)
    }
    survey.write(connection, ((hsa_id, one.stored) for hsa_id, one in found.items()), by.at)
    outdated = {hsa_id: facts for hsa_id, one in found.items() if (facts := one.outdated())}
    holds.let_go(connection, outdated, by.at)
    entries = [entry for one in found.values() for entry in _entries(one, by)]
    if found:
        count = sum(len(one.differences) for one in found.values())
        entries.append(_summary(count, by))
    log.append(connection, entries)
    return found


def _is_as_compared(present: Clinic, compared: Clinic) -> bool:
    """Whether a locked clinic has the facts that it had; one without any is as good as missing."""
    return present.held == compared.held and all(
        present.standing(fact).stored == compared.standing(fact).stored for fact in Fact
    )


def _entries(found: _Found, by: By) -> Iterator[Entry]:
    """Of a registered clinic, each value that changes, and each held one that is let go."""
    if not found.is_registered:
        return
    for one in found.differences:
        old, new = one.present.stored.value, one.expected.value
        if old != new:
            change = Change(one.fact, old, new)
            yield _entry(one, log.change_name(change), change, by)
        if one.fact in found.outdated():
            waiting = found.clinic.held[one.fact].register.value
            yield _entry(one, log.WITHDRAWN, Change(one.fact, waiting, new), by)


def _entry(one: Difference, name: str, change: Change, by: By) -> Entry:
    topic, partition, offset = one.address or (None, None, None)
    return Entry(
        by.at,
        name,
        hsa_id=one.hsa_id,
        old_value=log.as_text(change.old),
        new_value=log.as_text(change.new),
        actor=by.actor,
        reason=by.reason,
        event_id=one.expected.event_id,
        stream=by.stream_id,
        topic=topic,
        partition=partition,
        record_offset=offset,
    )


def _summary(facts: int, by: By) -> Entry:
    """One entry a transaction, with the number of facts: unregistered clinics have no other."""
    return Entry(
        by.at,
        "repaired",
        new_value=str(facts),
        actor=by.actor,
        reason=by.reason,
        stream=by.stream_id,
    )


def would_move(registry: Registry, differences: Sequence[Difference]) -> list[MovedWithoutBoard]:
    """Which registered clinics a repair would move into a region without a patient board."""
    with registry.snapshot() as connection:
        service_on = registrations.boards(connection).keys()
    registered = [one for one in differences if one.clinic.row and one.clinic.row.is_registered]
    return list(_moved_without_board(registered, service_on))


def _moved_without_board(
    differences: Iterable[Difference], service_on: Collection[str]
) -> Iterator[MovedWithoutBoard]:
    """Of registered clinics."""
    for one in differences:
        is_move = one.fact is Fact.REGION and one.present.stored.value != one.expected.value
        if is_move and one.expected.value not in service_on:
            yield MovedWithoutBoard(one.hsa_id, one.expected.value)
