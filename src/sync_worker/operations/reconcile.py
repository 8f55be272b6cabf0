"""Reconcile: compare the registry, fact by fact, with a whole stream or an extract.

This compares and reports; `repair.py` repairs. The registry is read before the stream, so the ends
of the stream lie beyond all positions: the fold has everything that the rows can be expected to
have, and what came later is only pending (contract 4, `reconcile`).
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
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
from sync_worker.operations.extract import Extract, check_doubtful_ids, check_length, parse
from sync_worker.operations.stream_fold import (
    Fold,
    FoldTask,
    HeldRegister,
    LocatedRegister,
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
    """What the registry is compared with: a stream, or an extract."""

    @property
    def stream_id(self) -> str | None:
        """The stream that addresses refer to; None if there are none."""

    def hsa_ids(self) -> Collection[str]:
        """The clinics that it names."""

    def region_codes(self, hsa_id: str) -> set[str]:
        """The regions that it has the clinic in, at any time."""

    def compare(self, hsa_id: str, fact: Fact, state: FactState) -> Judgement:
        """Compare one fact with what the registry has of it."""

    def address(self, hsa_id: str, fact: Fact, register: Register[Any]) -> Address | None:
        """The address of the record that states the register."""


class StreamExpectation:
    """The fold of a stream, as an `Expectation`."""

    def __init__(self, stream_id: str, fold: Fold) -> None:
        self.stream_id = stream_id
        self._fold = fold

    def hsa_ids(self) -> Collection[str]:
        return self._fold.hsa_ids()

    def region_codes(self, hsa_id: str) -> set[str]:
        return {
            located.register.value
            for located in self._located(hsa_id, Fact.REGION)[:2]
            if located is not None
        }

    def compare(self, hsa_id: str, fact: Fact, state: FactState) -> Judgement:
        passed, newest, under_held = (
            None if located is None else located.register for located in self._located(hsa_id, fact)
        )
        return against_stream(state, passed, newest, under_held)

    def address(self, hsa_id: str, fact: Fact, register: Register[Any]) -> Address | None:
        for located in self._located(hsa_id, fact):
            if located is not None and located.register == register:
                return located.address
        return None

    def _located(self, hsa_id: str, fact: Fact) -> tuple[LocatedRegister | None, ...]:
        """The newest that the worker has passed, the newest of all, and that under a held one."""
        return (
            self._fold.passed(hsa_id, fact),
            self._fold.newest(hsa_id, fact),
            self._fold.under_held(hsa_id, fact),
        )


class ExtractExpectation:
    """An extract, as an `Expectation`."""

    stream_id = None

    def __init__(self, extract: Extract) -> None:
        self._extract = extract

    def hsa_ids(self) -> Collection[str]:
        return self._extract.clinics.keys()

    def region_codes(self, hsa_id: str) -> set[str]:
        facts = self._extract.clinics.get(hsa_id)
        return set() if facts is None or facts.region is None else {facts.region.value}

    def compare(self, hsa_id: str, fact: Fact, state: FactState) -> Judgement:
        facts = self._extract.clinics.get(hsa_id)
        if facts is not None:
            register: Register[Any] | None = facts.of(fact)
            return NO_DRIFT if register is None else against_extract(state, register)
        if fact is Fact.ACTIVATION and state.stored.value is True:
            return against_extract(state, self._extract.register(value=False), is_named=False)
        return NO_DRIFT

    def address(self, *_: object) -> Address | None:
        return None


class Step(StrEnum):
    """What takes seconds of a large registry, beside reading a stream."""

    READ_REGISTRY = "reading the registry"
    COMPARE = "comparing"


ShowStep = Callable[[Step], AbstractContextManager[None]]


def _show_nothing(_step: Step) -> AbstractContextManager[None]:
    return nullcontext()


class Difference(NamedTuple):
    """A fact that differs, with what was compared."""

    hsa_id: str
    fact: Fact
    cause: Cause
    expected: Register[Any]
    address: Address | None
    clinic: ClinicSnapshot

    @property
    def state(self) -> FactState:
        """What the registry has of the fact."""
        return self.clinic.state(self.fact)


@dataclass(slots=True)
class Comparison:
    """The result of a comparison; `compared` counts clinics, the other numbers count facts."""

    compared: int = 0
    pending: int = 0
    ahead: int = 0
    held: int = 0
    differences: list[Difference] = field(default_factory=list)
    """In the order of HSA-ids and facts."""
    registrations: list[RegistrationDrift] = field(default_factory=list)
    """Registrations that contradict the change log, in the order of HSA-ids."""

    @property
    def found(self) -> int:
        """How many facts differ, registrations included."""
        return len(self.differences) + len(self.registrations)


def worker_progress(survey: RegistrySnapshot, origin: Origin) -> WorkerProgress:
    """How far the worker has read a stream whose topics have these ids."""
    positions = {
        position.partition: position.next_offset for position in survey.positions_in(origin.stream)
    }
    dead_lettered = {
        (topic, partition, offset): digests
        for (topic_id, topic, partition, offset), digests in survey.dead_letters.get(
            origin.stream, {}
        ).items()
        if topic_id == origin.topic_id(topic)
    }
    held_registers = {
        hsa_id: {
            fact: HeldRegister(held.register, clinic.state(fact).stored.version)
            for fact, held in clinic.held.items()
        }
        for hsa_id, clinic in survey.clinics.items()
        if clinic.held
    }
    return WorkerProgress(positions or None, dead_lettered, held_registers)


def compare(
    survey: RegistrySnapshot, expectation: Expectation, region_codes: Collection[str] = ()
) -> Comparison:
    """Compare every clinic that either side has, and its registration with the change log.

    With region codes, only clinics that either side has in one of these regions, so a clinic that
    was moved by mistake is found from both regions.
    """
    result = Comparison()
    hsa_ids = survey.clinics.keys() | survey.registrations.keys() | set(expectation.hsa_ids())
    for hsa_id in sorted(hsa_ids):
        clinic = survey.clinics.get(hsa_id, NO_CLINIC)
        if region_codes and not _is_in(hsa_id, clinic, expectation, region_codes):
            continue
        result.compared += 1
        for difference, judgement in _compare_facts(hsa_id, clinic, expectation):
            result.pending += judgement.is_pending
            result.ahead += judgement.is_ahead
            result.held += judgement.is_held
            if difference is not None:
                result.differences.append(difference)
        if hsa_id in survey.registrations:
            result.registrations.append(survey.registrations[hsa_id])
    return result


def _compare_facts(
    hsa_id: str, clinic: ClinicSnapshot, expectation: Expectation
) -> Iterator[tuple[Difference | None, Judgement]]:
    for fact in Fact:
        judgement = expectation.compare(hsa_id, fact, clinic.state(fact))
        cause, expected = judgement.cause, judgement.expected
        difference = None
        if cause is not None and expected is not None:
            address = expectation.address(hsa_id, fact, expected)
            difference = Difference(hsa_id, fact, cause, expected, address, clinic)
        yield difference, judgement


def _is_in(
    hsa_id: str, clinic: ClinicSnapshot, expectation: Expectation, region_codes: Collection[str]
) -> bool:
    region_code = clinic.state(Fact.REGION).stored.value
    return region_code in region_codes or not expectation.region_codes(hsa_id).isdisjoint(
        region_codes
    )


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A comparison, and what the registry was compared with."""

    comparison: Comparison
    expectation: Expectation
    has_positions: bool = True
    """Whether the worker has positions in the stream; if not, all of it counts as passed."""
    late_beginnings: Mapping[Partition, int] = field(default_factory=dict)
    """The partitions that do not begin at offset 0: what earlier records said is unknown."""


