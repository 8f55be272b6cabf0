"""The registry in numbers, as the metrics show it: sampled again and again, so it must be quick."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, func, select

from sync_worker.registry import dialect, guard_state, reconciliations, registry_counts, workers
from sync_worker.registry.reconciliations import RecordedReconcile
from sync_worker.registry.tables import STATUS, clinic, held_fact, patient_board, position
from sync_worker.registry.workers import WorkerState

_MAX_STATEMENT_SECONDS = 4.0
"""Less than what makes a worker say that the database does not answer: no number is worth that."""


@dataclass(frozen=True, slots=True)
class RegistrySample:
    """What there is of each kind at one moment; what is not mentioned is not there."""

    clinics: Mapping[str, int]
    """By status."""
    open_dead_letters: Mapping[str, int]
    """By reason."""
    open_holds: int
    held_clinics: int
    board_regions: frozenset[str]
    """The codes of regions with a patient board."""
    workers: Mapping[str, int]
    """By state."""
    newest_event_at: datetime | None
    last_reconcile: RecordedReconcile | None
    """The latest of the whole registry."""


def take(connection: Connection) -> RegistrySample:
    """Count everything, in the snapshot of the connection."""
    dialect.limit_statements(connection, _MAX_STATEMENT_SECONDS)
    states = workers.counted(connection)
    return RegistrySample(
        clinics=_counted(connection, STATUS, clinic),
        open_dead_letters=registry_counts.open_dead_letters(connection),
        open_holds=guard_state.count_open(connection),
        held_clinics=connection.scalar(select(func.count(held_fact.c.hsa_id.distinct()))) or 0,
        board_regions=frozenset(connection.scalars(select(patient_board.c.region_code))),
        workers={state.value: states[state] for state in WorkerState},
        newest_event_at=connection.scalar(select(func.max(position.c.newest_event_at))),
        last_reconcile=reconciliations.latest(connection),
    )


def _counted(connection: Connection, kind: ColumnElement[Any], table: FromClause) -> dict[str, int]:
    """How many rows of a table are of each kind."""
    statement = select(kind.label("kind"), func.count()).select_from(table).group_by("kind")
    rows = connection.execute(statement)
    return {value: count for value, count in rows}  # noqa: C416 - mypy does not take rows for pairs
