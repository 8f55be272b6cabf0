"""Who may be added and removed: the first reason that fits, in the contract's order."""

import itertools

import pytest

from sync_worker.domain.admission import (
    AdmissionOutcome,
    AdmissionVerdict,
    Eligibility,
    Refusal,
    may_add,
    may_remove,
)

KNOWN = "SE2321000016-TA01"
ADDABLE = Eligibility(active=True, region_code="01", is_registered=False, has_own_system=False)
NATIONALLY = None


@pytest.mark.parametrize(
    ("eligibility", "acting_for", "expected"),
    [
        (ADDABLE, NATIONALLY, AdmissionVerdict(AdmissionOutcome.ADDED)),
        (ADDABLE, {"01"}, AdmissionVerdict(AdmissionOutcome.ADDED)),
        (ADDABLE, {"03", "01"}, AdmissionVerdict(AdmissionOutcome.ADDED)),
        (ADDABLE, {"03"}, AdmissionVerdict(AdmissionOutcome.REFUSED, Refusal.OTHER_REGION)),
        (
            ADDABLE._replace(is_registered=True),
            {"03"},
            AdmissionVerdict(AdmissionOutcome.REFUSED, Refusal.OTHER_REGION),
        ),
        (
            ADDABLE._replace(is_registered=True),
            {"01"},
            AdmissionVerdict(AdmissionOutcome.ALREADY_REGISTERED),
        ),
        (
            ADDABLE._replace(is_registered=True, active=False),
            NATIONALLY,
            AdmissionVerdict(AdmissionOutcome.ALREADY_REGISTERED),
        ),
        (
            ADDABLE._replace(has_own_system=True, active=False),
            NATIONALLY,
            AdmissionVerdict(AdmissionOutcome.REFUSED, Refusal.OWN_SYSTEM),
        ),
        (
            ADDABLE._replace(active=False, region_code=None),
            NATIONALLY,
            AdmissionVerdict(AdmissionOutcome.REFUSED, Refusal.NOT_ACTIVE),
        ),
        (
            ADDABLE._replace(active=None),
            NATIONALLY,
            AdmissionVerdict(AdmissionOutcome.REFUSED, Refusal.NOT_ACTIVE),
        ),
        (
            ADDABLE._replace(region_code=None),
            {"01"},
            AdmissionVerdict(AdmissionOutcome.REFUSED, Refusal.REGION_UNKNOWN),
        ),
        (None, NATIONALLY, AdmissionVerdict(AdmissionOutcome.REFUSED, Refusal.UNKNOWN_CLINIC)),
    ],
)
def test_an_addition_gets_the_first_reason_that_fits(eligibility, acting_for, expected):
    assert may_add(KNOWN, eligibility, acting_for) == expected


def test_only_an_eligible_clinic_is_ever_added():
    for eligibility in itertools.starmap(
        Eligibility,
        itertools.product([True, False, None], ["01", None], [True, False], [True, False]),
    ):
        added = may_add(KNOWN, eligibility, NATIONALLY).outcome is AdmissionOutcome.ADDED
        assert added == (eligibility == ADDABLE)


def test_an_odd_id_is_malformed_unless_an_event_named_it():
    assert may_add("12345", None, NATIONALLY).reason is Refusal.MALFORMED_HSA_ID
    assert may_add("12345", ADDABLE, NATIONALLY).outcome is AdmissionOutcome.ADDED


@pytest.mark.parametrize(
    ("hsa_id", "eligibility", "acting_for", "expected"),
    [
        (
            KNOWN,
            ADDABLE._replace(is_registered=True),
            NATIONALLY,
            AdmissionVerdict(AdmissionOutcome.REMOVED),
        ),
        (
            KNOWN,
            ADDABLE._replace(is_registered=True, active=False),
            {"01"},
            AdmissionVerdict(AdmissionOutcome.REMOVED),
        ),
        (
            KNOWN,
            ADDABLE._replace(is_registered=True, has_own_system=True),
            {"01"},
            AdmissionVerdict(AdmissionOutcome.REMOVED),
        ),
        (KNOWN, ADDABLE, {"01"}, AdmissionVerdict(AdmissionOutcome.NOT_REGISTERED)),
        (
            KNOWN,
            ADDABLE._replace(is_registered=True),
            {"03"},
            AdmissionVerdict(AdmissionOutcome.REFUSED, Refusal.OTHER_REGION),
        ),
        (KNOWN, None, {"01"}, AdmissionVerdict(AdmissionOutcome.NOT_REGISTERED)),
        (
            "12345",
            None,
            {"01"},
            AdmissionVerdict(AdmissionOutcome.REFUSED, Refusal.MALFORMED_HSA_ID),
        ),
    ],
)
def test_a_removal_gets_the_first_reason_that_fits(hsa_id, eligibility, acting_for, expected):
    assert may_remove(hsa_id, eligibility, acting_for) == expected
