"""The dry run: what the worker would do with records, computed in memory.

It reads from a snapshot, takes no lock and writes nothing. Each batch starts from the result of the
one before, the guard's state included, so many batches end exactly as the real run would.
"""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from sync_worker.domain.facts import Facts
from sync_worker.domain.mass_change_guard import Guard, Limits, Region
from sync_worker.pipeline.decoded_records import DecodedRecords
from sync_worker.pipeline.merge import GuardedMerger, MergeResult, PriorState, regions_at_stake
from sync_worker.registry import clinics, guard_state, holds, registrations
from sync_worker.registry.clinics import KnownClinic

if TYPE_CHECKING:
    from sync_worker.domain.clinic_state import HeldFacts

_NEVER_NAMED = KnownClinic(Facts(), is_registered=False)


class DryRun:
    """Merges batch after batch as the worker would. Its memory grows with the clinics named."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._clinics: dict[str, KnownClinic] = {}
        self._held: dict[str, HeldFacts] = {}
        self._regions: dict[str, Region] | None = None

    def merge(
        self, connection: Connection, stream: str, decoded: DecodedRecords, now: datetime
    ) -> MergeResult:
        """Merge the next batch; `connection` reads from a snapshot.

        A clinic or a region is read once, when it is first named. If the database fails, nothing
        was merged, and the batch can be merged again.
        """
        hsa_ids = decoded.hsa_ids()
        self._read(connection, hsa_ids, now)
        # Only what bears on the batch: all that was read so far can be many times more.
        prior = PriorState(
            {hsa_id: self._clinics[hsa_id] for hsa_id in hsa_ids},
            {hsa_id: self._held[hsa_id] for hsa_id in hsa_ids if hsa_id in self._held},
            registrations.boards(connection),
        )
        regions = self._regions or {}
        for code in regions_at_stake(hsa_ids, decoded, prior):
            regions.setdefault(code, Region())  # the batch may be the first to move a clinic there
        guard = Guard(self._limits, regions, now)
        merged = GuardedMerger(stream, prior, now, guard).merge(decoded)
        for hsa_id, after in merged.changed.items():
            self._clinics[hsa_id] = KnownClinic(after, self._clinics[hsa_id].is_registered)
        self._held |= merged.held
        return merged

    def _read(self, connection: Connection, hsa_ids: Collection[str], now: datetime) -> None:
        if self._regions is None:
            self._regions = guard_state.read_all(connection, now - self._limits.window)
        unread = set(hsa_ids) - self._clinics.keys()
        known = clinics.read(connection, unread)
        self._clinics |= dict.fromkeys(unread, _NEVER_NAMED) | known
        self._held |= holds.of_clinics(connection, unread)
