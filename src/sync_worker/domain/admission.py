"""May a clinic be added to the registry, or removed? The rules R4, R5 and R7, in their order."""

from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple

from sync_worker.domain import hsa_id as hsa_ids


class AdmissionOutcome(StrEnum):
    """What becomes of one HSA-id that an administrator names."""

    ADDED = "added"
    ALREADY_REGISTERED = "already_registered"
    REMOVED = "removed"
    NOT_REGISTERED = "not_registered"
    REFUSED = "refused"
    NOT_DONE = "not_done"
    """It could be done, and was not: of a file that is done whole or not at all."""


class Refusal(StrEnum):
    """Why one is refused; the first that fits, in this order."""

    MALFORMED_HSA_ID = "malformed_hsa_id"
    """Not of the form of an HSA-id, and the e-services never named it."""
    DUPLICATE_IN_FILE = "duplicate_in_file"
    """An earlier row of the same file names it."""
    UNKNOWN_CLINIC = "unknown_clinic"
    """The e-services never named it."""
    OTHER_REGION = "other_region"
    """Administered by another region than those acted for (R5)."""
    OWN_SYSTEM = "own_system"
    """Handles cases in its own system, administered in TAK (R7)."""
    NOT_ACTIVE = "not_active"
    """Not activated in the e-services (R4)."""
    REGION_UNKNOWN = "region_unknown"
    """The e-services never said which region administers it (R5)."""
    CHANGED_MEANWHILE = "changed_meanwhile"
    """It was planned to be left as it is, and could be done now: nobody has agreed to that."""


class Eligibility(NamedTuple):
    """What bears on whether a known clinic can be added or removed."""

    active: bool | None
    region_code: str | None
    is_registered: bool
    has_own_system: bool


class AdmissionVerdict(NamedTuple):
    """The outcome for one HSA-id; `reason` is given exactly when it is refused."""

    outcome: AdmissionOutcome
    reason: Refusal | None = None


def may_add(
    hsa_id: str, eligibility: Eligibility | None, acting_for: Collection[str] | None
) -> AdmissionVerdict:
    """Judge an addition.

    `hsa_id` is normalised; `eligibility` is None for a clinic that the e-services never named;
    `acting_for` are region codes, None where it is done nationally.
    """
    if eligibility is None:
        return _refused_as_unnamed(hsa_id)
    if _belongs_elsewhere(eligibility, acting_for):
        return _refused(Refusal.OTHER_REGION)
    if eligibility.is_registered:
        return AdmissionVerdict(AdmissionOutcome.ALREADY_REGISTERED)
    if eligibility.has_own_system:
        return _refused(Refusal.OWN_SYSTEM)
    if not eligibility.active:
        return _refused(Refusal.NOT_ACTIVE)
    if eligibility.region_code is None:
        return _refused(Refusal.REGION_UNKNOWN)
    return AdmissionVerdict(AdmissionOutcome.ADDED)


def may_remove(
    hsa_id: str, eligibility: Eligibility | None, acting_for: Collection[str] | None
) -> AdmissionVerdict:
    """Judge a removal, with the arguments of `may_add`; nobody's clinic is not registered."""
    if eligibility is None:
        unnamed = _refused_as_unnamed(hsa_id)
        is_malformed = unnamed.reason is Refusal.MALFORMED_HSA_ID
        return unnamed if is_malformed else AdmissionVerdict(AdmissionOutcome.NOT_REGISTERED)
    if _belongs_elsewhere(eligibility, acting_for):
        return _refused(Refusal.OTHER_REGION)
    return AdmissionVerdict(
        AdmissionOutcome.REMOVED if eligibility.is_registered else AdmissionOutcome.NOT_REGISTERED
    )


def _refused_as_unnamed(hsa_id: str) -> AdmissionVerdict:
    well_formed = hsa_ids.has_the_form(hsa_id)
    return _refused(Refusal.UNKNOWN_CLINIC if well_formed else Refusal.MALFORMED_HSA_ID)


def _belongs_elsewhere(eligibility: Eligibility, acting_for: Collection[str] | None) -> bool:
    """A clinic whose region nobody stated belongs nowhere yet; that is another refusal."""
    if acting_for is None or eligibility.region_code is None:
        return False
    return eligibility.region_code not in acting_for


def _refused(reason: Refusal) -> AdmissionVerdict:
    return AdmissionVerdict(AdmissionOutcome.REFUSED, reason)
