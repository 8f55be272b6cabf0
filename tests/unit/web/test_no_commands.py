"""Whoever administers clinics has no command line: no page of theirs tells them what to type."""

import pkgutil
import re
from importlib import import_module

import pytest
from tests.worlds import page
from tests.worlds.page import Document
from tests.worlds.plans import A, B, known
from tests.worlds.registry import NOW

from sync_worker.administration.messages import explanations
from sync_worker.administration.messages import page as page_messages
from sync_worker.language import Message
from sync_worker.web.access import Access
from sync_worker.web.pages import PAGES

OF_COMMANDS = {"operations", "support"}
"""The parts of the site that tell support and operators what to type."""
OPENED = [
    each.path
    for each in PAGES
    if each.get is not None and each.access not in {Access.SUPPORT, Access.OPERATORS}
]
REFUSED = {
    "malformed": "X",
    "unknown": "SE2321000016-T999",
    "wrong check digit": "SE2321000017-T999",
    "another region": B,
    "not active": "SE2321000016-TC01",
    "without a region": "SE2321000016-TD01",
}


def names_a_command(text):
    return "sync-worker" in text or " --" in text


def messages_of(module):
    """The messages that a module has, those in its tables included."""
    for value in vars(module).values():
        several = value.values() if isinstance(value, dict) else [value]
        yield from (each for each in several if isinstance(each, Message))


@pytest.fixture(autouse=True)
def clinics(registry):
    known(registry, A)
    known(registry, B, region_code="03")
    known(registry, REFUSED["not active"], active=False)
    known(registry, REFUSED["without a region"], region_code=None)
    known(registry, "SE2321000016-TE01", registered_at=NOW)


@pytest.mark.parametrize("path", OPENED)
def test_no_page_names_a_command(anna, path):
    answer = anna.get(path, kod="01", hsa_id=A)
    assert answer.status_code < 500
    assert not names_a_command(answer.text)


@pytest.mark.parametrize("hsa_id", REFUSED.values(), ids=REFUSED)
def test_no_refusal_names_a_command(anna, hsa_id):
    answer = anna.post("/mottagning/lagg-till", kod="01", hsa_id=hsa_id)
    shown = Document(answer.text)
    assert answer.status_code == 422
    assert shown.one("a", href="#hsa-id").text
    assert not names_a_command(answer.text)
    assert not names_a_command(anna.get("/mottagning", hsa_id=hsa_id).text)


def test_no_text_of_the_page_names_a_command():
    parts = [each.name for each in pkgutil.iter_modules(page_messages.__path__)]
    shown = [part for part in parts if part not in OF_COMMANDS]
    modules = [import_module(f"{page_messages.__name__}.{part}") for part in shown]
    told = [each for module in (*modules, explanations) for each in messages_of(module)]
    assert [each.sv for each in told if names_a_command(each.sv + each.en)] == []


def test_no_swedish_text_has_a_word_of_programmers():
    parts = [each.name for each in pkgutil.iter_modules(page_messages.__path__)]
    modules = [import_module(f"{page_messages.__name__}.{part}") for part in parts]
    told = [each.sv for module in (*modules, explanations) for each in messages_of(module)]
    theirs = re.compile(r"dead letter|(?<!\{)offset|senast sedan", re.IGNORECASE)
    assert [text for text in told if theirs.search(text)] == []


def test_what_was_not_found_says_how_far_events_are_read(anna):
    for hsa_id, remark in (
        (REFUSED["not active"], "Inga händelser från e-tjänsterna har lästs än."),
        (REFUSED["wrong check digit"], "Kontrollsiffran i numret stämmer inte"),
    ):
        shown = Document(anna.post("/mottagning/lagg-till", kod="01", hsa_id=hsa_id).text)
        assert remark in shown.main


def test_whoever_reads_alone_is_told_the_same(browser):
    browser.sign_in(page.READER)
    assert not names_a_command(browser.get("/mottagning", hsa_id=A).text)
