"""How long ago a moment was, in words; one that lies ahead of the clock is never called young."""

from datetime import datetime, timedelta

from sync_worker.events.timestamps import CLOCKS_DIFFER


def span(duration: timedelta) -> str:
    """A duration in the largest unit that leaves something before the point."""
    seconds = duration.total_seconds()
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def age(moment: datetime, now: datetime) -> str:
    """How old it is, or how far ahead of the clock."""
    if moment > now:
        return f"{span(moment - now)} ahead of the clock"
    return f"{span(now - moment)} old"


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Whether it is ahead of the clock by more than clocks differ."""
    return moment - now > CLOCKS_DIFFER
