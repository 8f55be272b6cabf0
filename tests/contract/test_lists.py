"""Lists as people ask for them, the same on every database."""

import pytest
from sqlalchemy import insert
from tests.worlds.registry import NOW

from sync_worker.domain.clinic_status import Status
from sync_worker.registry import queries
from sync_worker.registry.queries import ClinicFilter
from sync_worker.registry.tables import clinic

A, B, C = "SE2321000016-TA01", "SE2321000016-TB02", "SE2321000016-TÅ03"


@pytest.fixture
def clinics(engine):
    named = {A: ("Änggården", "01", True), B: ("100 % hälsa_v", "03", False), C: (None, "01", None)}
    with engine.begin() as connection:
        for hsa_id, (name, region_code, active) in named.items():
            values = {"name": name, "region_code": region_code, "active": active}
            registered_at = NOW if hsa_id == B else None
            connection.execute(
                insert(clinic).values(hsa_id=hsa_id, registered_at=registered_at, **values)
            )


@pytest.mark.usefixtures("clinics")
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (ClinicFilter(), [A, B, C]),
        (ClinicFilter(limit=2), [A, B]),
        (ClinicFilter(region_codes=("03",)), [B]),
        (ClinicFilter(region_codes=("01", "03")), [A, B, C]),
        (ClinicFilter(status=Status.DEACTIVATED), [B]),
        (ClinicFilter(search="änggård"), [A]),
        (ClinicFilter(search="ÄNGGÅRD"), [A]),
        (ClinicFilter(search="HÄLSA_"), [B]),
        (ClinicFilter(search="%"), [B]),
        (ClinicFilter(search="-ta0"), [A]),
        (ClinicFilter(search="nowhere"), []),
    ],
)
def test_clinics_are_listed_in_byte_order_of_their_ids(registry, wanted, expected):
    with registry.snapshot() as connection:
        assert [row["hsa_id"] for row in queries.list_clinics(connection, wanted)] == expected
