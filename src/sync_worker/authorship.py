"""Who makes a change, and why: recorded with everything that a person does."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Authorship:
    """Who makes a change, the reason given for it, and when."""

    actor: str
    reason: str | None
    at: datetime
