"""The regions with their patient boards and clinics, in the form of `regions list`."""

from collections.abc import Iterable
from typing import Any

from sync_worker.domain.regions import Regions
from sync_worker.registry import queries, registrations
from sync_worker.registry.database import Registry

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
        counts = queries.regions(connection)
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


def _attention(is_in_use: bool, board: registrations.Board | None, registered: int) -> str | None:
    if not is_in_use:
        return NOT_IN_USE if board is not None or registered else None
    return NO_PATIENT_BOARD if board is None and registered else None
