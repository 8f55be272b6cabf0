"""The one write path: decoded records become rows, log entries, dead letters and held facts.

The worker, a replay and a redrive all write by it, each within a transaction of its own.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from functools import partial, reduce

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sync_worker.domain.mass_change_guard import Guard, Limits
from sync_worker.errors import Exit, UserError
from sync_worker.events.decode_result import Reason, Rejection
from sync_worker.events.record import Origin, Record
from sync_worker.pipeline import merge
from sync_worker.pipeline.decoded_records import DecodedRecords
from sync_worker.pipeline.listener import MassChangeHeld
from sync_worker.pipeline.merge import Merger, MergeResult
from sync_worker.pipeline.phases import Phase, PhaseTimer
from sync_worker.registry import (
    change_log,
    clinics,
    dead_letters,
    guard_state,
    holds,
    merge_context,
)
from sync_worker.registry.clinics import KnownClinic
from sync_worker.registry.dead_letters import Offsets
from sync_worker.registry.dialect import Write, write_together
from sync_worker.registry.errors import Fault, fault_of, first_line, is_beyond_encoding
from sync_worker.registry.merge_context import MergeContext
from sync_worker.remedies import Remedy
from sync_worker.sequences import bisected
from sync_worker.streams.protocol import OffsetRange

_LockClinics = Callable[[Connection, Collection[str]], Mapping[str, KnownClinic]]
_MAX_REJECTED_RECORDS = 10
"""If the database rejects more records of one transaction, bad data is not the cause: a bug is."""


class DatabaseRefusesRecords(UserError):
    """The database rejects so many records that the fault must be this program's."""

    def __init__(self, refusal: DBAPIError) -> None:
        super().__init__(
            Exit.UNEXPECTED,
            f"The database rejects more than {_MAX_REJECTED_RECORDS} records of one transaction: "
            f"{first_line(refusal)}.",
            why="The transaction was rolled back. This is a fault of the program.",
            hint=Remedy.DEBUG(),
        )


