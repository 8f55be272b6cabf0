"""What administrators do, in the browser on PostgreSQL with the role `complaints_admin`."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from sync_worker.registry import registrations
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.errors import is_denied
from sync_worker.registry.tables import patient_board
from tests.web.postgres_site import CLINICS, served
from tests.worlds.page import SUPPORT
from tests.worlds.plans import logged, registered

ACTOR = "SE2321000016-ADM1"
ONE, *MANY = CLINICS


@pytest.fixture(scope="module")
def site(tmp_path_factory, postgres):
    """The page, and the registry as its login sees it."""
    with served(tmp_path_factory.mktemp("page"), postgres.url) as (server, login_url):
        registry = Registry(open_engine(login_url))
        yield server, registry
        registry.close()


def test_an_administrator_adds_imports_and_removes(tab, site, tmp_path):
    server, registry = site
    tab.begin(server.address)
    tab.open("/region", kod="01")
    tab.press("main .button")
    tab.press("main form button")
    assert tab.heading == "Mottagningar i Region Stockholm"
    tab.fill(hsa_id=ONE, anledning="Beställning 17")
    tab.press("form[action='/mottagning/lagg-till'] button")
    assert "är tillagd" in tab.one("[role=status]").text

    file = tmp_path / "lista.csv"
    file.write_text("\n".join(("HSA-id", *MANY, "SE2321000016-OKAND")), encoding="utf-8")
    tab.open("/importera")
    tab.one("#fil").send_keys(str(file))
    tab.one("#atgard").click()
    tab.press("main form .actions button")
    assert tab.heading == "Granska innan du lägger till"
    assert registered(registry) == {ONE}
    tab.press("main form .actions button")
    assert tab.heading == "3 mottagningar lades till"

    tab.open("/mottagning", hsa_id=ONE)
    tab.press("main a.button")
    tab.press("main form button")
    assert "är borttagen" in tab.one("[role=status]").text
    assert registered(registry) == set(MANY)
    assert set(logged(registry, ACTOR)) == {
        ("registered", ONE, "Beställning 17"),
        ("removed", ONE, None),
        *(("registered", hsa_id, None) for hsa_id in MANY),
    }
    tab.press("form[action='/logga-ut'] button")
    assert tab.heading == "Du är utloggad"


def test_a_board_is_neither_set_there_nor_as_its_login(tab, site):
    server, registry = site
    tab.begin(server.address, server.session(SUPPORT))
    tab.open("/support/patientnamnd", kod="01")
    tab.fill(hsa_id="SE2321000016-PN01", namn="Nämnden", arende="INC 1")
    tab.press("main form button")
    assert "sync-worker boards set 01" in tab.one("pre").text
    tab.run("document.querySelector('main form').method = 'post'")
    tab.press("main form button")
    assert tab.status == 405
    board = {"region_code": "01", "hsa_id": "SE2321000016-PN01"}
    with pytest.raises(DBAPIError) as refused, registry.transaction() as transaction:
        transaction.connection.execute(insert(patient_board).values(board))
    assert is_denied(refused.value)
    with registry.snapshot() as connection:
        assert registrations.boards(connection) == {}
