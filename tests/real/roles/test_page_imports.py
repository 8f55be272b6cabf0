"""Many clinics by the page, logged in to PostgreSQL as the administrators' role and no other."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.roles import ADMIN
from tests.real.roles.world import ACTIVE, CLOSED, REGISTERED
from tests.worlds import page
from tests.worlds.page import Browser, Document
from tests.worlds.plans import logged, registered

ACTOR = "SE2321000016-ADM1"


@pytest.fixture
def registry(users, database):
    """The registry as the page is logged in to it."""
    registry = Registry(open_engine(users.url(ADMIN, database)))
    yield registry
    registry.close()


@pytest.fixture
def anna(registry):
    """The browser of a regional administrator of region 01."""
    return Browser(page.site(registry)).sign_in(page.REGIONAL)


def give(browser, *hsa_ids):
    """The address of the plan that a file with these ids becomes."""
    file = {"fil": ("lista.csv", "\n".join(hsa_ids).encode())}
    chosen = {"atgard": "add", "anledning": "Beställning 17"}
    answer = browser.client.post("/importera", data=chosen, files=file, headers=page.FROM_HERE)
    return str(answer.url.raw_path, "ascii")


def test_a_file_is_planned_confirmed_and_corrected(anna, registry):
    before = registered(registry)
    plan = give(anna, ACTIVE, CLOSED, "SE1")
    assert "1 mottagning läggs till. 2 rader avvisas." in Document(anna.get(plan).text).main
    receipt = Document(anna.post(plan, revision=1).text)
    assert receipt.heading == "1 mottagning lades till"
    assert b"SE1" in anna.get(plan.replace("?", "/avvisade.csv?")).content
    corrected = Document(anna.post(plan.replace("?", "/ratta?"), rad_3=REGISTERED).text)
    assert "1 är redan tillagd. Inga rader avvisas." in corrected.main
    assert registered(registry) == before | {ACTIVE}
    assert len(anna.page("/importer").rows) == 2
    assert logged(registry, ACTOR) == [("registered", ACTIVE, "Beställning 17")]


def test_clinics_are_ticked_to_be_added_and_removed(anna, registry):
    added = anna.post("/region/aktiverade", kod="01", mottagning=ACTIVE)
    anna.post(str(added.url.raw_path, "ascii"), revision=1)
    removed = anna.post("/region/ta-bort", kod="01", mottagning=REGISTERED)
    answer = anna.post(str(removed.url.raw_path, "ascii"), revision=1)
    assert Document(answer.text).heading == "1 mottagning togs bort"
    assert registered(registry) == {ACTIVE}


def test_many_confirmations_at_once_are_one_deed(anna, registry):
    plan = give(anna, ACTIVE, REGISTERED)
    browsers = [Browser(anna.site).sign_in(page.REGIONAL) for _ in range(6)]
    with ThreadPoolExecutor(len(browsers)) as threads:
        answers = list(threads.map(lambda each: each.post(plan, revision=1), browsers))
    assert {Document(answer.text).heading for answer in answers} == {"1 mottagning lades till"}
    assert len(logged(registry, ACTOR)) == 1
