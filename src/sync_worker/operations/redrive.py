"""Redrive, discard and purge dead letters.

A redrive decodes open dead letters again, in the order received, and takes the worker's write path.
Those that now decode are closed in the transaction that applies them. Two redrives at a time take
turns: the second one finds closed what the first one did.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sync_worker.authorship import Authorship
from sync_worker.errors import Exit, UserError
from sync_worker.events.decode_result import Reason
from sync_worker.events.outcome import Outcome
from sync_worker.events.record import Excerpt, Origin
from sync_worker.operations.reapply import (
    MAX_TRANSACTION_RECORDS,
    ReapplyContext,
    ReapplyReport,
    StopRequest,
)
from sync_worker.pipeline import gc_control
from sync_worker.pipeline.decoded_records import DecodedRecords
from sync_worker.pipeline.dry_run import DryRun
from sync_worker.pipeline.merge import MergeResult
from sync_worker.pipeline.transaction_writer import DatabaseRefusesRecords, TransactionWriter
from sync_worker.registry import change_log, dead_letters, schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dead_letters import OPEN, DeadLetter, DeadLetterFilter, DeadLetterSummary
from sync_worker.registry.errors import Fault, fault_of
from sync_worker.registry.queries import meant
from sync_worker.remedies import Remedy
from sync_worker.sequences import Tally, bisected
from sync_worker.streams.protocol import MAX_FETCHED_BYTES


class RedriveResult(NamedTuple):
    """The outcome of each dead letter, by id, and the result of merging them.

    Dead letters that somebody else closed first are not among them.
    """

    outcomes: list[tuple[int, Outcome]]
    merged: MergeResult

    @classmethod
    def of(cls, letters: Sequence[DeadLetter], merged: MergeResult) -> "RedriveResult":
        """The result of merging these dead letters, in this order."""
        numbers = [letter.number for letter in letters]
        return cls(list(zip(numbers, merged.outcomes, strict=True)), merged)


class Redriver:
    """Redrives dead letters, and commits each transaction separately."""

    def __init__(self, context: ReapplyContext, authorship: Authorship, max_records: int) -> None:
        self._context = context
        self._authorship = authorship
        self._max_records = min(max_records, MAX_TRANSACTION_RECORDS)

    def redrive(self, summaries: Sequence[DeadLetterSummary]) -> Iterator[RedriveResult]:
        """Redrive dead letters; each result is yielded once it is committed."""
        for stream, numbers in _split(summaries, self._max_records):
            yield from self._redrive(stream, numbers)

    def _redrive(self, stream: str, numbers: Sequence[int]) -> Iterator[RedriveResult]:
        return bisected(
            numbers, lambda part: self._context.retry(lambda: self._attempt(stream, part))
        )

    def _attempt(self, stream: str, numbers: Sequence[int]) -> RedriveResult | None:
        """Redrive some; None if that is too much for the database and fewer may succeed."""
        try:
            return self._write(stream, numbers)
        except DatabaseRefusesRecords:
            if len(numbers) == 1:
                raise
        except DBAPIError as error:
            if fault_of(error) is not Fault.TIMEOUT or len(numbers) == 1:
                raise
        return None

    def _write(self, stream: str, numbers: Sequence[int]) -> RedriveResult:
        context = self._context
        with gc_control.paused(), context.registry.transaction() as transaction:
            connection = transaction.connection
            schema.require_still_compatible(connection)
            dead_letters.lock_all(connection)
            letters = dead_letters.still_open(connection, numbers)
            now = context.clock()
            writer = TransactionWriter(connection, context.limits, Origin(stream), None, now)
            result = RedriveResult.of(letters, writer.write(_decode(context, letters, now)))
            self._update_dead_letters(connection, letters, result)
            transaction.commit()
        return result

    def _update_dead_letters(
        self, connection: Connection, letters: Sequence[DeadLetter], result: RedriveResult
    ) -> None:
        """Close those that now decode, and update the reason of the others."""
        outcomes = dict(result.outcomes)
        bad = [letter for letter in letters if outcomes[letter.number] is Outcome.DEAD_LETTERED]
        # Merging keeps the order of the dead letters, so the rejections are in that of `bad`.
        rejections = (dead_lettered.rejection for dead_lettered in result.merged.dead_lettered)
        dead_letters.update_reasons(connection, zip(bad, rejections, strict=True))
        redriven = [
            number for number, outcome in outcomes.items() if outcome is not Outcome.DEAD_LETTERED
        ]
        dead_letters.close_redriven(connection, redriven, self._authorship)


class DryRunRedriver:
    """Computes what `Redriver` would do, and changes nothing."""

    def __init__(self, context: ReapplyContext, max_records: int) -> None:
        self._context = context
        self._dry_run = DryRun(context.limits)
        self._max_records = min(max_records, MAX_TRANSACTION_RECORDS)

    def redrive(self, summaries: Sequence[DeadLetterSummary]) -> Iterator[RedriveResult]:
        """What would become of the dead letters, after those before."""
        for stream, numbers in _split(summaries, self._max_records):
            yield self._context.retry(lambda s=stream, n=numbers: self._merge(s, n))  # type: ignore[misc]

    def _merge(self, stream: str, numbers: Sequence[int]) -> RedriveResult:
        now = self._context.clock()
        with self._context.registry.snapshot() as connection:
            letters = dead_letters.still_open(connection, numbers)
            decoded = _decode(self._context, letters, now)
            merged = self._dry_run.merge(connection, stream, decoded, now)
        return RedriveResult.of(letters, merged)


class Redrive:
    """Redrives dead letters, and reports the result."""

    def __init__(self, redriver: Redriver | DryRunRedriver, stop: StopRequest) -> None:
        self._redriver = redriver
        self._stop = stop
        # Correct at every moment, also after an exception.
        self.report = ReapplyReport()
        self.outcomes: list[tuple[int, Outcome]] = []
        self.excerpts = 0
        """How many dead letters hold only the beginning of a record."""

    def run(self, summaries: Sequence[DeadLetterSummary]) -> None:
        """Redrive the dead letters, to the last one or until a stop is wanted.

        Raises:
            WrongRevision: the schema was changed.
            DBAPIError: the database was unavailable for longer than the policy retries.
        """
        results = self._redriver.redrive(summaries)
        while not self._stop.is_wanted:
            with self._stop.shielded():
                result = next(results, None)
                if result is None:
                    return
                self.report.add(result.merged)
                self.outcomes += result.outcomes
                bad = result.merged.dead_lettered
                self.excerpts += sum(isinstance(letter.record.value, Excerpt) for letter in bad)


def _split(
    summaries: Sequence[DeadLetterSummary], max_records: int
) -> Iterator[tuple[str, list[int]]]:
    """Runs of dead letters of one stream, in order, each small enough for one transaction.

    A run has no more bytes than a source hands out at once, unless a single record has more.
    """
    for stream, run in groupby(summaries, key=attrgetter("stream")):
        numbers: list[int] = []
        size = 0
        for summary in run:
            is_full = len(numbers) >= max_records or size + summary.size > MAX_FETCHED_BYTES
            if numbers and is_full:
                yield stream, numbers
                numbers, size = [], 0
            numbers.append(summary.number)
            size += summary.size
        yield stream, numbers


def _decode(
    context: ReapplyContext, letters: Sequence[DeadLetter], now: datetime
) -> DecodedRecords:
    records = [letter.record for letter in letters]
    return DecodedRecords.decode(context.decoder, records, now)


class UnknownDeadLetters(UserError):
    """There are no dead letters with these ids."""

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__(
            Exit.NOT_FOUND,
            f"There is no dead letter {', '.join(map(str, numbers))}.",
            hint=Remedy.LIST_ALL_DEAD_LETTERS(),
        )


class ClosedDeadLetters(UserError):
    """Somebody redrove or discarded some of them first, so none is changed."""

    def __init__(self, summaries: Sequence[DeadLetterSummary]) -> None:
        closed = ", ".join(f"{summary.number} is {summary.status}" for summary in summaries)
        super().__init__(
            Exit.REFUSED,
            f"No longer open: {closed}.",
            why="Nothing was changed: a closed dead letter stays closed.",
            hint=Remedy.LIST_OPEN_DEAD_LETTERS(),
            code="closed",
        )


@dataclass(frozen=True, slots=True)
class DeadLetterSearch:
    """What dead letters are looked for by; None leaves them all in.

    `clinic` is an HSA-id as a person writes it.
    """

    reason: Reason | None = None
    clinic: str | None = None
    topic: str | None = None

    def filter(self, connection: Connection, status: str | None) -> DeadLetterFilter:
        """The filter that finds them, of those with a status.

        Raises:
            UserError: neither an event nor a dead letter names the clinic.
        """
        hsa_id = None if self.clinic is None else _named_clinic(connection, self.clinic)
        return DeadLetterFilter(status, self.reason, hsa_id, self.topic)


def _named_clinic(connection: Connection, written: str) -> str:
    (hsa_id,) = meant(connection, [written])
    is_known = not change_log.unknown_ids(connection, [hsa_id])
    if is_known or dead_letters.matching(connection, DeadLetterFilter(hsa_id=hsa_id)):
        return hsa_id
    raise UserError(
        Exit.NOT_FOUND,
        f"There is no clinic {hsa_id}, and no dead letter names it.",
        hint=Remedy.FIND_CLINICS(),
    )


def all_open(registry: Registry, search: DeadLetterSearch) -> list[DeadLetterSummary]:
    """The open dead letters that a search finds, in the order received.

    Raises:
        UserError: nothing names the clinic that is looked for.
    """
    with registry.snapshot() as connection:
        return dead_letters.matching(connection, search.filter(connection, OPEN))


def chosen(registry: Registry, numbers: Collection[int]) -> list[DeadLetterSummary]:
    """The open dead letters with these ids, in the order received.

    Raises:
        UnknownDeadLetters: one of the ids is not that of a dead letter.
        ClosedDeadLetters: one of them was redriven or discarded before.
    """
    with registry.snapshot() as connection:
        return _require_open(dead_letters.numbered(connection, numbers), numbers)


def discard(
    registry: Registry,
    numbers: Collection[int],
    authorship: Authorship,
    *,
    all_or_none: bool = True,
    tally: Tally | None = None,
) -> list[DeadLetterSummary]:
    """Discard dead letters: either all of them or none, or those that are still open.

    Returns those that were discarded, in the order received.

    Raises:
        UnknownDeadLetters: one of the ids is not that of a dead letter; nothing was done.
        ClosedDeadLetters: one was redriven or discarded before; nothing was done.
    """
    with registry.transaction() as transaction:
        dead_letters.lock_all(transaction.connection)
        found = dead_letters.numbered(transaction.connection, numbers, locked=True)
        still_open = (
            _require_open(found, numbers)
            if all_or_none
            else [summary for summary in found if summary.status == OPEN]
        )
        dead_letters.discard(
            transaction.connection, {summary.number for summary in still_open}, authorship, tally
        )
        transaction.commit()
    return still_open


def purge(
    registry: Registry, before: datetime, authorship: Authorship, tally: Tally | None = None
) -> int:
    """Delete the dead letters that were closed before an instant; returns how many."""
    with registry.transaction() as transaction:
        purged = dead_letters.purge(transaction.connection, before, authorship, tally)
        transaction.commit()
    return purged


def _require_open(
    found: list[DeadLetterSummary], numbers: Collection[int]
) -> list[DeadLetterSummary]:
    unknown = sorted(set(numbers) - {summary.number for summary in found})
    if unknown:
        raise UnknownDeadLetters(unknown)
    closed = [summary for summary in found if summary.status != OPEN]
    if closed:
        raise ClosedDeadLetters(closed)
    return found
