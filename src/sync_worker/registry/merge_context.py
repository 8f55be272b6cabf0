"""What else bears on merging events into clinics that are locked, read by one statement.

It is read after the locks: the statement that takes a lock sees other rows as they were before its
wait. Nearly always there is nothing but the boards, and finding that out costs next to nothing.
"""

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, exists, false, literal, select, true

from sync_worker.events.record import Origin
from sync_worker.registry import dead_letters, dialect
from sync_worker.registry.dead_letters import Offsets
from sync_worker.registry.registrations import Board
from sync_worker.registry.tables import held_fact, patient_board


class MergeContext(NamedTuple):
    """What there is beside the clinics themselves."""

    boards: dict[str, Board]
    """By region code."""
    is_any_fact_held: bool
    """Whether an open hold holds anything, in whichever region."""
    has_open_dead_letters: bool
    """Whether any is open among the offsets that were read."""


def read(connection: Connection, origin: Origin, offsets: Offsets) -> MergeContext:
    """What there is now; `offsets` are those that were read, if any were."""
    parameters = dead_letters.among_parameters(origin, offsets)
    statement = _select(dialect.padded_length(offsets))
    rows = dialect.execute_often(connection, statement, parameters)
    _, is_any_held, has_open, *_ = rows[0]
    boards = {code: Board(code, *board) for _, _, _, code, *board in rows if code is not None}
    return MergeContext(boards, bool(is_any_held), bool(has_open))


@cache
def _select(partitions: int) -> Select[Any]:
    """A row for each board, or one without a board; each has the answers to both questions."""
    has_open = dead_letters.is_any_open(partitions) if partitions else false()
    once = select(
        literal(1).label("one"),
        exists(select(held_fact.c.hsa_id)).label("is_any_held"),
        has_open.label("has_open"),
    ).subquery("once")
    boards = (patient_board.c.region_code, patient_board.c.hsa_id, patient_board.c.name)
    return select(once, *boards).select_from(once.outerjoin(patient_board, true()))
