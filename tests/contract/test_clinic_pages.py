"""Pages of clinics as administrators see them, the same on every database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert
from tests.worlds.registry import NOW, through_the_database

from sync_worker.administration import clinics as administration
from sync_worker.domain.admission import AdmissionOutcome
from sync_worker.domain.clinic_status import Status
from sync_worker.registry import clinic_pages
from sync_worker.registry.clinic_pages import PageRequest
from sync_worker.registry.tables import clinic, held_fact, hold, own_system, patient_board

BOARD = {"region_code": "01", "hsa_id": "SE2321000016-PN01", "name": "Patientnämnden"}
CLINICS = {
    "1ÖST": ("Östra", "01", True, True),
    "1ALF": ("alfa", "01", True, True),
    "1BET": ("Beta", "01", False, True),
    "1NON": (None, "01", True, True),
    "1NOM": ("  ", "01", True, True),
    "1TAK": ("Åsen", "01", True, False),
    "1NEW": ("Ängen", "01", True, False),
    "1OLD": ("Gamla", "01", False, False),
    "3UPP": ("Uppsala", "03", True, True),
    "3NEW": ("Nya", "03", True, False),
    "0LOS": ("Utan region", None, True, False),
    "0REG": ("Tillagd", None, True, True),
}
"""HSA-id → name, region, whether active, whether registered."""


@pytest.fixture(autouse=True)
def clinics(engine):
    with engine.begin() as connection:
        for hsa_id, (name, region_code, active, is_registered) in CLINICS.items():
            values = {"name": name, "region_code": region_code, "active": active}
            registered_at = NOW if is_registered else None
            connection.execute(
                insert(clinic).values(hsa_id=hsa_id, registered_at=registered_at, **values)
            )
        connection.execute(insert(own_system).values(hsa_id="1TAK"))
        connection.execute(insert(patient_board).values(BOARD))


def ids(page):
    return [item["hsa_id"] for item in page.items]


def registered(registry, codes, **wanted):
    with registry.snapshot() as connection:
        return clinic_pages.registered(connection, codes, PageRequest(**wanted))


def activated(registry, codes, **wanted):
    with registry.snapshot() as connection:
        return clinic_pages.activated_not_added(connection, codes, PageRequest(**wanted))


OF_STOCKHOLM = ["1ALF", "1BET", "1ÖST", "1NOM", "1NON"]
"""In the Swedish order, the nameless last and by their HSA-ids."""


def test_the_registered_clinics_of_a_region_are_listed_by_name(registry):
    page = registered(registry, ["01"])
    assert (ids(page), page.total, page.offset) == (OF_STOCKHOLM, 5, 0)
    assert page.items[0] == {
        "hsa_id": "1ALF",
        "name": "alfa",
        "region_code": "01",
        "active": True,
        "registered": True,
        "status": "receiving",
        "updated_at": None,
    }


@pytest.mark.parametrize(
    ("offset", "limit", "expected"),
    [
        (0, 2, OF_STOCKHOLM[:2]),
        (2, 2, OF_STOCKHOLM[2:4]),
        (4, 2, OF_STOCKHOLM[4:]),
        (9, 2, []),
        (1, None, OF_STOCKHOLM[1:]),
    ],
)
def test_a_page_tells_how_many_there_are_in_all(registry, offset, limit, expected):
    page = registered(registry, ["01"], offset=offset, limit=limit)
    assert (ids(page), page.total, page.offset) == (expected, 5, offset)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["03"], {"3UPP"}),
        (["01", "03"], {*OF_STOCKHOLM, "3UPP"}),
        (None, {*OF_STOCKHOLM, "3UPP", "0REG"}),
        ([], set()),
        (["25"], set()),
    ],
)
def test_only_clinics_of_the_regions_are_listed(registry, codes, expected):
    assert set(ids(registered(registry, codes))) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.RECEIVING, ["1ALF", "1ÖST", "1NOM", "1NON"]),
        (Status.DEACTIVATED, ["1BET"]),
        (Status.OWN_SYSTEM, ["1TAK"]),
        (Status.NOT_REGISTERED, ["1OLD", "1NEW"]),
        (Status.SERVICE_OFF, []),
    ],
)
def test_a_status_selects_clinics_registered_or_not(registry, status, expected):
    assert ids(registered(registry, ["01"], status=status)) == expected


@pytest.mark.parametrize(
    ("search", "expected"),
    [("ÖSTRA", ["1ÖST"]), ("1al", ["1ALF"]), ("  1ALF ", ["1ALF"]), ("x", []), ("uppsala", [])],
)
def test_a_search_stays_within_the_regions(registry, search, expected):
    page = registered(registry, ["01"], search=search)
    assert (ids(page), page.total) == (expected, len(expected))


def test_activated_clinics_that_nobody_added_are_listed(registry):
    assert ids(activated(registry, ["01"])) == ["1NEW"]
    assert ids(activated(registry, ["03"], search="NYA")) == ["3NEW"]
    # One whose region was never stated cannot be added, by nobody.
    assert ids(activated(registry, None)) == ["3NEW", "1NEW"]
    assert ids(activated(registry, [])) == []


@pytest.mark.parametrize(
    ("fact", "value", "is_listed"),
    [("activation", "false", False), ("region", "03", False), ("name", "Nytt namn", True)],
)
def test_only_what_would_be_added_is_listed(registry, engine, fact, value, is_listed):
    """A registration was taken away by hand: otherwise nothing is held of such a clinic."""
    held = {"hsa_id": "1NEW", "fact": fact, "value": value, "time": NOW, "sequence": ""}
    with engine.begin() as connection:
        opened = {"id": 1, "kind": "mass_change", "region_code": "01", "opened_at": NOW}
        connection.execute(insert(hold).values(status="open", revision=1, **opened))
        connection.execute(insert(held_fact).values(hold_id=1, event_id="e-1", **held))
    listed = ids(activated(registry, ["01"]))
    assert listed == (["1NEW"] if is_listed else [])
    [item] = administration.plan(registry, administration.ADD, ["1NEW"], ["01"])
    assert (item.outcome is AdmissionOutcome.ADDED) is is_listed


@through_the_database
@given(
    st.sampled_from([["01"], ["01", "03"], None]),
    st.sampled_from([None, *Status]),
    st.sampled_from([None, "a", "ö", "1"]),
    st.integers(1, 4),
)
def test_all_pages_together_are_the_whole_list(registry, codes, status, search, size):
    wanted = {"status": status, "search": search}
    whole = registered(registry, codes, limit=None, **wanted)
    pages = [
        registered(registry, codes, offset=offset, limit=size, **wanted)
        for offset in range(0, whole.total, size)
    ]
    assert [hsa_id for page in pages for hsa_id in ids(page)] == ids(whole)
    assert {page.total for page in pages} <= {whole.total}
