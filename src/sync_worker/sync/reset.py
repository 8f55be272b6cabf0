"""Positions set by hand: the operator's remedy where `run` refuses to go on.

Rows stay true whatever is read again, since it merges into nothing new. Counts go on: what is read
again counts again.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from sync_worker.registry import log, positions
from sync_worker.registry.log import Entry
from sync_worker.registry.positions import Position
from sync_worker.registry.unit import Registry


@dataclass(frozen=True, slots=True)
class Selection:
    """Which positions; what is None or empty leaves them all in."""

    streams: tuple[str, ...] = ()
    topic: str | None = None
    partition: int | None = None

    def has(self, known: Position) -> bool:
        """Whether a position is among the selected ones."""
        return (
            (not self.streams or known.stream in self.streams)
            and self.topic in (None, known.partition.topic)
            and self.partition in (None, known.partition.partition)
        )


def selected(registry: Registry, selection: Selection) -> list[Position]:
    """The positions that `reset` would set now."""
    with registry.snapshot() as connection:
        return _selected(connection, selection)


def reset(
    registry: Registry,
    selection: Selection,
    to_offset: int,
    *,
    actor: str,
    reason: str | None,
    now: datetime,
) -> list[Position]:
    """Set the selected positions, each logged; those positions as they were before."""
    with registry.unit() as unit:
        before = _selected(unit.connection, selection)
        for known in before:
            positions.put(unit.connection, known, to_offset)
        log.append(
            unit.connection,
            [
                Entry(
                    now,
                    "positions_reset",
                    old_value=str(known.next_offset),
                    new_value=str(to_offset),
                    actor=actor,
                    reason=reason,
                    stream=known.stream,
                    topic=known.partition.topic,
                    partition=known.partition.partition,
                )
                for known in before
            ],
        )
        unit.commit()
    return before


def _selected(connection: Connection, selection: Selection) -> list[Position]:
    return [known for known in positions.listed(connection) if selection.has(known)]
