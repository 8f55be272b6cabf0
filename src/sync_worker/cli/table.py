"""Tables as text: as wide as their cells, or fitted to a terminal. Pure; knows no stream.

A table that is too wide for a terminal loses the columns that matter least, and folds long text
within its column. Where that is not enough, each row becomes a block of names and values.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple, Self

from sync_worker.cli.text import cell

MIN_WIDTH = 40
"""The narrowest terminal that tables are fitted to."""
_GAP = "  "
_COMFORTABLE_WIDTH = 30
"""Text folded to this width reads well; a column gets narrower only when no other can be hidden."""
_NARROWEST_WIDTH = 20
"""A column that cannot even have this, or its widest word, makes blocks of the rows."""
_FIRST_COMBINING = "\u0300"
"""Below it every printable character is one column wide."""

Styler = Callable[[str, str], str]
"""Styles a part of a cell, given the whole cell's text and the part."""
_Lines = Sequence[Sequence[str]]
"""The cells of each row; the first row is the head."""


class Columns(tuple[str, ...]):
    """The names of a table's columns, and which of them a narrow terminal can do without."""

    hidden_first: Sequence[str]
    """From the least important on; a column that is not named here is never hidden."""

    def __new__(cls, *names: str, hidden_first: Sequence[str] = ()) -> Self:
        self = super().__new__(cls, names)
        self.hidden_first = hidden_first
        return self


class Paragraphs(tuple[str, ...]):
    """A cell of several texts, one below the other; for tables that are fitted to a terminal."""


class Table(NamedTuple):
    """A table as text, and the columns that it has no room for."""

    text: str
    hidden: Sequence[str] = ()


def render_table(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    width: int | None = None,
    style: Styler | None = None,
) -> Table:
    """A head and a line for each row; without a width nothing is hidden or folded.

    No line is wider than `width`, which is at least `MIN_WIDTH`.
    """
    if width is None:
        lines = [list(columns), *([cell(row[name]) for name in columns] for row in rows)]
        widths = [max(map(width_of, texts)) for texts in zip(*lines, strict=True)]
        return Table("\n".join(_line(line, line, widths, style) for line in lines))
    lines = [list(columns), *([_paragraphs(row[name]) for name in columns] for row in rows)]
    widths = [max(map(_widest_line, texts)) for texts in zip(*lines, strict=True)]
    if _total(widths) <= width:
        return Table("\n".join(_folded_lines(lines, widths, style)))
    shown = _shown(lines, widths, columns, width)
    lines_shown = [[line[index] for index in shown] for line in lines]
    fitted = _fitted(lines_shown, [widths[index] for index in shown], width) if shown else None
    if fitted is None:
        return Table("\n\n".join(_blocks(lines, width, style)))
    hidden = [columns[index] for index in sorted(_used(lines) - set(shown))]
    return Table("\n".join(_folded_lines(lines_shown, fitted, style)), hidden)


def render_fields(values: Mapping[str, Any], width: int | None = None) -> str:
    """Names and values one below the other; without a width no value is folded."""
    texts = {name: _paragraphs(value) for name, value in values.items()}
    return "\n".join(_field_lines(texts, width, None))


def fold(text: str, width: int) -> list[str]:
    """The lines of a text, broken at blanks, and within a word only where it is too wide."""
    if len(text) <= width and _widest_line(text) <= width:
        return text.split("\n")
    return [line for paragraph in text.split("\n") for line in _folded(paragraph, width)]


def width_of(text: str) -> int:
    """How many columns of a terminal a line of text takes."""
    if text.isascii() or max(text) < _FIRST_COMBINING:
        return len(text)
    return sum(map(_width_of_character, text))


def _width_of_character(character: str) -> int:
    # The vowels and final consonants of Hangul join the consonant before them.
    if unicodedata.category(character) in {"Mn", "Me"} or "\u1160" <= character <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _paragraphs(value: object) -> str:
    return "\n".join(map(cell, value)) if isinstance(value, Paragraphs) else cell(value)


