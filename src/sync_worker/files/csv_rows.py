"""Text to rows of cells, each with the number of the line that it begins on (RFC 4180, leniently).

A quotation mark opens a quoted cell only where a cell begins; elsewhere it is a letter like others.
What ends a file of DOS, Ctrl-Z, is no part of it.
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
    """A quoted cell never ends, or goes on after its end over several lines: rows may be lost."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}: the quotation mark does not end as it should")
        self.line = line


class Row(NamedTuple):
    """A row of a file: the line that it begins on, from 1, and its cells as they stand."""

    line: int
    cells: tuple[str, ...]


def rows(text: str, delimiter: str, first_line: int = 1) -> Iterator[Row]:
    """The rows of `text`, blank ones too; the last needs no line break.

    Raises:
        OpenQuote: see there; what stands before was given.
    """
    text = _END_MARK.sub("", text)
    cell, start, line = _cell(delimiter), 0, first_line
    cells: list[str] = []
    row_line = line
    while start < len(text) or cells:
        found = cell.match(text, start)
        assert found is not None  # the pattern takes anything, the empty text too
        cells.append(_content(found, line))
        if found["quoted"] is not None:
            line += len(_LINE_BREAK.findall(found["quoted"]))
        start = found.end()
        if found["end"] != delimiter:
            yield Row(row_line, tuple(cells))
            line += 1
            row_line, cells = line, []


def _cell(delimiter: str) -> re.Pattern[str]:
    """One cell with what ends it: the delimiter, a line break, or the end of the text."""
    blanks = _BLANKS.replace(delimiter, "") + INVISIBLE
    separator = re.escape(delimiter)
    return re.compile(
        rf'(?:[{blanks}]*+"(?P<quoted>[^"]*+(?:""[^"]*+)*+)"(?P<rest>[^{separator}\r\n]*+)'
        rf"|(?P<plain>[^{separator}\r\n]*+))(?P<end>{separator}|\r\n|\r|\n|\Z)"
    )


def _content(found: re.Match[str], line: int) -> str:
    if found["quoted"] is None:
        plain = found["plain"]
        if _BLANK.sub("", plain, count=1).startswith('"'):
            raise OpenQuote(line)
        return plain
    rest = cleaned(found["rest"])
    if rest and _LINE_BREAK.search(found["quoted"]):
        raise OpenQuote(line)
    unescaped = found["quoted"].replace('""', '"')
    # A name like "Solen" kliniken keeps its quotation marks: it was never a quoted cell.
    return f'"{unescaped}"{found["rest"]}' if rest else unescaped
