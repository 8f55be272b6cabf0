"""Regions and their patient boards, set and cleared by support alone, who log in separately (R2).

A region's service is on exactly while its board is set (R3), so setting one is the last step of
connecting a region, and clearing one stops every clinic in it from receiving cases.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from sync_worker.administration.messages import boards as says
from sync_worker.administration.messages import plans
from sync_worker.authorship import Authorship
from sync_worker.domain.regions import Regions
from sync_worker.errors import Exit, UserError
from sync_worker.registry import queries, registrations
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import acting
from sync_worker.registry.registrations import Board
from sync_worker.remedies import Remedy

NO_PATIENT_BOARD = "no_patient_board"
"""What a region needs that has registered clinics and no board: nobody there can file (R3)."""
NOT_IN_USE = "not_in_use"
"""What is wrong with a region that clinics or a board have, and no setting."""

_NONE = {"registered": 0, **{status.value: 0 for status in queries.COUNTED_STATUSES}}


def regions(
    registry: Registry, in_use: Regions, others: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """Every region by its code; a region's service is on while it has a board (R3).

    Of those that are not in use, which have no name, the ones that clinics or a board have, and
    `others`.
    """
    with registry.snapshot() as connection:
        counts = queries.regions(connection, None)
        boards = registrations.boards(connection)
        present = queries.region_codes(connection)
    rows = []
    for code in sorted({*in_use, *present, *others}):
        board, counted = boards.get(code), counts.get(code, _NONE)
        rows.append(
            {
                "region_code": code,
                "name": in_use.name(code) if code in in_use else None,
                "service_on": board is not None and code in in_use,
                "patient_board": {"hsa_id": board.hsa_id, "name": board.name} if board else None,
                **counted,
                "attention": _attention(code in in_use, board, counted["registered"]),
            }
        )
    return rows


def _attention(is_in_use: bool, board: Board | None, registered: int) -> str | None:
    if not is_in_use:
        return NOT_IN_USE if board is not None or registered else None
    return NO_PATIENT_BOARD if board is None and registered else None


@dataclass(frozen=True, slots=True)
class BoardPlan:
    """What setting or clearing a board would change."""

    region_code: str
    present: Board | None
    wanted: Board | None
    starts_receiving: list[str]
    """HSA-ids of the registered clinics that would start to receive cases."""
    stops_receiving: list[str]
    """HSA-ids of those that would stop."""

    @property
    def changes_nothing(self) -> bool:
        """Whether the region has the wanted board, or none, already."""
        return self.present == self.wanted


def plan(registry: Registry, region_code: str, wanted: Board | None) -> BoardPlan:
    """What `put` would change now; changes nothing."""
    with registry.snapshot() as connection:
        present = registrations.boards(connection).get(region_code)
        affected = queries.able_to_receive(connection, region_code)
    return BoardPlan(
        region_code,
        present,
        wanted,
        starts_receiving=affected if present is None and wanted is not None else [],
        stops_receiving=affected if present is not None and wanted is None else [],
    )


class BoardChanged(UserError):
    """Somebody else changed the region's board after the plan was made."""

    def __init__(self) -> None:
        super().__init__(
            Exit.REFUSED,
            says.BOARD_CHANGED(),
            why=plans.PLAN_OUTDATED(),
            hint=Remedy.PLAN_AGAIN(),
            code="changed_meanwhile",
        )


def put(registry: Registry, planned: BoardPlan, authorship: Authorship) -> None:
    """Do what was planned, if the board is still the same; the change log is written by triggers.

    Raises:
        BoardChanged: the board has changed since it was planned.
    """
    with registry.transaction() as transaction:
        with acting(transaction.connection, authorship):
            if not _write(transaction.connection, planned.present, planned.wanted):
                raise BoardChanged
        transaction.commit()


def _write(connection: Connection, present: Board | None, wanted: Board | None) -> bool:
    """Whether the board was still `present`; the statement that writes it is what compares."""
    if present is None:
        return wanted is None or registrations.set_board(connection, wanted)
    if wanted is None:
        return registrations.clear_board(connection, present)
    return registrations.replace_board(connection, present, wanted)
