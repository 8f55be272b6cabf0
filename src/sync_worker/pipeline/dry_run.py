"""What the worker would do with records, without doing it: for dry runs.

Reads from a snapshot, holds no lock, keeps nothing. What the records came to, the guard's state
included, is carried on in memory, so a dry run of many batches comes to what the run would.
"""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from sync_worker.domain.facts import Facts
from sync_worker.domain.mass_change_guard import Guard, Limits, Region
from sync_worker.pipeline.decoded_records import DecodedRecords
from sync_worker.pipeline.merge import GuardedMerger, Known, Merged, regions_at_stake
from sync_worker.registry import clinics, guard_state, holds, registrations
from sync_worker.registry.clinics import KnownClinic

if TYPE_CHECKING:
    from sync_worker.domain.clinic_state import HeldFacts

_NEVER_NAMED = KnownClinic(Facts(), is_registered=False)


class DryRun:
    """Merges one batch after the other as the worker would, in memory.

    Memory grows with the clinics that the records name.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._clinics: dict[str, KnownClinic] = {}
        self._held: dict[str, HeldFacts] = {}
        self._regions: dict[str, Region] | None = None

    def merge(
        self, connection: Connection, stream: str, judged: DecodedRecords, now: datetime
    ) -> Merged:
        """Merge a batch that follows on those before it; `connection` reads from a snapshot.

        What was read of a clinic or a region once is not read again. Where the database fails,
        nothing was merged, and the batch can be merged again.
        """
        hsa_ids = judged.hsa_ids()
        self._read(connection, hsa_ids, now)
        known = self._known(connection, hsa_ids)
        guard = Guard(self._limits, self._known_regions(judged, known), now)
        merged = GuardedMerger(stream, known, now, guard).merge(judged)
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

    def _known(self, connection: Connection, hsa_ids: Collection[str]) -> Known:
        """Of all that is known, what bears on the batch: the rest can be many times more."""
        held = {hsa_id: self._held[hsa_id] for hsa_id in hsa_ids if hsa_id in self._held}
        known = {hsa_id: self._clinics[hsa_id] for hsa_id in hsa_ids}
        return Known(known, held, registrations.boards(connection))

    def _known_regions(self, judged: DecodedRecords, known: Known) -> dict[str, Region]:
        """The regions with clinics, and those that the batch could be the first to move into."""
        regions = self._regions or {}
        for code in regions_at_stake(judged.hsa_ids(), judged, known):
            regions.setdefault(code, Region())
        return regions
