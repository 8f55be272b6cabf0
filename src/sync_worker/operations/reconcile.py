"""Is the registry true? Its values, fact by fact, beside what a stream or an extract says.

Compares and reports; `repair.py` sets. The registry is read first, and the stream after that, to
ends beyond every position: so the fold holds all that the rows can be held to, and what came later
is only pending (contract 4, `reconcile`).
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sync_worker.domain.drift import (
    NO_DRIFT,
    Cause,
    FactState,
    Judgement,
    against_extract,
    against_stream,
)
from sync_worker.domain.facts import Fact, Register
from sync_worker.domain.regions import Regions
from sync_worker.events.record import Address, Origin, Partition
from sync_worker.operations.extract import Extract, parse, refuse_doubtful, refuse_short
from sync_worker.operations.stream_fold import (
    Fold,
    FoldTask,
    HeldRegister,
    StreamToFold,
    WorkerProgress,
    fold_stream,
)
from sync_worker.pipeline.stored_positions import of_stream
from sync_worker.registry import snapshot
from sync_worker.registry.database import Registry
from sync_worker.registry.registrations import RegistrationDrift
from sync_worker.registry.snapshot import NO_CLINIC, ClinicSnapshot, RegistrySnapshot
from sync_worker.streams.ranges import Range, ShowProgress


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
    def state(self) -> FactState:
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
        for (topic_id, topic, partition, offset), digests in survey.dead_letters.get(
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


# The two things that the registry can be compared with: a stream, and an extract.


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a comparison comes to, and what was compared with."""

    comparison: Comparison
    expectation: Expectation
    has_positions: bool = True
    """Whether the worker has positions in the stream; without any, all of it counts as passed."""
    late_beginnings: Mapping[Partition, int] = field(default_factory=dict)
    """The partitions that do not begin at offset 0: what the records before said is unknown."""


def reconcile_with_stream(
    registry: Registry,
    stream: StreamToFold,
    region_codes: Collection[str],
    show_progress: ShowProgress,
) -> Reconciliation:
    """Compare the registry with a whole stream.

    Raises:
        StreamError, StreamUnavailable: it is not the stream that was read, or cannot be read.
        FoldProcessLost: see there.
    """
    # Before the stream is opened: its ends have to lie beyond all positions.
    with registry.snapshot() as connection:
        survey = snapshot.read(connection)
    with closing(stream.open_reader(Range())) as reader:
        stored = of_stream(survey.positions, reader.stream_id)
        reader.check_positions(stored)
        passed = passed_by(survey, Origin(reader.stream_id, reader.topic_ids))
        fold = fold_stream(reader, FoldTask(stream, passed, stored), show_progress)
    expectation = StreamExpectation(reader.stream_id, fold)
    return Reconciliation(
        compare(survey, expectation, region_codes),
        expectation,
        bool(stored.positions),
        {at: begin for at, begin in reader.begin_offsets.items() if begin > 0},
    )


def reconcile_with_extract(
    registry: Registry,
    content: bytes,
    as_of: datetime,
    regions: Regions,
    region_codes: Collection[str],
    *,
    accept_short: bool,
) -> Reconciliation:
    """Compare the registry with an extract, a csv file that was taken at an instant.

    Raises:
        BadExtract, ShortExtract: see there; a short one is accepted with `accept_short`.
    """
    with registry.snapshot() as connection:
        survey = snapshot.read(connection)
    extract = parse(content, as_of, regions, survey.clinics)
    refuse_doubtful(extract, survey, region_codes)
    if not accept_short:
        refuse_short(extract, survey, region_codes)
    expectation = ExtractExpectation(extract)
    return Reconciliation(compare(survey, expectation, region_codes), expectation)
