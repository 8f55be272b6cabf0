"""The fold of a whole stream: each clinic's newest facts, and the records that state them.

Records that the worker has passed, by its positions at one moment, are folded apart from those
beyond. Memory grows with the clinics, not with the records.

A long stream is folded in two processes, each with half of the partitions: Kafka's client keeps one
core busy with taking record batches apart, and folding costs as much again. The other process hands
over its result, whose size depends on the number of clinics alone.
"""

import multiprocessing
import signal
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from sync_worker.domain.facts import PLACES, Fact, Register, Version
from sync_worker.domain.regions import Regions
from sync_worker.errors import Exit, UserError
from sync_worker.events.decode_result import Event
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import Address, Partition, Record
from sync_worker.pipeline import gc_control
from sync_worker.remedies import Remedy
from sync_worker.streams.protocol import StoredPositions
from sync_worker.streams.ranges import Range, RangeReader, ShowProgress

_FACTS = len(PLACES)


class LocatedRegister(NamedTuple):
    """A register, and the address of the record that states it."""

    register: Register[Any]
    address: Address


FoldedClinic = list[Any]
"""A clinic's registers in the order of `Fact`, followed by as many addresses. It is a flat list
because one is updated for each of millions of records."""


FactKey = tuple[str, Fact]
"""A clinic's HSA-id, and one of its facts."""

FoldContents = tuple[
    dict[str, FoldedClinic], dict[str, FoldedClinic], dict[FactKey, LocatedRegister]
]


class HeldRegister(NamedTuple):
    """A register that is held, and the version of the same fact in the clinic's row."""

    held: Register[Any]
    row_version: Version | None


class WorkerProgress(NamedTuple):
    """How far the worker has read a stream, and what it read without changing the rows.

    `positions` is None if it has none in that stream: then everything counts as passed. Records
    whose digest is in `dead_lettered`, at their address, state no facts.
    """

    positions: Mapping[Partition, int] | None
    dead_lettered: Mapping[Address, frozenset[str]] = {}
    held: Mapping[str, Mapping[Fact, HeldRegister]] = {}
    """By clinic: here the row is older than what was passed last."""


class Fold:
    """Folds the records of a stream, in any order."""

    def __init__(self, decoder: EventDecoder, progress: WorkerProgress) -> None:
        self._decoder = decoder
        positions = progress.positions
        self._positions: dict[tuple[str, int], int] | None = (
            None
            if positions is None
            else {(p.topic, p.partition): offset for p, offset in positions.items()}
        )
        self._dead_lettered = progress.dead_lettered
        self._passed: dict[str, FoldedClinic] = {}
        self._beyond: dict[str, FoldedClinic] = {}
        self._held = progress.held
        self._under_held: dict[FactKey, LocatedRegister] = {}

    def read(self, records: Iterable[Record], now: datetime) -> None:
        """Fold records; `now` is the clock. Records that do not decode to an event are skipped."""
        decode = self._decoder.decode
        for record in records:
            event = decode(record, now)
            if isinstance(event, Event):
                self._fold(event, record)

    def contents(self) -> FoldContents:
        """The result as plain data, which can be sent to another process."""
        return self._passed, self._beyond, self._under_held

    def join(self, contents: FoldContents) -> None:
        """Merge the result of another fold, of other partitions of the same stream."""
        *registers, under_held = contents
        for mine, others in zip((self._passed, self._beyond), registers, strict=True):
            for hsa_id, clinic in others.items():
                mine[hsa_id] = _joined(mine.get(hsa_id), clinic)
        for key, located in under_held.items():
            self._under_held[key] = max(located, self._under_held.get(key, located))

    def hsa_ids(self) -> set[str]:
        """The clinics that the events name."""
        return self._passed.keys() | self._beyond.keys()

    def passed(self, hsa_id: str, fact: Fact) -> LocatedRegister | None:
        """The newest register that the worker has passed."""
        return _located(self._passed, hsa_id, fact)

    def newest(self, hsa_id: str, fact: Fact) -> LocatedRegister | None:
        """The newest register of the whole stream."""
        passed, beyond = self.passed(hsa_id, fact), _located(self._beyond, hsa_id, fact)
        if passed is None or beyond is None:
            return passed or beyond
        return beyond if passed.register < beyond.register else passed

    def under_held(self, hsa_id: str, fact: Fact) -> LocatedRegister | None:
        """The register with the row's version, for a fact of which something newer is held."""
        return self._under_held.get((hsa_id, fact))

    def _fold(self, event: Event, record: Record) -> None:
        is_passed = self._positions is None or record.offset < self._positions.get(record[:2], 0)
        if (
            is_passed
            and (digests := self._dead_lettered.get(record[:3]))
            and record.digest in digests
        ):
            return
        clinics = self._passed if is_passed else self._beyond
        clinic = clinics.get(event.hsa_id)
        if clinic is None:
            clinic = clinics[event.hsa_id] = [None] * (2 * _FACTS)
        _merge_event(clinic, event, record)
        if is_passed and event.hsa_id in self._held:
            self._find_under_held(event, record)

    def _find_under_held(self, event: Event, record: Record) -> None:
        for fact, (held, row_version) in self._held[event.hsa_id].items():
            register = event.facts.of(fact)
            if register is None or register[:3] != row_version or register >= held:
                continue
            located, key = LocatedRegister(register, record.address), (event.hsa_id, fact)
            self._under_held[key] = max(located, self._under_held.get(key, located))


