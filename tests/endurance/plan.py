"""How long the runs take, and with which seed, as the environment says."""

import os
from dataclasses import dataclass
from typing import Self

_CI_MINUTES = 10
_CI_RECORDS = 10_000
_SEED = 14


@dataclass(frozen=True, slots=True)
class Plan:
    """What somebody who starts the runs has decided; CI decides nothing."""

    minutes: float
    seed: int
    hostile_records: int

    @classmethod
    def from_environment(cls) -> Self:
        """Read it: nothing counts as not set, which is what make hands on."""
        minutes = float(os.environ.get("ENDURANCE_MINUTES") or _CI_MINUTES)
        seed = int(os.environ.get("ENDURANCE_SEED") or _SEED)
        records = int(os.environ.get("ENDURANCE_RECORDS") or _CI_RECORDS * minutes / _CI_MINUTES)
        return cls(minutes, seed, records)

    def scaled(self, in_ci: float) -> float:
        """Seconds or a count, which are proportional to the whole time."""
        return in_ci * self.minutes / _CI_MINUTES
