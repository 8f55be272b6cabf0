"""The whole registry at one moment, to be compared with a stream or an extract.

Rows are taken as they are, also where somebody edited them by hand: a version or a value that is
missing stays missing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, select

from sync_worker.domain.clinic_state import NOTHING_HELD, HeldFacts
from sync_worker.domain.drift import NEVER_STATED, FactState, StoredFact
from sync_worker.domain.facts import PLACES, Fact
from sync_worker.registry import dead_letters, dialect, holds, positions, registrations
from sync_worker.registry.dead_letters import LogAddress
from sync_worker.registry.facts import COLUMNS
from sync_worker.registry.positions import Position
from sync_worker.registry.registrations import RegistrationDrift
from sync_worker.registry.tables import clinic

_NO_VERSION = (None, None, None)


class ClinicRow(NamedTuple):
    """A clinic's facts as its row has them, in the order of `Fact`."""

    stored: tuple[StoredFact, ...]
    is_registered: bool


class ClinicSnapshot(NamedTuple):
    """What the registry has of a clinic: its row, if there is one, and what is held of it."""

    row: ClinicRow | None = None
    held: HeldFacts = NOTHING_HELD

    def state(self, fact: Fact) -> FactState:
        """What it has of one fact."""
        held = self.held.get(fact)
        stored = NEVER_STATED if self.row is None else self.row.stored[PLACES[fact]]
        return FactState(stored, None if held is None else held.register, self.row is not None)


NO_CLINIC = ClinicSnapshot()


@dataclass(frozen=True, slots=True)
class RegistrySnapshot:
    """Rows, what is held, positions, and records that were not applied: all of one moment."""

    clinics: Mapping[str, ClinicSnapshot]
    positions: Sequence[Position]
    dead_letters: Mapping[str, Mapping[LogAddress, frozenset[str]]]
    """Of dead letters, open or discarded: by stream, the digests of the records at an address."""
    registrations: Mapping[str, RegistrationDrift] = field(default_factory=dict)
    """The clinics whose registration differs from what the change log says."""

    def positions_in(self, stream: str) -> list[Position]:
        """The positions in one stream."""
        return [position for position in self.positions if position.stream == stream]


def read(connection: Connection) -> RegistrySnapshot:
    """Read the registry; `connection` reads from a snapshot."""
    return RegistrySnapshot(
        _with_held(_rows(connection.execute(_select())), holds.all_open(connection)),
        positions.listed(connection),
        dead_letters.not_redriven(connection),
        registrations.drifted(connection),
    )


def some(connection: Connection, hsa_ids: Collection[str]) -> dict[str, ClinicSnapshot]:
    """The clinics with these ids that have a row or something held."""
    is_one = dialect.among(connection, clinic.c.hsa_id, sorted(hsa_ids))
    rows = _rows(connection.execute(_select().where(is_one)))
    return _with_held(rows, holds.of_clinics(connection, hsa_ids))


def lock(
    connection: Connection, hsa_ids: Collection[str], new: Collection[str]
) -> dict[str, ClinicSnapshot]:
    """The same, the rows locked in the order of their ids until the transaction ends.

    Of the ids in `new`, which are among the others, one that has no row gets one.
    """
    dialect.insert_missing_keys(connection, clinic.c.hsa_id, sorted(new))
    is_one = dialect.among(connection, clinic.c.hsa_id, sorted(hsa_ids))
    rows = _rows(connection.execute(_select().where(is_one).with_for_update()))
    return _with_held(rows, holds.of_clinics(connection, hsa_ids))


def write(
    connection: Connection, changed: Iterable[tuple[str, Sequence[StoredFact]]], now: datetime
) -> None:
    """Set all facts of clinics that this transaction has locked, as they are given."""
    names = ("hsa_id", *(column.name for column in COLUMNS))
    rows = [
        (hsa_id, *chain.from_iterable((*(f.version or _NO_VERSION), f.value) for f in stored))
        for hsa_id, stored in changed
    ]
    dialect.update_by_key(connection, clinic, names, rows, updated_at=now)


def _select() -> Select[Any]:
    return select(clinic.c.hsa_id, *COLUMNS, clinic.c.registered_at).order_by(clinic.c.hsa_id)


def _rows(rows: Iterable[Row[Any]]) -> dict[str, ClinicRow]:
    clinics = {}
    for row in rows:
        values = iter(row[1:-1])
        stored = tuple(map(_stored, values, values, values, values))
        clinics[row[0]] = ClinicRow(stored, is_registered=row[-1] is not None)
    return clinics


def _stored(
    time: datetime | None, sequence: str | None, event_id: str | None, value: bool | str | None
) -> StoredFact:
    if time is None:
        return NEVER_STATED if value is None else StoredFact(value, None)
    return StoredFact(value, (time, sequence or "", event_id or ""))


def _with_held(
    rows: Mapping[str, ClinicRow], held: Mapping[str, HeldFacts]
) -> dict[str, ClinicSnapshot]:
    clinics = {
        hsa_id: ClinicSnapshot(row, held.get(hsa_id, NOTHING_HELD)) for hsa_id, row in rows.items()
    }
    lone = held.keys() - rows.keys()
    return clinics | {hsa_id: ClinicSnapshot(None, held[hsa_id]) for hsa_id in lone}