def _merge_event(clinic: FoldedClinic, event: Event, record: Record) -> None:
    index = 0
    for register in event.facts:
        if register is not None and (clinic[index] is None or clinic[index] < register):
            clinic[index] = register
            clinic[index + _FACTS] = record.address
        index += 1  # noqa: SIM113 - faster than enumerate


def _joined(mine: FoldedClinic | None, others: FoldedClinic) -> FoldedClinic:
    if mine is None:
        return others
    for index in range(_FACTS):
        register = others[index]
        if register is not None and (mine[index] is None or mine[index] < register):
            mine[index], mine[index + _FACTS] = register, others[index + _FACTS]
    return mine


def _located(
    clinics: Mapping[str, FoldedClinic], hsa_id: str, fact: Fact
) -> LocatedRegister | None:
    clinic, index = clinics.get(hsa_id), PLACES[fact]
    if clinic is None or clinic[index] is None:
        return None
    return LocatedRegister(clinic[index], clinic[index + _FACTS])


MIN_OFFSETS_FOR_TWO_PROCESSES = 200_000
"""So many records take longer to fold than a process takes to start."""
_PROCESS_EXIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class DecoderSettings:
    """What an event decoder is built from, in a form that can be sent to another process."""

    activation_topic: str
    regions: Regions
    max_future: timedelta

    def decoder(self) -> EventDecoder:
        """Build the decoder."""
        return EventDecoder(self.activation_topic, self.regions, self.max_future)


@dataclass(frozen=True, slots=True)
class StreamToFold:
    """How a stream is opened and its records are decoded.

    With `can_be_split`, two processes can share its partitions, and everything here can be pickled.
    """

    open_reader: Callable[[Range], RangeReader]
    decoder_settings: DecoderSettings
    can_be_split: bool = False


@dataclass(frozen=True, slots=True)
class FoldTask:
    """Some partitions of a stream to fold; all of them without `partition_numbers`."""

    stream: StreamToFold
    progress: WorkerProgress
    stored_positions: StoredPositions
    partition_numbers: frozenset[int] = frozenset()


class FoldProcessLost(UserError):
    """The other process ended without an error; usually because it was killed.

    `signal_name` is the signal that killed it, such as SIGKILL; None if none did.
    """

    signal_name: str | None

    def __init__(self, exit_code: int | None) -> None:
        if exit_code is None or exit_code >= 0:
            super().__init__(
                Exit.UNEXPECTED,
                "The process that read half of the partitions has ended.",
                why="This is a fault of the program.",
                hint=Remedy.DEBUG(),
            )
            self.signal_name = None
            return
        self.signal_name = signal.Signals(-exit_code).name
        super().__init__(
            Exit.UNEXPECTED,
            f"The process that read half of the partitions was ended from outside: "
            f"{self.signal_name}.",
            why="Nothing was changed. If nobody did that, the machine or the container ran out of "
            "memory.",
            hint="Give it more memory, or run it where there is more; then run the command again.",
            code="killed",
        )


