"""Is the registry true? Its values, fact by fact, beside what a stream or an extract says.

Compares and reports; `repair` sets. The registry is read first, and the stream after that, to ends
beyond every position: so the fold holds all that the rows can be held to, and what came later is
only pending (contract 4, `reconcile`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection

from sync_worker.authorship import Authorship
from sync_worker.domain.drift import (
    NO_DRIFT,
    Cause,
    FactState,
    Judgement,
    StoredFact,
    against_extract,
    against_stream,
)
from sync_worker.domain.facts import Change, Fact, Register
from sync_worker.events.record import Origin
from sync_worker.operations.extract import Extract
from sync_worker.operations.stream_fold import Fold, HeldRegister, WorkerProgress
from sync_worker.pipeline.listener import MovedWithoutBoard
from sync_worker.registry import change_log, holds, registrations, snapshot
from sync_worker.registry.change_log import LogEntry
from sync_worker.registry.database import Registry
from sync_worker.registry.facts import as_text, change_name
from sync_worker.registry.registrations import RegistrationDrift
from sync_worker.registry.snapshot import NO_CLINIC, Address, ClinicSnapshot, RegistrySnapshot


class Expectation(Protocol):
    """What the registry is compared with."""

    @property
    def stream_id(self) -> str | None:
        """The log that addresses are of; None where there are none."""

    def hsa_ids(self) -> Collection[str]:
        """The clinics that it says something of."""

    def region_codes(self, hsa_id: str) -> set[str]:
        """The regions that it has the clinic in, early or late."""

    def judge(self, hsa_id: str, fact: Fact, state: FactState) -> Judgement:
        """What one fact comes to."""

    def address(self, hsa_id: str, fact: Fact, register: Register[Any]) -> Address | None:
        """Where the record stands that states the register."""


class StreamExpectation:
    """What a stream says; an `Expectation`."""

    def __init__(self, stream_id: str, fold: Fold) -> None:
        self.stream_id = stream_id
        self._fold = fold

    def hsa_ids(self) -> Collection[str]:
        return self._fold.hsa_ids()

    def region_codes(self, hsa_id: str) -> set[str]:
        told = self._fold.passed(hsa_id, Fact.REGION), self._fold.newest(hsa_id, Fact.REGION)
        return {stated.register.value for stated in told if stated is not None}

    def judge(self, hsa_id: str, fact: Fact, state: FactState) -> Judgement:
        told = self._fold.passed(hsa_id, fact), self._fold.newest(hsa_id, fact)
        passed, newest, under_held = (
            None if stated is None else stated.register
            for stated in (*told, self._fold.under_held(hsa_id, fact))
        )
        return against_stream(state, passed, newest, under_held)

    def address(self, hsa_id: str, fact: Fact, register: Register[Any]) -> Address | None:
        newest, under_held = self._fold.newest(hsa_id, fact), self._fold.under_held(hsa_id, fact)
        told = self._fold.passed(hsa_id, fact), newest, under_held
        found = (s.address for s in told if s is not None and s.register == register)
        return next(found, None)


class ExtractExpectation:
    """What an extract says; an `Expectation`."""

    stream_id = None

    def __init__(self, extract: Extract) -> None:
        self._extract = extract

    def hsa_ids(self) -> Collection[str]:
        return self._extract.clinics.keys()

    def region_codes(self, hsa_id: str) -> set[str]:
        said = self._extract.clinics.get(hsa_id)
        return set() if said is None or said.region is None else {said.region.value}

    def judge(self, hsa_id: str, fact: Fact, state: FactState) -> Judgement:
        said = self._extract.clinics.get(hsa_id)
        if said is not None:
            register: Register[Any] | None = said.of(fact)
            return NO_DRIFT if register is None else against_extract(state, register)
        if fact is Fact.ACTIVATION and state.stored.value is True:
            return against_extract(state, self._extract.register(value=False), is_named=False)
        return NO_DRIFT

    def address(self, *_: object) -> Address | None:
        return None


class Difference(NamedTuple):
    """A fact that is not as it should be, with what was compared."""

    hsa_id: str
    fact: Fact
    cause: Cause
    expected: Register[Any]
    address: Address | None
    clinic: ClinicSnapshot

    @property
    def present(self) -> FactState:
        """What the registry has of it."""
        return self.clinic.state(self.fact)


@dataclass(slots=True)
class Comparison:
    """What a comparison comes to; `compared` counts clinics, the others facts."""

    compared: int = 0
    pending: int = 0
    ahead: int = 0
    held: int = 0
    differences: list[Difference] = field(default_factory=list)
    """In the order of HSA-ids and facts."""
    registrations: list[RegistrationDrift] = field(default_factory=list)
    """Those that are otherwise than the change log has them, in the order of HSA-ids."""

    @property
    def found(self) -> int:
        """How many facts differ, registrations among them."""
        return len(self.differences) + len(self.registrations)


def passed_by(survey: RegistrySnapshot, origin: Origin) -> WorkerProgress:
    """What of a stream, as its topics are now, the worker is done with."""
    positions = {one.partition: one.next_offset for one in survey.positions_in(origin.stream)}
    set_aside = {
        (topic, partition, offset): digests
        for (topic_id, topic, partition, offset), digests in survey.set_aside.get(
            origin.stream, {}
        ).items()
        if topic_id == origin.topic_id(topic)
    }
    waiting = {
        hsa_id: {
            fact: HeldRegister(held.register, clinic.state(fact).stored.version)
            for fact, held in clinic.held.items()
        }
        for hsa_id, clinic in survey.clinics.items()
        if clinic.held
    }
    return WorkerProgress(positions or None, set_aside, waiting)


def compare(
    survey: RegistrySnapshot, expectation: Expectation, region_codes: Collection[str] = ()
) -> Comparison:
    """Compare every clinic that either side knows, and the change log with its registration.

    With region codes, only clinics that the registry or the other side has in one of them: one that
    was moved away by mistake is found from both regions.
    """
    result = Comparison()
    known = survey.clinics.keys() | survey.registrations.keys() | set(expectation.hsa_ids())
    for hsa_id in sorted(known):
        clinic = survey.clinics.get(hsa_id, NO_CLINIC)
        if region_codes and not _is_in(hsa_id, clinic, expectation, region_codes):
            continue
        result.compared += 1
        for difference, judgement in _judged(hsa_id, clinic, expectation):
            result.pending += judgement.is_pending
            result.ahead += judgement.is_ahead
            result.held += judgement.is_held
            if difference is not None:
                result.differences.append(difference)
        if hsa_id in survey.registrations:
            result.registrations.append(survey.registrations[hsa_id])
    return result


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


def _judged(
    hsa_id: str, clinic: ClinicSnapshot, expectation: Expectation
) -> Iterator[tuple[Difference | None, Judgement]]:
    for fact in Fact:
        judgement = expectation.judge(hsa_id, fact, clinic.state(fact))
        cause, expected = judgement.cause, judgement.expected
        difference = None
        if cause is not None and expected is not None:
            address = expectation.address(hsa_id, fact, expected)
            difference = Difference(hsa_id, fact, cause, expected, address, clinic)
        yield difference, judgement


def _is_in(
    hsa_id: str, clinic: ClinicSnapshot, expectation: Expectation, region_codes: Collection[str]
) -> bool:
    here = clinic.state(Fact.REGION).stored.value
    return here in region_codes or not expectation.region_codes(hsa_id).isdisjoint(region_codes)


# A repair sets facts to what they should be: the one write beside the worker's path. A value
# that was edited by hand cannot be merged away. So it is set, by compare-and-set on what was
# compared, under the lock of the clinic's row: one whose facts changed meanwhile is left alone.
# It is a person's act: logged with actor and reason, neither guarded nor counted by the guard.


_MOST_CLINICS = 1000
"""In one transaction: the worker waits for locks, and has a place in its group to keep."""


@dataclass(slots=True)
class RepairResult:
    """What was set, and what was left because the clinic changed meanwhile."""

    done: list[Difference] = field(default_factory=list)
    left: list[Difference] = field(default_factory=list)
    moved: list[MovedWithoutBoard] = field(default_factory=list)


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
    ordered = list(by_clinic.items())
    for start in range(0, len(ordered), _MOST_CLINICS):
        yield dict(ordered[start : start + _MOST_CLINICS])


def _repair(
    connection: Connection,
    part: Mapping[str, Sequence[Difference]],
    authorship: Authorship,
    stream_id: str | None,
) -> dict[str, _Found]:
    new = [hsa_id for hsa_id, some in part.items() if some[0].cause is Cause.MISSING]
    present = snapshot.locked(connection, part.keys(), new)
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
        old, new = one.present.stored.value, one.expected.value
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
        is_move = one.fact is Fact.REGION and one.present.stored.value != one.expected.value
        if is_move and one.expected.value not in service_on:
            yield MovedWithoutBoard(one.hsa_id, one.expected.value)