def _widest_line(text: str) -> int:
    return max(map(width_of, text.split("\n"))) if "\n" in text else width_of(text)


def _widest_word(text: str) -> int:
    return max(map(width_of, text.split()), default=0)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _used(lines: _Lines) -> set[int]:
    """The places of the columns in which something stands below the head."""
    return {index for line in lines[1:] for index, text in enumerate(line) if text}


def _shown(lines: _Lines, widths: Sequence[int], columns: Sequence[str], width: int) -> list[int]:
    """The places of the columns that are never hidden, and of those that fit beside them.

    The most important one is tried first. A column in which nothing stands is left out.
    """
    hidden_first = columns.hidden_first if isinstance(columns, Columns) else ()
    used = _used(lines)
    shown = [index for index in sorted(used) if columns[index] not in hidden_first]
    for index in map(columns.index, reversed(hidden_first)):
        more = sorted([*shown, index])
        first, *others = (widths[index] for index in more)
        needed = _total([first, *(min(other, _COMFORTABLE_WIDTH) for other in others)])
        if index in used and needed <= width:
            shown = more
    return shown


def _fitted(lines: _Lines, natural: Sequence[int], width: int) -> list[int] | None:
    """A width for each column, together `width`; None where there is not even room for words.

    The first column, which says what a row is about, is not folded. The others begin
    narrow and share what is left; a column that needs little more gets it first.
    """
    words = [max(map(_widest_word, texts)) for texts in zip(*lines, strict=True)]
    widths = [natural[0], *(min(word, _NARROWEST_WIDTH) for word in words[1:])]
    left = width - _total(widths)
    if left < 0:
        return None
    wishes = [wide - narrow for wide, narrow in zip(natural, widths, strict=True)]
    by_wish = sorted(range(len(wishes)), key=wishes.__getitem__)
    for served, index in enumerate(by_wish):
        more = min(wishes[index], left // (len(by_wish) - served))
        widths[index] += more
        left -= more
    return widths


def _folded_lines(lines: _Lines, widths: Sequence[int], style: Styler | None) -> Iterator[str]:
    for cells in lines:
        parts = [fold(text, width) for text, width in zip(cells, widths, strict=True)]
        for line in zip_longest(*parts, fillvalue=""):
            yield _line(cells, line, widths, style)


def _line(
    cells: Sequence[str], parts: Sequence[str], widths: Sequence[int], style: Styler | None
) -> str:
    padded = [
        part + " " * (width - width_of(part)) for part, width in zip(parts, widths, strict=True)
    ]
    padded[-1] = parts[-1]
    if style is not None:
        padded = [style(text, part) for text, part in zip(cells, padded, strict=True)]
    return _GAP.join(padded).rstrip(" ")


def _blocks(lines: _Lines, width: int, style: Styler | None) -> Iterator[str]:
    """Each row as names and values, without what is empty."""
    names, *rows = lines
    for row in rows:
        texts = {name: text for name, text in zip(names, row, strict=True) if text}
        yield "\n".join(_field_lines(texts, width, style))


def _field_lines(
    texts: Mapping[str, str], width: int | None, style: Styler | None
) -> Iterator[str]:
    label_width = max(map(len, texts), default=0) + len(_GAP)
    for name, text in texts.items():
        label = name
        for part in [text] if width is None else fold(text, width - label_width):
            yield f"{label:<{label_width}}{style(text, part) if style else part}".rstrip(" ")
            label = ""


def _folded(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width_of(longer) <= width:
            line = longer
            continue
        if line:
            yield line
        *full, line = _pieces(word, width)
        yield from full
    yield line


def _pieces(word: str, width: int) -> Iterator[str]:
    """A word, cut where a line is full; what combines stays with its letter."""
    start = used = 0
    for index, character in enumerate(word):
        character_width = _width_of_character(character)
        if used + character_width > width:
            yield word[start:index]
            start, used = index, 0
        used += character_width
    yield word[start:]
