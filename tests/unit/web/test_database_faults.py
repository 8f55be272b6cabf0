"""The database goes away, is busy or is another version's, at any moment of any request."""

from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import func, select, text
from tests.worlds import page
from tests.worlds.page import Document
from tests.worlds.plans import A, known, registered

from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import PAGE, open_engine
from sync_worker.registry.tables import change_log
from sync_worker.web.access import Access
from sync_worker.web.pages import PAGES

CASES = [(method, each.path) for each in PAGES for method in each.methods]
ACCESS = {each.path: each.access for each in PAGES}
SENT = {"kod": "01", "hsa-id": A, "person": page.NATIONAL, "id": "1"}
CONNECTIONS = 15
"""As many as the pool has."""


class Leaving(Registry):
    """A registry whose folder is away from one of its next transactions on."""

    def __init__(self, path):
        limits = PAGE.within(0.8)
        super().__init__(open_engine(f"sqlite:///{path}", limits=limits))
        self._folder, self._away = path.parent, path.parent.with_name("away")
        self._left = None

    def leave_after(self, transactions):
        self._left = transactions

    def come_back(self):
        self._left = None
        if self._away.exists():
            self._away.rename(self._folder)

    @contextmanager
    def transaction(self, **options):
        self._count()
        with super().transaction(**options) as transaction:
            yield transaction

    @contextmanager
    def snapshot(self):
        self._count()
        with super().snapshot() as connection:
            yield connection

    def _count(self):
        if self._left == 0 and self._folder.exists():
            self.renew()
            self._folder.rename(self._away)
        if self._left:
            self._left -= 1


@pytest.fixture
def registry(tmp_path, upgraded):
    """In a folder of its own."""
    folder = tmp_path / "database"
    folder.mkdir()
    path = folder / "registry.db"
    path.write_bytes(upgraded.read_bytes())
    registry = Leaving(path)
    known(registry, A)
    yield registry
    registry.close()


def person_for(path):
    is_for_few = ACCESS[path] in {Access.SUPPORT, Access.OPERATORS}
    return page.SUPPORT if is_for_few else page.NATIONAL


def asked(browser, method, path):
    if method == "GET":
        return browser.client.get(path, params=SENT, follow_redirects=False)
    return browser.client.post(path, data=SENT, headers=page.FROM_HERE, follow_redirects=False)


def says_later(answer, heading="Det går inte just nu"):
    assert answer.status_code == 503, answer.text
    assert Document(answer.text).heading == heading
    assert answer.headers["retry-after"] == "10"


@pytest.mark.parametrize("transactions", range(4))
@pytest.mark.parametrize(("method", "path"), CASES)
def test_no_request_fails_as_ours_where_the_database_leaves(
    browser, registry, method, path, transactions
):
    browser.sign_in(person_for(path))
    registry.leave_after(transactions)
    answer = asked(browser, method, path)
    if transactions == 0 or answer.status_code >= 500:
        says_later(answer)
    registry.come_back()
    is_added = answer.status_code == 303 and path == "/mottagning/lagg-till"
    assert registered(registry) == ({A} if is_added else set())


def test_a_result_waits_until_the_database_is_back(browser, registry):
    anna = browser.sign_in(page.REGIONAL)
    anna.post("/mottagning/lagg-till", kod="01", hsa_id=A, follow=False)
    for transactions in range(3):
        registry.leave_after(transactions)
        says_later(anna.get("/region", kod="01"))
        registry.come_back()
    assert A in anna.page("/region", kod="01").one("div", role="status").text


def test_what_is_sent_again_is_done_once(browser, registry):
    anna = browser.sign_in(page.REGIONAL)
    registry.leave_after(1)
    says_later(anna.post("/mottagning/lagg-till", kod="01", hsa_id=A))
    registry.come_back()
    for _ in range(2):
        assert anna.post("/mottagning/lagg-till", kod="01", hsa_id=A).status_code == 200
    with registry.snapshot() as connection:
        assert connection.scalar(select(func.count()).select_from(change_log)) == 1


@pytest.mark.parametrize(("method", "path"), CASES)
def test_another_revision_is_said_to_be_an_update(browser, registry, method, path):
    browser.sign_in(person_for(path))
    with registry.transaction() as transaction:
        transaction.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        transaction.commit()
    answer = asked(browser, method, path)
    says_later(answer)
    assert "Systemet håller på att uppdateras" in Document(answer.text).main
    assert "9999" not in answer.text
    assert browser.get("/readyz").status_code == 503


def test_a_database_that_is_empty_is_said_to_be_updated(browser, registry):
    browser.sign_in(page.REGIONAL)
    with registry.transaction() as transaction:
        transaction.connection.execute(text("DROP TABLE alembic_version"))
        transaction.commit()
    says_later(browser.get("/region", kod="01"))


def test_a_deed_does_not_wait_long_for_others_writing(browser, registry):
    anna = browser.sign_in(page.REGIONAL)
    with registry.transaction() as others:
        others.connection.execute(text("SELECT 1"))  # locks the file
        says_later(anna.post("/mottagning/lagg-till", kod="01", hsa_id=A))
        assert anna.get("/region", kod="01").status_code == 200
    assert registered(registry) == set()


def test_a_pool_that_is_exhausted_says_how_long_to_wait(browser, registry):
    anna = browser.sign_in(page.REGIONAL)
    with ExitStack() as others:
        for _ in range(CONNECTIONS):
            others.enter_context(registry.snapshot())
        answer = anna.get("/region", kod="01")
    says_later(answer)
    assert "Många använder sidan just nu" in Document(answer.text).main
    assert anna.get("/region", kod="01").status_code == 200


def gone(path):
    path.unlink()


def beyond_reading(path):
    path.unlink()
    path.write_bytes(b"This is a text, and no database." * 200)


def empty(path):
    path.unlink()
    path.touch()


def a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("becomes", [gone, beyond_reading, empty, a_folder])
@pytest.mark.parametrize(("method", "path"), CASES)
def test_a_file_that_is_not_the_registry_is_an_outage(
    browser, registry, tmp_path, becomes, method, path
):
    browser.sign_in(person_for(path))
    file = tmp_path / "database" / "registry.db"
    becomes(file)
    says_later(asked(browser, method, path))
    assert browser.get("/readyz").status_code == 503
    assert file.exists() == (becomes is not gone)


@pytest.mark.parametrize(
    ("becomes", "why"), [(gone, "There is no database file"), (beyond_reading, "not a database")]
)
def test_operators_are_told_why_the_page_cannot_be_shown(registry, tmp_path, becomes, why):
    log = page.Log()
    browser = page.Browser(page.site(registry, log=log.logger))
    becomes(tmp_path / "database" / "registry.db")
    says_later(browser.get("/"))
    [told] = [entry for entry in log if entry["event"] == "database_unavailable"]
    [asked_for] = [entry for entry in log if entry["event"] == "request"]
    assert why in told["error"]
    assert told["request_id"] == asked_for["request_id"]
