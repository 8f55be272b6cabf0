"""The derived status: the program's query and the view that others read say the same."""

import itertools

import pytest
from sqlalchemy import func, insert, select, table, text
from tests.contract.conftest import NOW

from sync_worker.registry import queries
from sync_worker.registry.queries import ClinicFilter
from sync_worker.registry.tables import clinic, own_system, patient_board

CASES = {
    f"SE2321000016-S{number:02}": case
    for number, case in enumerate(
        itertools.product([True, False, None], ["01", "03", None], [True, False], [True, False])
    )
}


def expected(active, region_code, registered, has_own_system):
    """The contract's words, first that fits."""
    if has_own_system:
        return "own_system"
    if not registered:
        return "not_registered"
    if not active:
        return "deactivated"
    return "receiving" if region_code == "01" else "service_off"


@pytest.fixture
def every_kind_of_clinic(registry):
    with registry.unit() as unit:
        unit.connection.execute(
            insert(patient_board).values(region_code="01", hsa_id="SE2321000016-PN01", name="P")
        )
        for hsa_id, (active, region_code, registered, has_own_system) in CASES.items():
            registered_at = NOW if registered else None
            unit.connection.execute(
                insert(clinic).values(
                    hsa_id=hsa_id,
                    active=active,
                    region_code=region_code,
                    registered_at=registered_at,
                )
            )
            if has_own_system:
                unit.connection.execute(insert(own_system).values(hsa_id=hsa_id))
        unit.commit()


@pytest.mark.usefixtures("every_kind_of_clinic")
def test_the_list_derives_the_first_status_that_fits(registry):
    with registry.snapshot() as connection:
        listed = {c["hsa_id"]: c["status"] for c in queries.clinics(connection, ClinicFilter())}
    assert listed == {hsa_id: expected(*case) for hsa_id, case in CASES.items()}


@pytest.mark.usefixtures("every_kind_of_clinic")
def test_the_view_shows_the_registered_clinics_with_the_same_status(registry):
    with registry.snapshot() as connection:
        view = dict(connection.execute(text("SELECT hsa_id, status FROM complaints_clinic")).all())
    assert view == {
        hsa_id: expected(active, region_code, True, has_own_system)
        for hsa_id, (active, region_code, registered, has_own_system) in CASES.items()
        if registered
    }


@pytest.mark.usefixtures("every_kind_of_clinic")
def test_the_gauges_count_what_the_list_shows(registry):
    with registry.snapshot() as connection:
        gauges = queries.gauges(connection)
        statuses = [c["status"] for c in queries.clinics(connection, ClinicFilter())]
        registered = connection.scalar(select(func.count()).select_from(table("complaints_clinic")))
    assert gauges.known == len(CASES)
    assert gauges.registered == registered
    assert gauges.receiving == statuses.count("receiving")
    assert gauges.deactivated == statuses.count("deactivated")
