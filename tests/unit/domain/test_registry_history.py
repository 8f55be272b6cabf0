"""How logged changes are undone, and what a status was where not everything is known."""

import pytest

from sync_worker.domain.registry_history import (
    UNKNOWN,
    PastChange,
    PastClinic,
    PastRegistry,
    Turn,
)

A, B = "SE2321000016-TA01", "SE2321000016-TB01"
OPEN = PastClinic(True, "01", "Ett", is_registered=True)


def registry(clinic=OPEN, *, service_on=("01",), own_systems=()):
    return PastRegistry({A: clinic}, set(service_on), set(own_systems))


@pytest.mark.parametrize(
    ("change", "before"),
    [
        (PastChange(Turn.ACTIVATION, A, False), OPEN._replace(active=False)),
        (PastChange(Turn.ACTIVATION, A, None), OPEN._replace(active=None)),
        (PastChange(Turn.REGION, A, "03"), OPEN._replace(region_code="03")),
        (PastChange(Turn.NAME, A, None), OPEN._replace(name=None)),
        (PastChange(Turn.REGISTRATION, A, None), PastClinic()),
        (PastChange(Turn.REGISTRATION, A, False), PastClinic()),
        (PastChange(Turn.REGISTRATION, A, True), OPEN),
        (
            PastChange(Turn.REMOVAL, A, removed=PastClinic(False, "03", None)),
            PastClinic(False, "03", None, is_registered=True),
        ),
    ],
)
def test_a_clinic_is_taken_back_to_what_it_was(change, before):
    past = registry()
    past.undo(change)
    assert past.clinics[A] == before


@pytest.mark.parametrize(
    ("change", "service_on", "own_systems"),
    [
        (PastChange(Turn.BOARD_SET, "01"), set(), {B}),
        (PastChange(Turn.BOARD_SET, "01", "the board before"), {"01"}, {B}),
        (PastChange(Turn.BOARD_CLEARED, "03", "the board before"), {"01", "03"}, {B}),
        (PastChange(Turn.INTO_TAK, B), {"01"}, set()),
        (PastChange(Turn.OUT_OF_TAK, A), {"01"}, {A, B}),
    ],
)
def test_boards_and_tak_are_taken_back(change, service_on, own_systems):
    past = registry(own_systems=[B])
    past.undo(change)
    assert (past.service_on, past.own_systems) == (service_on, own_systems)


@pytest.mark.parametrize(
    ("clinic", "own_systems", "status"),
    [
        (OPEN._replace(active=UNKNOWN), [], UNKNOWN),
        (OPEN._replace(region_code=UNKNOWN), [], UNKNOWN),
        (OPEN._replace(active=False, region_code=UNKNOWN), [], "deactivated"),
        (OPEN._replace(active=UNKNOWN), [A], "own_system"),
        (OPEN._replace(name=UNKNOWN), [], "receiving"),
        (PastClinic(), [], "not_registered"),
    ],
)
def test_a_status_is_unknown_only_where_it_depends_on_it(clinic, own_systems, status):
    assert registry(clinic, own_systems=own_systems).status(A) == status


def test_a_board_concerns_the_registered_clinics_of_its_region():
    past = registry()
    past.clinics[B] = OPEN._replace(region_code="03")
    past.clinics["removed"] = OPEN._replace(is_registered=False)
    assert list(past.concerned(PastChange(Turn.BOARD_CLEARED, "01"))) == [A]
    assert list(past.concerned(PastChange(Turn.NAME, B))) == [B]