def reconcile_with_stream(
    registry: Registry,
    stream: StreamToFold,
    region_codes: Collection[str],
    show_progress: ShowProgress,
    show_step: ShowStep = _show_nothing,
) -> Reconciliation:
    """Compare the registry with a whole stream.

    Raises:
        StreamError, StreamUnavailable: it is not the stream that was read, or is unreadable.
        FoldProcessLost: the process that folds the stream was killed.
    """
    # Read before the stream is opened, so that the stream's ends lie beyond all positions.
    with show_step(Step.READ_REGISTRY), registry.snapshot() as connection:
        survey = snapshot.read(connection)
    with closing(stream.open_reader(Range())) as reader:
        stored = of_stream(survey.positions, reader.stream_id)
        reader.check_positions(stored)
        progress = worker_progress(survey, Origin(reader.stream_id, reader.topic_ids))
        fold = fold_stream(reader, FoldTask(stream, progress, stored), show_progress)
    expectation = StreamExpectation(reader.stream_id, fold)
    with show_step(Step.COMPARE):
        comparison = compare(survey, expectation, region_codes)
    return Reconciliation(
        comparison,
        expectation,
        bool(stored.positions),
        {partition: begin for partition, begin in reader.begin_offsets.items() if begin > 0},
    )


class GivenExtract(NamedTuple):
    """A file of an extract, as somebody gave it, and what to accept of it."""

    content: bytes
    as_of: datetime
    accept_short: bool


