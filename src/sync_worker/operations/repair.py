"""Sets facts to what they should be: the one write beside the worker's path.

A value that was edited by hand cannot be merged away. So it is set, by compare-and-set on what was
compared, under the lock of the clinic's row: one whose facts changed since is left alone. It is a
person's act: logged with actor and reason, neither guarded nor counted by the guard.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby

from sqlalchemy import Connection

from sync_worker.authorship import Authorship
from sync_worker.domain.drift import Cause, StoredFact
from sync_worker.domain.facts import Change, Fact
from sync_worker.operations.reconcile import Difference, Expectation, Reconciliation
from sync_worker.pipeline.listener import MovedWithoutBoard
from sync_worker.registry import change_log, holds, registrations, snapshot
from sync_worker.registry.change_log import LogEntry
from sync_worker.registry.database import Registry
from sync_worker.registry.facts import as_text, change_name
from sync_worker.registry.snapshot import NO_CLINIC, ClinicSnapshot
from sync_worker.sequences import batched

_MOST_CLINICS = 1000
"""In one transaction: the worker waits for locks, and has a place in its group to keep."""


@dataclass(slots=True)
class RepairResult:
    """What was set, and what was left because the clinic changed meanwhile."""

    done: list[Difference] = field(default_factory=list)
    left: list[Difference] = field(default_factory=list)
    moved: list[MovedWithoutBoard] = field(default_factory=list)


def repair_and_verify(
    registry: Registry, reconciliation: Reconciliation, authorship: Authorship
) -> RepairResult:
    """Repair what differs and compare it again: what differs still is among what was left."""
    expectation = reconciliation.expectation
    differences = reconciliation.comparison.differences
    result = repair(registry, differences, authorship, expectation.stream_id)
    with registry.snapshot() as connection:
        present = snapshot.some(connection, {one.hsa_id for one in result.done})
    again = still_differing(present, expectation, result.done)
    result.done = [one for one in result.done if one not in again]
    result.left += again
    return result


def repair(
    registry: Registry,
    differences: Sequence[Difference],
    authorship: Authorship,
    stream_id: str | None = None,
) -> RepairResult:
    """Set each fact to what is expected; to be called with differences in the order of HSA-ids.

    `stream_id` is the log that their addresses are of.
    """
    repaired = RepairResult()
    for part in _parts(differences):
        with registry.transaction() as transaction:
            done = _repair(transaction.connection, part, authorship, stream_id)
            service_on = registrations.boards(transaction.connection).keys()
            transaction.commit()
        repaired.done += (one for found in done.values() for one in found.differences)
        repaired.left += (one for id_, ones in part.items() if id_ not in done for one in ones)
        registered = (found.differences for found in done.values() if found.is_registered)
        repaired.moved += _moved_without_board(chain.from_iterable(registered), service_on)
    return repaired


def still_differing(
    survey_of_some: dict[str, ClinicSnapshot],
    expectation: Expectation,
    repaired: Collection[Difference],
) -> list[Difference]:
    """Of these differences the ones that are there (again)."""
    return [
        one
        for one in repaired
        if expectation.judge(
            one.hsa_id, one.fact, survey_of_some.get(one.hsa_id, NO_CLINIC).state(one.fact)
        ).cause
        is not None
    ]


@dataclass(frozen=True, slots=True)
class _Found:
    """A clinic that is as it was compared, locked, with what is to be set."""

    clinic: ClinicSnapshot
    differences: Sequence[Difference]
    is_registered: bool

    @property
    def stored(self) -> list[StoredFact]:
        """The row's facts as they will be."""
        wanted = {one.fact: one.expected for one in self.differences}
        return [
            StoredFact(wanted[fact].value, wanted[fact][:3])
            if fact in wanted
            else self.clinic.state(fact).stored
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
    return map(dict, batched(list(by_clinic.items()), _MOST_CLINICS))


def _repair(
    connection: Connection,
    part: Mapping[str, Sequence[Difference]],
    authorship: Authorship,
    stream_id: str | None,
) -> dict[str, _Found]:
    new = [hsa_id for hsa_id, some in part.items() if some[0].cause is Cause.MISSING]
    present = snapshot.lock(connection, part.keys(), new)
    found = {
        hsa_id: _Found(some[0].clinic, some, bool(row is not None and row.is_registered))
        for hsa_id, some in part.items()
        for row in [present.get(hsa_id, snapshot.NO_CLINIC).row]
        if _is_as_compared(present.get(hsa_id, snapshot.NO_CLINIC), some[0].clinic)
    }
    snapshot.write(
        connection, ((hsa_id, one.stored) for hsa_id, one in found.items()), authorship.at
    )
    outdated = {hsa_id: facts for hsa_id, one in found.items() if (facts := one.outdated())}
    holds.release(connection, outdated, authorship.at)
    entries = [entry for one in found.values() for entry in _entries(one, authorship)]
    if found:
        count = sum(len(one.differences) for one in found.values())
        # Unregistered clinics have no other entry than this one.
        summary = LogEntry.by(authorship, "repaired")._replace(new_value=str(count))
        entries.append(summary)
    change_log.append(connection, [entry._replace(stream=stream_id) for entry in entries])
    return found


def _is_as_compared(present: ClinicSnapshot, compared: ClinicSnapshot) -> bool:
    """Whether a locked clinic has the facts that it had; one without any is as good as missing."""
    return present.held == compared.held and all(
        present.state(fact).stored == compared.state(fact).stored for fact in Fact
    )


def _entries(found: _Found, authorship: Authorship) -> Iterator[LogEntry]:
    """Of a registered clinic, each value that changes, and each held one that is let go."""
    if not found.is_registered:
        return
    for one in found.differences:
        old, new = one.state.stored.value, one.expected.value
        if old != new:
            change = Change(one.fact, old, new)
            yield _entry(one, change_name(change), change, authorship)
        if one.fact in found.outdated():
            waiting = found.clinic.held[one.fact].register.value
            yield _entry(one, change_log.WITHDRAWN, Change(one.fact, waiting, new), authorship)


def _entry(one: Difference, name: str, change: Change, authorship: Authorship) -> LogEntry:
    topic, partition, offset = one.address or (None, None, None)
    return LogEntry.by(authorship, name)._replace(
        hsa_id=one.hsa_id,
        old_value=as_text(change.old),
        new_value=as_text(change.new),
        event_id=one.expected.event_id,
        topic=topic,
        partition=partition,
        record_offset=offset,
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
        is_move = one.fact is Fact.REGION and one.state.stored.value != one.expected.value
        if is_move and one.expected.value not in service_on:
            yield MovedWithoutBoard(one.hsa_id, one.expected.value)