class FoldProgress:
    """How far the two processes are together; `Measured`."""

    def __init__(self) -> None:
        self._other_process: Any = None
        self._reader: RangeReader | None = None

    def watch(self, reader: RangeReader, other_process: Any) -> None:
        """Watch a reader of this process, and what the other process shares of its own."""
        self._reader, self._other_process = reader, other_process

    @property
    def records_read(self) -> int:
        if self._reader is None:
            return 0
        return self._reader.records_read + int(self._other_process[1])

    def fraction_read(self) -> float:
        if self._reader is None:
            return 0.0
        return (self._reader.fraction_read() + float(self._other_process[0])) / 2


def halves(numbers: Collection[int]) -> tuple[frozenset[int], frozenset[int]]:
    """The numbers of partitions in two halves; the second is empty if there is only one."""
    ordered = sorted(numbers)
    return frozenset(ordered[::2]), frozenset(ordered[1::2])


def fold_stream(reader: RangeReader, task: FoldTask, show_progress: ShowProgress) -> Fold:
    """Fold a stream, which `reader` has open; with two processes if that is faster.

    Raises:
        StreamError, StreamUnavailable: the stream cannot be read.
        FoldProcessLost: the other process was killed.
    """
    numbers = {partition.partition for partition in reader.begin_offsets}
    is_long = (reader.total_offsets or 0) >= MIN_OFFSETS_FOR_TWO_PROCESSES
    if task.stream.can_be_split and is_long and len(numbers) > 1:
        progress = FoldProgress()
        with show_progress(progress):
            return fold_in_two(task, numbers, progress)
    with show_progress(reader):
        return _read(reader, task, lambda _: None)


def fold_in_two(task: FoldTask, numbers: Collection[int], progress: FoldProgress) -> Fold:
    """Fold the partitions with these numbers, at least two, in two processes.

    Raises:
        StreamError, StreamUnavailable: one of the halves cannot be read.
        FoldProcessLost: the other process was killed.
        Exception: whatever else ended the other process.
    """
    here, there = halves(numbers)
    context = multiprocessing.get_context("spawn")
    shared = context.Array("d", 2)  # the fraction and the number of records read there
    with _other_process(context, replace(task, partition_numbers=there), shared) as wait_for_result:
        fold = _open_and_fold(
            replace(task, partition_numbers=here), lambda reader: progress.watch(reader, shared)
        )
        fold.join(wait_for_result())
    return fold


def _open_and_fold(task: FoldTask, on_batch: Callable[[RangeReader], None]) -> Fold:
    with closing(task.stream.open_reader(Range(partitions=task.partition_numbers))) as reader:
        reader.check_positions(task.stored_positions)
        on_batch(reader)
        return _read(reader, task, on_batch)


def _read(reader: RangeReader, task: FoldTask, on_batch: Callable[[RangeReader], None]) -> Fold:
    fold = Fold(task.stream.decoder_settings.decoder(), task.progress)
    with gc_control.between_batches() as collect:
        for batch in reader.batches():
            fold.read(batch.records, datetime.now(UTC))
            del batch
            collect()
            on_batch(reader)
    return fold


@contextmanager
def _other_process(context: Any, task: FoldTask, shared: Any) -> Iterator[Callable[[], Any]]:
    """Fold in another process; the yielded function waits for its result."""
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(task, sender, shared), daemon=True)
    process.start()
    sender.close()
    try:
        yield lambda: _receive(receiver, process)
    finally:
        receiver.close()
        process.terminate()
        process.join(_PROCESS_EXIT_SECONDS)


def _receive(receiver: Connection, process: Any) -> Any:
    try:
        result = receiver.recv()
    except EOFError:
        process.join(_PROCESS_EXIT_SECONDS)
        raise FoldProcessLost(process.exitcode) from None
    if isinstance(result, Exception):
        raise result
    return result


def _run(task: FoldTask, sender: Connection, shared: Any) -> None:
    """The main function of the other process."""
    # Ctrl-C is for the parent process, which then ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def on_batch(reader: RangeReader) -> None:
        shared[:] = (reader.fraction_read(), reader.records_read)
        if parent is not None and not parent.is_alive():
            raise SystemExit(1)

    try:
        fold = _open_and_fold(task, on_batch)
    except Exception as error:  # noqa: BLE001 - the parent process raises it
        error.add_note(traceback.format_exc())
        sender.send(error)
    else:
        sender.send(fold.contents())
