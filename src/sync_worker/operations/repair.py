"""Repair: set facts to what they should be. This is the only write outside the worker's path.

A merge cannot undo a value that was edited by hand, so it is set, by compare-and-set under the lock
of the clinic's row: a clinic whose facts changed after the comparison is left alone. A repair is a
person's act: it is logged with actor and reason, and the guard neither checks nor counts it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import attrgetter

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
from sync_worker.sequences import Tally, batched

_MAX_TRANSACTION_CLINICS = 1000
"""The worker waits for their locks, and must not lose its place in the group by that."""


@dataclass(slots=True)
class RepairResult:
    """What was repaired, and what was left because the clinic had changed."""

    done: list[Difference] = field(default_factory=list)
    left: list[Difference] = field(default_factory=list)
    moved: list[MovedWithoutBoard] = field(default_factory=list)


def repair_and_verify(
    registry: Registry,
    reconciliation: Reconciliation,
    authorship: Authorship,
    tally: Tally | None = None,
) -> RepairResult:
    """Repair what differs and compare it again; what still differs counts as left.

    The tally counts the facts.
    """
    expectation = reconciliation.expectation
    differences = reconciliation.comparison.differences
    result = repair(registry, differences, authorship, expectation.stream_id, tally)
    with registry.snapshot() as connection:
        present = snapshot.some(connection, {difference.hsa_id for difference in result.done})
    remaining = still_differing(present, expectation, result.done)
    result.done = [difference for difference in result.done if difference not in remaining]
    result.left += remaining
    return result


def repair(
    registry: Registry,
    differences: Sequence[Difference],
    authorship: Authorship,
    stream_id: str | None = None,
    tally: Tally | None = None,
) -> RepairResult:
    """Set each fact to its expected value. The differences must be in the order of HSA-ids.

    `stream_id` is the stream that their addresses refer to. The tally counts the facts.
    """
    tally = Tally() if tally is None else tally
    tally.total = len(differences)
    by_clinic = [
        (hsa_id, list(of_clinic))
        for hsa_id, of_clinic in groupby(differences, attrgetter("hsa_id"))
    ]
    result = RepairResult()
    for batch in map(dict, batched(by_clinic, _MAX_TRANSACTION_CLINICS)):
        with registry.transaction() as transaction:
            repaired = _repair(transaction.connection, batch, authorship, stream_id)
            service_on = registrations.boards(transaction.connection).keys()
            transaction.commit()
        left = (batch[hsa_id] for hsa_id in batch if hsa_id not in repaired)
        clinics = repaired.values()
        registered = (clinic.differences for clinic in clinics if clinic.is_registered)
        result.done += chain.from_iterable(clinic.differences for clinic in clinics)
        result.left += chain.from_iterable(left)
        result.moved += _moved_without_board(chain.from_iterable(registered), service_on)
        tally.done = len(result.done) + len(result.left)
    return result


def still_differing(
    present: Mapping[str, ClinicSnapshot],
    expectation: Expectation,
    differences: Collection[Difference],
) -> list[Difference]:
    """Those of the differences that the clinics as they are at present still show."""

    def differs(hsa_id: str, fact: Fact) -> bool:
        state = present.get(hsa_id, NO_CLINIC).state(fact)
        return expectation.compare(hsa_id, fact, state).cause is not None

    return [difference for difference in differences if differs(difference.hsa_id, difference.fact)]


@dataclass(frozen=True, slots=True)
class _ClinicRepair:
    """A locked clinic that has not changed since the comparison, and what to set."""

    clinic: ClinicSnapshot
    differences: Sequence[Difference]
    is_registered: bool

    @property
    def stored(self) -> list[StoredFact]:
        """The facts of the row after the repair."""
        expected = {difference.fact: difference.expected for difference in self.differences}
        return [
            StoredFact(expected[fact].value, expected[fact][:3])
            if fact in expected
            else self.clinic.state(fact).stored
            for fact in Fact
        ]

    def outdated(self) -> set[Fact]:
        """The held facts that are not newer than what is set."""
        held = self.clinic.held
        return {
            fact
            for _, fact, _, expected, *_ in self.differences
            if fact in held and held[fact].register <= expected
        }


def _repair(
    connection: Connection,
    batch: Mapping[str, Sequence[Difference]],
    authorship: Authorship,
    stream_id: str | None,
) -> dict[str, _ClinicRepair]:
    missing = [hsa_id for hsa_id, some in batch.items() if some[0].cause is Cause.MISSING]
    locked = snapshot.lock(connection, batch.keys(), missing)
    repairs = {
        hsa_id: _ClinicRepair(
            differences[0].clinic, differences, bool(clinic.row and clinic.row.is_registered)
        )
        for hsa_id, differences in batch.items()
        if _is_unchanged(clinic := locked.get(hsa_id, NO_CLINIC), differences[0].clinic)
    }
    snapshot.write(
        connection, ((hsa_id, repair.stored) for hsa_id, repair in repairs.items()), authorship.at
    )
    outdated = {hsa_id: facts for hsa_id, repair in repairs.items() if (facts := repair.outdated())}
    holds.release(connection, outdated, authorship.at)
    entries = [entry for repair in repairs.values() for entry in _entries(repair, authorship)]
    if repairs:
        count = sum(len(repair.differences) for repair in repairs.values())
        # It is the only entry that tells of unregistered clinics.
        summary = LogEntry.by(authorship, "repaired")._replace(new_value=str(count))
        entries.append(summary)
    change_log.append(connection, [entry._replace(stream=stream_id) for entry in entries])
    return repairs


def _is_unchanged(locked: ClinicSnapshot, compared: ClinicSnapshot) -> bool:
    """Whether a clinic has the facts it had; one without facts counts as missing."""
    return locked.held == compared.held and all(
        locked.state(fact).stored == compared.state(fact).stored for fact in Fact
    )


def _entries(repair: _ClinicRepair, authorship: Authorship) -> Iterator[LogEntry]:
    """Of a registered clinic, each value that changes, and each held one that is withdrawn."""
    if not repair.is_registered:
        return
    outdated = repair.outdated()
    for difference in repair.differences:
        fact, old, new = difference.fact, difference.state.stored.value, difference.expected.value
        if old != new:
            change = Change(fact, old, new)
            yield _entry(difference, change_name(change), change, authorship)
        if fact in outdated:
            withdrawn = Change(fact, repair.clinic.held[fact].register.value, new)
            yield _entry(difference, change_log.WITHDRAWN, withdrawn, authorship)


def _entry(difference: Difference, name: str, change: Change, authorship: Authorship) -> LogEntry:
    topic, partition, offset = difference.address or (None, None, None)
    return LogEntry.by(authorship, name)._replace(
        hsa_id=difference.hsa_id,
        old_value=as_text(change.old),
        new_value=as_text(change.new),
        event_id=difference.expected.event_id,
        topic=topic,
        partition=partition,
        record_offset=offset,
    )


def would_move(registry: Registry, differences: Sequence[Difference]) -> list[MovedWithoutBoard]:
    """The registered clinics that a repair would move into a region without a patient board."""
    with registry.snapshot() as connection:
        service_on = registrations.boards(connection).keys()
    registered = [d for d in differences if d.clinic.row and d.clinic.row.is_registered]
    return list(_moved_without_board(registered, service_on))


def _moved_without_board(
    differences: Iterable[Difference], service_on: Collection[str]
) -> Iterator[MovedWithoutBoard]:
    """Warnings for differences of registered clinics."""
    for difference in differences:
        old, new = difference.state.stored.value, difference.expected.value
        if difference.fact is Fact.REGION and old != new and new not in service_on:
            yield MovedWithoutBoard(difference.hsa_id, new)
