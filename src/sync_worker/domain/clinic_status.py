"""The status of a clinic: derived from what is known of it and its region, never stored."""

from enum import StrEnum


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
