"""How an instant is written where people read it."""

from datetime import UTC, datetime


def to_the_second(moment: datetime) -> str:
    """An instant in ISO 8601, in UTC, without fractions: `2026-11-23T08:14:02Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
