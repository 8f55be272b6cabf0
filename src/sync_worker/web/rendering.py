"""Puts words into templates: escaped, in the reader's language, with Swedish time.

Values of messages come from events and from people. Each is escaped, has its control and direction
characters made visible, and stands in a `bdi` of its own, so that it cannot turn what is around it.
"""

import re
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from sync_worker.domain.characters import cleaned
from sync_worker.language import FilledMessage, Language, Message
from sync_worker.printable import printable_line
from sync_worker.web import texts

TIME_ZONE = ZoneInfo("Europe/Stockholm")
_AMOUNTS = {"count", "first", "last", "most", "rows", "shown", "total"}
"""Placeholders whose digits are grouped; a line or an offset is shown as it is typed elsewhere."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_LINK = re.compile(r"</?a\b[^>]*>")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|https?://[^\s<>\"]*[^\s<>\".,;:!?)]")


def environment() -> Environment:
    """Jinja, with the filters and globals that the templates use."""
    built = Environment(
        loader=PackageLoader("sync_worker.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    built.filters |= {
        "words": _words,
        "plain": _plain,
        "amount": _amount,
        "without_links": without_links,
        "kept_words": Markup,  # of a result, which `html` has put into words
        "name": name,
        "when": when,
        "day": day,
    }
    built.globals |= {"texts": SimpleNamespace(**texts.MODULES), "link": link}
    return built


def link(path: str, **query: object) -> str:
    """An address of ours. HSA-ids go into the query: in a path `..` would be another page."""
    given = {
        key.replace("_", "-"): value for key, value in query.items() if value not in {None, ""}
    }
    return f"{path}?{urlencode(given)}" if given else path


def when(moment: datetime) -> str:
    """A moment in Swedish time, to the minute: `2026-11-29 09.14`."""
    return moment.astimezone(TIME_ZONE).strftime("%Y-%m-%d %H.%M")


def day(moment: datetime) -> str:
    """The day of a moment in Sweden: `2026-11-29`."""
    return moment.astimezone(TIME_ZONE).strftime("%Y-%m-%d")


def name(text: object) -> Markup:
    """A text from elsewhere, such as a clinic's name: shown as it is, and unable to do anything."""
    return Markup("<bdi>{}</bdi>").format(_visible(str(text)))


def _visible(text: str) -> str:
    """The text, made safe to show. What nobody would see of it is written as escapes."""
    if text and not cleaned(text):
        return text.encode("unicode_escape").decode("ascii").replace(" ", r"\x20")
    return printable_line(text)


def html(message: Message | FilledMessage | str, language: Language) -> Markup:
    """The words of a message as HTML."""
    if isinstance(message, str):
        return name(message)
    if isinstance(message, Message):
        return _linked(message.form(language, is_one=False))
    form = _linked(message.message.form(language, is_one=message.values.get("count") == 1))
    return Markup(_PLACEHOLDER.sub(lambda found: _value(message, found[1], language), form))  # noqa: S704 - each part is escaped


def _linked(form: str) -> Markup:
    """A text of the catalogue, whose addresses can be followed. Values of it never can."""

    def link_of(found: re.Match[str]) -> Markup:
        address = found[0]
        target = f"mailto:{address}" if "@" in address else address
        return Markup('<a href="{}">{}</a>').format(target, address)

    parts, end = [], 0
    for found in _ADDRESS.finditer(form):
        parts += [escape(form[end : found.start()]), link_of(found)]
        end = found.end()
    return Markup().join([*parts, escape(form[end:])])


def without_links(words: Markup) -> Markup:
    """The same words where they are a link themselves."""
    return Markup(_LINK.sub("", words))  # noqa: S704 - tags alone are taken away


def plain(message: Message | FilledMessage | str, language: Language) -> str:
    """The words of a message as text, for a title or an attribute."""
    if isinstance(message, str):
        return _visible(message)
    if isinstance(message, Message):
        return message.form(language, is_one=False)
    return FilledMessage(
        message.message,
        {key: _shown(key, value, language) for key, value in message.values.items()},
    ).text(language)


def amount(number: int, language: Language) -> str:
    """A number as the language groups its digits: `20 000`, `20,000`, and `9999` in both."""
    if number < 10_000:
        return str(number)
    grouped = f"{number:,}"
    return grouped if language is Language.ENGLISH else grouped.replace(",", "\N{NO-BREAK SPACE}")


def _value(message: FilledMessage, key: str, language: Language) -> Markup:
    value = message.values[key]
    if key in _AMOUNTS and isinstance(value, int):
        return escape(amount(value, language))
    match value:
        case FilledMessage() | Message():
            return html(value, language)
        case datetime():
            return escape(when(value))
        case str():
            return name(value) if value else Markup()
        case _:
            return escape(value)


def _shown(key: str, value: Any, language: Language) -> Any:
    match value:
        case FilledMessage() | Message() | str():
            return plain(value, language)
        case datetime():
            return when(value)
        case int():
            return amount(value, language) if key in _AMOUNTS and value != 1 else value
        case _:
            return str(value)


@pass_context
def _words(context: Context, message: Message | FilledMessage | str) -> Markup:
    return html(message, context["language"])


@pass_context
def _amount(context: Context, number: int) -> str:
    return amount(number, context["language"])


@pass_context
def _plain(context: Context, message: Message | FilledMessage | str) -> str:
    return plain(message, context["language"])
