"""What support reads before it changes a region's patient board: who starts or stops receiving."""

from collections.abc import Sequence
from typing import NamedTuple

from sync_worker.administration import boards
from sync_worker.administration.boards import BoardPlan
from sync_worker.inspection.region_overview import ClinicNamed, by_name
from sync_worker.registry import registrations
from sync_worker.registry.database import Registry
from sync_worker.registry.registrations import Board


class BoardPreview(NamedTuple):
    """A plan, with the names of the clinics that it concerns, in the order of these."""

    plan: BoardPlan
    starts_receiving: list[ClinicNamed]
    stops_receiving: list[ClinicNamed]


def preview(registry: Registry, region_code: str, wanted: Board | None) -> BoardPreview:
    """What setting this board would change now, or clearing it where `wanted` is None.

    Changes nothing.
    """
    plan = boards.plan(registry, region_code, wanted)
    concerned = [*plan.starts_receiving, *plan.stops_receiving]
    with registry.snapshot() as connection:
        names = registrations.names(connection, concerned)

    def named(hsa_ids: Sequence[str]) -> list[ClinicNamed]:
        return by_name(ClinicNamed(hsa_id, names.get(hsa_id)) for hsa_id in hsa_ids)

    return BoardPreview(plan, named(plan.starts_receiving), named(plan.stops_receiving))
