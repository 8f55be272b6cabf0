"""Values as text for people: instants, cells, tables. Pure; knows no stream."""

import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sync_worker.printable import printable_json, printable_line

_GAP = "  "
_FIRST_COMBINING = "\u0300"
"""Below it every printable character is one column wide."""

Styler = Callable[[str, str], str]
"""What styles a padded cell, by its text."""


def instant(moment: datetime) -> str:
    """ISO 8601 in UTC, ending in Z, with decimals only where they are not zero."""
    text = moment.astimezone(UTC).isoformat().removesuffix("+00:00")
    return f"{text.rstrip('0') if '.' in text else text}Z"


def cell(value: object) -> str:
    """A value on one line, harmless on a terminal; nothing where it is None."""
    match value:
        case str():
            text = str(value)
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return instant(value)
        case dict() | list() | tuple():
            text = compact_json(value)
        case _:
            text = str(value)
    return printable_line(text)


def jsonable(value: object) -> str:
    """What JSON writes for a value that it has no form for."""
    return instant(value) if isinstance(value, datetime) else str(value)


_ENCODE = json.JSONEncoder(ensure_ascii=False, default=jsonable).encode


def compact_json(value: object) -> str:
    """A value as JSON on one line, safe to show."""
    return printable_json(_ENCODE(value))


def table(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], style: Styler | None = None
) -> str:
    """A head and a line for each row, in columns as wide as their widest cell; nothing is cut."""
    lines = [list(columns), *([cell(row[name]) for name in columns] for row in rows)]
    widths = [max(_width(line[at]) for line in lines) for at in range(len(columns))]
    return "\n".join(_line(line, widths, style) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int], style: Styler | None) -> str:
    padded = [
        text + " " * (width - _width(text)) for text, width in zip(cells, widths, strict=True)
    ]
    padded[-1] = cells[-1]
    if style is None:
        return _GAP.join(padded).rstrip(" ")
    return _GAP.join(style(text, wide) for text, wide in zip(cells, padded, strict=True))


def _width(text: str) -> int:
    """The columns that a terminal needs for the text."""
    if text.isascii() or max(text) < _FIRST_COMBINING:
        return len(text)
    return sum(_width_of_character(character) for character in text)


def _width_of_character(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def ahead_of_clock(events: int) -> str:
    """What to say of events whose time no clock has reached yet."""
    are = "1 event is" if events == 1 else f"{events} events are"
    return (
        f"{are} over a minute ahead of the clock: the publisher's clock or time zone is wrong, or "
        "ours. What truly happens until then is older, and passed over."
    )
