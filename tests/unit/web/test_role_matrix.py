"""Who may open which page, of which region: every page by every role, and nothing left out.

A new page fails here until it has its row: who it is for, and what it is sent for a region.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from tests.worlds import page
from tests.worlds.plans import A, B, known, registered
from tests.worlds.registry import NOW

from sync_worker.web.pages import PAGES

SIGNED_OUT = None
SIGNED_IN = (
    page.REGIONAL,
    page.BOTH,
    page.NATIONAL,
    page.SUPPORT,
    page.OPERATOR,
    page.READER,
    page.NOBODY,
)
EVERYBODY = (SIGNED_OUT, *SIGNED_IN)
WITH_RIGHTS = frozenset(SIGNED_IN) - {page.NOBODY}
ADMINISTRATORS = frozenset({page.REGIONAL, page.BOTH, page.NATIONAL})
READERS = ADMINISTRATORS | {page.SUPPORT, page.READER}
SUPPORT = frozenset({page.SUPPORT})
OPERATORS = frozenset({page.SUPPORT, page.OPERATOR})

OWN, OTHER = "01", "03"
THEIRS = {
    page.REGIONAL: {OWN},
    page.BOTH: {OWN, OTHER},
    page.NATIONAL: {OWN, OTHER},
    page.SUPPORT: {OWN, OTHER},
    page.READER: {OWN, OTHER},
}
CLINICS = {OWN: A, OTHER: B}
Fields = Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """Whom a page is for, what it is sent for a region, and how it answers."""

    people: frozenset[str | None]
    of_region: Callable[[str], Fields] | None = None
    """None where the page is the same whatever region somebody has."""
    done: frozenset[int] = frozenset({200})


def kod(region: str) -> Fields:
    return {"kod": region}


def clinic(region: str) -> Fields:
    return {"kod": region, "hsa_id": CLINICS[region]}


def ticked(region: str) -> Fields:
    return {"kod": region, "mottagning": CLINICS[region]}


FOR_ALL = frozenset(EVERYBODY)
SEE_OTHER = frozenset({303})
ROWS = {
    ("GET", "/"): Row(WITH_RIGHTS, done=frozenset({200, 303})),
    ("GET", "/region"): Row(READERS, kod),
    ("GET", "/region.csv"): Row(READERS, kod),
    ("GET", "/mottagning"): Row(READERS, clinic),
    ("POST", "/mottagning/lagg-till"): Row(ADMINISTRATORS, clinic, SEE_OTHER),
    ("GET", "/mottagning/ta-bort"): Row(ADMINISTRATORS, clinic),
    ("POST", "/mottagning/ta-bort"): Row(ADMINISTRATORS, clinic, SEE_OTHER),
    ("GET", "/handelser"): Row(READERS, kod),
    ("GET", "/handelser.csv"): Row(READERS, kod),
    ("GET", "/region/aktiverade"): Row(ADMINISTRATORS, kod),
    ("POST", "/region/aktiverade"): Row(ADMINISTRATORS, ticked, SEE_OTHER),
    ("POST", "/region/ta-bort"): Row(ADMINISTRATORS, ticked, SEE_OTHER),
    ("GET", "/importera"): Row(ADMINISTRATORS),
    ("POST", "/importera"): Row(ADMINISTRATORS, done=frozenset({422})),
    ("GET", "/importera/plan"): Row(ADMINISTRATORS, done=frozenset({404})),
    ("POST", "/importera/plan"): Row(ADMINISTRATORS, done=frozenset({404})),
    ("GET", "/importera/plan/avvisade.csv"): Row(ADMINISTRATORS, done=frozenset({404})),
    ("POST", "/importera/plan/ratta"): Row(ADMINISTRATORS, done=frozenset({404})),
    ("GET", "/importer"): Row(ADMINISTRATORS),
    ("GET", "/support/patientnamnd"): Row(SUPPORT, kod),
    ("GET", "/drift"): Row(OPERATORS),
    ("GET", "/drift/massandring"): Row(OPERATORS, done=frozenset({404})),
    ("GET", "/logga-in"): Row(FOR_ALL),
    ("GET", "/logga-in/klar"): Row(FOR_ALL, done=frozenset({403})),
    ("POST", "/logga-in/klar"): Row(FOR_ALL, done=frozenset({403})),
    ("POST", "/logga-ut"): Row(FOR_ALL, done=SEE_OTHER),
    ("GET", "/utloggad"): Row(FOR_ALL),
    ("GET", "/hjalp"): Row(FOR_ALL),
    ("GET", "/tillganglighet"): Row(FOR_ALL),
    ("GET", "/om"): Row(FOR_ALL),
    ("POST", "/langre-tid"): Row(frozenset(SIGNED_IN), done=SEE_OTHER),
}
CASES = [
    (method, path, region)
    for (method, path), row in ROWS.items()
    for region in ([OWN, OTHER] if row.of_region else [OWN])
]
WRITING = [path for method, path in ROWS if method == "POST"]


def expected(row, person, region):
    if person in row.people:
        is_theirs = row.of_region is None or region in THEIRS[person]
        return row.done if is_theirs else {403}
    return {401} if person is SIGNED_OUT else {403}


def sent(browser, method, path, fields):
    if method == "POST":
        return browser.post(path, follow=False, **fields)
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return browser.client.get(path, params=named, follow_redirects=False)


@pytest.fixture(autouse=True)
def clinics(registry):
    """One of each region: to be added, or in the case of removing to be removed."""
    for region, hsa_id in CLINICS.items():
        known(registry, hsa_id, region_code=region)


def test_every_page_has_a_row():
    assert {(method, each.path) for each in PAGES for method in each.methods} == set(ROWS)


@pytest.mark.parametrize("person", EVERYBODY)
@pytest.mark.parametrize(("method", "path", "region"), CASES)
def test_a_page_is_for_whom_its_row_says(browser, method, path, person, region):
    row = ROWS[method, path]
    if person is not SIGNED_OUT:
        browser.sign_in(person)
    fields = row.of_region(region) if row.of_region else {}
    answer = sent(browser, method, path, fields)
    assert answer.status_code in expected(row, person, region)


@pytest.mark.parametrize("person", EVERYBODY)
@pytest.mark.parametrize("path", WRITING)
def test_no_form_reaches_another_regions_clinic(browser, registry, path, person):
    known(registry, "SE2321000016-TE01", region_code=OTHER, registered_at=NOW)
    if person is not SIGNED_OUT:
        browser.sign_in(person)
    for hsa_id in (B, "SE2321000016-TE01"):
        browser.post(path, kod=OWN, hsa_id=hsa_id, follow=False)
    may_act = person in ADMINISTRATORS and OTHER in THEIRS[person]
    changes = {"/mottagning/lagg-till": {B}, "/mottagning/ta-bort": {"SE2321000016-TE01"}}
    changed = changes.get(path, set()) if may_act else set()
    assert registered(registry) == {"SE2321000016-TE01"} ^ changed
