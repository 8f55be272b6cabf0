"""Dead letters judged anew, in the order set aside: the worker's own path for stored records.

Those that are understood by now are closed in the transaction of what they come to. Two who redrive
at once take turns, and find closed what the other one did.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sync_worker.authorship import Authorship
from sync_worker.errors import Exit, UserError
from sync_worker.events.record import Excerpt, Origin, Record
from sync_worker.operations.reapply import MOST_AT_ONCE, ReapplyContext, Stop
from sync_worker.operations.replay import ReapplyReport
from sync_worker.pipeline import gc_control
from sync_worker.pipeline.apply import DatabaseRefusesRecords, TransactionWriter
from sync_worker.pipeline.decoded_records import DecodedRecords
from sync_worker.pipeline.dry_run import DryRun
from sync_worker.pipeline.merge import MergeResult, Outcome
from sync_worker.registry import dead_letters, schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dead_letters import OPEN, DeadLetter, DeadLetterSummary
from sync_worker.registry.errors import Fault, fault_of
from sync_worker.remedies import Remedy
from sync_worker.sequences import bisected
from sync_worker.streams.protocol import MAX_FETCHED_BYTES

_UNDERSTOOD = set(Outcome) - {Outcome.DEAD_LETTERED}


class Redriven(NamedTuple):
    """Some letters, what became of each, and what that came to.

    One that somebody else closed meanwhile is not among them.
    """

    outcomes: list[tuple[int, Outcome]]
    merged: MergeResult


class Redriver:
    """Redrives letters and keeps what they come to; each transaction is kept by itself."""

    def __init__(self, context: ReapplyContext, authorship: Authorship, most_at_once: int) -> None:
        self._context = context
        self._authorship = authorship
        self._most_at_once = min(most_at_once, MOST_AT_ONCE)

    def take(self, heads: Sequence[DeadLetterSummary]) -> Iterator[Redriven]:
        """What became of the letters, part by part, each after it was committed."""
        for stream, numbers in _parts_of(heads, self._most_at_once):
            yield from self._take(stream, numbers)

    def _take(self, stream: str, numbers: Sequence[int]) -> Iterator[Redriven]:
        return bisected(
            numbers, lambda part: self._context.retry(lambda: self._attempt(stream, part))
        )

    def _attempt(self, stream: str, numbers: Sequence[int]) -> Redriven | None:
        """Redrive a part; None where it is too much for the database, and there is less to try."""
        try:
            return self._written(stream, numbers)
        except DatabaseRefusesRecords:
            if len(numbers) == 1:
                raise
        except DBAPIError as error:
            if fault_of(error) is not Fault.TIMEOUT or len(numbers) == 1:
                raise
        return None

    def _written(self, stream: str, numbers: Sequence[int]) -> Redriven:
        with gc_control.paused(), self._context.registry.transaction() as transaction:
            schema.require_unchanged(transaction.connection)
            dead_letters.lock_all(transaction.connection)
            found = dead_letters.still_open(transaction.connection, numbers)
            merged = self._merged(transaction.connection, stream, found)
            redriven = _redriven(found, merged)
            self._keep_account(transaction.connection, found, redriven)
            transaction.commit()
        return redriven

    def _merged(
        self, connection: Connection, stream: str, found: Sequence[DeadLetter]
    ) -> MergeResult:
        now = self._context.clock()
        decoded = DecodedRecords.decode(self._context.decoder, _records(found), now)
        return TransactionWriter(connection, self._context.limits, Origin(stream), None, now).write(
            decoded
        )

    def _keep_account(
        self, connection: Connection, found: Sequence[DeadLetter], redriven: Redriven
    ) -> None:
        """Close those that are understood by now, and say of the others why they are not."""
        outcomes = dict(redriven.outcomes)
        bad = [one for one in found if outcomes[one.number] is Outcome.DEAD_LETTERED]
        rejections = (one.rejection for one in redriven.merged.dead_lettered)
        dead_letters.update_reasons(connection, zip(bad, rejections, strict=True))
        understood = [number for number in outcomes if outcomes[number] in _UNDERSTOOD]
        dead_letters.close_redriven(connection, understood, self._authorship)


class DryRunRedriver:
    """Says what `Redriver` would come to, and keeps nothing."""

    def __init__(self, context: ReapplyContext, most_at_once: int) -> None:
        self._context = context
        self._dry_run = DryRun(context.limits)
        self._most_at_once = min(most_at_once, MOST_AT_ONCE)

    def take(self, heads: Sequence[DeadLetterSummary]) -> Iterator[Redriven]:
        """What would become of the letters, after those before."""
        for stream, numbers in _parts_of(heads, self._most_at_once):
            yield self._context.retry(lambda s=stream, n=numbers: self._merged(s, n))  # type: ignore[misc]

    def _merged(self, stream: str, numbers: Sequence[int]) -> Redriven:
        now = self._context.clock()
        with self._context.registry.snapshot() as connection:
            found = dead_letters.still_open(connection, numbers)
            decoded = DecodedRecords.decode(self._context.decoder, _records(found), now)
            return _redriven(found, self._dry_run.merge(connection, stream, decoded, now))


class Redrive:
    """Has a redriver take letters, and keeps account."""

    def __init__(self, redriver: Redriver | DryRunRedriver, stop: Stop) -> None:
        self._redriver = redriver
        self._stop = stop
        # True at every moment, also where something was raised.
        self.report = ReapplyReport()
        self.outcomes: list[tuple[int, Outcome]] = []
        self.excerpts = 0
        """How many letters hold only the beginning of a record."""

    def take(self, heads: Sequence[DeadLetterSummary]) -> None:
        """Take the letters, to the last one or until it is to stop.

        Raises:
            WrongRevision: the schema was changed.
            DBAPIError: the database failed for longer than somebody waits.
        """
        parts = self._redriver.take(heads)
        while not self._stop.is_wanted:
            with self._stop.shielded():
                part = next(parts, None)
                if part is None:
                    return
                self.report.add(part.merged)
                self.outcomes += part.outcomes
                bad = part.merged.dead_lettered
                self.excerpts += sum(isinstance(one.record.value, Excerpt) for one in bad)


def _parts_of(heads: Sequence[DeadLetterSummary], most: int) -> Iterator[tuple[str, list[int]]]:
    """Letters that follow one another in one stream, in the order set aside.

    So many at most, and no more bytes than a source hands out at once, unless one has more.
    """
    for stream, run in groupby(heads, key=attrgetter("stream")):
        some: list[int] = []
        size = 0
        for head in run:
            if some and (len(some) >= most or size + head.size > MAX_FETCHED_BYTES):
                yield stream, some
                some, size = [], 0
            some.append(head.number)
            size += head.size
        yield stream, some


def _records(found: Sequence[DeadLetter]) -> list[Record]:
    return [letter.record for letter in found]


def _redriven(found: Sequence[DeadLetter], merged: MergeResult) -> Redriven:
    numbers = [letter.number for letter in found]
    return Redriven(list(zip(numbers, merged.outcomes, strict=True)), merged)


# Dead letters that an operator gives up or clears away: planned, and done whole or not at all.


class UnknownDeadLetters(UserError):
    """There are no dead letters with these ids."""

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__(
            Exit.NOT_FOUND,
            f"There is no dead letter {', '.join(map(str, numbers))}.",
            hint=Remedy.LIST_ALL_DEAD_LETTERS(),
        )


class ClosedDeadLetters(UserError):
    """Dead letters that were named are closed already; one that is closed stays closed."""

    def __init__(self, heads: Sequence[DeadLetterSummary]) -> None:
        closed = ", ".join(f"{head.number} is {head.status}" for head in heads)
        super().__init__(
            Exit.REFUSED,
            f"No longer open: {closed}.",
            why="Nothing was changed: a closed dead letter stays closed.",
            hint=Remedy.LIST_OPEN_DEAD_LETTERS(),
            code="closed",
        )


def chosen(registry: Registry, numbers: Collection[int]) -> list[DeadLetterSummary]:
    """The open letters with these ids, in the order set aside.

    Raises:
        UnknownDeadLetters, ClosedDeadLetters: see there.
    """
    with registry.snapshot() as connection:
        return _all_open(dead_letters.numbered(connection, numbers), numbers)


def discard(
    registry: Registry,
    numbers: Collection[int],
    authorship: Authorship,
    *,
    all_or_none: bool = True,
) -> list[DeadLetterSummary]:
    """Close these letters as discarded; those that were, in the order set aside.

    All or none, or those that are still open.

    Raises:
        UnknownDeadLetters, ClosedDeadLetters: see there; nothing was done.
    """
    with registry.transaction() as transaction:
        dead_letters.lock_all(transaction.connection)
        found = dead_letters.numbered(transaction.connection, numbers, locked=True)
        still_open = (
            _all_open(found, numbers)
            if all_or_none
            else [head for head in found if head.status == OPEN]
        )
        dead_letters.discard(
            transaction.connection, {head.number for head in still_open}, authorship
        )
        transaction.commit()
    return still_open


def purge(registry: Registry, before: datetime, authorship: Authorship) -> int:
    """Delete the letters that were closed before an instant; how many that were."""
    with registry.transaction() as transaction:
        purged = dead_letters.purge(transaction.connection, before, authorship)
        transaction.commit()
    return purged


def _all_open(found: list[DeadLetterSummary], wanted: Collection[int]) -> list[DeadLetterSummary]:
    unknown = sorted(set(wanted) - {head.number for head in found})
    if unknown:
        raise UnknownDeadLetters(unknown)
    closed = [head for head in found if head.status != OPEN]
    if closed:
        raise ClosedDeadLetters(closed)
    return found
