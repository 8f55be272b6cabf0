"""The fold of a whole stream: each clinic's newest facts, and the records that state them.

Two folds at once: of the records that the worker has passed, by its positions at one moment, and of
those beyond. Memory grows with the clinics, not with the records.
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
from sync_worker.streams.protocol import StoredPositions, StreamError, StreamUnavailable
from sync_worker.streams.ranges import Range, RangeReader, ShowProgress

_FACTS = len(PLACES)


class LocatedRegister(NamedTuple):
    """A fact, and where the record stands that states it."""

    register: Register[Any]
    address: Address


FoldedClinic = list[Any]
"""A clinic's registers in the order of `Fact`, then as many addresses. A list of plain values,
since one is looked at for each of millions of records."""


FactKey = tuple[str, Fact]
"""A clinic's HSA-id, and one of its facts."""

FoldContents = tuple[
    dict[str, FoldedClinic], dict[str, FoldedClinic], dict[FactKey, LocatedRegister]
]


class HeldRegister(NamedTuple):
    """What is held of a fact, and the version that the row has beneath it."""

    held: Register[Any]
    version: Version | None


class WorkerProgress(NamedTuple):
    """What of a stream the worker is done with.

    `positions` is None where it has none in that stream: then everything counts as passed. Records
    with an address and a digest in `set_aside` are below the positions and no facts.
    """

    positions: Mapping[Partition, int] | None
    set_aside: Mapping[Address, frozenset[str]] = {}
    waiting: Mapping[str, Mapping[Fact, HeldRegister]] = {}
    """What is held, by clinic: there the row is not what was passed last."""


class Fold:
    """Folds a stream's records, in any order."""

    def __init__(self, decoder: EventDecoder, passed: WorkerProgress) -> None:
        self._decoder = decoder
        known = passed.positions
        self._positions: dict[tuple[str, int], int] | None = (
            None
            if known is None
            else {(at.topic, at.partition): offset for at, offset in known.items()}
        )
        self._set_aside = passed.set_aside
        self._passed: dict[str, FoldedClinic] = {}
        self._beyond: dict[str, FoldedClinic] = {}
        self._waiting = passed.waiting
        self._under_held: dict[FactKey, LocatedRegister] = {}

    def read(self, records: Iterable[Record], now: datetime) -> None:
        """Take records in; `now` is the clock. What the codec sets aside or ignores is no fact."""
        decode = self._decoder.decode
        for record in records:
            event = decode(record, now)
            if isinstance(event, Event):
                self._state(event, record)

    def contents(self) -> FoldContents:
        """What it has come to, as plain data that another process can be given."""
        return self._passed, self._beyond, self._under_held

    def join(self, contents: FoldContents) -> None:
        """Take in what another fold, of other partitions of the same stream, has come to."""
        *registers, under_held = contents
        for mine, others in zip((self._passed, self._beyond), registers, strict=True):
            for hsa_id, slots in others.items():
                mine[hsa_id] = _joined(mine.get(hsa_id), slots)
        for place, stated in under_held.items():
            self._under_held[place] = max(stated, self._under_held.get(place, stated))

    def hsa_ids(self) -> set[str]:
        """The clinics that an event names."""
        return self._passed.keys() | self._beyond.keys()

    def passed(self, hsa_id: str, fact: Fact) -> LocatedRegister | None:
        """The newest that the worker has passed."""
        return _stated(self._passed, hsa_id, fact)

    def newest(self, hsa_id: str, fact: Fact) -> LocatedRegister | None:
        """The newest of the whole stream."""
        passed, beyond = self.passed(hsa_id, fact), _stated(self._beyond, hsa_id, fact)
        if passed is None or beyond is None:
            return passed or beyond
        return beyond if passed.register < beyond.register else passed

    def under_held(self, hsa_id: str, fact: Fact) -> LocatedRegister | None:
        """What is stated by the version that the row has, where something newer is held."""
        return self._under_held.get((hsa_id, fact))

    def _state(self, event: Event, record: Record) -> None:
        is_passed = self._positions is None or record.offset < self._positions.get(record[:2], 0)
        if is_passed and (digests := self._set_aside.get(record[:3])) and record.digest in digests:
            return
        clinics = self._passed if is_passed else self._beyond
        slots = clinics.get(event.hsa_id)
        if slots is None:
            slots = clinics[event.hsa_id] = [None] * (2 * _FACTS)
        _take(slots, event, record)
        if is_passed and event.hsa_id in self._waiting:
            self._look_under_held(event, record)

    def _look_under_held(self, event: Event, record: Record) -> None:
        for fact, waiting in self._waiting[event.hsa_id].items():
            register = event.facts.of(fact)
            if register is None or register[:3] != waiting.version or register >= waiting.held:
                continue
            stated, place = LocatedRegister(register, record.address), (event.hsa_id, fact)
            self._under_held[place] = max(stated, self._under_held.get(place, stated))


