"""The regions with their patient boards and clinics, in the form of `regions list`."""

from typing import Any

from sync_worker.clinics.regions import Regions
from sync_worker.registry import queries, registrations
from sync_worker.registry.unit import Registry

_NONE = {"registered": 0, "receiving": 0}


def regions(registry: Registry, in_use: Regions) -> list[dict[str, Any]]:
    """Every region in use, by its code; a region's service is on while it has a board (R3)."""
    with registry.snapshot() as connection:
        counts = queries.regions(connection)
        boards = registrations.boards(connection)
    rows = []
    for code in in_use:
        board = boards.get(code)
        rows.append(
            {
                "region_code": code,
                "name": in_use.name(code),
                "service_on": board is not None,
                "patient_board": {"hsa_id": board.hsa_id, "name": board.name} if board else None,
                **counts.get(code, _NONE),
            }
        )
    return rows
