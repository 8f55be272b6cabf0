"""What several commands point out: clinics that nobody can reach, and clocks that are wrong."""

from __future__ import annotations

from collections.abc import Iterable

from sync_worker.cli.output import Output
from sync_worker.language import counted
from sync_worker.pipeline import listener


def moved_without_board(
    output: Output, moved: Iterable[listener.MovedWithoutBoard], *, is_done: bool
) -> None:
    """Say which clinics come, or came, into a region without a patient board; also with -q."""
    for hsa_id, region_code in moved:
        where = (
            f"is in region {region_code} now" if is_done else f"would be in region {region_code}"
        )
        output.attention(f"{hsa_id} {where}, which has no patient board: nobody can file.")


def ahead_of_clock(output: Output, events: int) -> None:
    """Say that the times of so many events are still to come, where there are any."""
    if not events:
        return
    are = counted(events, "event is", "events are")
    output.attention(
        f"{are} over a minute ahead of the clock: the clock or time zone of the publisher or "
        "of this machine is wrong. What really happens until then counts as older, and is "
        "superseded."
    )
