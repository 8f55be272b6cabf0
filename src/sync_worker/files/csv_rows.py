"""A lenient parser for CSV (RFC 4180): text to rows of cells, each with its line number.

A quotation mark opens a quoted cell only at the beginning of a cell; elsewhere it is a character
like others. The Ctrl-Z that ends files of DOS is not a part of the text.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sync_worker.domain.characters import INVISIBLE, cleaned

DELIMITERS = (";", "\t", ",")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_END_MARK = re.compile(r"\x1a[\x1a\s]*\Z")
_BLANKS = " \t\xa0"
_BLANK = re.compile(f"[{_BLANKS}{INVISIBLE}]*")


class OpenQuote(Exception):
    """A quoted cell never ends, or text follows one of several lines: rows may be lost."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}: the quotation mark does not end as it should")
        self.line = line


class Row(NamedTuple):
    """A row of a file: the line that it begins on, from 1, and its cells, not trimmed."""

    line: int
    cells: tuple[str, ...]


def rows(text: str, delimiter: str, first_line: int = 1) -> Iterator[Row]:
    """The rows of `text`, blank ones included; the last needs no line break.

    Raises:
        OpenQuote: after the rows before it.
    """
    text = _END_MARK.sub("", text)
    pattern, start, line = _cell_pattern(delimiter), 0, first_line
    cells: list[str] = []
    row_line = line
    while start < len(text) or cells:
        cell = pattern.match(text, start)
        assert cell is not None  # the pattern matches any text, the empty one, too
        cells.append(_content(cell, line))
        if cell["quoted"] is not None:
            line += len(_LINE_BREAK.findall(cell["quoted"]))
        start = cell.end()
        if cell["end"] != delimiter:
            yield Row(row_line, tuple(cells))
            line += 1
            row_line, cells = line, []


def _cell_pattern(delimiter: str) -> re.Pattern[str]:
    """One cell with its end: the delimiter, a line break, or the end of the text."""
    blanks = _BLANKS.replace(delimiter, "") + INVISIBLE
    separator = re.escape(delimiter)
    return re.compile(
        rf'(?:[{blanks}]*+"(?P<quoted>[^"]*+(?:""[^"]*+)*+)"(?P<rest>[^{separator}\r\n]*+)'
        rf"|(?P<plain>[^{separator}\r\n]*+))(?P<end>{separator}|\r\n|\r|\n|\Z)"
    )


def _content(cell: re.Match[str], line: int) -> str:
    if cell["quoted"] is None:
        plain = cell["plain"]
        if _BLANK.sub("", plain, count=1).startswith('"'):
            raise OpenQuote(line)
        return plain
    rest = cleaned(cell["rest"])
    if rest and _LINE_BREAK.search(cell["quoted"]):
        raise OpenQuote(line)
    quoted = cell["quoted"].replace('""', '"')
    # A name like "Solen" kliniken keeps its quotation marks: it is not a quoted cell.
    return f'"{quoted}"{cell["rest"]}' if rest else quoted
