"""The page on a PostgreSQL that stops, only reads, or loses the answer to a commit."""

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import select

from sync_worker.registry import schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import PAGE, open_engine
from sync_worker.registry.tables import change_log
from sync_worker.web.pages import PAGES
from tests.real.worker.proxy import LOCKS_CLINICS, Cut, Proxy
from tests.worlds import page
from tests.worlds.page import Document
from tests.worlds.plans import A, known, registered

ADD, REMOVE = "/mottagning/lagg-till", "/mottagning/ta-bort"
DEEDS = {ADD: ("registered", "är tillagd"), REMOVE: ("removed", "borttagen")}
"""What the log calls each, and what is said of it."""
SENT = {"kod": "01", "hsa-id": A, "person": page.NATIONAL, "id": "1"}


@pytest.fixture
def proxy(database_url):
    """A way to the database, which has a clinic, that can be broken."""
    engine = open_engine(database_url, create=True)
    schema.upgrade(engine)
    known(Registry(engine), A)
    engine.dispose()
    address = conninfo_to_dict(database_url)
    with Proxy(str(address["host"]), int(str(address["port"])), LOCKS_CLINICS) as made:
        yield made


@pytest.fixture
def registry(database_url, proxy):
    """The registry as the page reaches it."""
    host = conninfo_to_dict(database_url)
    url = database_url.replace(f":{host['port']}/", f":{proxy.port}/")
    registry = Registry(open_engine(url, limits=PAGE))
    yield registry
    registry.close()


@pytest.fixture
def nina(registry):
    """The browser of a national administrator."""
    browser = page.Browser(page.site(registry))
    with browser.client:
        yield browser.sign_in(page.NATIONAL)


def logged(registry):
    with registry.snapshot() as connection:
        return list(connection.scalars(select(change_log.c.change).order_by(change_log.c.id)))


def done(browser, path):
    return browser.post(path, kod="01", hsa_id=A)


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
@pytest.mark.parametrize("path", [ADD, REMOVE])
def test_a_lost_answer_is_unknown_and_done_once(nina, registry, proxy, path, cut):
    if path == REMOVE:
        done(nina, ADD)
    change, said = DEEDS[path]
    before, earlier = registered(registry), logged(registry)
    proxy.cut_at_commits(cut)
    answer = done(nina, path)
    assert proxy.cuts == 1
    assert answer.status_code == 503
    assert Document(answer.text).heading == "Vi fick inget svar"
    assert registered(registry) == (before if cut is Cut.BEFORE else before ^ {A})

    again = Document(done(nina, path).text)
    assert said in again.one("div", role="status").text
    assert registered(registry) == before ^ {A}
    assert logged(registry) == [*earlier, change]


def test_the_result_of_a_lost_answer_is_shown_next(nina, registry, proxy):
    proxy.cut_at_commits(Cut.AFTER)
    assert done(nina, ADD).status_code == 503
    assert "är tillagd" in nina.page("/region", kod="01").one("div", role="status").text


def test_every_page_outlives_a_server_that_stops(nina, registry, breakable_postgres):
    assert nina.get("/region", kod="01").status_code == 200
    breakable_postgres.stop()
    for each in PAGES:
        for method in each.methods:
            given = {"params" if method == "GET" else "data": SENT}
            answer = nina.client.request(method, each.path, headers=page.FROM_HERE, **given)
            assert answer.status_code == 503, each.path
            assert Document(answer.text).heading == "Det går inte just nu"
            assert "Inget ändrades" in Document(answer.text).main
            assert answer.headers["retry-after"] == "10"
    assert nina.get("/readyz").status_code == 503
    assert nina.get("/livez").status_code == 200
    breakable_postgres.start()
    assert done(nina, ADD).status_code == 200
    assert registered(registry) == {A}


def test_a_connection_that_breaks_before_a_commit_changes_nothing(nina, registry, proxy):
    nina.get("/region", kod="01")
    proxy.cut_all()
    # A connection that is broken already is replaced before it is used.
    assert done(nina, ADD).status_code == 200


@pytest.mark.parametrize("path", [ADD, REMOVE, "/langre-tid"])
def test_a_server_that_only_reads_changes_nothing(nina, registry, path):
    with registry.transaction() as transaction:
        name = transaction.connection.exec_driver_sql("SELECT current_database()").scalar_one()
        read_only = f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
        transaction.connection.exec_driver_sql(read_only)
        transaction.commit()
    registry.renew()
    answer = done(nina, path)
    assert answer.status_code == 503
    assert "Inget ändrades" in Document(answer.text).main
    assert nina.get("/region", kod="01").status_code == 200


def test_no_text_is_refused_by_the_database(nina, registry):
    for odd in ("\0", "\ufffe", "\U0010ffff", "%00", "\\", "'", "\ud7ff", "e\u0301" * 90):
        assert nina.get("/region", kod="01", sok=odd).status_code in {200, 400}
        assert nina.get("/mottagning", hsa_id=odd).status_code in {400, 404}
        answer = nina.post(ADD, kod="01", hsa_id=odd, anledning=odd)
        assert answer.status_code in {400, 422}
    assert nina.post(ADD, kod="01", hsa_id=A, anledning="\U0010ffff").status_code == 200