def reconcile_with_extract(
    registry: Registry,
    given: GivenExtract,
    regions: Regions,
    region_codes: Collection[str],
    show_step: ShowStep = _show_nothing,
) -> Reconciliation:
    """Compare the registry with an extract, a csv file that says how things were at an instant.

    Raises:
        BadExtract: the file is not an extract.
        ShortExtract: unless that is accepted, it names too few of the active clinics.
    """
    with show_step(Step.READ_REGISTRY), registry.snapshot() as connection:
        survey = snapshot.read(connection)
    extract = parse(given.content, given.as_of, regions, survey.clinics)
    check_doubtful_ids(extract, survey, region_codes)
    if not given.accept_short:
        check_length(extract, survey, region_codes)
    expectation = ExtractExpectation(extract)
    with show_step(Step.COMPARE):
        comparison = compare(survey, expectation, region_codes)
    return Reconciliation(comparison, expectation)


# What differs, in the form of `reconcile`.


def difference_item(one: Difference, *, left: Sequence[Difference] | None = None) -> dict[str, Any]:
    """A difference in the form of `reconcile`; `left` are those that a repair did not set."""
    topic, partition, offset = one.address or (None, None, None)
    shown = {
        "hsa_id": one.hsa_id,
        "fact": one.fact.value,
        "registry": one.state.stored.value,
        "expected": one.expected.value,
        "cause": one.cause.value,
        "registered": one.clinic.row is not None and one.clinic.row.is_registered,
        "registered_by": None,
        "registered_at": None,
        "time": one.expected.time,
        "event_id": one.expected.event_id,
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "registry_time": one.state.stored.version and one.state.stored.version[0],
        "registry_event_id": one.state.stored.version and one.state.stored.version[2],
    }
    return shown if left is None else {**shown, "repaired": not any(one is it for it in left)}


def registration_item(one: RegistrationDrift, *, is_repair: bool) -> dict[str, Any]:
    """A registration that differs in the same form; no repair sets it.

    `registry` and `expected` say whether the clinic is registered, by its row and by the change
    log; where it is by both, by whom.
    """
    is_by_another = one.is_registered and one.is_expected
    shown = {
        "hsa_id": one.hsa_id,
        "fact": "registration",
        "registry": one.row_by if is_by_another else one.is_registered,
        "expected": one.log_by if is_by_another else one.is_expected,
        "cause": "registration",
        "registered": one.is_registered,
        "registered_by": one.registered_by,
        "registered_at": one.registered_at,
        "time": one.log_at,
        **dict.fromkeys(("event_id", "topic", "partition", "offset")),
        "registry_time": one.row_at,
        "registry_event_id": None,
    }
    return {**shown, "repaired": False} if is_repair else shown
