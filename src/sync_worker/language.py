"""A message in both languages, and which language somebody reads.

A message is a value: it is put into words only where it is shown, so that whoever raises an error
or makes a plan need not know who will read it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sync_worker.instants import to_the_second

_SWEDISH_LOCALE = re.compile(r"sv(?:[_.@-].*)?", re.IGNORECASE | re.DOTALL)
_LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


class Language(StrEnum):
    """A language that every message is in."""

    ENGLISH = "en"
    SWEDISH = "sv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A text in both languages, with the same {placeholders} in each.

    The forms for one are used where `count` is 1.
    """

    sv: str
    en: str
    sv_one: str = ""
    en_one: str = ""

    def __call__(self, **values: object) -> "FilledMessage":
        """The message about something; `values` are what its placeholders stand for."""
        return FilledMessage(self, values)

    def form(self, language: Language, *, is_one: bool) -> str:
        """The text with its placeholders."""
        match language:
            case Language.SWEDISH:
                return (is_one and self.sv_one) or self.sv
            case Language.ENGLISH:
                return (is_one and self.en_one) or self.en


@dataclass(frozen=True, slots=True)
class FilledMessage:
    """A message with what its placeholders stand for; one of these may be a message itself."""

    message: Message
    values: Mapping[str, object]

    def text(self, language: Language) -> str:
        """The words, in a language."""
        form = self.message.form(language, is_one=self.values.get("count") == 1)
        return form.format_map({k: worded(v, language) for k, v in self.values.items()})


def worded(value: object, language: Language) -> str:
    """A message in a language, an instant in UTC to the second; anything else as its text."""
    match value:
        case FilledMessage():
            return value.text(language)
        case Message():
            return value.form(language, is_one=False)
        case datetime():
            return to_the_second(value)
        case _:
            return str(value)


def counted(count: int, one: str, many: str) -> str:
    """A number with its noun, or noun and verb, in English."""
    return f"{count} {one if count == 1 else many}"


def of_locale(environ: Mapping[str, str]) -> Language:
    """The language of an environment's locale: Swedish where it is, else English.

    The first of LC_ALL, LC_MESSAGES and LANG that is set counts (POSIX, 8.2).
    """
    locale = next((environ[name] for name in _LOCALE_VARIABLES if environ.get(name)), "")
    return Language.SWEDISH if _SWEDISH_LOCALE.fullmatch(locale) else Language.ENGLISH
