"""How long the phases of a transaction take."""

import time
from enum import StrEnum


class Phase(StrEnum):
    """The phases of a transaction, in their order. The values are labels of metrics."""

    DECODE = "decode"
    """Of its records, as their batches arrive."""
    LOCK = "lock"
    """The positions and clinics, and regions where the guard decides; read with their locks."""
    MERGE = "merge"
    """Records into what is known; nothing but computing."""
    WRITE = "write"
    """Everything that changed: facts, change log, dead letters, holds, positions."""
    COMMIT = "commit"
    """Until the database has it for good."""


class PhaseTimer:
    """Adds up the time that one transaction takes in each phase."""

    def __init__(self, decode_seconds: float = 0.0) -> None:
        self.seconds: dict[Phase, float] = dict.fromkeys(Phase, 0.0)
        self.seconds[Phase.DECODE] = decode_seconds
        self._phase = Phase.LOCK
        self._since = time.perf_counter()

    def enter(self, phase: Phase) -> None:
        """One phase ends and another begins; a phase may come more than once."""
        now = time.perf_counter()
        self.seconds[self._phase] += now - self._since
        self._phase, self._since = phase, now

    def stop(self) -> dict[Phase, float]:
        """The seconds of each phase, until now."""
        self.enter(self._phase)
        return self.seconds
