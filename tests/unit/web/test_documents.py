"""What the administrators' guides quote of the page, in bold, stands there word for word."""

import re
from pathlib import Path

import pytest
from tests.worlds.messages import messages_in

from sync_worker.administration.messages import explanations, refusals
from sync_worker.web.texts import MODULES

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "src" / "sync_worker" / "web" / "templates"
GUIDES = {"en": "administration.md", "sv": "administration.sv.md"}
BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
PLACEHOLDER = re.compile(r"\{\w+\}")
BUTTON = re.compile(r"<button[^>]*>\{\{ texts\.(\w+)\.(\w+) ")
MENU = re.compile(r"common\.(MENU_\w+)")


PAGE = [
    message
    for module in (*MODULES.values(), explanations, refusals)
    for value in vars(module).values()
    for message in messages_in(value)
]


def forms(message, language):
    """What a message says in a language, of several and of one; not one of placeholders alone."""
    said = [getattr(message, language), getattr(message, f"{language}_one")]
    return [form for form in said if re.search(r"\w{2}", PLACEHOLDER.sub("", form))]


def says(message, language, quoted):
    """Whether a message says what is quoted, with something in each of its placeholders."""
    return any(
        re.fullmatch(".+".join(map(re.escape, PLACEHOLDER.split(form))), quoted)
        for form in forms(message, language)
    )


def quotes(language):
    """What a guide quotes, in its order."""
    text = (ROOT / "docs" / GUIDES[language]).read_text(encoding="utf-8")
    return [" ".join(quoted.split()) for quoted in BOLD.findall(text)]


def buttons_and_menu():
    for template in sorted(TEMPLATES.glob("*.html")):
        for module, name in BUTTON.findall(template.read_text(encoding="utf-8")):
            yield getattr(MODULES[module], name)
    navigation = TEMPLATES.parent / "navigation.py"
    for name in MENU.findall(navigation.read_text(encoding="utf-8")):
        yield getattr(MODULES["common"], name)


@pytest.mark.parametrize("language", GUIDES)
def test_what_a_guide_quotes_stands_on_the_page(language):
    quoted = quotes(language)
    assert len(quoted) > 90
    assert [
        each for each in quoted if not any(says(message, language, each) for message in PAGE)
    ] == []


def test_both_guides_quote_the_same_texts_in_order():
    english, swedish = quotes("en"), quotes("sv")
    unlike = [
        pair
        for pair in zip(english, swedish, strict=True)
        if not any(says(each, "en", pair[0]) and says(each, "sv", pair[1]) for each in PAGE)
    ]
    assert unlike == []


@pytest.mark.parametrize("language", GUIDES)
def test_each_button_and_menu_entry_is_in_the_guide(language):
    quoted, entries = quotes(language), list(buttons_and_menu())
    assert len(entries) > 15
    assert [
        getattr(each, language)
        for each in entries
        if not any(says(each, language, quote) for quote in quoted)
    ] == []
