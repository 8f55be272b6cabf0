"""The regions with their patient boards and clinics, in the form of `regions list`."""

from typing import Any

from sync_worker.clinics.regions import Regions
from sync_worker.registry import queries, registrations
from sync_worker.registry.unit import Registry

NO_PATIENT_BOARD = "no_patient_board"
"""What a region needs that has registered clinics and no board: nobody there can file (R3)."""

_NONE = {"registered": 0, **{status.value: 0 for status in queries.COUNTED_STATUSES}}


def regions(registry: Registry, in_use: Regions) -> list[dict[str, Any]]:
    """Every region in use, by its code; a region's service is on while it has a board (R3)."""
    with registry.snapshot() as connection:
        counts = queries.regions(connection)
        boards = registrations.boards(connection)
    rows = []
    for code in in_use:
        board, counted = boards.get(code), counts.get(code, _NONE)
        is_cut_off = board is None and counted["registered"] > 0
        rows.append(
            {
                "region_code": code,
                "name": in_use.name(code),
                "service_on": board is not None,
                "patient_board": {"hsa_id": board.hsa_id, "name": board.name} if board else None,
                **counted,
                "attention": NO_PATIENT_BOARD if is_cut_off else None,
            }
        )
    return rows