class TransactionWriter:
    """Merges and writes decoded records within a transaction that the caller commits.

    The caller holds the locks that come first, which are those of positions. `ranges` are the
    offsets that were read. It is None for stored dead letters: whoever redrives them closes them.
    """

    def __init__(
        self,
        connection: Connection,
        limits: Limits,
        origin: Origin,
        ranges: Iterable[OffsetRange] | None,
        now: datetime,
        timer: PhaseTimer | None = None,
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._origin = origin
        self._offsets = (
            None
            if ranges is None
            else {span.partition: range(span.from_offset, span.to_offset) for span in ranges}
        )
        self._now = now
        self._timer = timer or PhaseTimer()
        self._rejected_records = 0
        self._context = MergeContext({}, is_any_fact_held=False, has_open_dead_letters=False)

    def write(self, decoded: DecodedRecords) -> MergeResult:
        """Write the records, and dead-letter those that the database rejects.

        A record that it rejects is found by bisection: each half is written in a savepoint of its
        own, in the order read.

        Raises:
            PayloadReleased: a record is to be dead-lettered whose payload was released.
            DatabaseRefusesRecords: it rejects so many records that this program must be wrong.
        """
        return reduce(MergeResult.followed_by, bisected(decoded, self._attempt))

    def write_at_once(self, decoded: DecodedRecords) -> tuple[MergeResult, list[Write]]:
        """Write the records but for their facts and log entries: the caller writes those.

        It writes them together with what is its own, by one statement. Where the database rejects
        a record, the transaction fails, and is to be repeated by `write`.

        Raises:
            PayloadReleased: a record is to be compared with a dead letter, and was released.
        """
        self._timer.enter(Phase.LOCK)
        prior = self._prior_state(clinics.lock_or_create, decoded)
        self._timer.enter(Phase.MERGE)
        merged, guard = self._merge(decoded, prior)
        self._timer.enter(Phase.WRITE)
        writes = self._store(merged, decoded)
        if guard is not None:
            still_open = guard_state.write(self._connection, guard, merged.held)
            guard_state.prune(self._connection, guard.regions, self._now - self._limits.window)
            merged.warnings += [MassChangeHeld(*hold) for hold in still_open if hold.newly_held]
        return merged, writes

    def _attempt(self, decoded: DecodedRecords) -> MergeResult | None:
        """Write the records, or dead-letter a single one; None where the database refuses one."""
        try:
            with self._connection.begin_nested():
                return self._write(decoded)
        except DBAPIError as error:
            if fault_of(error) is not Fault.DATA:
                raise
            refusal = error
        if len(decoded) == 1:
            return self._dead_letter(decoded.record(0), refusal)
        self._lock_in_order(decoded)
        return None

    def _write(self, decoded: DecodedRecords) -> MergeResult:
        merged, writes = self.write_at_once(decoded)
        write_together(self._connection, writes)
        return merged

    def _merge(
        self, decoded: DecodedRecords, prior: merge.PriorState
    ) -> tuple[MergeResult, Guard | None]:
        # Nothing can be held, and nothing is held that could be withdrawn: no region is locked.
        if self._limits.are_lifted and not self._context.is_any_fact_held:
            merger = Merger(self._origin.stream, prior.clinics, prior.boards, self._now)
            return merger.merge(decoded), None
        return merge.merge(self._origin.stream, prior, self._now, decoded, self._lock_guard)

    def _prior_state(self, lock: _LockClinics, decoded: DecodedRecords) -> merge.PriorState:
        """Lock the clinics, so that nobody else changes what is held of them, and read the rest."""
        hsa_ids = decoded.hsa_ids()
        locked = lock(self._connection, hsa_ids)
        self._context = merge_context.read(self._connection, self._origin, self._offsets or {})
        held = self._context.is_any_fact_held and holds.of_clinics(self._connection, hsa_ids)
        return merge.PriorState(locked, held or {}, self._context.boards)

    def _lock_guard(self, region_codes: Collection[str], hsa_ids: Collection[str]) -> Guard:
        self._timer.enter(Phase.LOCK)
        since = self._now - self._limits.window
        regions = guard_state.lock(self._connection, region_codes, since, hsa_ids)
        self._timer.enter(Phase.MERGE)
        count = partial(guard_state.count_unread, self._connection, since=since, hsa_ids=hsa_ids)
        return Guard(self._limits, regions, self._now, count)

    def _lock_in_order(self, decoded: DecodedRecords) -> None:
        """Take all locks that the halves could need, before the first half is written.

        Taken half by half, they would not be in the order that keeps workers from deadlocks.
        """
        self._timer.enter(Phase.LOCK)
        prior = self._prior_state(clinics.lock_existing, decoded)
        guarded = {
            hsa_id
            for hsa_id, clinic in prior.clinics.items()
            if clinic.is_registered or hsa_id in prior.held
        }
        self._lock_guard(merge.regions_at_stake(guarded, decoded, prior), guarded)

    def _dead_letter(self, record: Record, refusal: DBAPIError) -> MergeResult:
        # Characters that the database's encoding lacks are not our bug, however many come.
        self._rejected_records += not is_beyond_encoding(refusal)
        if self._rejected_records > _MAX_REJECTED_RECORDS:
            raise DatabaseRefusesRecords(refusal) from refusal
        rejection = Rejection(Reason.DATABASE_REJECTED, first_line(refusal))
        decoded = DecodedRecords.single(record, rejection)
        merged = Merger(self._origin.stream, {}, {}, self._now).merge(decoded)
        write_together(self._connection, self._store(merged, decoded))
        return merged

    def _store(self, merged: MergeResult, decoded: DecodedRecords) -> list[Write]:
        """Store dead letters; what is to be written of clinics."""
        if self._offsets is not None:
            dead_letters.add(self._connection, self._origin, merged.dead_lettered, self._now)
        if self._offsets is not None and self._context.has_open_dead_letters:
            self._close_understood(merged, decoded, self._offsets)
        return [
            *clinics.writing(self._connection, merged.changed.items(), self._now),
            *change_log.appending(self._connection, merged.log_entries),
        ]

    def _close_understood(
        self, merged: MergeResult, decoded: DecodedRecords, offsets: Offsets
    ) -> None:
        """Close dead letters whose records were read again and can now be decoded."""
        open_letters = dead_letters.lock_open_among(self._connection, self._origin, offsets)
        still_bad = {dead_lettered.record.address for dead_lettered in merged.dead_lettered}
        indexes = {
            address: index
            for index, address in enumerate(decoded.addresses())
            if address not in still_bad
        }
        closed = [
            number
            for number, address, digest in open_letters
            if address in indexes and decoded.record(indexes[address]).digest == digest
        ]
        dead_letters.close(self._connection, closed, dead_letters.REDRIVEN, self._now)