def _take(slots: FoldedClinic, event: Event, record: Record) -> None:
    number = 0
    for register in event.facts:
        if register is not None and (slots[number] is None or slots[number] < register):
            slots[number] = register
            slots[number + _FACTS] = record.address
        number += 1  # noqa: SIM113 - counted by hand, which is quicker


def _joined(mine: FoldedClinic | None, others: FoldedClinic) -> FoldedClinic:
    if mine is None:
        return others
    for number in range(_FACTS):
        register = others[number]
        if register is not None and (mine[number] is None or mine[number] < register):
            mine[number], mine[number + _FACTS] = register, others[number + _FACTS]
    return mine


def _stated(clinics: Mapping[str, FoldedClinic], hsa_id: str, fact: Fact) -> LocatedRegister | None:
    slots, number = clinics.get(hsa_id), PLACES[fact]
    if slots is None or slots[number] is None:
        return None
    return LocatedRegister(slots[number], slots[number + _FACTS])


# The fold of a long stream in two processes, each with half of the partitions. Kafka's client
# keeps one core busy by taking records apart, and folding costs as much again. Half of the
# partitions are folded here, the other half in a process beside it, which hands over what it has
# come to: facts, of which there are as many as clinics allow, whatever the number of records.


WORTH_TWO_PROCESSES = 200_000
"""So many records take longer to fold than a process takes to start."""
_END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class DecoderSettings:
    """What a codec is made of, for a process of its own."""

    activation_topic: str
    regions: Regions
    max_future: timedelta

    def decoder(self) -> EventDecoder:
        """The codec."""
        return EventDecoder(self.activation_topic, self.regions, self.max_future)


@dataclass(frozen=True, slots=True)
class StreamToFold:
    """A stream, how it is opened, and what judges its records.

    Where `can_be_split`, its partitions can be read by two processes, and everything here pickled.
    """

    open_reader: Callable[[Range], RangeReader]
    decoder_settings: DecoderSettings
    can_be_split: bool = False


@dataclass(frozen=True, slots=True)
class FoldTask:
    """Some partitions of a stream, to be folded; without numbers, all of them."""

    stream: StreamToFold
    passed: WorkerProgress
    stored_positions: StoredPositions
    numbers: frozenset[int] = frozenset()


class FoldProcessLost(UserError):
    """The other process ended without a word; as a rule, somebody killed it.

    `signal_name` is what it was killed by, as in SIGKILL; None where it ended by itself.
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
    """How far the two are, together; `Measured`."""

    def __init__(self) -> None:
        self._other: Any = None
        self._reader: RangeReader | None = None

    def watch(self, reader: RangeReader, other: Any) -> None:
        """Look at our reader, and at what the other process tells: fraction and records."""
        self._reader, self._other = reader, other

    @property
    def records_read(self) -> int:
        return 0 if self._reader is None else self._reader.records_read + int(self._other[1])

    def fraction_read(self) -> float:
        if self._reader is None:
            return 0.0
        return (self._reader.fraction_read() + float(self._other[0])) / 2


def halves(numbers: Collection[int]) -> tuple[frozenset[int], frozenset[int]]:
    """The partitions' numbers in two halves; the second is empty where there is only one."""
    ordered = sorted(numbers)
    return frozenset(ordered[::2]), frozenset(ordered[1::2])


