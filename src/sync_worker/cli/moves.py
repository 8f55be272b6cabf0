"""Says which clinics come into a region without a patient board: by a deed, or by one planned."""

from collections.abc import Iterable

from sync_worker.cli.output import Output
from sync_worker.pipeline.listener import MovedWithoutBoard


def tell(output: Output, moved: Iterable[MovedWithoutBoard], *, is_done: bool) -> None:
    """Say it on stderr, clinic by clinic, also with -q."""
    for hsa_id, region_code in moved:
        where = (
            f"is in region {region_code} now" if is_done else f"would be in region {region_code}"
        )
        output.attention(f"{hsa_id} {where}, which has no patient board: nobody can file.")
