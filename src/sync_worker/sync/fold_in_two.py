"""The fold of a long stream in two processes, each with half of the partitions.

Kafka's client keeps one core busy by taking records apart, and folding costs as much again. Half of
the partitions are folded here, the other half in a process beside it, which hands over what it has
come to: facts, of which there are as many as clinics allow, whatever the number of records.
"""

import multiprocessing
import signal
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from sync_worker.clinics.regions import Regions
from sync_worker.events.codec import Codec
from sync_worker.stream.kafka_range import KafkaRange
from sync_worker.stream.kafka_settings import KafkaSettings
from sync_worker.stream.ranges import Range, RangeReader
from sync_worker.stream.source import Bookmarks, StreamAway, StreamError
from sync_worker.sync import collecting
from sync_worker.sync.fold import Fold, Passed

_END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Judge:
    """What a codec is made of, for a process of its own."""

    activation_topic: str
    regions: Regions
    max_future: timedelta

    def codec(self) -> Codec:
        """The codec."""
        return Codec(self.activation_topic, self.regions, self.max_future)


@dataclass(frozen=True, slots=True)
class Part:
    """Some partitions of a cluster's topics, to be folded; without numbers, all of them."""

    settings: KafkaSettings
    judge: Judge
    passed: Passed
    bookmarks: Bookmarks
    max_records: int
    numbers: frozenset[int] = frozenset()


class PartLost(Exception):
    """The other process ended without a word; as a rule, somebody killed it.

    `signal_name` is what it was killed by, as in SIGKILL; None where it ended by itself.
    """

    def __init__(self, exit_code: int | None) -> None:
        super().__init__("the process that read half of the partitions has ended")
        is_killed = exit_code is not None and exit_code < 0
        self.signal_name = signal.Signals(-exit_code).name if is_killed and exit_code else None


class Gauge:
    """How far the two are, together; asked from another thread."""

    def __init__(self) -> None:
        self._other: Any = None
        self._reader: RangeReader | None = None

    def watch(self, reader: RangeReader, other: Any) -> None:
        """Look at our reader, and at what the other process tells: fraction and records."""
        self._reader, self._other = reader, other

    def read(self) -> int:
        """How many records were read."""
        return 0 if self._reader is None else self._reader.read + int(self._other[1])

    def fraction(self) -> float:
        """How much was read, from 0 to 1."""
        if self._reader is None:
            return 0.0
        return (self._reader.fraction_read() + float(self._other[0])) / 2


def halves(numbers: Collection[int]) -> tuple[frozenset[int], frozenset[int]]:
    """The partitions' numbers in two halves; the second is empty where there is only one."""
    ordered = sorted(numbers)
    return frozenset(ordered[::2]), frozenset(ordered[1::2])


def folded(part: Part, numbers: Collection[int], gauge: Gauge) -> Fold:
    """Fold the partitions with these numbers, two at least, in two processes.

    Raises:
        StreamError, StreamAway: either part of the stream cannot be read.
        PartLost: the other process was killed.
        Exception: whatever else ended the other process.
    """
    here, there = halves(numbers)
    context = multiprocessing.get_context("spawn")
    told = context.Array("d", 2)
    with _beside(context, replace(part, numbers=there), told) as result:
        fold = _fold(replace(part, numbers=here), lambda reader: gauge.watch(reader, told))
        fold.join(result())
    return fold


def _fold(part: Part, look: Callable[[RangeReader], None]) -> Fold:
    """Fold a part; `look` is given the reader after each batch."""
    fold = Fold(part.judge.codec(), part.passed)
    wanted = Range(partitions=part.numbers)
    with closing(KafkaRange(part.settings, wanted, part.max_records)) as reader:
        reader.fit(part.bookmarks)
        look(reader)
        with collecting.between_batches() as collect:
            for batch in reader.batches():
                fold.read(batch.records, datetime.now(UTC))
                del batch
                collect()
                look(reader)
    return fold


@contextmanager
def _beside(context: Any, part: Part, told: Any) -> Iterator[Callable[[], Any]]:
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
        raise PartLost(process.exitcode) from None
    match kind:
        case "error":
            raise StreamError(*content)
        case "away":
            raise StreamAway(content)
        case "broken":
            raise content
    return content


def _run(part: Part, sender: Connection, told: Any) -> None:
    """The other process. Ctrl-C is its parent's business, which ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def look(reader: RangeReader) -> None:
        told[:] = (reader.fraction_read(), reader.read)
        if parent is not None and not parent.is_alive():
            raise SystemExit(1)

    try:
        fold = _fold(part, look)
    except StreamError as error:
        sender.send(("error", (error.what, error.why, error.hint)))
    except StreamAway as away:
        sender.send(("away", str(away)))
    except Exception as error:  # noqa: BLE001 - this process has nobody else to tell it to
        error.add_note(traceback.format_exc())
        sender.send(("broken", error))
    else:
        sender.send(("fold", fold.contents()))
