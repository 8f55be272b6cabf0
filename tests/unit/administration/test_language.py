"""The catalogue: every message in both languages, saying the same, and which language is read."""

import importlib
import pkgutil
import re
from string import Formatter

import pytest
from tests.worlds.messages import messages_in

from sync_worker.administration import messages
from sync_worker.administration.messages.page import common, log
from sync_worker.administration.messages.refusals import REFUSALS
from sync_worker.domain.admission import Refusal
from sync_worker.domain.clinic_status import Status
from sync_worker.language import Language, of_locale
from sync_worker.registry.change_log import CHANGES

PREFIX = f"{messages.__name__}."
PAGE = [
    *("accessibility", "adding", "clinic", "common", "failures", "help", "imports", "log"),
    *("operations", "region", "session", "support"),
]
"""What the administrators' page says."""
OF_COMMANDS = re.compile(r"sync-worker|(?<!\S)--[a-z]|SYNC_WORKER")


def catalogue():
    modules = [module.name for module in pkgutil.walk_packages(messages.__path__, PREFIX)]
    for module in (*modules, "sync_worker.cli.messages", "sync_worker.registry.roles"):
        for name, value in vars(importlib.import_module(module)).items():
            for number, message in enumerate(messages_in(value)):
                yield f"{module.removeprefix(PREFIX)}.{name}.{number}", message


CATALOGUE = dict(catalogue())


def placeholders(form):
    return {name for _, name, _, _ in Formatter().parse(form) if name is not None}


def test_the_catalogue_has_what_the_commands_say():
    assert len(CATALOGUE) > 100
    assert {name.rsplit(".", 2)[0] for name in CATALOGUE} == {
        "boards",
        "clinics",
        "explanations",
        "files",
        "history",
        *(f"page.{module}" for module in PAGE),
        "plans",
        "refusals",
        "tak",
        "sync_worker.cli.messages",
        "sync_worker.registry.roles",
    }


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_message_is_in_both_languages_with_the_same_placeholders(name):
    message = CATALOGUE[name]
    assert message.sv
    assert message.en
    assert placeholders(message.sv) == placeholders(message.en)
    for form in (message.sv_one, message.en_one):
        assert placeholders(form) <= placeholders(message.en)
    # A form for one is of no use where nothing is counted, and in one language alone.
    if message.sv_one or message.en_one:
        assert "count" in placeholders(message.en)


@pytest.mark.parametrize("tongue", Language)
@pytest.mark.parametrize("name", CATALOGUE)
def test_a_message_is_put_into_words_in_either_language(name, tongue):
    message = CATALOGUE[name]
    names = placeholders(message.en)
    for count in (1, 2):
        values = dict.fromkeys(names, "x") | {"count": count}
        said = message(**values)
        assert "{" not in said.text(tongue)


def forms(message):
    return (message.sv, message.en, message.sv_one, message.en_one)


def test_what_everybody_is_told_names_no_command():
    shared = {n: m for n, m in CATALOGUE.items() if not n.startswith("sync_worker.")}
    assert not [n for n, m in shared.items() if any(map(OF_COMMANDS.search, forms(m)))]
    # The command line's own sentences do, so that the pattern finds what it looks for.
    own = [m for n, m in CATALOGUE.items() if n.startswith("sync_worker.cli.")]
    assert any(OF_COMMANDS.search(m.en) for m in own)


def test_the_page_has_words_for_every_change_and_status():
    assert set(log.CHANGES) == set(CHANGES)
    assert set(common.STATUSES) == set(Status)


def test_refusals_are_explained_in_the_order_of_judgement():
    assert list(REFUSALS) == list(Refusal)


LOCALES = [
    ({}, "en"),
    ({"LANG": "C"}, "en"),
    ({"LANG": "C.UTF-8"}, "en"),
    ({"LANG": "POSIX"}, "en"),
    ({"LANG": "en_US.UTF-8"}, "en"),
    ({"LANG": "de_DE.UTF-8"}, "en"),
    ({"LANG": "svc"}, "en"),
    ({"LANG": "sv"}, "sv"),
    ({"LANG": "sv_SE.UTF-8"}, "sv"),
    ({"LANG": "sv_FI@euro"}, "sv"),
    ({"LANG": "SV_se"}, "sv"),
    ({"LANG": "sv_SE.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
    ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "sv_SE.UTF-8"}, "sv"),
    ({"LANG": "sv_SE.UTF-8", "LC_MESSAGES": "sv_SE.UTF-8", "LC_ALL": "C"}, "en"),
    ({"LANG": "C", "LC_MESSAGES": "C", "LC_ALL": "sv_SE"}, "sv"),
    ({"LANG": "sv_SE.UTF-8", "LC_MESSAGES": "", "LC_ALL": ""}, "sv"),
]


@pytest.mark.parametrize(("environ", "expected"), LOCALES)
def test_the_locale_selects_swedish_or_else_english(environ, expected):
    assert of_locale(environ) == expected
