"""Records judged, merged and written within one transaction: of the worker, a replay, a redrive.

Whoever uses it holds the locks that come first (positions), and commits.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sync_worker.clinics.guard import Guard, Limits
from sync_worker.events.record import Origin, Record
from sync_worker.events.verdicts import Reason, Rejection
from sync_worker.registry import dead_letters, facts, guarding, holds, log, registrations
from sync_worker.registry.dead_letters import Offsets
from sync_worker.registry.errors import Fault, fault_of, first_line, is_beyond_encoding
from sync_worker.registry.facts import KnownClinic
from sync_worker.stream.source import Move
from sync_worker.sync import guarded
from sync_worker.sync.judged import Judged
from sync_worker.sync.merge import Merged, Merger
from sync_worker.sync.progress import MassChangeHeld

_MOST_REFUSED = 10
"""More records of one batch that the database refuses are no accident of data, but our bug."""


class DatabaseRefusesRecords(Exception):
    """The database refuses the data of so many records that the fault must be this program's."""


class Writer:
    """Merges and writes records within one transaction.

    `moves` are the stretches of offsets that the records were read in. It is None where they are
    dead letters, of any logs of the stream: then whoever has those keeps account of them.
    """

    def __init__(
        self,
        connection: Connection,
        limits: Limits,
        origin: Origin,
        moves: Iterable[Move] | None,
        now: datetime,
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._origin = origin
        self._offsets = (
            None
            if moves is None
            else {m.partition: range(m.from_offset, m.to_offset) for m in moves}
        )
        self._now = now
        self._refused = 0

    def write(self, judged: Judged) -> Merged:
        """Write all of it, except that a record whose data the database refuses is set aside.

        It is found by halving: either half is written in a savepoint of its own, in the order read.

        Raises:
            BytesLetGo: one is to be set aside that was not kept whole.
            DatabaseRefusesRecords: see there.
        """
        try:
            with self._connection.begin_nested():
                return self._write(judged)
        except DBAPIError as error:
            if fault_of(error) is not Fault.DATA:
                raise
            refusal = error
        if len(judged) == 1:
            return self._set_aside(judged.record(0), refusal)
        self._lock_in_order(judged)
        first, second = judged.halves()
        return self.write(first).followed_by(self.write(second))

    def _set_aside(self, record: Record, refusal: DBAPIError) -> Merged:
        # How many records have a character that the encoding lacks is no matter of this program.
        self._refused += not is_beyond_encoding(refusal)
        if self._refused > _MOST_REFUSED:
            raise DatabaseRefusesRecords from refusal
        rejection = Rejection(Reason.DATABASE_REJECTED, first_line(refusal))
        judged = Judged.of(record, rejection)
        merged = Merger(self._origin.stream, {}, {}, self._now).merge(judged)
        self._keep(merged, judged)
        return merged

    def _write(self, judged: Judged) -> Merged:
        merged, guard = self._merge(judged)
        self._keep(merged, judged)
        if guard is not None:
            self._keep_guard(merged, guard)
        return merged

    def _merge(self, judged: Judged) -> tuple[Merged, Guard | None]:
        hsa_ids = judged.hsa_ids()
        known = self._known(facts.locked(self._connection, hsa_ids), hsa_ids)
        if self._limits.are_lifted and not holds.is_any_fact_held(self._connection):
            merger = Merger(self._origin.stream, known.clinics, known.boards, self._now)
            return merger.merge(judged), None
        return guarded.merge(self._origin.stream, known, self._now, judged, self._locked_guard)

    def _known(self, clinics: Mapping[str, KnownClinic], hsa_ids: Collection[str]) -> guarded.Known:
        """What bears on clinics that are locked: nobody else changes what is held of them."""
        held = holds.of_clinics(self._connection, hsa_ids)
        return guarded.Known(clinics, held, registrations.boards(self._connection))

    def _lock_in_order(self, judged: Judged) -> None:
        """Take the locks that the parts of it could need, before the first is written."""
        hsa_ids = judged.hsa_ids()
        known = self._known(facts.present(self._connection, hsa_ids), hsa_ids)
        concerned = {
            hsa_id
            for hsa_id, clinic in known.clinics.items()
            if clinic.is_registered or hsa_id in known.held
        }
        self._locked_guard(guarded.regions_at_stake(concerned, judged, known))

    def _locked_guard(self, region_codes: Collection[str]) -> Guard:
        since = self._now - self._limits.window
        regions = guarding.locked(self._connection, region_codes, since)
        return Guard(self._limits, regions, self._now)

    def _keep(self, merged: Merged, judged: Judged) -> None:
        facts.write(self._connection, merged.changed.items(), self._now)
        log.append(self._connection, merged.entries)
        if self._offsets is not None:
            dead_letters.add(self._connection, self._origin, merged.rejected, self._now)
            self._close_understood(merged, judged, self._offsets)

    def _close_understood(self, merged: Merged, judged: Judged, offsets: Offsets) -> None:
        """Close dead letters of records that were read again and are understood by now."""
        letters = dead_letters.open_among(self._connection, self._origin, offsets)
        if not letters:
            return
        rejected = {bad.record.address for bad in merged.rejected}
        numbers = {
            address: at for at, address in enumerate(judged.addresses()) if address not in rejected
        }
        closed = [
            letter
            for letter, address, digest in letters
            if address in numbers and judged.record(numbers[address]).digest == digest
        ]
        dead_letters.close(self._connection, closed, dead_letters.REDRIVEN, self._now)

    def _keep_guard(self, merged: Merged, guard: Guard) -> None:
        still_open = guarding.write(self._connection, guard, merged.held)
        guarding.prune(self._connection, guard.regions, self._now - self._limits.window)
        merged.warnings += [MassChangeHeld(*hold) for hold in still_open if hold.newly_held]