def fold_stream(reader: RangeReader, part: FoldTask, show_progress: ShowProgress) -> Fold:
    """Fold a stream that `reader` is open on; by two processes where that is quicker.

    Raises:
        StreamError, StreamUnavailable: the stream cannot be read.
        FoldProcessLost: the other process was killed.
    """
    numbers = {at.partition for at in reader.begin_offsets}
    is_long = (reader.total_offsets or 0) >= WORTH_TWO_PROCESSES
    if part.stream.can_be_split and is_long and len(numbers) > 1:
        gauge = FoldProgress()
        with show_progress(gauge):
            return folded(part, numbers, gauge)
    with show_progress(reader):
        return _read(reader, part, lambda _: None)


def folded(part: FoldTask, numbers: Collection[int], gauge: FoldProgress) -> Fold:
    """Fold the partitions with these numbers, two at least, in two processes.

    Raises:
        StreamError, StreamUnavailable: either part of the stream cannot be read.
        FoldProcessLost: the other process was killed.
        Exception: whatever else ended the other process.
    """
    here, there = halves(numbers)
    context = multiprocessing.get_context("spawn")
    told = context.Array("d", 2)
    with _beside(context, replace(part, numbers=there), told) as result:
        fold = _fold(replace(part, numbers=here), lambda reader: gauge.watch(reader, told))
        fold.join(result())
    return fold


def _fold(part: FoldTask, look: Callable[[RangeReader], None]) -> Fold:
    """Open a part and fold it; `look` is given the reader after each batch."""
    with closing(part.stream.open_reader(Range(partitions=part.numbers))) as reader:
        reader.check_positions(part.stored_positions)
        look(reader)
        return _read(reader, part, look)


def _read(reader: RangeReader, part: FoldTask, look: Callable[[RangeReader], None]) -> Fold:
    fold = Fold(part.stream.decoder_settings.decoder(), part.passed)
    with gc_control.between_batches() as collect:
        for batch in reader.batches():
            fold.read(batch.records, datetime.now(UTC))
            del batch
            collect()
            look(reader)
    return fold


@contextmanager
def _beside(context: Any, part: FoldTask, told: Any) -> Iterator[Callable[[], Any]]:
    """Fold a part in a process of its own; what is yielded waits for what it has come to."""
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(part, sender, told), daemon=True)
    process.start()
    sender.close()
    try:
        yield lambda: _result(receiver, process)
    finally:
        receiver.close()
        process.terminate()
        process.join(_END_SECONDS)


def _result(receiver: Connection, process: Any) -> Any:
    try:
        kind, content = receiver.recv()
    except EOFError:
        process.join(_END_SECONDS)
        raise FoldProcessLost(process.exitcode) from None
    match kind:
        case "error":
            raise StreamError(*content)
        case "away":
            raise StreamUnavailable(content)
        case "broken":
            raise content
    return content


def _run(part: FoldTask, sender: Connection, told: Any) -> None:
    """The other process. Ctrl-C is its parent's business, which ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def look(reader: RangeReader) -> None:
        told[:] = (reader.fraction_read(), reader.records_read)
        if parent is not None and not parent.is_alive():
            raise SystemExit(1)

    try:
        fold = _fold(part, look)
    except StreamError as error:
        sender.send(("error", (error.what, error.why, error.hint)))
    except StreamUnavailable as away:
        sender.send(("away", str(away)))
    except Exception as error:  # noqa: BLE001 - this process has nobody else to tell it to
        error.add_note(traceback.format_exc())
        sender.send(("broken", error))
    else:
        sender.send(("fold", fold.contents()))
