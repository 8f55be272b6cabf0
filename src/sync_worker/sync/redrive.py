"""Dead letters judged anew, in the order set aside: the worker's own path for stored records.

Those that are understood by now are closed in the transaction of what they come to. Two who redrive
at once take turns, and find closed what the other one did.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sync_worker.events.record import Origin, Record
from sync_worker.registry import letters, schema
from sync_worker.registry.errors import Fault, fault_of
from sync_worker.registry.letters import Head, Letter, Signature
from sync_worker.stream.source import BYTES_AT_ONCE
from sync_worker.sync import collecting
from sync_worker.sync.again import MOST_AT_ONCE, Parts
from sync_worker.sync.judged import Judged
from sync_worker.sync.merge import Merged, Outcome
from sync_worker.sync.rehearse import Rehearsal
from sync_worker.sync.write import DatabaseRefusesRecords, Writer

_UNDERSTOOD = set(Outcome) - {Outcome.DEAD_LETTERED}


class Redriven(NamedTuple):
    """Some letters, what became of each, and what that came to.

    One that somebody else closed meanwhile is not among them.
    """

    outcomes: list[tuple[int, Outcome]]
    merged: Merged


class Redriving:
    """Redrives letters and keeps what they come to; each transaction is kept by itself."""

    def __init__(self, parts: Parts, by: Signature, most_at_once: int) -> None:
        self._parts = parts
        self._by = by
        self._most_at_once = min(most_at_once, MOST_AT_ONCE)

    def take(self, heads: Sequence[Head]) -> Iterator[Redriven]:
        """What became of the letters, part by part, each after it was committed."""
        for stream, numbers in _parts_of(heads, self._most_at_once):
            yield from self._take(stream, numbers)

    def _take(self, stream: str, numbers: Sequence[int]) -> Iterator[Redriven]:
        redriven = self._parts.patience(lambda: self._attempt(stream, numbers))
        if redriven is not None:
            yield redriven
            return
        middle = len(numbers) // 2
        yield from self._take(stream, numbers[:middle])
        yield from self._take(stream, numbers[middle:])

    def _attempt(self, stream: str, numbers: Sequence[int]) -> Redriven | None:
        """Redrive a part; None where it is too much for the database, and there is less to try."""
        try:
            return self._written(stream, numbers)
        except DatabaseRefusesRecords:
            if len(numbers) == 1:
                raise
        except DBAPIError as error:
            if fault_of(error) is not Fault.TOO_LONG or len(numbers) == 1:
                raise
        return None

    def _written(self, stream: str, numbers: Sequence[int]) -> Redriven:
        with collecting.paused(), self._parts.registry.unit() as unit:
            schema.require_unchanged(unit.connection)
            letters.alone(unit.connection)
            found = letters.still_open(unit.connection, numbers)
            merged = self._merged(unit.connection, stream, found)
            redriven = _redriven(found, merged)
            self._keep_account(unit.connection, found, redriven)
            unit.commit()
        return redriven

    def _merged(self, connection: Connection, stream: str, found: Sequence[Letter]) -> Merged:
        now = self._parts.clock()
        judged = Judged.by(self._parts.codec, _records(found), now)
        return Writer(connection, self._parts.limits, Origin(stream), None, now).write(judged)

    def _keep_account(
        self, connection: Connection, found: Sequence[Letter], redriven: Redriven
    ) -> None:
        """Close those that are understood by now, and say of the others why they are not."""
        outcomes = dict(redriven.outcomes)
        bad = [one for one in found if outcomes[one.number] is Outcome.DEAD_LETTERED]
        rejections = (one.rejection for one in redriven.merged.rejected)
        letters.reword(connection, zip(bad, rejections, strict=True))
        understood = [number for number in outcomes if outcomes[number] in _UNDERSTOOD]
        letters.redriven(connection, understood, self._by)


class RehearsingRedrive:
    """Says what `Redriving` would come to, and keeps nothing."""

    def __init__(self, parts: Parts, most_at_once: int) -> None:
        self._parts = parts
        self._rehearsal = Rehearsal(parts.limits)
        self._most_at_once = min(most_at_once, MOST_AT_ONCE)

    def take(self, heads: Sequence[Head]) -> Iterator[Redriven]:
        """What would become of the letters, after those before."""
        for stream, numbers in _parts_of(heads, self._most_at_once):
            yield self._parts.patience(lambda s=stream, n=numbers: self._merged(s, n))  # type: ignore[misc]

    def _merged(self, stream: str, numbers: Sequence[int]) -> Redriven:
        now = self._parts.clock()
        with self._parts.registry.snapshot() as connection:
            found = letters.still_open(connection, numbers)
            judged = Judged.by(self._parts.codec, _records(found), now)
            return _redriven(found, self._rehearsal.merge(connection, stream, judged, now))


def _parts_of(heads: Sequence[Head], most: int) -> Iterator[tuple[str, list[int]]]:
    """Letters that follow one another in one stream, in the order set aside.

    So many at most, and no more bytes than a source hands out at once, unless one has more.
    """
    for stream, run in groupby(heads, key=attrgetter("stream")):
        some: list[int] = []
        size = 0
        for head in run:
            if some and (len(some) >= most or size + head.size > BYTES_AT_ONCE):
                yield stream, some
                some, size = [], 0
            some.append(head.number)
            size += head.size
        yield stream, some


def _records(found: Sequence[Letter]) -> list[Record]:
    return [letter.record for letter in found]


def _redriven(found: Sequence[Letter], merged: Merged) -> Redriven:
    numbers = [letter.number for letter in found]
    return Redriven(list(zip(numbers, merged.outcomes, strict=True)), merged)
