"""Who does something, and why: on every change by a person."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something, why and when, and for which region codes; None acts nationally."""

    actor: str
    reason: str | None
    at: datetime
    acting_for: Collection[str] | None = None
