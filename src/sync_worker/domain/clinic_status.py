"""The status of a clinic: derived from what is known of it and its region, never stored."""

from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """What a clinic is to the complaints service; the first that fits, in this order."""

    OWN_SYSTEM = "own_system"
    """Administered in TAK (R7)."""
    NOT_REGISTERED = "not_registered"
    """No administrator has added it."""
    DEACTIVATED = "deactivated"
    """Registered, but not active in the e-services (R8)."""
    SERVICE_OFF = "service_off"
    """Registered and active, in a region without a patient board (R3)."""
    RECEIVING = "receiving"
    """Searchable, receives cases (R9)."""


class StatusCondition(StrEnum):
    """What a clinic needs in order to receive cases, each on its own."""

    ACTIVATED = "activated"
    """In the e-services (R4, R8)."""
    REGISTERED = "registered"
    """An administrator has added it (R1)."""
    SERVICE_ON = "service_on"
    """The region that administers it is known, and has a patient board (R3)."""
    NO_OWN_SYSTEM = "no_own_system"
    """It is not in TAK (R7)."""


class StatusConditions(NamedTuple):
    """Which conditions a clinic meets; the fields are those of `StatusCondition`, in its order."""

    activated: bool
    registered: bool
    service_on: bool
    no_own_system: bool

    def unmet(self) -> list[StatusCondition]:
        """Those that are not met, in order."""
        return [
            condition for condition, is_met in zip(StatusCondition, self, strict=True) if not is_met
        ]

    def turned(self, condition: StatusCondition) -> "StatusConditions":
        """As they would be if this one were met."""
        return self._replace(**{condition.value: True})

    def status(self) -> Status:
        """The status that follows: the rule that `STATUS` in the registry puts into SQL."""
        if not self.no_own_system:
            return Status.OWN_SYSTEM
        if not self.registered:
            return Status.NOT_REGISTERED
        if not self.activated:
            return Status.DEACTIVATED
        return Status.RECEIVING if self.service_on else Status.SERVICE_OFF
